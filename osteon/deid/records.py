"""The record of one study: what came out of it, under pseudonyms; where it is, the study is done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from osteon.artefact import atomic_write
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.sources import StudySource
from osteon.domain.errors import OsteonError

RECORDS = "studies"
QUARANTINE = "quarantine"


@dataclass(slots=True)
class StudyRecord:
    """What came out of one study, under pseudonyms; JSON values only."""

    state: str
    hospital: str
    study: str = ""
    patient: str = ""
    images: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)  # structured reports
    report: dict[str, Any] | None = None
    quarantined: list[dict[str, str]] = field(default_factory=list)
    reviewed: list[dict[str, str]] = field(default_factory=list)


def record_name(source: StudySource, pseudonymiser: Pseudonymiser) -> str:
    """The record's file name: keyed, because a folder's name may be a patient's."""
    digest = pseudonymiser.key.digest("record", f"{source.hospital}\0{source.key}")
    return f"{digest.hex()[:24]}.json"


def source_mark(name: str, pseudonymiser: Pseudonymiser) -> str:
    """Names an input file without telling its name, which may be a patient's."""
    return pseudonymiser.key.digest("source", name).hex()[:24]


def held_row(what: str, error: OsteonError) -> dict[str, str]:
    """What a record says of a part that was held back: the rule, never a value."""
    return {
        "what": what,
        "kind": type(error).__name__,
        "reason": error.code,
        "need": error.need,
        "got": error.got,
        "next": error.next_step,
    }


def write_record(path: Path, record: StudyRecord) -> None:
    """The record, last of all: its presence says that the study is done."""
    atomic_write(path, json.dumps(asdict(record), ensure_ascii=False, sort_keys=True) + "\n")


def read_record(path: Path) -> StudyRecord | None:
    """The record at the path; None when there is none or it is not whole."""
    try:
        return StudyRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
