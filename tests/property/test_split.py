from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.domain import FaultError, Report, Study, StudyImage, UsageError, is_test_row
from osteon.pairs.match import match
from osteon.pairs.source import Source
from osteon.pairs.split import require_disjoint, split_of

PATIENTS = st.text(min_size=1, max_size=12)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    owners = draw(
        st.lists(st.sampled_from(draw(st.lists(PATIENTS, min_size=1, max_size=8, unique=True))), max_size=30)
    )
    held_out = draw(st.frozensets(st.sampled_from(sorted(set(owners)) or ["none"])))
    image = StudyImage(file="a.png", region="hand", view="PA", laterality="L")
    studies, reports = {}, {}
    for number, patient in enumerate(owners):
        key = str(number)
        studies[key] = Study(study=key, patient=patient, hospital="north", images=(image,))
        reports[key] = Report(study=key, patient=patient, text="x", sections={"resultat": "x"})
    return Source(studies=studies, reports=reports, labels={}, sex={}, held_out_patients=held_out)


@given(sources(), st.integers(1, 4))
def test_no_patient_stands_in_two_splits(source: Source, val_fold: int) -> None:
    splits: dict[str, set[str]] = {}
    pairs = match(source, val_fold=val_fold).pairs
    for pair in pairs:
        splits.setdefault(pair.study.patient, set()).add(pair.split)
    assert len(pairs) == len(source.studies)
    assert all(len(found) == 1 for found in splits.values())


@given(sources())
def test_a_held_out_hospital_and_the_test_rows_are_outside_train_and_val(source: Source) -> None:
    for pair in match(source).pairs:
        if pair.study.patient in source.held_out_patients or is_test_row(pair.study.patient):
            assert pair.split == "test"


@given(PATIENTS)
def test_the_validation_fold_and_the_test_part_never_meet(patient: str) -> None:
    splits = [split_of(patient, held_out=False, val_fold=fold) for fold in range(1, 5)]
    assert splits.count("val") == (0 if is_test_row(patient) else 1)
    assert splits == ["test"] * 4 or "test" not in splits


def test_a_patient_in_two_splits_is_a_fault() -> None:
    with pytest.raises(FaultError, match="every patient in one split"):
        require_disjoint([("a", "train"), ("b", "val"), ("a", "val")])


def test_the_test_part_cannot_validate() -> None:
    with pytest.raises(UsageError):
        split_of("a", held_out=False, val_fold=0)
