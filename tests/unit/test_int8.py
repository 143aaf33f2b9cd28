"""The 8-bit graph: nearly the weights' answers, chosen by itself, and refused where accuracy would go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from typer.testing import CliRunner

from osteon.artefact import read_manifest, sha256_file
from osteon.cli import app
from osteon.domain import FaultError, Manifest, RefusedError, Task
from osteon.models import Predictor, load_package, save_package
from osteon.models.engine import INT8_NAME, OnnxEngine, open_package
from osteon.models.processor import adds_bytes_exactly
from osteon.registry import verify_package
from tests.labelled_pictures import fracture_table, write_picture, write_table
from tests.model_packages import HMAC_KEY, make_model_package
from training.int8_export import LEAST_TEST_ROWS, export_int8, require_accuracy

exact = pytest.mark.skipif(not adds_bytes_exactly(), reason="this processor has no exact 8-bit sums")


def hands(folder: Path, count: int = 640) -> Path:
    """A table of bone ages: the wider the bar, the older."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for index in range(count):
        width = 4 + index % 20
        write_picture(folder / f"{index}.png", width=width, seed=index)
        rows.append({"file": f"{index}.png", "bone_age_months": 10 * width, "sex": "MF"[index % 2]})
    return write_table(folder, rows)


@exact
def test_the_graph_is_of_integers_and_answers_nearly_as_the_weights_do(tmp_path: Path) -> None:
    package, table = make_model_package(tmp_path / "m", "bone-age"), hands(tmp_path / "hands")
    before = read_manifest(package)
    manifest = export_int8(package, table)
    assert manifest.outputs[INT8_NAME] == sha256_file(package / INT8_NAME)
    assert manifest.parents == (before.digest,)
    figures = manifest.figures["exports"]["int8"]
    assert figures["test_rows"] >= LEAST_TEST_ROWS
    assert abs(figures["mae_months"]["float"] - figures["mae_months"]["int8"]) <= 0.1
    assert 0 < figures["max_abs_probability"] < 0.05
    verify_package(package)
    kinds = [node.op_type for node in onnx.load(package / INT8_NAME).graph.node]
    assert kinds.count("QuantizeLinear") > 5
    chosen = open_package(package)
    assert isinstance(chosen.engine, OnnxEngine)
    files = sorted((tmp_path / "hands").glob("?.png"))
    ours, theirs, by_default = (
        Predictor.load(package, hmac_key=HMAC_KEY, engine=engine, threads=1).predict(files, sex="M")
        for engine in ("torch", "int8", "auto")
    )
    for one, other, default in zip(ours, theirs, by_default, strict=True):
        assert one.value is not None
        assert other.value == pytest.approx(one.value, abs=2)
        assert default.value == other.value
    asked = ["evaluate", "--model", str(package), "--data", str(table), "--json", "--engine"]
    done = CliRunner().invoke(app, [*asked, "int8"])
    assert json.loads(done.stdout)["metrics"]["mae_months"] == figures["mae_months"]["int8"]
    assert CliRunner().invoke(app, [*asked, "int4"]).exit_code == 2


@exact
def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    table = hands(tmp_path / "hands")
    digests = {
        export_int8(make_model_package(tmp_path / name, "bone-age"), table).outputs[INT8_NAME]
        for name in ("one", "other")
    }
    assert len(digests) == 1


@exact
def test_a_model_that_eight_bits_cannot_hold_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    package = make_model_package(tmp_path / "m", "fracture")
    loaded = load_package(package)
    with torch.no_grad():
        parameters = dict(loaded.package.model.image_encoder.network.named_parameters())
        width = len(parameters["bn1.bias"])
        parameters["bn1.bias"][0] = 3e4  # one scale for this channel and the others loses the others
        for name, weight in parameters.items():
            reads_it = "layer1" in name or ("layer2" in name and ("conv1" in name or "downsample" in name))
            if reads_it and weight.ndim == 4 and weight.shape[1] == width:
                weight[:, 0] = 0  # the answer in float32 does not depend on it
    odd = tmp_path / "odd"
    save_package(odd, loaded.package, Manifest(stage="finetune", seed=0))
    before = {path.name: sha256_file(path) for path in odd.iterdir()}
    with pytest.raises(FaultError, match="int8"):
        export_int8(odd, fracture_table(tmp_path, 640))
    assert {path.name: sha256_file(path) for path in odd.iterdir()} == before


@exact
def test_too_few_test_rows_to_find_a_loss_on_are_refused(tmp_path: Path) -> None:
    package = make_model_package(tmp_path / "m", "fracture")
    with pytest.raises(RefusedError, match="test rows"):
        export_int8(package, fracture_table(tmp_path, 60))


@pytest.mark.parametrize(
    ("task", "name", "moved"),
    [
        (Task.FRACTURE, "auroc", 0.0021),
        (Task.BONE_AGE, "mae_months", 0.11),
        (Task.KNEE_OA, "qwk", 0.0051),
        (Task.FRACTURE, "auroc", None),
    ],
)
def test_a_figure_beyond_its_tolerance_is_refused_either_way(
    task: Task, name: str, moved: float | None
) -> None:
    def found(value: float | None) -> Mapping[str, Any]:
        return {"metrics": {name: value}, "n": 200, "abstained": 0}

    alike = {"min_cosine": 0.999}
    assert require_accuracy(task, found(0.8), found(0.8), alike)["test_rows"] == 200
    for after in (None,) if moved is None else (0.8 + moved, 0.8 - moved):
        with pytest.raises(FaultError, match=name):
            require_accuracy(task, found(0.8), found(after), alike)
    with pytest.raises(FaultError, match="embeddings"):
        require_accuracy(task, found(0.8), found(0.8), {"min_cosine": 0.9})


@pytest.mark.parametrize(
    ("text", "exact_sums"),
    [
        ("model name\t: old\nflags\t\t: fpu sse2 avx2 fma\n", False),
        ("model name\t: new\nflags\t\t: fpu avx2 avx512_vnni\n", True),
        ("Features\t: fp asimd asimddp\n", True),
        ("", False),
    ],
)
def test_a_processor_is_taken_as_exact_only_where_it_says_so(
    tmp_path: Path, text: str, exact_sums: bool
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert adds_bytes_exactly(path) is exact_sums
    assert not adds_bytes_exactly(tmp_path / "none")
