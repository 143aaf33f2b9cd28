"""Studies and reports, matched by pseudonym, each pair in its patient's split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osteon.domain import Pair
from osteon.pairs.source import Source
from osteon.pairs.split import require_disjoint, split_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The pairs, and how many of each side stayed alone."""

    pairs: tuple[Pair, ...]
    studies_without_report: int
    reports_without_picture: int
    patients_disagree: int

    def figures(self) -> Mapping[str, int]:
        """The counts, for a manifest."""
        return {
            "pairs": len(self.pairs),
            "studies_without_report": self.studies_without_report,
            "reports_without_picture": self.reports_without_picture,
            "patients_disagree": self.patients_disagree,
        }


def match(source: Source, *, val_fold: int = 1) -> Matching:
    """Pairs every study with its own report.

    A study whose report names another patient is left out and counted: one of the two is wrong, and a
    wrong pair teaches a wrong finding. A report without any medical section is no report.
    """
    pairs: list[Pair] = []
    without_report = disagree = 0
    for key, study in source.studies.items():
        report = source.reports.get(key)
        if report is None or not report.sections:
            without_report += 1
        elif report.patient != study.patient:
            disagree += 1
        else:
            held_out = study.patient in source.held_out_patients
            split = split_of(study.patient, held_out=held_out, val_fold=val_fold)
            pairs.append(Pair(study=study, report=report, split=split))
    require_disjoint((pair.study.patient, pair.split) for pair in pairs)
    return Matching(
        pairs=tuple(pairs),
        studies_without_report=without_report,
        reports_without_picture=sum(key not in source.studies for key in source.reports),
        patients_disagree=disagree,
    )
