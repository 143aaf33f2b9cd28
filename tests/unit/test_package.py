"""The model package: whole or not at all, and the same answers after a round trip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from osteon.artefact import read_manifest
from osteon.domain import Manifest, RefusedError, UsageError
from osteon.models import Predictor, load_package, save_package
from osteon.models.package import FILE_NAMES, encoder_name, package_folder
from tests.model_packages import HMAC_KEY, make_model_package


def test_a_package_holds_the_files_of_the_contract_and_no_pickle(tmp_path: Path) -> None:
    folder = make_model_package(tmp_path / "model", "bone-age")
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILE_NAMES, "manifest.json"])
    assert set(read_manifest(folder).outputs) == set(FILE_NAMES)
    assert encoder_name(folder) == "resnet10t-tiny"


def test_a_round_trip_answers_the_same(tmp_path: Path) -> None:
    loaded = load_package(make_model_package(tmp_path / "first", "knee-oa"))
    save_package(tmp_path / "second", loaded.package, Manifest(stage="finetune"))
    again = load_package(tmp_path / "second")
    prepared = np.random.default_rng(0).random((2, 64, 64)).astype(np.float32)
    answers = [
        Predictor(one, hmac_key=HMAC_KEY).answer(prepared, np.zeros(2, dtype=np.int64))
        for one in (loaded, again)
    ]
    assert np.array_equal(answers[0].probability, answers[1].probability)
    assert loaded.version == again.version
    assert loaded.package.embedding_space == again.package.embedding_space


def test_other_weights_are_another_version_and_another_embedding_space(tmp_path: Path) -> None:
    first = load_package(make_model_package(tmp_path / "a", "fracture", seed=1))
    second = load_package(make_model_package(tmp_path / "b", "fracture", seed=2))
    assert first.version != second.version
    assert first.package.embedding_space != second.package.embedding_space


@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = make_model_package(tmp_path / "model", "fracture")
    with (folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(RefusedError, match=name):
        load_package(folder)


def test_a_folder_that_is_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        load_package(tmp_path)


def test_an_earlier_package_is_replaced_and_other_folders_are_left_alone(tmp_path: Path) -> None:
    folder = make_model_package(tmp_path / "model", "fracture", seed=1)
    before = load_package(folder).version
    make_model_package(folder, "fracture", seed=2)
    assert load_package(folder).version != before
    other = tmp_path / "papers"
    other.mkdir()
    (other / "thesis.txt").write_text("x")
    with pytest.raises(UsageError):
        make_model_package(other, "fracture")
    assert (other / "thesis.txt").read_text() == "x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "papers"]


def test_a_failure_leaves_no_trace(tmp_path: Path) -> None:
    def fail() -> None:
        with package_folder(tmp_path / "model") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []
