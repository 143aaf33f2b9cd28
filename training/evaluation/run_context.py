"""What all parts of one evaluation share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osteon.domain import Task
from training.evaluation.cases import Case
from training.evaluation.features import FeatureStore, OpenEncoder
from training.evaluation.label_efficiency import LabelCurve, MeasuredPlace
from training.evaluation.settings import SuiteSettings
from training.label_table import LabelRow

IN_HOSPITAL, HELD_OUT = "in hospital", "another hospital"


@dataclass(frozen=True, kw_only=True)
class TaskRows:
    """The labelled rows of one task: to fit heads on, and to measure on, by place."""

    task: Task
    training: Sequence[LabelRow]
    places: Sequence[MeasuredPlace]


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Encoders, pictures and settings.

    Attributes:
        cases: every picture of both tables, by path.
        tested: the pictures of each place that nothing was fitted on.
        reports: findings of test studies by study, where pairs were given.
        boxes: by picture, in parts of its width and height.
    """

    encoders: Sequence[OpenEncoder]
    tasks: Sequence[TaskRows]
    cases: Mapping[Path, Case]
    tested: Mapping[str, Sequence[Case]]
    reports: Mapping[str, str]
    boxes: Mapping[Path, Sequence[tuple[float, float, float, float]]]
    store: FeatureStore
    settings: SuiteSettings


@dataclass(frozen=True, kw_only=True)
class Curves:
    """The label curves of one task, pretraining seeds of a method pooled.

    Attributes:
        seeds: the curves of the seeds that were pooled.
    """

    rows: TaskRows
    curves: Sequence[LabelCurve]
    seeds: Sequence[LabelCurve] = ()

    @property
    def encoders(self) -> list[str]:
        """Their names, in the order of the run."""
        return list(dict.fromkeys(curve.encoder for curve in self.curves))

    def of(self, encoder: str, place: str) -> LabelCurve:
        """The curve of one encoder at one place."""
        return next(one for one in self.curves if (one.encoder, one.place) == (encoder, place))
