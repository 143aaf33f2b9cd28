"""Structured reports: the tree stays, identity goes, pseudonyms are those of the images."""

import shutil
from io import BytesIO

import pydicom
import pytest

from osteon.deid import Policy, ProjectKey, Pseudonymiser, deidentify_dicom
from osteon.deid.instance import deidentify_dataset
from osteon.dicom.dataset import read_dataset
from osteon.domain import OriginalId, QuarantinedError
from tests.identified_instances import PSEUDONYMISER, radiograph
from tests.identified_instances import as_file as image_file
from tests.structured_reports import BASIC_TEXT, COMPREHENSIVE, DOSE_REPORT, ENHANCED, as_file, report
from tests.unit.test_header_rules import dciodvfy_errors

POLICY = Policy.load()
IDENTITY = (
    "QUENTRELEC",
    "Maëlys",
    "VERCAUTRIN",
    "K77120934",
    "12/03/1957",
    "19570312",
    "ACC20240098",
    "1.2.8.",
)


@pytest.fixture(scope="module")
def made():
    return deidentify_dicom(as_file(report(COMPREHENSIVE)), POLICY, PSEUDONYMISER)


def items_by_concept(content):
    out = pydicom.dcmread(BytesIO(content))
    named = [(item.get("ConceptNameCodeSequence"), item) for item in out.ContentSequence]
    return {concept[0].CodeValue if concept else item.ValueType: item for concept, item in named}


def test_no_identity_is_left_in_any_byte_and_the_finding_stays(made):
    for text in IDENTITY:
        assert text.encode() not in made.content
        assert text.encode("latin-1") not in made.content
    conclusion = items_by_concept(made.content)["121077"].TextValue
    assert "Pas de fracture du scaphoïde. Arthrose fémoro-patellaire." in conclusion


def test_names_references_and_dates_get_the_pseudonyms_of_the_images(made):
    image = pydicom.dcmread(
        BytesIO(deidentify_dicom(image_file(radiograph()), POLICY, PSEUDONYMISER).content)
    )
    out, items = pydicom.dcmread(BytesIO(made.content)), items_by_concept(made.content)
    assert (out.PatientID, out.StudyInstanceUID) == (image.PatientID, image.StudyInstanceUID)
    assert str(items["121029"].PersonName) == image.PatientID
    assert str(items["121008"].PersonName) == PSEUDONYMISER.person(OriginalId("ODILON VERCAUTRIN")).value
    assert image.StudyInstanceUID == items["110180"].UID
    assert items["111060"].Date == image.StudyDate
    assert items["IMAGE"].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == image.SOPInstanceUID
    evidence = out.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.ReferencedSeriesSequence[0].SeriesInstanceUID == image.SeriesInstanceUID


def test_numbers_codes_and_the_shape_of_the_tree_stay(made):
    items = items_by_concept(made.content)
    measured = items["410668003"].MeasuredValueSequence[0]
    assert (float(measured.NumericValue), measured.MeasurementUnitsCodeSequence[0].CodeValue) == (12.5, "mm")
    assert items["121005"].ConceptCodeSequence[0].CodeValue == "121006"
    assert [item.ValueType for item in pydicom.dcmread(BytesIO(made.content)).ContentSequence].count(
        "TEXT"
    ) == 3


def test_a_text_under_a_local_concept_stays_under_the_concept_comment(made):
    assert "Genou gauche" in items_by_concept(made.content)["121106"].TextValue


def test_an_unchanged_report_stays_as_it_is_in_a_second_pass(made):
    again = deidentify_dicom(made.content, POLICY, PSEUDONYMISER).content
    assert again == made.content
    assert deidentify_dataset(read_dataset(made.content), POLICY, PSEUDONYMISER).content == made.content


def test_a_report_that_was_changed_after_its_seal_is_done_again(made):
    out = pydicom.dcmread(BytesIO(made.content))
    out.ContentSequence[6].TextValue = "Mme ZWYRTELOWICZ Agathe"
    buffer = BytesIO()
    out.save_as(buffer)
    assert b"ZWYRTELOWICZ" in buffer.getvalue()
    again = deidentify_dicom(buffer.getvalue(), POLICY, PSEUDONYMISER).content
    assert b"ZWYRTELOWICZ" not in again


def test_a_seal_of_another_key_is_not_believed(made):
    other = Pseudonymiser(ProjectKey(bytes(range(1, 33))), "nord")
    assert deidentify_dicom(made.content, POLICY, other).content != made.content


@pytest.mark.parametrize(
    "sop_class", [DOSE_REPORT, "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.7"]
)
def test_dose_reports_documents_and_scans_are_quarantined_as_a_whole_with_the_reason(sop_class):
    with pytest.raises(QuarantinedError, match=r"dose report|document"):
        deidentify_dicom(as_file(report(sop_class)), POLICY, PSEUDONYMISER)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs the Debian package dicom3tools")
@pytest.mark.parametrize("sop_class", [BASIC_TEXT, ENHANCED, COMPREHENSIVE])
def test_a_validator_finds_no_new_error_in_a_report(tmp_path, sop_class):
    source, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(as_file(report(sop_class)))
    output.write_bytes(deidentify_dicom(source, POLICY, PSEUDONYMISER).content)
    assert not dciodvfy_errors(output) - dciodvfy_errors(source)
