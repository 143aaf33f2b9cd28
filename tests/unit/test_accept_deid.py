"""The acceptance of the de-identification: a part that is missing or silent is an error, never a pass."""

import json
import sys

import pytest

from benchmarks import accept_02
from benchmarks.accept_02 import PARTS, Part, dicom_bounds, done, fuzz_bounds, pixel_bounds, text_bounds
from benchmarks.deid_planted import _held


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    monkeypatch.setattr(accept_02, "OUTPUT", tmp_path)
    return tmp_path


def part(module, **changes):
    return Part(module=module, full=(), short=(), judged=dict, **changes)


def test_a_missing_part_is_an_error():
    with pytest.raises(SystemExit, match="missing"):
        done("x", part("benchmarks.no_such_part"), short=True)


def test_a_part_without_figures_is_an_error_even_with_an_old_record(output):
    (output / "accept-02-x-short.json").write_text(json.dumps({"figures": {"done": {"all": True}}}))
    with pytest.raises(SystemExit, match="no figures"):
        done("x", part("this", own_record=True), short=True)


def test_the_last_line_of_a_part_is_its_figures(tmp_path, monkeypatch):
    (tmp_path / "a_part.py").write_text("print('a line'); print('{\"n\": 3}'); raise SystemExit(1)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    record = done("x", part("a_part"), short=True)
    assert (record["figures"], record["exit_code"]) == ({"n": 3}, 1)
    assert sys.executable not in json.dumps(record)


def test_bounds_are_met_only_by_figures_that_meet_them():
    row = {"recall": 1.0, "n": 40_000}
    good = {"known": {"s": {"label": {"NOM": row}}}, "unknown": {"s": {"label": {"NOM": row}}}}
    assert all(text_bounds({"results": good}).values())
    bad = {**good, "unknown": {"s": {"label": {"NOM": {"recall": 0.98, "n": 5}}}}}
    assert not text_bounds({"results": bad})["unknown_recall_at_least_0.99_each"]
    assert not any(text_bounds({"results": {"known": {}, "unknown": {}}}).values())
    assert all(dicom_bounds({"instances": 5000, "correct": 99_950, "actions": 100_000}).values())
    assert not all(dicom_bounds({"instances": 5000, "correct": 99_949, "actions": 100_000}).values())
    pixels = {
        "placements": 10_000, "recall": 0.9991, "letters": 10, "letters_kept": 1.0, "clean_altered": 0,
        "clean_pictures": 100,
    }  # fmt: skip
    assert all(pixel_bounds(pixels).values())
    assert not all(pixel_bounds({**pixels, "clean_altered": 1}).values())
    fuzz = {"minutes": 10, "inputs": {"dicom": 1, "hl7": 1, "pdf": 1}, "findings": []}
    assert all(fuzz_bounds(fuzz).values())
    assert not all(fuzz_bounds({**fuzz, "inputs": {"dicom": 1}}).values())


def test_the_search_for_planted_words_finds_them_in_every_encoding():
    for code in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
        assert list(_held(b"\x00..." + "ZQABCDEF".encode(code) + b"...", ["Zqabcdef"])) == ["Zqabcdef"]
    assert list(_held(b"zqother", ["Zqabcdef"])) == []


def test_every_part_names_a_program_of_this_project():
    assert all(one.module.startswith("benchmarks.") for one in PARTS.values())
