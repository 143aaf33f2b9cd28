"""ROCO as shards: what pretraining reads, with nothing of the test part in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteon.artefact import sha256_file
from osteon.cli import app
from osteon.domain import RefusedError
from osteon.pairs import read_pairs
from tests.public_sets import draw, mura, roco
from training.datasets import read_concepts, read_set, write_caption_pairs
from training.pretrain import pretrain

TO_AND_FRO = ("picture to picture", "caption to picture", "picture to caption")
CAPTIONS = ("Radiograph of the left wrist.", "Fracture of the femur.", "CT of the knee.", "Normal chest.")


def larger_roco(root: Path, count: int = 16) -> Path:
    """Each part with further figures of articles of their own."""
    roco(root)
    for offset, split in enumerate(("train", "validation", "test")):
        folder = root / "data" / split / "radiology"
        for number in range(100 * (offset + 1), 100 * (offset + 1) + count):
            name = f"ROCO_{number:05d}"
            draw(folder / "images" / f"{name}.jpg", level=40 + number % 100, shape=(40, 30))
            lines = {
                "captions": CAPTIONS[number % 4],
                "cuis": f"C000000{number % 4}",
                "semtypes": "T060\tDiagnostic Procedure",
                "licences": f"PMC9{number}_a.jpg\tCC BY 4.0",
            }
            for file, text in lines.items():
                with (folder / f"{file}.txt").open("a", encoding="utf-8") as stream:
                    stream.write(f"{name}\t{text}\n")
    return root


def test_pretraining_learns_from_the_shards_of_roco(tmp_path: Path) -> None:
    manifest = write_caption_pairs(
        read_set(larger_roco(tmp_path / "roco")), tmp_path / "pairs", size=32, workers=1
    )
    assert manifest.figures["studies"] == {"train": 17, "val": 17, "test": 17}
    assert manifest.figures["not_taken"] == 1  # of an article of the test part
    learned = pretrain("tiny", tmp_path / "pairs", tmp_path / "encoder", seed=0)
    assert learned.figures["studies"] == 17
    assert learned.inputs["pairs"] == manifest.digest


def test_no_article_is_in_two_parts_and_every_study_has_its_concepts(tmp_path: Path) -> None:
    write_caption_pairs(read_set(roco(tmp_path / "roco")), tmp_path / "pairs", size=32, workers=1)
    records = {
        split: list(read_pairs(tmp_path / "pairs", split, verify=True)) for split in ("train", "val", "test")
    }
    assert [record.study for part in records.values() for record in part] == [
        "roco-ROCO_00001", "roco-ROCO_00003", "roco-ROCO_00004",
    ]  # fmt: skip
    assert records["train"][0].text == "Radiograph of the left wrist."
    assert records["train"][0].pictures[0].shape == (8, 10)
    concepts = read_concepts(tmp_path / "pairs")
    assert concepts[records["test"][0].study] == ("C0022742",)
    with pytest.raises(RefusedError, match=r"concepts\.jsonl"):
        read_concepts(tmp_path)


def test_the_same_set_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_caption_pairs(read_set(roco(tmp_path / name)), tmp_path / f"{name}-pairs", size=32, workers=1)
    first, second = (tmp_path / f"{name}-pairs" / "train-00000.tar" for name in ("one", "two"))
    assert sha256_file(first) == sha256_file(second)


def test_a_set_without_captions_makes_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="captions"):
        write_caption_pairs(read_set(mura(tmp_path / "mura")), tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()


def test_the_command_counts_what_it_packed(tmp_path: Path) -> None:
    root = roco(tmp_path / "roco")
    (root / "data/train/radiology/images/ROCO_00001.jpg").write_bytes(b"\xff\xd8\xff broken")
    (root / "data/validation/radiology/images/ROCO_00003.jpg").unlink()
    arguments = ["data", "pairs", str(root), str(tmp_path / "pairs"), "--workers", "1", "--json"]
    refused = CliRunner().invoke(app, arguments)
    assert (refused.exit_code, "missing" in json.loads(refused.stdout)["error"]["got"]) == (3, True)
    run = CliRunner().invoke(app, [*arguments, "--skip-missing"])
    assert run.exit_code == 0, run.output
    answer = json.loads(run.stdout)
    assert (answer["pairs"], answer["missing"], answer["refused_pictures"]) == (1, 1, 1)


def test_captions_and_pictures_are_searched_by_concept(tmp_path: Path) -> None:
    write_caption_pairs(read_set(larger_roco(tmp_path / "roco")), tmp_path / "pairs", size=32, workers=1)
    pretrain("tiny", tmp_path / "pairs", tmp_path / "encoder", seed=0)
    arguments = [
        "evaluate-captions",
        "--encoder",
        f"own={tmp_path / 'encoder'}",
        "--encoder",
        "random=random",
    ]
    answer = CliRunner().invoke(app, [*arguments, "--pairs", str(tmp_path / "pairs"), "--json"])
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout)
    directions = {(row["encoder"], row["direction"], row["k"]) for row in figures["cui"]}
    assert directions == {
        *(("own", to, k) for to in TO_AND_FRO for k in (5, 10)),
        *(("random", "picture to picture", k) for k in (5, 10)),
    }  # no fifty others are there
    assert all(row["cui"] <= row["coverage"] <= 1 and 0 < row["chance"] < 1 for row in figures["cui"])
    assert figures["recall"]["own"]["studies"] == 17


def test_pairs_without_concepts_are_refused(tmp_path: Path) -> None:
    write_caption_pairs(read_set(larger_roco(tmp_path / "roco")), tmp_path / "pairs", size=32, workers=1)
    pretrain("tiny", tmp_path / "pairs", tmp_path / "encoder", seed=0)
    (tmp_path / "pairs" / "concepts.jsonl").unlink()
    arguments = ["evaluate-captions", "--encoder", f"own={tmp_path / 'encoder'}"]
    answer = CliRunner().invoke(app, [*arguments, "--pairs", str(tmp_path / "pairs"), "--json"])
    assert answer.exit_code == 3
    assert "osteon data pairs" in json.loads(answer.stdout)["error"]["next"]
