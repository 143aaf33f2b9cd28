from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from osteon.dicom import read_picture
from osteon.dicom.synthetic import make_sample
from osteon.models.preprocess import Preprocess
from osteon.pairs.cache import cache_picture


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder, 4, 3, workers=1)
    return sorted(folder.rglob("*.dcm"))


def test_training_from_cached_pictures_sees_what_serving_from_dicom_sees(
    instances: list[Path], tmp_path: Path
) -> None:
    preprocess = Preprocess(size=128)
    for number, instance in enumerate(instances):
        cached = tmp_path / f"{number}.png"
        assert cache_picture(instance, cached, 256) is None
        served = preprocess.prepare(read_picture(instance))
        trained = preprocess.prepare(read_picture(cached))
        # What is left is the cache's rounding to 256 levels.
        assert float(np.abs(served - trained).mean()) < 0.004
        assert float(np.corrcoef(served.ravel(), trained.ravel())[0, 1]) > 0.999


def test_a_file_that_is_no_picture_is_refused_with_a_reason_that_quotes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "DUPONT.dcm"
    source.write_bytes(b"DUPONT^MARIE")
    reason = cache_picture(source, tmp_path / "out.png", 256)
    assert reason
    assert "DUPONT" not in reason
    assert not (tmp_path / "out.png").exists()
