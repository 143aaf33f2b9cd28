"""The release statement: counts and bounds that can be checked, the same bytes for the same evidence."""

import csv
import json
from io import BytesIO

import pypdf
import pytest
from typer.testing import CliRunner

from osteon.cli.deid import app
from osteon.deid.release.bounds import Share
from tests.integration.test_deid_batch import TRACES, make_input

RUN = CliRunner()
EVALUATION = {
    "labels": {"NOM": {"recall": 0.99, "n": 200}, "DATE": {"recall": 1.0, "n": 100}},
    "overall": {"recall": 0.993, "precision": 0.98, "f1": 0.98},
    "documents_fully_redacted": {"value": 0.96, "n": 50, "low": 0.86, "high": 0.99},
}


def osteon_deid(*arguments):
    return RUN.invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("release")
    assert osteon_deid("key", "create", place / "secret" / "key").exit_code == 0
    make_input(place / "in", studies=3)
    (place / "in/nord/dicom/St0/2.dcm").write_bytes(b"no DICOM at all")
    key = ("--key-file", place / "secret" / "key")
    assert osteon_deid("run", place / "in", place / "out", *key, "--workers", 1).exit_code == 0
    (place / "evaluation.json").write_text(json.dumps(EVALUATION))
    return place


def released(place, name, *options):
    done = osteon_deid(
        "release", place / "out", "--output", place / name, "--key-file", place / "secret" / "key", *options
    )
    assert done.exit_code == 0, done.output
    return {end: (place / name / f"statement.{end}").read_bytes() for end in ("md", "pdf", "json")}


def test_the_bound_is_clopper_and_pearsons():
    assert Share(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert Share(300, 300).low == pytest.approx(0.025 ** (1 / 300))
    assert Share(198, 200).low == pytest.approx(0.96434, abs=1e-4)


def test_the_statement_says_what_was_done_measured_and_read_again(place):
    options = ("--source", place / "in", "--evaluation", place / "evaluation.json", "--language", "en")
    made = released(place, "english", *options)
    figures = json.loads(made["json"])
    assert figures["recall"]["NOM"] == {
        "found": 198,
        "n": 200,
        "low": Share(198, 200).low,
        "high": Share(198, 200).high,
    }
    assert figures["recall"]["all"]["n"] == 300
    assert figures["machine"]["left"] == 0
    assert figures["machine"]["identifiers"] > 20
    assert (figures["figures"]["studies"], sum(figures["held"].values())) == (3, 1)
    text = made["md"].decode()
    assert "Read again by machine" in text
    assert "96.43 %" in text
    assert figures["trail"].startswith("2:")
    assert figures["trail"] in text


def test_the_pdf_says_the_same_and_has_lines_to_sign(place):
    made = released(place, "french", "--evaluation", place / "evaluation.json")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(made["pdf"])).pages)
    assert "Délégué(e) à la protection des données" in text
    assert json.loads(made["json"])["manifest"] in text
    assert "96,43 %" in text


def test_equal_evidence_gives_equal_bytes_and_no_value_of_the_data(place):
    first = released(place, "one", "--source", place / "in")
    assert released(place, "two", "--source", place / "in") == first
    for content in first.values():
        assert not any(trace.encode() in content.lower() for trace in TRACES)


def test_what_is_left_in_an_output_is_found_again(place, tmp_path):
    import shutil

    shutil.copytree(place / "out", tmp_path / "out")
    record = next(path for path in (tmp_path / "out" / "studies").glob("*.json"))
    content = json.loads(record.read_text())
    content["report"]["text"] += " Mme Quentrelec est venue."
    record.write_text(json.dumps(content))
    from osteon.deid.release import reread_sample

    counts = reread_sample(place / "in", tmp_path / "out", place / "secret" / "key", count=10)
    assert (counts["left"], counts["documents_with_any"]) == (1, 1)


def test_a_person_reads_a_random_sample_and_the_sheet_must_be_filled_in(place):
    sheet = place / "sheet.csv"
    assert osteon_deid("reread", place / "out", "--sheet", sheet, "--count", 2, "--seed", 3).exit_code == 0
    options = ("--output", place / "x", "--key-file", place / "secret" / "key", "--sheet", sheet)
    assert osteon_deid("release", place / "out", *options).exit_code == 3
    rows = list(csv.DictReader(sheet.open()))
    assert len(rows) == 4
    rows[0]["missed"] = "1"
    with sheet.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows([{**row, "missed": row["missed"] or "0"} for row in rows])
    figures = json.loads(released(place, "read", "--sheet", sheet)["json"])
    assert figures["person"]["report"] == {"documents": 2, "with_any": 1, "left": 1}


def test_a_release_stands_in_the_trail_and_a_broken_trail_releases_nothing(place, tmp_path):
    made = released(place, "last")
    shown = osteon_deid("audit", "show", "--key-file", place / "secret" / "key", "--json")
    entry = json.loads(shown.stdout)[-1]
    assert entry["event"] == "released"
    import hashlib

    assert entry["facts"]["statement.pdf"] == hashlib.sha256(made["pdf"]).hexdigest()
    import shutil

    shutil.copytree(place / "secret", tmp_path / "secret")
    trail = tmp_path / "secret/vault/audit/osteon/audit.jsonl"
    trail.write_bytes(b"".join(trail.read_bytes().splitlines(keepends=True)[:-1]))
    arguments = ("--output", tmp_path / "s", "--key-file", tmp_path / "secret" / "key")
    assert osteon_deid("release", place / "out", *arguments).exit_code != 0
    assert not (tmp_path / "s").exists()
