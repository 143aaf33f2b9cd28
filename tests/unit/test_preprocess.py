"""The one preprocessing: parity of the two paths, geometry, robustness."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from osteon.dicom import read_picture
from osteon.domain import RefusedError
from osteon.models import Preprocess
from osteon.models.preprocess import letterbox, normalise
from training.data import prepare_rows
from training.label_table import LabelRow


def test_training_and_serving_give_the_same_tensor(tmp_path: Path) -> None:
    preprocess = Preprocess(size=64)
    rng = np.random.default_rng(0)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), (rng.random((201, 133)) * 65535).astype(np.uint16))

    served = preprocess.tensor(preprocess.prepare(read_picture(path)))
    row = LabelRow(number=1, path=path, key="a", label=0.0, sex="")
    cached = torch.from_numpy(prepare_rows([row], preprocess).levels)
    trained = normalise(cached[:, None].float() / 255)[0]

    assert torch.equal(served, trained)


def test_a_prepared_picture_is_square_float32_within_0_and_1() -> None:
    prepared = Preprocess(size=96).prepare(np.random.default_rng(1).random((300, 120)).astype(np.float32))
    assert prepared.shape == (96, 96)
    assert prepared.dtype == np.float32
    assert prepared.min() >= 0
    assert prepared.max() <= 1


def test_letterbox_keeps_the_aspect_and_pads_with_black() -> None:
    square = letterbox(np.ones((200, 100), dtype=np.float32), 64)
    assert square[:, 16:48].min() == pytest.approx(1.0)
    assert square[:, :16].max() == 0.0
    assert square[:, 48:].max() == 0.0


def test_exposure_does_not_change_what_the_model_sees() -> None:
    picture = np.random.default_rng(2).random((80, 80)).astype(np.float32)
    preprocess = Preprocess(size=40)
    difference = preprocess.prepare(picture) - preprocess.prepare(picture * 0.1 + 0.3)
    assert np.abs(difference).max() <= 1.5 / 255


def test_a_few_white_markers_do_not_darken_the_bone() -> None:
    picture = np.random.default_rng(3).random((100, 100)).astype(np.float32) * 0.3
    marked = picture.copy()
    marked[:5, :5] = 1.0
    preprocess = Preprocess(size=100)
    assert np.abs(preprocess.prepare(marked)[10:] - preprocess.prepare(picture)[10:]).mean() < 0.01


def test_a_picture_of_one_level_is_prepared_without_a_warning() -> None:
    with np.errstate(all="raise"):
        assert Preprocess(size=32).prepare(np.full((50, 50), 0.5, dtype=np.float32)).std() == 0


def test_a_stack_of_frames_is_refused() -> None:
    with pytest.raises(RefusedError, match="two-dimensional"):
        Preprocess().prepare(np.zeros((2, 10, 10), dtype=np.float32))


def test_local_contrast_is_another_version() -> None:
    assert Preprocess(contrast="local").version != Preprocess().version


def test_saved_settings_come_back_and_an_edited_file_is_refused(tmp_path: Path) -> None:
    preprocess = Preprocess(size=80)
    path = preprocess.save(tmp_path)
    assert Preprocess.load(tmp_path) == preprocess
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, "size": 81}))
    with pytest.raises(RefusedError, match="as it was written"):
        Preprocess.load(tmp_path)
