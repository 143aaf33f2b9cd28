"""What is held back waits sealed for a named person; what that person decides holds in the next run."""

import json

import cv2
import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from osteon.cli.deid import app
from osteon.deid.batch import deidentify_sample
from osteon.deid.keys import create_key
from osteon.deid.policy import Policy
from osteon.deid.vault import Vault, VaultPlace
from tests.identified_instances import as_file, radiograph, set_pixels
from tests.integration.test_deid_batch import TRACES, make_input

RUN = CliRunner()
WHO = ("--person", "A. Person", "--reason", "looked at the picture with the radiologist")


@pytest.fixture
def place(tmp_path):
    create_key(tmp_path / "secret" / "key")
    return tmp_path


def osteon_deid(*arguments):
    return RUN.invoke(app, [str(a) for a in arguments])


def vault_of(place):
    return Vault.open(VaultPlace.of(place / "secret" / "vault", place / "secret" / "key"))


def run(place, policy=None):
    return deidentify_sample(
        place / "in", place / "out", place / "secret" / "key", policy, 1, vault=place / "secret" / "vault"
    )


def lettered(seed=0, number="K77120930"):
    """A radiograph so full of letters that it is held back."""
    frame = np.full((600, 500), 300, np.uint16)
    for line in range(14):
        cv2.putText(
            frame, "QUENTRELEC MAELYS 7712", (6, 40 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 3500, 3
        )
    ds = radiograph(seed=seed, number=number)
    set_pixels(ds, frame)
    return ds


@pytest.fixture
def held(place):
    """One study of two images, one of them full of letters; and a report that names another patient."""
    source = make_input(place / "in", studies=2)
    (source / "nord/dicom/St0/2.dcm").write_bytes(as_file(lettered()))
    other = (source / "nord/hl7/St1.hl7").read_text().replace("K77120930", "K999")
    (source / "nord/hl7/St1.hl7").write_text(other)
    manifest = run(place)
    assert manifest.figures["quarantined"] == 2
    return place


def waiting(place):
    return {case.what: case for case in vault_of(place).cases.listed()}


def test_what_is_held_back_is_sealed_and_listed_with_its_reason(held):
    cases = waiting(held)
    assert cases["image"].reason == "a_radiograph"
    assert cases["report"].reason == "a_report_of_the_study_s_patient"
    vault_of(held).engine.dispose()
    for path in (held / "secret" / "vault").rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert not any(trace.encode() in content for trace in TRACES), path.name
    listed = osteon_deid("review", "list", "--key-file", held / "secret" / "key", "--json")
    assert {row["case_id"] for row in json.loads(listed.stdout)} == {c.case_id for c in cases.values()}


def test_a_run_with_a_vault_stands_in_the_trail_and_its_crosswalk_leads_back(held):
    vault = vault_of(held)
    events = [entry["event"] for entry in vault.audit.entries()]
    assert events == ["run_started", "run_finished"]
    assert list(vault.audit.entries())[-1]["facts"]["held"] == {
        "a_radiograph": 1,
        "a_report_of_the_study_s_patient": 1,
    }
    output = next((held / "out" / "nord" / "dicom").rglob("*.dcm"))
    pseudonym = pydicom.dcmread(output).PatientID
    found = osteon_deid(
        "reidentify", "--key-file", held / "secret" / "key", "--pseudonym", pseudonym, *WHO
    )  # fmt: skip
    assert found.stdout.strip() == "K77120930"


def test_an_approved_image_leaves_in_the_next_run_with_its_letters_black(held):
    case = waiting(held)["image"].case_id
    done = osteon_deid("review", "approve", case, "--key-file", held / "secret" / "key", *WHO)
    assert done.exit_code == 0, done.output
    manifest = run(held)
    assert (manifest.figures["images"], manifest.figures["reviewed"], manifest.figures["quarantined"]) == (
        3,
        1,
        1,
    )
    last = [entry for entry in vault_of(held).audit.entries() if entry["event"] == "approved"]
    assert (last[0]["person"], last[0]["facts"]["waiver"]) == ("A. Person", "a_radiograph")
    assert last[0]["facts"]["policy_hash"] == Policy.load().hash


def test_an_approval_is_refused_where_the_policy_lets_nobody_waive_the_reason(held, tmp_path):
    strict = Policy.load().model_dump(mode="json") | {"review": {"waivers": []}}
    import yaml

    (tmp_path / "strict.yaml").write_text(yaml.safe_dump(strict))
    case = waiting(held)["image"].case_id
    arguments = (case, "--key-file", held / "secret" / "key", "--policy", tmp_path / "strict.yaml", *WHO)
    assert osteon_deid("review", "approve", *arguments).exit_code == 3
    assert waiting(held)["image"].case_id == case


def test_boxes_drawn_by_a_person_are_black_in_what_leaves(held):
    case = waiting(held)["image"].case_id
    done = osteon_deid(
        "review", "correct", case, "--key-file", held / "secret" / "key", "--boxes", "[[0, 0, 500, 600]]",
        "--output", held / "corrected.dcm", *WHO,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert len(np.unique(pydicom.dcmread(held / "corrected.dcm").pixel_array)) == 1
    assert run(held).figures["images"] == 3


def test_a_corrected_report_passes_through_every_rule_again(held):
    case = waiting(held)["report"].case_id
    (held / "text.txt").write_text("Quentrelec Maëlys. RÉSULTAT : pas de fracture.")
    done = osteon_deid(
        "review", "correct", case, "--key-file", held / "secret" / "key", "--text", held / "text.txt", *WHO
    )
    assert done.exit_code == 0, done.output
    manifest = run(held)
    assert (manifest.figures["reports"], manifest.figures["quarantined"]) == (2, 1)
    reports = (held / "out" / "reports.jsonl").read_text()
    assert "pas de fracture" in reports
    assert "uentrelec" not in reports.lower()


def test_a_rejected_part_stays_out_and_nothing_of_it_is_kept(held):
    case = waiting(held)["image"].case_id
    assert osteon_deid("review", "reject", case, "--key-file", held / "secret" / "key", *WHO).exit_code == 0
    assert not list((held / "secret" / "vault" / "quarantine").glob(f"{case}*"))
    manifest = run(held)
    assert (manifest.figures["images"], manifest.figures["quarantined"]) == (2, 1)
    assert osteon_deid("review", "approve", case, "--key-file", held / "secret" / "key", *WHO).exit_code == 2


def test_a_decision_about_bytes_that_have_changed_since_does_not_hold(held):
    case = waiting(held)["image"].case_id
    assert osteon_deid("review", "approve", case, "--key-file", held / "secret" / "key", *WHO).exit_code == 0
    (held / "in/nord/dicom/St0/2.dcm").write_bytes(as_file(lettered(seed=5)))
    manifest = run(held)
    assert (manifest.figures["images"], manifest.figures["reviewed"]) == (2, 0)
    assert waiting(held)["image"].case_id != case


def test_nobody_decides_or_looks_without_a_name_and_a_reason(held):
    case = waiting(held)["report"].case_id
    key = ("--key-file", held / "secret" / "key")
    assert osteon_deid("review", "show", case, "--content", *key).exit_code == 2
    assert (
        osteon_deid("review", "reject", case, *key, "--person", "A. Person", "--reason", "no").exit_code == 2
    )
    shown = osteon_deid("review", "show", case, "--content", *key, *WHO)
    assert "fracture de Colles" in shown.stdout
    assert list(vault_of(held).audit.entries())[-1]["event"] == "viewed"


def test_the_trail_of_it_all_is_whole_and_a_changed_one_is_told(held):
    key = ("--key-file", held / "secret" / "key")
    assert osteon_deid("audit", "verify", *key).exit_code == 0
    path = held / "secret" / "vault" / "audit" / "osteon" / "audit.jsonl"
    path.write_text(path.read_text().replace("run_started", "run_stopped"))
    assert osteon_deid("audit", "verify", *key).exit_code == 3


def test_a_vault_inside_the_output_is_refused(place):
    make_input(place / "in", studies=1)
    done = osteon_deid(
        "run",
        place / "in",
        place / "out",
        "--key-file",
        place / "secret" / "key",
        "--vault",
        place / "out" / "v",
    )
    assert done.exit_code == 3


def test_a_dry_run_tells_attributes_and_counts_and_writes_nothing(held):
    before = {path: path.stat().st_mtime_ns for path in held.rglob("*")}
    done = osteon_deid("run", held / "in", "--key-file", held / "secret" / "key", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    totals = found["totals"]
    assert totals["attributes"]["PatientName"] == {"action": "pseudonym", "changed": 2}
    assert totals["attributes"]["InstitutionName"] == {"action": "", "removed": 2}
    assert totals["attributes"]["Rows"] == {"action": "keep", "kept": 2}
    assert totals["held"] == {"image: a_radiograph": 1, "report: a_report_of_the_study_s_patient": 1}
    assert found["policy_hash"] == Policy.load().hash
    assert not any(trace in done.stdout.lower() for trace in TRACES)
    assert {path: path.stat().st_mtime_ns for path in held.rglob("*")} == before


def test_after_a_rotation_the_run_is_made_anew_and_old_pseudonyms_still_lead_back(place):
    make_input(place / "in", studies=1)
    run(place)
    old = pydicom.dcmread(next((place / "out").rglob("*.dcm"))).PatientID
    key = ("--key-file", place / "secret" / "key")
    rotated = osteon_deid("key", "rotate", *key, *WHO, "--mapping", place / "mapping.csv")
    assert rotated.exit_code == 0, rotated.output
    manifest = run(place)
    new = pydicom.dcmread(next((place / "out").rglob("*.dcm"))).PatientID
    assert manifest.settings["key_version"] == 2
    assert f"osteon,{old},{new}" in (place / "mapping.csv").read_text().splitlines()
    assert "K77120930" not in (place / "mapping.csv").read_text()
    for pseudonym in (old, new):
        found = osteon_deid("reidentify", *key, "--pseudonym", pseudonym, *WHO)
        assert found.stdout.strip() == "K77120930"
    assert osteon_deid("audit", "verify", *key).exit_code == 0
    again = osteon_deid("key", "rotate", *key, *WHO, "--resume", "--mapping", place / "again.csv")
    assert again.exit_code == 0
    assert (place / "again.csv").read_text() == (place / "mapping.csv").read_text()


def test_run_says_what_it_did_and_how_fast(place):
    make_input(place / "in", studies=2)
    done = osteon_deid(
        "run", place / "in", place / "out", "--key-file", place / "secret" / "key", "--workers", 1
    )
    assert done.exit_code == 0, done.output
    assert "2 studies, 2 images, 2 reports" in done.output
    assert "images/s" in done.output
