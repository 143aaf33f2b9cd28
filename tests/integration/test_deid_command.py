"""`osteon deid` as a person or a program calls it."""

import json

import pytest
from typer.testing import CliRunner

from osteon.cli.deid import app
from tests.identified_instances import as_file, radiograph

RUN = CliRunner()


def osteon_deid(*arguments):
    return RUN.invoke(app, [str(a) for a in arguments])


@pytest.fixture
def key(tmp_path):
    assert osteon_deid("key", "create", tmp_path / "key").exit_code == 0
    return tmp_path / "key"


def test_one_file(tmp_path, key):
    (tmp_path / "in.dcm").write_bytes(as_file(radiograph()))
    done = osteon_deid("dicom", tmp_path / "in.dcm", tmp_path / "out.dcm", "--key-file", key, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["policy_hash"]
    assert b"QUENTRELEC" not in (tmp_path / "out.dcm").read_bytes()


def test_notes(tmp_path, key):
    note = {"note_id": "n1", "note_text": "Dr VERCAUTRIN, le 04/03/2024"}
    (tmp_path / "in.jsonl").write_text(json.dumps(note) + "\n")
    done = osteon_deid(
        "text", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--key-file", key, "--tags", "--language", "fr"
    )
    assert done.exit_code == 0
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["note_text"] == "Dr <NOM>, le <DATE>"
    assert row["source_entities"][0] == {"start": 3, "end": 13, "label": "NOM"}


def test_a_malformed_line_is_refused_by_its_number_and_leaves_no_output(tmp_path, key):
    (tmp_path / "in.jsonl").write_text('{"note_text": "a"}\nVERCAUTRIN\n')
    done = osteon_deid("text", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--key-file", key, "--json")
    assert done.exit_code == 3
    assert "line 2" in json.loads(done.stdout)["error"]["got"]
    assert "VERCAUTRIN" not in done.output
    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == []


def test_evaluate_prints_the_contract_and_nothing_else(tmp_path):
    note = {
        "note_id": "1",
        "note_text": "Dr Vercautrin",
        "entities": [{"start": 3, "end": 13, "label": "NOM"}],
    }
    (tmp_path / "gold.jsonl").write_text(json.dumps(note) + "\n")
    done = osteon_deid("evaluate", tmp_path / "gold.jsonl", "--json")
    measures = json.loads(done.stdout)
    assert set(measures) >= {"labels", "overall", "documents_fully_redacted"}
    assert set(measures["labels"]["NOM"]) >= {"recall", "n", "low", "high", "documents_fully_redacted"}
    assert set(measures["overall"]) >= {"recall", "precision", "f1"}
    assert set(measures["documents_fully_redacted"]) == {"value", "n", "low", "high"}


def test_exit_codes_follow_the_contract(tmp_path, key):
    (tmp_path / "in.dcm").write_bytes(b"no dicom")
    scan = radiograph()
    scan.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    (tmp_path / "scan.dcm").write_bytes(as_file(scan))
    out = tmp_path / "out.dcm"
    assert osteon_deid("dicom", tmp_path / "in.dcm", out, "--key-file", key).exit_code == 3
    assert osteon_deid("dicom", tmp_path / "scan.dcm", out, "--key-file", key).exit_code == 4
    assert osteon_deid("dicom", tmp_path / "absent.dcm", out, "--key-file", key).exit_code == 2
    assert osteon_deid("dicom", tmp_path / "in.dcm", out, "--key-file", tmp_path / "none").exit_code == 2
    assert osteon_deid("evaluate", tmp_path / "absent", "--language", "nl").exit_code == 2
    assert not out.exists()
