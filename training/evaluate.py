"""Evaluation of a model package on a label table; `evaluate_encoders` puts pretrained ones side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from osteon.domain import Kind, Task
from osteon.models.calibration import Calibration
from osteon.models.engine import EngineName, open_package
from osteon.models.predictor import Answers, Predictor
from training.data import prepare_rows, silent
from training.label_table import read_label_table
from training.metrics import task_metrics
from training.studies import Studies, require_whole_studies, studies_of

if TYPE_CHECKING:
    from training.evaluation.suite import evaluate_encoders as evaluate_encoders

Rows = Literal["test", "all"]
Progress = Callable[[str, int, int], None]
_BATCH = 32
# Evaluation keeps no prediction, so no input digest leaves it.
_NO_DIGEST_KEY = bytes(32)


def evaluate(
    model_dir: Path,
    data: Path,
    *,
    rows: Rows = "test",
    answer_views: int | None = None,
    engine: EngineName = "torch",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures of a package on a table, every readable row counted, also those it would abstain on.

    Args:
        rows: `test` takes the project's test rows (all rows when there is none); `all` takes all.
        answer_views: pictures an answer is averaged over, instead of the package's own number.
        engine: what computes; the package must have been exported to it.
    Returns:
        task, n (of studies, where the package answers for studies), metrics (point figures), intervals
        (95 %, patients resampled), rows, abstained (pictures), interval_coverage, class_coverage,
        unreadable, model_version.
    """
    opened = open_package(Path(model_dir), engine)
    settings = opened.settings
    predictor = Predictor(opened, hmac_key=_NO_DIGEST_KEY)
    task = predictor.task
    table = read_label_table(Path(data), task)
    require_whole_studies(table.rows, predictor.level)
    chosen = table.test_rows() if rows == "test" else list(table.rows)
    used = rows if chosen else "all"
    report = progress or silent
    prepared = prepare_rows(
        chosen or table.rows,
        settings.preprocess,
        progress=lambda done, total: report("reading pictures", done, total),
    )
    studies = studies_of(prepared.rows, task, predictor.level)
    answers = predictor.answer(
        prepared.levels.astype(np.float32) / np.float32(255),
        prepared.sex,
        studies=studies.index if predictor.level == "study" else None,
        answer_views=answer_views,
        batch_size=_BATCH,
        progress=lambda done, total: report("answering", done, total),
    )
    calibration = settings.calibration
    metrics = task_metrics(
        task,
        studies.label,
        answers.value if task.kind is not Kind.BINARY else answers.probability[:, 1],
        expectation=answers.expectation,
        threshold=calibration.threshold,
        groups=studies.keys,
    )
    intervals = metrics.pop("intervals")
    strange = settings.familiarity.reasons(answers.features)
    return {
        "task": task.value,
        "n": len(studies),
        "metrics": metrics,
        "intervals": intervals,
        "rows": used,
        "abstained": sum(reason is not None for reason in strange),
        "interval_coverage": _coverage(task, calibration, answers, studies),
        "class_coverage": _class_coverage(calibration, answers, studies),
        "unreadable": prepared.unreadable,
        "model_version": settings.version,
    }


def _coverage(task: Task, calibration: Calibration, answers: Answers, studies: Studies) -> float | None:
    """Part of the rows whose truth lies in the interval; None for a yes/no task."""
    if task.kind is Kind.BINARY:
        return None
    inside = []
    rows = zip(
        studies.label, answers.expectation, answers.spread, answers.probability, studies.sites, strict=True
    )
    for truth, mean, spread, probability, site in rows:
        bounds = calibration.interval(float(mean), float(spread), probability_K=probability, site=site)
        inside.append(bounds is not None and bounds.low <= truth <= bounds.high)
    return round(float(np.mean(inside)), 6) if inside else None


def _class_coverage(
    calibration: Calibration, answers: Answers, studies: Studies
) -> dict[str, float | None] | None:
    """For each class, the part of its rows whose conformal set holds it; None where there are no sets."""
    if not calibration.has_sets:
        return None
    inside: dict[int, list[bool]] = {number: [] for number in range(len(calibration.class_rows))}
    for truth, tempered, site in zip(studies.label, answers.tempered, studies.sites, strict=True):
        inside[int(truth)].append(int(truth) in calibration.classes(tempered, site=site).classes)
    return {f"{number}": round(float(np.mean(hits)), 6) if hits else None for number, hits in inside.items()}


def __getattr__(name: str) -> Any:
    """The suite on first use: a package's own figures need neither scikit-learn's models nor a plot."""
    if name == "evaluate_encoders":
        from training.evaluation.suite import evaluate_encoders

        return evaluate_encoders
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
