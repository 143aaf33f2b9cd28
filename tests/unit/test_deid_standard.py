"""PS3.15 tables as data, the options that choose among their letters, and policies made from them."""

from __future__ import annotations

import importlib.util
from io import BytesIO

import pydicom
import pytest
import yaml
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

from osteon.deid import Policy, deidentify_dicom
from osteon.deid.standard import Option, content_letter, letter_of, listed_tags, method_codes, safe_private
from osteon.domain import UsageError
from tests.identified_instances import PSEUDONYMISER, as_file, radiograph


def policy_from(tmp_path, **changes):
    """The research policy with changes, through a file as a user writes one."""
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump({"extends": "research", "name": "mine", **changes}))
    return Policy.load(path)


def deidentified(ds, policy):
    return pydicom.dcmread(BytesIO(deidentify_dicom(as_file(ds), policy, PSEUDONYMISER).content))


@pytest.mark.skipif(importlib.util.find_spec("dicomanonymizer") is None, reason="needs a peer: make peers")
def test_table_e_1_1_says_what_another_reading_of_it_says():
    from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as other

    letters = {
        "D": "D",
        "Z": "Z",
        "X": "X",
        "U": "U",
        "Z_D": "Z/D",
        "X_Z": "X/Z",
        "X_D": "X/D",
        "X_Z_D": "X/Z/D",
    }
    for name, letter in letters.items():
        for group, element in [tag for tag in getattr(other, f"{name}_TAGS") if len(tag) == 2]:
            ours = letter_of(group << 16 | element, ())
            assert ours in letter.split("/"), f"({group:04x},{element:04x})"


def test_every_row_has_an_action_under_every_option():
    assert len(listed_tags()) == 653
    for option in (None, *Option):
        for tag in listed_tags():
            assert letter_of(tag, {option} if option else ()) in {"X", "Z", "D", "U", "U*", "K", "C"}


@pytest.mark.parametrize(
    ("keyword", "options", "letter"),
    [
        ("PatientName", set(Option), "Z"),
        ("StudyDate", {Option.RETAIN_FULL_DATES}, "K"),
        ("StudyDate", {Option.RETAIN_MODIFIED_DATES}, "C"),
        ("PatientBirthDate", {Option.RETAIN_FULL_DATES}, "Z"),
        ("StudyInstanceUID", {Option.RETAIN_UIDS}, "K"),
        ("DeviceSerialNumber", {Option.RETAIN_DEVICE_IDENTITY}, "K"),
        ("InstitutionName", {Option.RETAIN_INSTITUTION_IDENTITY}, "K"),
        ("DateOfLastCalibration", {Option.RETAIN_DEVICE_IDENTITY, Option.RETAIN_MODIFIED_DATES}, "C"),
        ("AcquisitionContextSequence", set(), "Z"),
        ("SeriesDate", set(), "X"),
        ("KVP", set(Option), None),
    ],
)
def test_an_option_chooses_the_letter(keyword, options, letter):
    assert letter_of(int(pydicom.tag.Tag(keyword)), options) == letter


def test_the_method_codes_are_those_of_the_options():
    assert [code for code, _ in method_codes(())] == ["113100"]
    assert {code for code, _ in method_codes(Option)} == {str(n) for n in range(113100, 113113)} - {"113102"}


def test_a_content_item_is_looked_up_by_its_concept():
    assert content_letter("DCM", "121022", ()) == "X"
    assert content_letter("DCM", "121077", {Option.CLEAN_DESCRIPTORS}) == "C"
    assert content_letter("DCM", "no such code", ()) is None


def test_safe_private_attributes_are_numbers_alone():
    assert len(safe_private()) > 50
    assert set(safe_private().values()) <= {"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD"}


def test_a_safe_private_number_stays_where_the_policy_retains_it(tmp_path):
    ds = radiograph()
    block = ds.private_block(0x0025, "FDMS 1.0", create=True)
    block.add_new(0x12, "US", 700)
    block.add_new(0x99, "LO", "QUENTRELEC")
    options = [*map(str, Policy.load().options), "retain_safe_private"]
    out = deidentified(ds, policy_from(tmp_path, options=options))
    kept = out.private_block(0x0025, "FDMS 1.0")
    assert kept[0x12].value == 700
    assert 0x99 not in kept
    assert not [e for e in deidentified(ds, Policy.load()) if e.tag.is_private]


def test_a_text_under_a_safe_private_number_goes(tmp_path):
    ds = radiograph()
    ds.private_block(0x0019, "Agfa ADC NX", create=True).add_new(0xF6, "DS", "1.5")
    ds[0x001910F6]._value = "QUENTRELEC"
    options = [*map(str, Policy.load().options), "retain_safe_private"]
    out = deidentified(ds, policy_from(tmp_path, options=options))
    assert 0x001910F6 not in out


def test_options_that_retain_give_the_values_back(tmp_path):
    options = ["clean_pixel_data", "clean_descriptors", "clean_structured_content", "retain_full_dates",
               "retain_uids", "retain_device_identity", "retain_institution_identity"]  # fmt: skip
    ds = radiograph()
    out = deidentified(ds, policy_from(tmp_path, options=options))
    assert (out.StudyDate, out.StudyInstanceUID) == (ds.StudyDate, ds.StudyInstanceUID)
    assert (out.DeviceSerialNumber, out.InstitutionName) == (ds.DeviceSerialNumber, ds.InstitutionName)
    assert out.LongitudinalTemporalInformationModified == "UNMODIFIED"
    codes = {item.CodeValue for item in out.DeidentificationMethodCodeSequence}
    assert codes == {"113100", "113101", "113104", "113105", "113106", "113109", "113110", "113112"}
    assert out.PatientName != ds.PatientName


def test_without_options_dates_descriptions_and_ages_go(tmp_path):
    out = deidentified(
        radiograph(), policy_from(tmp_path, options=[], report_classes=[], burned_in={"check": False})
    )
    assert not out.StudyDate
    assert "StudyDescription" not in out
    assert "SeriesDate" not in out
    assert out.LongitudinalTemporalInformationModified == "REMOVED"


def test_an_overlay_without_letters_stays_where_graphics_are_cleaned(tmp_path):
    import cv2
    import numpy as np

    ds, plain, written = radiograph(), np.zeros((96, 80), np.uint8), np.zeros((96, 80), np.uint8)
    plain[20:60, 20:60] = 1
    cv2.putText(written, "QUENTREL", (2, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1, 1)
    for group, bits in ((0x6000, plain), (0x6002, written)):
        ds.add_new(group << 16 | 0x0010, "US", 96)
        ds.add_new(group << 16 | 0x0011, "US", 80)
        ds.add_new(group << 16 | 0x0022, "LO", "QUENTRELEC")
        ds.add_new(group << 16 | 0x0050, "SS", [1, 1])
        ds.add_new(group << 16 | 0x3000, "OW", np.packbits(bits, bitorder="little").tobytes())
    out = deidentified(
        ds, policy_from(tmp_path, options=[*map(str, Policy.load().options), "clean_graphics"])
    )
    assert np.array_equal(out.overlay_array(0x6000), plain)
    assert 0x60023000 not in out
    assert 0x60000022 not in out


@pytest.mark.parametrize(
    "changes",
    [
        {"options": ["retain_full_dates", "retain_modified_dates"]},
        {"options": ["no_such_option"]},
        {"options": [], "report_classes": []},  # the pixel check says that it cleans
        {"extends": "nothing"},
    ],
)
def test_a_policy_whose_options_contradict_each_other_is_refused(tmp_path, changes):
    with pytest.raises(UsageError):
        policy_from(tmp_path, **changes)


def test_a_rule_of_a_derived_policy_takes_the_place_of_the_bases(tmp_path):
    rule = {"attributes": ["Manufacturer"], "action": "remove", "reason": "identifying here"}
    made = policy_from(tmp_path, rules=[rule])
    assert made.hash != Policy.load().hash
    out = deidentified(radiograph(), made)
    assert "Manufacturer" not in out
    assert out.ManufacturerModelName == "CR 45"


def test_every_listed_attribute_that_the_dictionary_knows_is_handled_as_its_letter_says():
    policy = Policy.load()
    for tag in listed_tags():
        if keyword_for_tag(tag) and tag >> 16 > 4 and letter_of(tag, policy.options) == "X":
            step = policy.plan.get(tag)
            assert step is None or any(step.keyword in rule.attributes for rule in policy.rules)


def test_a_dummy_is_legal_under_its_vr():
    from osteon.deid.actions import Action
    from osteon.deid.plan import Step
    from osteon.deid.replacement import dummy

    for tag in listed_tags():
        if keyword_for_tag(tag) and dictionary_VR(tag) != "SQ":
            vr, value = dummy(Step(tag, "x", dictionary_VR(tag), Action.DUMMY))
            assert len(value) % 2 == 0
            ds = Dataset()
            ds.add(pydicom.DataElement(tag, vr, None))
            assert vr == dictionary_VR(tag).split(" or ")[0]
