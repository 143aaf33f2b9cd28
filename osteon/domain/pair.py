"""A pair: the images of one study and its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from osteon.domain.errors import UsageError
from osteon.domain.report import Report
from osteon.domain.study import Study

Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One study with its report; both sides are of one patient."""

    study: Study
    report: Report
    split: Split

    def __post_init__(self) -> None:
        if self.study.study != self.report.study or self.study.patient != self.report.patient:
            raise UsageError("a study and its own report", "two different ones", "match them by study first")
