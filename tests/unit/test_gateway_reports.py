"""Results as DICOM SR, HL7 and FHIR: valid by their own validators, and each says what it is for."""

from __future__ import annotations

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import hl7
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.dicom import read_dataset
from osteon.domain import Prediction, Task
from services.gateway.report_fhir import build_diagnostic_report
from services.gateway.report_hl7 import build_message, escape
from services.gateway.report_sr import build_report
from services.gateway.shadow import LiveModels, load_live_models
from services.gateway.summary import RESEARCH_ONLY, sentence
from tests.dicom_files import dicom_bytes
from tests.gateway_parts import prediction

FACTS = {
    "StudyDate": "20260102",
    "StudyTime": "101112",
    "StudyID": "7",
    "AccessionNumber": "ACC|1",
    "PatientBirthDate": "19800101",
    "ReferringPhysicianName": "",
}


@pytest.fixture
def instance() -> bytes:
    return dicom_bytes(**FACTS)


@pytest.fixture
def predictions() -> list[Prediction]:
    return [
        prediction(),
        prediction("bone-age", 131.0),
        prediction("knee-oa", None),
    ]


def text_of_report(report: bytes) -> str:
    return str(pydicom.dcmread(BytesIO(report)))


def test_a_structured_report_belongs_to_the_patients_study(
    instance: bytes, predictions: list[Prediction]
) -> None:
    report = pydicom.dcmread(BytesIO(build_report(instance, predictions, ae_title="OSTEON")))
    source = read_dataset(instance)
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "StudyDate"):
        assert str(report[keyword].value) == str(source[keyword].value)
    assert report.SeriesInstanceUID != source.SeriesInstanceUID
    assert report.Modality == "SR"
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_a_structured_report_codes_no_finding_and_says_research_only(
    instance: bytes, predictions: list[Prediction]
) -> None:
    text = text_of_report(build_report(instance, predictions, ae_title="OSTEON"))
    assert "Research use only" in text
    assert "72704001" not in text  # SNOMED CT "Fracture" would be filed as a finding
    assert "0.83" in text


def test_a_report_warns_and_logs_nothing_about_the_patient(
    predictions: list[Prediction], recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    build_report(dicom_bytes(**{**FACTS, "PatientName": "PLANTEDLONE"}), predictions, ae_title="OSTEON")
    assert "PLANTED" not in caplog.text
    assert not [each for each in recwarn if "PLANTED" in str(each.message)]


def test_a_repeated_report_replaces_itself(instance: bytes, predictions: list[Prediction]) -> None:
    first, second = (
        pydicom.dcmread(BytesIO(build_report(instance, predictions, ae_title="OSTEON"))) for _ in range(2)
    )
    assert first.SOPInstanceUID == second.SOPInstanceUID
    other = [prediction(model_version="fracture-2"), *predictions[1:]]
    newer = pydicom.dcmread(BytesIO(build_report(instance, other, ae_title="OSTEON")))
    assert newer.SOPInstanceUID != first.SOPInstanceUID


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs the Debian package dicom3tools")
def test_dciodvfy_finds_no_error_in_a_structured_report(
    instance: bytes, predictions: list[Prediction], tmp_path: Path
) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(build_report(instance, predictions, ae_title="OSTEON"))
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, timeout=60)
    assert "Error" not in done.stderr + done.stdout
    assert done.returncode == 0


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="needs the Debian package dcmtk")
def test_dcmtk_reads_a_structured_report(
    instance: bytes, predictions: list[Prediction], tmp_path: Path
) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(build_report(instance, predictions, ae_title="OSTEON"))
    done = subprocess.run(["dsrdump", "+Pl", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Imaging Measurement Report" in done.stdout
    assert "Research use only" in done.stdout


@pytest.mark.parametrize("name", ["chrGreek", "chrRuss", "chrH32", "chrX2", "chrArab"])
def test_names_in_any_script_survive_into_the_reports(
    shared_data: Path, predictions: list[Prediction], name: str
) -> None:
    data = (shared_data / "dicom" / "charsets" / f"{name}.dcm").read_bytes()
    source = pydicom.dcmread(BytesIO(data))
    source.decode()
    report = pydicom.dcmread(BytesIO(build_report(data, predictions, ae_title="OSTEON")))
    report.decode()
    assert report.SpecificCharacterSet == "ISO_IR 192"
    assert str(report.PatientName) == str(source.PatientName)
    family = str(source.PatientName).split("=")[0].split("^")[0]
    message = build_message(data, predictions, control_id="1", site="chu-a").decode()
    assert escape(family) in message


def test_an_hl7_message_is_parsed_back_with_its_values(
    instance: bytes, predictions: list[Prediction]
) -> None:
    message = hl7.parse(build_message(instance, predictions, control_id="c1", site="chu-a").decode())
    assert str(message.segment("MSH")(9)) == "ORU^R01^ORU_R01"
    assert str(message.segment("PID")(3)) == "PLANTED-ID-77"
    assert str(message.segment("PID")(5)) == "PLANTED^NAME"
    assert message.unescape(str(message.segment("OBR")(3))) == "ACC|1"
    observations = message.segments("OBX")
    assert [str(each(2)) for each in observations] == ["NM", "NM", "ST"]
    assert [str(each(11)) for each in observations] == ["P", "P", "P"]
    assert float(str(observations[0](5))) == 0.83
    assert str(message).count(RESEARCH_ONLY) == 4


@given(text=st.text(max_size=60))
def test_escaped_text_never_breaks_a_segment(text: str) -> None:
    escaped = escape(text)
    assert not set("|^&~\r\n") & set(escaped.replace("\\", ""))


def test_a_fhir_report_is_valid_and_preliminary(instance: bytes, predictions: list[Prediction]) -> None:
    from fhir.resources.diagnosticreport import DiagnosticReport

    resource = build_diagnostic_report(instance, predictions, item_id="a" * 32)
    DiagnosticReport.model_validate(json.loads(json.dumps(resource)))
    assert resource["status"] == "preliminary"
    assert RESEARCH_ONLY in resource["conclusion"]
    assert all(RESEARCH_ONLY in each["note"][0]["text"] for each in resource["contained"])


def test_every_task_has_its_place_in_each_kind_of_report(instance: bytes) -> None:
    answers = [prediction(task.value, task.values[1]) for task in Task]
    report = build_report(instance, answers, ae_title="OSTEON")
    message = build_message(instance, answers, control_id="c1", site="chu-a").decode()
    resource = build_diagnostic_report(instance, answers, item_id="a" * 32)
    codings = [one["code"]["coding"][0]["code"] for one in resource["contained"]]
    for task in Task:
        assert f"Osteon {task.value}".encode() in report
        assert task.value in message
        assert task.value in codings


def test_sentences_use_a_decimal_comma_and_name_the_abstention() -> None:
    assert sentence(prediction()) == "Fracture : probabilité 0,83 [0,70 à 0,90, couverture 90 %]."
    angle = prediction("leg-alignment", 176.42, interval=None)
    assert sentence(angle) == "Axe du membre inférieur (angle HKA) : 176,4°."
    assert "pas de réponse (région anatomique non prise en charge)" in sentence(prediction("knee-oa", None))


def test_every_model_is_in_shadow_until_a_person_switches_it_on(tmp_path: Path) -> None:
    assert not LiveModels().allows(prediction(), "chu-a")
    path = tmp_path / "live.yaml"
    path.write_text(
        "- {task: fracture, model_version: fracture-1, site: chu-a, actor: dr-b, reason: validated,"
        " time_utc: '2026-06-01T09:00:00Z'}\n"
    )
    live = load_live_models(path)
    assert live.allows(prediction(), "chu-a")
    assert not live.allows(prediction(), "chu-b")
    assert not live.allows(prediction(model_version="fracture-2"), "chu-a")


def test_a_list_of_live_models_with_an_unknown_key_stops_the_start(tmp_path: Path) -> None:
    from osteon.domain import UsageError

    path = tmp_path / "live.yaml"
    path.write_text("- {task: fracture, everything: true}\n")
    with pytest.raises(UsageError):
        load_live_models(path)
