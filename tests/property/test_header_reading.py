"""The reader of bytes against pydicom, the scorer on a few instances, fuzzing for a few seconds."""

from __future__ import annotations

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.deid_dicom.instances import instances
from benchmarks.deid_dicom.scorer import Score
from benchmarks.fuzz_deid import fuzz
from osteon.deid import Policy, deidentify_dataset, deidentify_dicom
from osteon.deid.reading import read_source
from osteon.dicom.dataset import read_dataset
from osteon.domain.errors import OsteonError
from tests.identified_instances import PSEUDONYMISER, as_file, plant_everywhere, radiograph

POLICY = Policy.load()
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_bytes_and_pydicom_are_read_alike(seed):
    planted = next(instances(1, seed))
    by_bytes = deidentify_dicom(planted.content, POLICY, PSEUDONYMISER)
    by_pydicom = deidentify_dataset(read_dataset(planted.content), POLICY, PSEUDONYMISER)
    assert by_bytes.content == by_pydicom.content
    assert by_bytes.known == by_pydicom.known


def test_native_files_are_read_as_bytes_and_others_by_pydicom():
    for planted in instances(30, 5):
        assert (read_source(planted.content) is not None) == (planted.syntax in NATIVE)


@settings(max_examples=80, deadline=None)
@given(cut=st.integers(132, 40_000))
def test_a_file_that_is_cut_is_refused_or_read_but_never_leaks(cut):
    source = as_file(plant_everywhere(radiograph(), "Zwyrtelowicz"))
    try:
        made = deidentify_dicom(source[: cut % len(source)], POLICY, PSEUDONYMISER).content
    except OsteonError as error:
        made = str(error).encode()
    assert b"zwyrtel" not in made.lower()
    assert b"quentrelec" not in made.lower()


def test_the_scorer_finds_every_action_right_on_a_few_instances():
    score = Score()
    for number, planted in enumerate(instances(25, 41)):
        score.add(number, planted, deidentify_dicom(planted.content, POLICY, PSEUDONYMISER).content)
    assert [
        fault for fault in score.faults if fault.keyword != "pixels"
    ] == []  # letters: their own benchmark
    assert sum(score.actions.values()) > 4000


@pytest.mark.parametrize(
    ("keyword", "value", "fault"),
    [
        ("PatientName", "VLENTORV^X", "PatientName"),
        ("StudyDescription", "", "StudyDescription"),
        ("StudyDate", "19990101", "StudyDate"),
        ("SOPInstanceUID", "1.2.3", "SOPInstanceUID"),
        ("PatientIdentityRemoved", "NO", "PatientIdentityRemoved"),
        ("Manufacturer", None, "Manufacturer"),
    ],
)
def test_the_scorer_sees_one_wrong_attribute(keyword, value, fault):
    from io import BytesIO

    score = Score()
    for number, planted in enumerate(instances(12, 42)):
        out = pydicom.dcmread(BytesIO(deidentify_dicom(planted.content, POLICY, PSEUDONYMISER).content))
        if number % 2 and keyword in out:
            if value is None:
                del out[keyword]
            else:
                setattr(out, keyword, value)
        buffer = BytesIO()
        out.save_as(buffer)
        score.add(number, planted, buffer.getvalue())
    assert fault in {found.keyword for found in score.faults}


def test_a_few_seconds_of_fuzzing_find_no_crash_and_no_hang():
    outcome = fuzz(("dicom",), seconds=10, seed=1, limit=150)
    assert outcome.findings == []
    assert outcome.inputs["dicom"] > 5
