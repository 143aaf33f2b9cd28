"""The evaluation suite from pairs to page, on a small made-up hospital."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteon.artefact import read_manifest, sha256_file
from osteon.cli import app
from osteon.domain import RefusedError, UsageError
from osteon.pairs import build_pairs
from tests.browser import open_page
from tests.deid_folder import SPOTS, write_deid_folder
from training.evaluate import evaluate_encoders
from training.evaluation.settings import quick
from training.image_only.run import pretrain_images
from training.pretrain import pretrain
from training.pretrain_recipes import tiny


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs with boxes, and three encoders of them."""
    folder = tmp_path_factory.mktemp("suite")
    build_pairs(write_deid_folder(folder / "deid", 160), folder / "pairs", size=64, workers=1)
    _write_boxes(folder / "pairs")
    pretrain(replace(tiny(), epochs=12, learning_rate=3e-3), folder / "pairs", folder / "vlp", seed=0)
    pretrain_images("tiny", folder / "pairs", folder / "simclr", seed=0)
    return folder


def _write_boxes(pairs: Path) -> None:
    with (pairs / "labels.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["fracture"] == "1"]
    lines = ["file,x0,y0,x1,y1"]
    for row in rows:
        across, down = SPOTS[row["region"]]
        lines.append(f"{row['file']},{across - 0.2},{down - 0.15},{across + 0.2},{down + 0.15}")
    (pairs / "boxes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(hospital: Path, output: Path) -> None:
    pairs = hospital / "pairs"
    evaluate_encoders(
        [
            ("vlp", str(hospital / "vlp")),
            ("simclr", str(hospital / "simclr")),
            ("random", "random"),
            ("random", "random"),
        ],
        pairs / "labels.csv",
        output,
        tasks=["fracture"],
        held_out=pairs / "labels_held_out.csv",
        pairs=pairs,
        boxes=pairs / "boxes.csv",
        settings=quick(),
    )


@pytest.fixture(scope="module")
def report(hospital: Path) -> Path:
    _run(hospital, hospital / "report")
    return hospital / "report"


@pytest.fixture(scope="module")
def results(report: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((report / "results.json").read_text(encoding="utf-8"))
    return found


def test_every_part_of_the_suite_is_there_as_json_table_and_plot(
    report: Path, results: dict[str, dict[str, object]]
) -> None:
    parts = {
        "label-efficiency-fracture",
        "zero-shot",
        "retrieval",
        "latent-space",
        "subgroups-fracture",
        "saliency-fracture",
    }
    assert set(results) == parts
    tables = {path.stem for path in (report / "tables").iterdir()}
    plots = {path.stem for path in (report / "plots").iterdir()}
    for part in parts:
        assert any(name.startswith(part) for name in tables), part
        assert any(name.startswith(part) for name in plots), part


def test_the_manifest_names_every_file_and_everything_that_went_in(hospital: Path, report: Path) -> None:
    manifest = read_manifest(report)
    files = {
        path.relative_to(report).as_posix()
        for path in report.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert set(manifest.outputs) == files
    assert all(sha256_file(report / name) == digest for name, digest in manifest.outputs.items())
    assert manifest.inputs["encoder vlp"] == read_manifest(hospital / "vlp").digest
    assert manifest.inputs["labels"] == sha256_file(hospital / "pairs" / "labels.csv")


def test_the_command_gives_the_same_bytes_as_the_function(hospital: Path, report: Path) -> None:
    pairs = hospital / "pairs"
    options = {
        "--data": pairs / "labels.csv",
        "--held-out": pairs / "labels_held_out.csv",
        "--pairs": pairs,
        "--boxes": pairs / "boxes.csv",
        "--task": "fracture",
        "--output": hospital / "again",
    }
    encoders = [f"vlp={hospital / 'vlp'}", f"simclr={hospital / 'simclr'}", "random=random", "random=random"]
    command = ["evaluate-encoders", "--quick", "--json"]
    for one in encoders:
        command += ["--encoder", one]
    for name, value in options.items():
        command += [name, str(value)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)["fracture AUROC in hospital"]) == {"value", "low", "high"}
    assert read_manifest(hospital / "again").outputs == read_manifest(report).outputs


def test_an_encoder_without_a_name_is_refused_as_json(hospital: Path, tmp_path: Path) -> None:
    table = str(hospital / "pairs" / "labels.csv")
    command = ["evaluate-encoders", "--encoder", str(hospital / "vlp"), "--data", table, "--task", "fracture"]
    done = CliRunner().invoke(app, [*command, "--output", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 2
    assert set(json.loads(done.stdout)["error"]) == {"need", "got", "next"}


def test_curves_hold_both_places_and_all_encoders_on_the_same_labels(
    results: dict[str, dict[str, object]],
) -> None:
    curves = results["label-efficiency-fracture"]["curves"]
    assert isinstance(curves, list)
    assert {(one["encoder"], one["place"]) for one in curves} == {
        (encoder, place)
        for encoder in ("vlp", "simclr", "random")
        for place in ("in hospital", "another hospital")
    }
    assert len({tuple(one["labels"]) for one in curves}) == 1
    for one in curves:
        for value, low, high in zip(one["mean"], one["low"], one["high"], strict=True):
            assert 0 <= low <= high <= 1
            assert 0 <= value <= 1


def test_pretraining_seeds_under_one_name_are_pooled_and_stay_in_sight(
    results: dict[str, dict[str, object]],
) -> None:
    found = results["label-efficiency-fracture"]
    place = "in hospital"
    curves, seeds = (
        {one["encoder"]: one["mean"] for one in found[key] if one["place"] == place}  # type: ignore[attr-defined]
        for key in ("curves", "pretraining seeds")
    )
    assert set(seeds) == {"random 1", "random 2"}
    halves = [(a + b) / 2 for a, b in zip(*seeds.values(), strict=True)]
    assert curves["random"] == pytest.approx(halves, abs=1e-5)
    factors = found["factors"]
    assert {row["encoder"] for row in factors} == {"vlp", "simclr"}  # type: ignore[attr-defined]
    told = {row["encoder"]: row["silhouette"] for row in results["latent-space"]["results"]}  # type: ignore[attr-defined]
    assert set(told) == {"vlp", "simclr", "random 1", "random 2"}
    assert told["random 1"] != told["random 2"]


def test_what_a_bar_of_light_shows_is_learned_from_reports_alone(
    results: dict[str, dict[str, object]],
) -> None:
    told = results["retrieval"]["results"]
    assert isinstance(told, list)
    vlp = [row for row in told if row["encoder"] == "vlp" and row["direction"] == "report to picture"]
    assert max(row["times chance"] for row in vlp) > 1.5
    languages = {row["language"] for row in results["zero-shot"]["results"]}  # type: ignore[attr-defined]
    assert languages == {"fr", "en", "all"}


def test_the_page_opens_in_a_browser_without_a_word_on_the_console(report: Path, tmp_path: Path) -> None:
    opened = open_page(report / "report.html", tmp_path)
    assert opened.console == ()
    assert opened.document.count("<section") == 9
    assert opened.document.count("<figure>") == len(list((report / "plots").iterdir()))


def test_the_console_of_a_page_that_reaches_out_is_heard(report: Path, tmp_path: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(
        page.replace("</body>", '<img src="https://example.org/x.png"></body>'), encoding="utf-8"
    )
    assert any("Content Security Policy" in line for line in open_page(broken, tmp_path).console)


def test_the_page_asks_for_nothing_from_outside(report: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    for word in ('src="http', 'href="http', "url(http", "@import"):
        assert word not in page


def test_no_patient_study_or_report_stands_in_what_is_written(hospital: Path, report: Path) -> None:
    with (hospital / "pairs" / "labels.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    secrets = {row["patient"] for row in rows} | {row["study"] for row in rows} | {"MARTIN", "Durand"}
    for path in report.rglob("*"):
        if path.suffix in {".json", ".csv", ".html"}:
            text = path.read_text(encoding="utf-8")
            assert not [word for word in secrets if word in text], path.name


@pytest.mark.parametrize(
    "sources", [[("random", "random")], [("a 1", "vlp"), ("a", "random"), ("a", "random")]]
)
def test_encoders_need_names_of_their_own_and_a_package(
    hospital: Path, tmp_path: Path, sources: list[tuple[str, str]]
) -> None:
    with pytest.raises(UsageError, match="different names"):
        evaluate_encoders(sources, hospital / "pairs" / "labels.csv", tmp_path / "out", tasks=["fracture"])
    assert not (tmp_path / "out").exists()


def test_a_table_of_boxes_in_pixels_is_refused(hospital: Path, tmp_path: Path) -> None:
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("file,x0,y0,x1,y1\nimages/a.png,10,20,30,40\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="from 0 to 1"):
        evaluate_encoders(
            [("vlp", str(hospital / "vlp"))],
            hospital / "pairs" / "labels.csv",
            tmp_path / "out",
            tasks=["fracture"],
            boxes=boxes,
            settings=quick(),
        )
