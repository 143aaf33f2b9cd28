"""Which shard a patient's studies go to: one rule for every table and every shard."""

from __future__ import annotations

from collections.abc import Iterable

from osteon.domain import FOLDS, FaultError, UsageError, fold, is_test_row
from osteon.domain.pair import Split

HELD_OUT = "held_out"


def patient_fold(patient: str) -> int:
    """Fold 0 to 4 of a patient; fold 0 is the project's test part (`osteon.domain.labels`)."""
    return fold(patient)


def split_of(patient: str, *, held_out: bool, val_fold: int = 1) -> Split:
    """The split of all of a patient's studies.

    Args:
        patient: pseudonym.
        held_out: True when any study of the patient comes from a hospital kept for testing.
        val_fold: the fold that validates during pretraining, 1 to 4.

    >>> split_of("0", held_out=False), split_of("2", held_out=False), split_of("4", held_out=False)
    ('test', 'val', 'train')
    >>> split_of("4", held_out=True)
    'test'
    """
    if not 0 < val_fold < FOLDS:
        raise UsageError(
            f"a validation fold from 1 to {FOLDS - 1}", "another number", "fold 0 is the test part"
        )
    if held_out or is_test_row(patient):
        return "test"
    return "val" if patient_fold(patient) == val_fold else "train"


def require_disjoint(rows: Iterable[tuple[str, Split]]) -> None:
    """Returns when no patient stands in two splits.

    Raises:
        FaultError: a patient does; nothing trained on such shards could be measured.
    """
    seen: dict[str, Split] = {}
    for patient, split in rows:
        if seen.setdefault(patient, split) != split:
            raise FaultError(
                "every patient in one split",
                "a patient in two",
                "make the pairs again from the de-identified folder",
            )
