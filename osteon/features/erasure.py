"""A patient's end in the features: outbox, table of events, online store, index, and every file of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from osteon.features.audit import AuditLog
from osteon.features.index import EmbeddingIndex
from osteon.features.outbox import Outbox
from osteon.features.repository import FeatureRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many rows went from where."""

    outbox_events: int
    feature_events: int
    index_entries: int


def delete_subject(
    subject: str,
    *,
    outbox: Outbox,
    repository: FeatureRepository | None,
    indexes: Sequence[EmbeddingIndex] = (),
    audit: AuditLog,
    project: str,
    actor: str,
) -> Erased:
    """Remove a patient everywhere; the audit says that it was done and how much went, never who it was.

    From left to right as events travel, so that nothing moves on behind it. Killed at any moment, calling it
    again finishes the work; a patient of whom nothing is left is no error.

    Raises:
        FaultError: a writer or reader holds something; what could go is gone.
    """
    waiting = outbox.delete_subject(subject)
    moved = repository.delete_subject(subject, waiting) if repository is not None else 0
    entries = sum(index.delete_subject(subject) for index in indexes)
    erased = Erased(outbox_events=len(waiting), feature_events=moved, index_entries=entries)
    audit.append("subject_deleted", project=project, actor=actor, facts=asdict(erased))
    return erased
