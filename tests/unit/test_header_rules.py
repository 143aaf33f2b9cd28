"""Header rules: what leaves, in which form."""

import shutil
import subprocess
from io import BytesIO

import numpy as np
import pydicom
import pytest

from osteon.deid import KnownIdentity, Policy, deidentify_dicom
from osteon.domain import QuarantinedError, RefusedError, UsageError
from tests.identified_instances import PSEUDONYMISER, as_file, plant_everywhere, radiograph

POLICY = Policy.load()


def deidentified(ds):
    made = deidentify_dicom(as_file(ds), POLICY, PSEUDONYMISER)
    return made, pydicom.dcmread(BytesIO(made.content))


def test_what_research_needs_stays():
    _, out = deidentified(radiograph())
    assert (out.Modality, out.BodyPartExamined, out.ViewPosition, out.Laterality) == ("CR", "KNEE", "AP", "L")
    assert (out.PatientSex, out.PatientAge, list(out.PixelSpacing)) == ("F", "066Y", [0.15, 0.15])
    assert (out.Manufacturer, out.ManufacturerModelName) == ("Acme", "CR 45")


def test_the_pixels_stay_as_they_are():
    ds = radiograph()
    before = ds.PixelData
    _, out = deidentified(ds)
    assert out.PixelData == before


def test_an_image_that_does_not_say_how_many_bits_it_stores_is_refused():
    ds = radiograph()
    del ds.BitsStored
    with pytest.raises(RefusedError):
        deidentified(ds)


def test_descriptions_keep_only_words_of_the_vocabulary():
    _, out = deidentified(radiograph())
    assert out.StudyDescription == "RX GENOU GAUCHE"


def test_one_patient_has_one_name_number_and_shift_over_studies():
    (_, first), (_, second) = deidentified(radiograph(seed=1)), deidentified(radiograph(seed=2))
    assert first.PatientID == second.PatientID == first.PatientName
    assert first.StudyInstanceUID != second.StudyInstanceUID
    assert first.StudyDate == second.StudyDate != "20240304"


def test_the_output_says_what_was_done():
    _, out = deidentified(radiograph())
    assert out.PatientIdentityRemoved == "YES"
    assert POLICY.hash[:16] in out.DeidentificationMethod
    assert out.LongitudinalTemporalInformationModified == "MODIFIED"
    assert "113100" in [item.CodeValue for item in out.DeidentificationMethodCodeSequence]
    assert out.BurnedInAnnotation == "NO"


def test_private_overlay_and_unknown_attributes_go():
    ds = plant_everywhere(radiograph(), "something")
    ds.add_new(0x00091234, "UN", b"private")
    made, out = deidentified(ds)
    assert not [tag for tag in list(out.keys()) if tag.is_private or tag.group in (0x6000, 0x5000)]
    assert made.report.private >= 2


def test_a_known_code_gets_the_meaning_of_the_standard_and_an_unknown_one_goes():
    _, out = deidentified(plant_everywhere(radiograph(), "QUENTRELEC"))
    assert out.AnatomicRegionSequence[0].CodeMeaning.startswith("Knee")
    assert "ProcedureCodeSequence" not in out
    assert "AnatomicRegionModifierSequence" not in out.AnatomicRegionSequence[0]


def test_an_age_above_the_cap_is_capped():
    _, out = deidentified(radiograph(birth="19250101"))
    assert out.PatientAge == "090Y"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("BodyPartExamined", "QUENTRELEC"), ("ViewPosition", "DUPONT"), ("PatientSex", "X1")],
)
def test_a_code_string_outside_its_list_goes(keyword, value):
    ds = radiograph()
    setattr(ds, keyword, value)
    _, out = deidentified(ds)
    assert not out.get(keyword)


def test_bits_above_the_stored_ones_and_bytes_after_the_last_pixel_go():
    ds = radiograph()
    frame = np.frombuffer(ds.PixelData, "<u2") | 0x8000
    ds.PixelData = frame.tobytes() + b"QUENTRELEC"
    _, out = deidentified(ds)
    assert int(np.frombuffer(out.PixelData, "<u2").max()) < 4096
    assert len(out.PixelData) == 96 * 80 * 2


@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88.67"],
)
def test_scans_documents_and_dose_reports_are_quarantined(sop_class):
    ds = radiograph()
    ds.SOPClassUID = sop_class
    with pytest.raises(QuarantinedError):
        deidentify_dicom(as_file(ds), POLICY, PSEUDONYMISER)


def test_a_colour_image_is_quarantined():
    ds = radiograph()
    ds.PhotometricInterpretation = "RGB"
    with pytest.raises(QuarantinedError):
        deidentify_dicom(as_file(ds), POLICY, PSEUDONYMISER)


def test_identity_known_from_elsewhere_that_a_kept_value_holds_never_leaves():
    ds = radiograph()
    ds.ManufacturerModelName = "Zebulonix 3"
    made = deidentify_dicom(as_file(ds), POLICY, PSEUDONYMISER, KnownIdentity(people=(("Zebulonix", "Ada"),)))
    assert b"zebulonix" not in made.content.lower()


def test_bytes_that_are_not_dicom_are_refused():
    for content in (b"", b"x" * 300, b"\0" * 128 + b"DICM"):
        with pytest.raises((RefusedError, UsageError)):
            deidentify_dicom(content, POLICY, PSEUDONYMISER)


def test_malformed_real_files_are_read_or_refused(shared_data):
    for path in sorted((shared_data / "dicom" / "malformed").glob("*.dcm")):
        with pytest.raises((RefusedError, QuarantinedError)):
            deidentify_dicom(path, POLICY, PSEUDONYMISER)


def test_every_encoding_of_a_real_radiograph_keeps_its_pixels(shared_data):
    from osteon.dicom.dataset import read_dataset
    from osteon.dicom.pixels import stored_pixels

    for path in sorted((shared_data / "dicom" / "extremity").glob("*.dcm")):
        made = deidentify_dicom(path, POLICY, PSEUDONYMISER)
        assert np.array_equal(stored_pixels(read_dataset(made.content)), stored_pixels(read_dataset(path))), (
            path.name
        )
        assert deidentify_dicom(made.content, POLICY, PSEUDONYMISER).content == made.content


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs the Debian package dicom3tools")
def test_a_validator_finds_no_new_error_in_the_output(tmp_path, shared_data):
    for name in ("RG3_UNC", "RG3_JLSL", "RG3_J2KR"):
        source = shared_data / "dicom" / "extremity" / f"{name}.dcm"
        output = tmp_path / "out.dcm"
        output.write_bytes(deidentify_dicom(source, POLICY, PSEUDONYMISER).content)
        assert not dciodvfy_errors(output) - dciodvfy_errors(source)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs the Debian package dicom3tools")
def test_a_validator_finds_no_new_error_in_any_admitted_image_class_nor_in_real_files(tmp_path, shared_data):
    from benchmarks.deid_dicom.instances import instances

    contents = [p.content for p in instances(40, 6) if p.syntax == "1.2.840.10008.1.2.1"]
    contents += [path.read_bytes() for path in sorted((shared_data / "dicom" / "charsets").glob("*.dcm"))]
    source, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    classes = set()
    for content in contents:
        try:
            made = deidentify_dicom(content, POLICY, PSEUDONYMISER).content
        except (QuarantinedError, RefusedError):  # another class, or no pixels
            continue
        classes.add(pydicom.dcmread(BytesIO(made)).SOPClassUID)
        source.write_bytes(content)
        output.write_bytes(made)
        assert not dciodvfy_errors(output) - dciodvfy_errors(source)
    assert classes == set(POLICY.sop_classes)


def dciodvfy_errors(path):
    said = subprocess.run(
        ["dciodvfy", str(path)], capture_output=True, text=True, errors="replace", check=False
    ).stderr
    return {line for line in said.splitlines() if line.startswith("Error")}


def test_a_policy_with_an_unknown_key_or_attribute_is_refused(tmp_path):
    from importlib.resources import files

    import yaml

    text = (files("osteon.deid") / "policies" / "research.yaml").read_text("utf-8")
    for change in (
        {"nonsense": 1},
        {"rules": [{"attributes": ["NoSuchKeyword"], "action": "keep", "reason": "x"}]},
    ):
        broken = {**yaml.safe_load(text), **change}
        (tmp_path / "p.yaml").write_text(yaml.safe_dump(broken))
        with pytest.raises(UsageError):
            Policy.load(tmp_path / "p.yaml")


def test_the_policy_hash_ignores_layout_and_follows_content(tmp_path):
    from importlib.resources import files

    import yaml

    content = yaml.safe_load((files("osteon.deid") / "policies" / "research.yaml").read_text("utf-8"))
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content, sort_keys=True))
    assert Policy.load(tmp_path / "p.yaml").hash == POLICY.hash
    content["version"] = "2.1"
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content))
    assert Policy.load(tmp_path / "p.yaml").hash != POLICY.hash


def test_a_type_2_attribute_stays_empty_when_its_value_may_not_leave():
    ds = radiograph()
    ds.ViewPosition, ds.PositionerType, ds.StudyTime = "DUPONT", "QUENTRELEC", "noon"
    _, out = deidentified(ds)
    assert [out[k].value or "" for k in ("ViewPosition", "PositionerType", "StudyTime")] == ["", "", ""]


def test_a_sequence_that_became_text_in_a_damaged_file_is_passed_over():
    ds = radiograph()
    content = as_file(plant_everywhere(ds, "QUENTRELEC"))
    start = content.index(b"\x08\x00\x18\x22SQ")
    damaged = content[: start + 4] + b"LO" + content[start + 6 :]
    try:
        made = deidentify_dicom(damaged, POLICY, PSEUDONYMISER).content
    except RefusedError:
        made = b""
    assert b"QUENTRELEC" not in made


def test_a_patient_named_like_a_body_part_is_neither_told_nor_quarantined():
    ds = radiograph(name="GENOU^Claire")
    ds.StudyDescription = "RX Genou gauche"
    _, out = deidentified(ds)
    assert (out.StudyDescription, out.BodyPartExamined) == ("RX GAUCHE", "KNEE")
