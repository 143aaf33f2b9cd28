from __future__ import annotations

from osteon.domain import Report, Study, StudyImage
from osteon.pairs.match import match
from osteon.pairs.source import Source

IMAGE = StudyImage(file="a.png", region="hand", view="PA", laterality="L")


def _study(key: str, patient: str) -> Study:
    return Study(study=key, patient=patient, hospital="north", images=(IMAGE,))


def _report(key: str, patient: str, *, empty: bool = False) -> Report:
    return Report(study=key, patient=patient, text="x", sections={} if empty else {"resultat": "x"})


def test_what_has_no_counterpart_is_counted_and_left_out() -> None:
    studies = [_study("1", "a"), _study("2", "b"), _study("3", "c"), _study("4", "d")]
    reports = [_report("1", "a"), _report("2", "other"), _report("4", "d", empty=True), _report("9", "z")]
    matching = match(
        Source(
            studies={study.study: study for study in studies},
            reports={report.study: report for report in reports},
            labels={},
            sex={},
            held_out_patients=frozenset(),
        )
    )
    assert [pair.study.study for pair in matching.pairs] == ["1"]
    assert matching.figures() == {
        "pairs": 1,
        "studies_without_report": 2,
        "reports_without_picture": 1,
        "patients_disagree": 1,
    }
