"""What a batch must never do: take what is not its own, lose a study silently, forget a pseudonym."""

import json
from pathlib import Path

import pydicom
import pytest

from osteon.deid import create_key
from osteon.deid.batch import deidentify_sample
from osteon.deid.sources import find_studies
from osteon.deid.vault import Vault, VaultPlace
from osteon.domain import RefusedError
from tests.identified_instances import as_file, radiograph
from tests.structured_reports import as_file as report_file
from tests.structured_reports import report


@pytest.fixture
def key(tmp_path):
    create_key(tmp_path / "secret" / "key")
    return tmp_path / "secret" / "key"


def study(folder, seed=0, name="1.dcm", **values):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(as_file(radiograph(seed=seed, **values)))


def held(output):
    lines = (output / "quarantine" / "quarantine.jsonl").read_text().splitlines()
    return [json.loads(line)["what"] for line in lines]


def test_a_source_below_the_output_is_refused_and_still_there(tmp_path, key):
    study(tmp_path / "all" / "hospital" / "dicom" / "St0")
    with pytest.raises(RefusedError):
        deidentify_sample(tmp_path / "all" / "hospital", tmp_path / "all", key, workers=1)
    assert (tmp_path / "all" / "hospital" / "dicom" / "St0" / "1.dcm").is_file()


def test_studies_that_no_run_has_written_are_not_taken_for_leftovers(tmp_path, key):
    study(tmp_path / "in" / "nord" / "dicom" / "St0")
    study(tmp_path / "archive" / "nord" / "dicom" / "St9", seed=9)
    with pytest.raises(RefusedError):
        deidentify_sample(tmp_path / "in", tmp_path / "archive", key, workers=1)
    assert (tmp_path / "archive" / "nord" / "dicom" / "St9" / "1.dcm").is_file()


def test_two_folders_of_one_study_are_held_back_until_they_are_one(tmp_path, key):
    source, output = tmp_path / "in" / "nord" / "dicom", tmp_path / "out"
    study(source / "A", seed=1)
    study(source / "B", seed=1)
    study(source / "C", seed=2)
    for _ in range(2):
        manifest = deidentify_sample(tmp_path / "in", output, key, workers=1)
        assert (manifest.figures["images"], held(output)) == (1, ["study", "study"])
        assert len(list(output.glob("nord/dicom/*"))) == 1
    (source / "B" / "1.dcm").rename(source / "A" / "2.dcm")
    (source / "B").rmdir()
    manifest = deidentify_sample(tmp_path / "in", output, key, workers=1)
    assert (manifest.figures["images"], held(output)) == (3, [])


def test_a_study_that_another_worker_writes_first_is_no_crash(tmp_path, key, monkeypatch):
    study(tmp_path / "in" / "nord" / "dicom" / "A")
    rename, others = Path.rename, []

    def late(path, target):
        if path.name.endswith(".part") and not others:
            others.append(target)
            target.mkdir()
            (target / "0.dcm").write_bytes(b"of another worker")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    manifest = deidentify_sample(tmp_path / "in", tmp_path / "out", key, workers=1)
    assert manifest.figures["images"] == 1
    assert pydicom.dcmread(others[0] / "0.dcm").PatientIdentityRemoved == "YES"


def test_pseudonyms_of_a_study_without_pictures_lead_back_too(tmp_path, key):
    folder = tmp_path / "in" / "nord" / "dicom" / "St0"
    folder.mkdir(parents=True)
    (folder / "1.dcm").write_bytes(report_file(report()))
    deidentify_sample(tmp_path / "in", tmp_path / "out", key, workers=1, vault=tmp_path / "secret" / "vault")
    written = next((tmp_path / "out" / "nord" / "dicom").rglob("*.dcm"))
    vault = Vault.open(VaultPlace.of(tmp_path / "secret" / "vault", key))
    pseudonyms = {entry.pseudonym.value for entry in vault.crosswalk.entries()}
    assert str(pydicom.dcmread(written).PatientID) in pseudonyms


def test_two_reports_of_one_kind_are_held_back_and_none_is_lost_without_a_word(tmp_path, key):
    study(tmp_path / "in" / "flat")
    accession = str(pydicom.dcmread(tmp_path / "in" / "flat" / "1.dcm").AccessionNumber)
    for number, text in enumerate(("Pas de fracture.", "Fracture.")):
        (tmp_path / "in" / "flat" / f"message{number}.hl7").write_text(
            "MSH|^~\\&|R|H|||20240101||ORU^R01|1|P|2.5\rPID|1||K77120934^^^H^PI||QUENTRELEC^Maëlys\r"
            f"OBR|1|O1|F1|RX||||||||||||||{accession}\rOBX|1|TX|||{text}\r"
        )
    manifest = deidentify_sample(tmp_path / "in", tmp_path / "out", key, workers=1)
    assert (manifest.figures["images"], manifest.figures["reports"]) == (1, 0)
    assert held(tmp_path / "out") == ["report"]


def test_a_report_is_matched_although_a_file_beside_its_study_cannot_be_read(tmp_path):
    study(tmp_path / "in" / "flat", name="b.dcm")
    (tmp_path / "in" / "flat" / "a.dcm").write_bytes(b"no DICOM")
    (tmp_path / "in" / "flat" / "flat.txt").write_text("Pas de fracture.")
    found = {one.images: one.reports for one in find_studies(tmp_path / "in")}
    assert found == {("flat/a.dcm",): (), ("flat/b.dcm",): ("flat/flat.txt",)}
