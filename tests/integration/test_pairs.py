from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from osteon.artefact import sha256_file
from osteon.domain import RefusedError
from osteon.pairs import build_pairs, read_pairs, shard_paths
from osteon.pairs.cache import cached_levels, decode_png, encode_png
from osteon.pairs.shard import SHARD_MANIFEST, read_header
from tests.deid_folder import write_deid_folder


@pytest.fixture(scope="module")
def deid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_deid_folder(tmp_path_factory.mktemp("deid"), 40)


@pytest.fixture(scope="module")
def pairs(deid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    build_pairs(deid, folder, size=64, workers=1)
    return folder


def test_every_study_is_in_one_shard_with_its_pictures_report_and_sections(pairs: Path) -> None:
    records = [
        record for split in ("train", "val", "test") for record in read_pairs(pairs, split, verify=True)
    ]
    assert len({record.study for record in records}) == len(records) == 40
    for record in records:
        assert [max(picture.shape) for picture in record.pictures] == [64, 64]
        assert "Radiographie" in record.meta["sections"]["resultat"]
        assert "Durand" not in " ".join(record.meta["sections"].values())
        assert "RÉSULTAT" in record.text


def test_the_held_out_hospital_is_only_in_test_shards(pairs: Path) -> None:
    hospitals = {
        split: {r.meta["hospital"] for r in read_pairs(pairs, split)} for split in ("train", "val", "test")
    }
    assert "south" in hospitals["test"]
    assert "south" not in hospitals["train"] | hospitals["val"]


def test_webdataset_reads_the_same_studies(pairs: Path) -> None:
    import webdataset

    path = shard_paths(pairs, "train")[0]
    samples = [sample for sample in webdataset.WebDataset(str(path), shardshuffle=False) if "txt" in sample]
    ours = list(read_pairs(pairs, "train"))
    assert [json.loads(sample["json"])["study"] for sample in samples] == [record.study for record in ours]
    assert samples[0]["txt"].decode() == ours[0].text
    assert np.array_equal(decode_png(samples[0]["1.png"]), ours[0].pictures[1])


def test_the_first_member_of_a_shard_tells_what_it_is(pairs: Path) -> None:
    path = shard_paths(pairs, "train")[0]
    with tarfile.open(path) as archive:
        assert archive.getnames()[0] == SHARD_MANIFEST
    header = read_header(path)
    assert header["split"] == "train"
    assert header["studies"] == len(list(read_pairs(pairs, "train")))


def test_the_same_input_gives_the_same_bytes_with_any_number_of_workers(
    deid: Path, pairs: Path, tmp_path: Path
) -> None:
    build_pairs(deid, tmp_path, size=64, workers=2)
    for path in sorted(pairs.glob("*.tar")) + sorted(pairs.glob("*.csv")):
        assert sha256_file(path) == sha256_file(tmp_path / path.name)


def test_a_rerun_leaves_nothing_of_the_earlier_one(deid: Path, tmp_path: Path) -> None:
    (tmp_path / "train-00007.tar").write_bytes(b"stale")
    manifest = build_pairs(deid, tmp_path, size=64, workers=1)
    assert not (tmp_path / "train-00007.tar").exists()
    assert set(manifest.outputs) == {
        path.name for path in tmp_path.iterdir() if path.suffix in {".tar", ".csv"}
    }


def test_the_label_tables_name_cached_pictures_and_keep_the_hospitals_apart(pairs: Path) -> None:
    tables = {}
    for name in ("labels.csv", "labels_held_out.csv"):
        with (pairs / name).open(encoding="utf-8", newline="") as stream:
            tables[name] = list(csv.DictReader(stream))
    assert sum(len(rows) for rows in tables.values()) == 80
    assert all((pairs / row["file"]).is_file() for rows in tables.values() for row in rows)
    assert {row["hospital"] for row in tables["labels.csv"]} == {"north"}
    assert {row["hospital"] for row in tables["labels_held_out.csv"]} == {"south"}
    assert {row["bone_age_months"] for row in tables["labels.csv"]} == {""}
    assert {row["fracture"] for row in tables["labels.csv"]} == {"0", "1"}


def test_a_changed_shard_is_refused(deid: Path, tmp_path: Path) -> None:
    build_pairs(deid, tmp_path, size=64, workers=1)
    path = shard_paths(tmp_path, "train")[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(RefusedError, match="as they were written"):
        list(read_pairs(tmp_path, "train", verify=True))


def test_a_folder_that_was_not_deidentified_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        build_pairs(tmp_path, tmp_path / "out")


def test_a_row_that_leads_outside_the_folder_is_refused(tmp_path: Path) -> None:
    folder = write_deid_folder(tmp_path / "deid", 2)
    table = folder / "instances.csv"
    table.write_text(table.read_text().replace("north/dicom", "../north/dicom"), encoding="utf-8")
    with pytest.raises(RefusedError, match="inside"):
        build_pairs(folder, tmp_path / "out", workers=1)


def test_an_unreadable_picture_takes_its_study_out_and_is_counted(tmp_path: Path) -> None:
    folder = write_deid_folder(tmp_path / "deid", 6)
    next(folder.rglob("0.png")).write_bytes(b"not a picture")
    manifest = build_pairs(folder, tmp_path / "out", size=64, workers=1)
    assert manifest.figures["refused_pictures"] == 1
    assert manifest.figures["pairs"] == 5


def test_a_small_picture_keeps_its_pixels_and_a_large_one_its_aspect() -> None:
    small = np.linspace(0, 1, 30 * 20, dtype=np.float32).reshape(30, 20)
    assert np.array_equal(decode_png(encode_png(cached_levels(small, 64))), np.rint(small * 255))
    assert cached_levels(np.random.default_rng(0).random((400, 200)), 100).shape == (100, 50)
