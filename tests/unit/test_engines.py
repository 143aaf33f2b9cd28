"""Engines: one answer whichever computes it, no torch where the graph answers, equal bits before it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from osteon.artefact import read_manifest, sha256_file
from osteon.dicom import read_picture
from osteon.domain import FaultError, RefusedError, UsageError
from osteon.models import Predictor, Preprocess, load_package
from osteon.models.engine import ONNX_NAME, OPENVINO_NAMES, open_package
from osteon.models.export import PARITY, export_package
from osteon.models.moved_views import moved_views
from osteon.models.preprocess import normalise
from osteon.registry import verify_package
from tests.labelled_pictures import write_picture
from tests.model_packages import HMAC_KEY, make_model_package

TASKS = ("fracture", "bone-age", "knee-oa")


def pictures(folder: Path, count: int = 6) -> list[Path]:
    return [write_picture(folder / f"pictures/{i}.png", width=6 + i, seed=i, size=90) for i in range(count)]


def exported(folder: Path, task: str) -> Path:
    package = make_model_package(folder / task, task)
    export_package(package, "onnx", pictures(folder))
    return package


@pytest.mark.parametrize("task", TASKS)
def test_the_exported_graph_answers_as_torch_does(tmp_path: Path, task: str) -> None:
    package = exported(tmp_path, task)
    files = pictures(tmp_path)
    ours, theirs = (
        Predictor.load(package, hmac_key=HMAC_KEY, engine=engine, threads=1)
        for engine in ("torch", "onnxruntime")
    )
    assert ours.model_version == theirs.model_version
    assert ours.embedding_space == theirs.embedding_space
    for sex in ("M", "F", None):
        for one, other in zip(ours.predict(files, sex=sex), theirs.predict(files, sex=sex), strict=True):
            assert one.status == other.status == "answered"
            assert other.value == pytest.approx(one.value, abs=PARITY * 240)
            assert list(other.probabilities.values()) == pytest.approx(
                list(one.probabilities.values()), abs=PARITY
            )
            assert other.interval == one.interval or other.interval.low == pytest.approx(  # type: ignore[union-attr]
                one.interval.low,  # type: ignore[union-attr]
                abs=0.05,
            )
    assert np.allclose(ours.embed(files), theirs.embed(files), atol=1e-4)


def test_a_batch_and_single_pictures_give_the_graphs_same_answers(tmp_path: Path) -> None:
    engine = open_package(exported(tmp_path, "knee-oa"), "onnxruntime", threads=1).engine
    image = np.random.default_rng(0).normal(size=(5, 1, 64, 64)).astype(np.float32)
    sex = np.zeros(5, dtype=np.int64)
    together = engine.infer(image, sex)[0]
    alone = np.concatenate([engine.infer(image[i : i + 1], sex[:1])[0] for i in range(5)])
    assert np.allclose(together, alone, atol=1e-5)


def test_the_manifest_lists_the_graph_its_differences_and_where_it_came_from(tmp_path: Path) -> None:
    package = make_model_package(tmp_path / "m", "fracture")
    before = read_manifest(package)
    manifest = export_package(package, "onnx", pictures(tmp_path))
    assert manifest.outputs[ONNX_NAME] == sha256_file(package / ONNX_NAME)
    assert {name: manifest.outputs[name] for name in before.outputs} == before.outputs
    assert manifest.parents == (before.digest,)
    figures = manifest.figures["exports"]["onnx"]
    assert figures["pictures"] == 6
    assert 0 <= figures["max_abs_probability"] <= PARITY
    verify_package(package)
    assert load_package(package).version == Predictor.load(package, hmac_key=HMAC_KEY).model_version


def test_a_changed_graph_is_refused(tmp_path: Path) -> None:
    package = exported(tmp_path, "fracture")
    other = exported(tmp_path / "other", "bone-age")
    (package / ONNX_NAME).write_bytes((other / ONNX_NAME).read_bytes())
    with pytest.raises(RefusedError, match=r"model\.onnx"):
        Predictor.load(package, hmac_key=HMAC_KEY, engine="onnxruntime")


def test_a_graph_that_answers_otherwise_is_not_written(
    tmp_path: Path,
) -> None:
    package = make_model_package(tmp_path / "m", "fracture")
    before = sorted(path.name for path in package.iterdir())
    with pytest.raises(FaultError, match="onnxruntime"):
        export_package(package, "onnx", pictures(tmp_path), tolerance=-1.0)  # none is small enough
    assert sorted(path.name for path in package.iterdir()) == before


def test_without_a_picture_or_an_export_there_is_a_clear_error(tmp_path: Path) -> None:
    package = make_model_package(tmp_path / "m", "fracture")
    with pytest.raises(RefusedError, match="none"):
        export_package(package, "onnx", [])
    with pytest.raises(UsageError, match="osteon export"):
        Predictor.load(package, hmac_key=HMAC_KEY, engine="onnxruntime")


def test_an_answer_from_the_graph_imports_no_torch(tmp_path: Path) -> None:
    package, picture = exported(tmp_path, "bone-age"), pictures(tmp_path)[0]
    code = (
        "import json, sys\n"
        "from osteon.models import Predictor\n"
        f"predictor = Predictor.load({str(package)!r}, hmac_key=bytes(32))\n"
        f"value = predictor.predict([{str(picture)!r}])[0].value\n"
        "print(json.dumps([value, sorted({'torch', 'timm', 'torchvision', 'sklearn'} & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    value, loaded = json.loads(done.stdout)
    assert loaded == []
    torchs = Predictor.load(package, hmac_key=HMAC_KEY, engine="torch").predict([picture])[0].value
    assert value == pytest.approx(torchs, abs=0.02)


def test_an_array_is_normalised_to_the_same_bits_as_a_tensor(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    served = normalise(levels.astype(np.float32) / np.float32(255))
    learned = normalise(torch.from_numpy(levels).float() / 255)
    assert served.dtype == np.float32
    assert served.tobytes() == learned.numpy().tobytes()
    preprocess = Preprocess(size=64)
    picture = read_picture(pictures(tmp_path, 1)[0])
    assert (
        normalise(preprocess.prepare(picture)).tobytes()
        == preprocess.tensor(preprocess.prepare(picture)).numpy().tobytes()
    )


def test_real_radiographs_are_prepared_alike_and_answered_alike(tmp_path: Path, shared_data: Path) -> None:
    files = sorted((shared_data / "bone_age" / "images").iterdir())[:12]
    package = make_model_package(tmp_path / "m", "bone-age")
    manifest = export_package(package, "onnx", files)
    assert manifest.figures["exports"]["onnx"]["pictures"] == 12
    assert manifest.figures["exports"]["onnx"]["max_abs_probability"] <= PARITY


def test_openvino_answers_as_torch_does(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="openvino is not installed: its export is tried where it is")
    package = make_model_package(tmp_path / "m", "knee-oa")
    export_package(package, "onnx", pictures(tmp_path))
    manifest = export_package(package, "openvino", pictures(tmp_path))
    assert {ONNX_NAME, *OPENVINO_NAMES} <= set(manifest.outputs)
    assert set(manifest.figures["exports"]) == {"onnx", "openvino"}
    verify_package(package)
    files = pictures(tmp_path)
    ours, theirs = (
        Predictor.load(package, hmac_key=HMAC_KEY, engine=engine).predict(files)
        for engine in ("torch", "openvino")
    )
    for one, other in zip(ours, theirs, strict=True):
        assert list(other.probabilities.values()) == pytest.approx(
            list(one.probabilities.values()), abs=PARITY
        )


def test_views_are_moved_a_little_and_never_mirrored() -> None:
    square = np.zeros((2, 64, 64), dtype=np.float32)
    square[:, 8:56, 10:22] = 1.0  # a bar on the left
    views = list(moved_views(square, 8))
    assert np.array_equal(views[0], square)
    for view in views[1:]:
        assert view.dtype == np.float32
        assert not np.array_equal(view, square)
        assert (view[:, :, :32].sum(axis=(1, 2)) > 5 * view[:, :, 32:].sum(axis=(1, 2))).all()
    with pytest.raises(UsageError):
        list(moved_views(square, 9))


def test_an_answer_over_several_views_is_the_mean_of_their_beliefs(tmp_path: Path) -> None:
    predictor = Predictor.load(make_model_package(tmp_path / "m", "knee-oa"), hmac_key=HMAC_KEY)
    square = np.random.default_rng(0).random((1, 64, 64)).astype(np.float32)
    sex = np.zeros(1, dtype=np.int64)
    beliefs = [predictor.answer(view, sex).probability[0] for view in moved_views(square, 4)]
    together = predictor.answer(square, sex, answer_views=4)
    assert together.probability[0] == pytest.approx(np.mean(beliefs, axis=0), abs=1e-6)
    assert np.array_equal(together.features, predictor.answer(square, sex).features)


def test_the_views_of_a_study_get_one_answer_and_what_cannot_be_judged_is_left_out(tmp_path: Path) -> None:
    predictor = Predictor.load(make_model_package(tmp_path / "m", "fracture"), hmac_key=HMAC_KEY)
    first, second = pictures(tmp_path, 2)
    one = predictor.predict([first])[0]
    assert predictor.predict_study([first]).value == pytest.approx(one.value)
    assert predictor.predict_study([first, b"no picture"]).value == pytest.approx(one.value)
    both = predictor.predict_study([first, second])
    low, high = sorted(prediction.value or 0.0 for prediction in predictor.predict([first, second]))
    assert low <= (both.value or 0.0) <= high
    assert both.input_hmac != one.input_hmac
    assert predictor.predict_study([b"no picture"]).reason == "picture_unreadable"
    with pytest.raises(UsageError):
        predictor.predict_study([])
