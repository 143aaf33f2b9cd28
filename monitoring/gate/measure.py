"""Asks champion and challenger the same pictures, in turns, as they are and altered."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitoring.alterations import ALTERATIONS
from monitoring.gate.evidence import Altered, Answered, CaseSet, Evidence
from monitoring.gate.policy import GatePolicy
from osteon.dicom import Picture, read_picture
from osteon.domain import UsageError, sha256_text
from osteon.models.preprocess import shrink

if TYPE_CHECKING:
    from osteon.models.predictor import Predictor

MOST_ALTERED = 60
_ALTERED_SIDE = 768  # longest side: an alteration needs no more, and whole pictures take minutes


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """One labelled picture of a set: its patient's key and its subgroup labels."""

    path: Path
    patient: str
    label: float
    sex: str | None = None
    site: str = "local"
    groups: Mapping[str, str] = field(default_factory=dict)


def measure_evidence(
    champion: "Predictor",
    challenger: "Predictor",
    sets: Mapping[str, Sequence[GateRow]],
    policy: GatePolicy,
    *,
    learned_from: frozenset[str] | None,
    most_altered: int = MOST_ALTERED,
    progress: Callable[[int, int], None] | None = None,
) -> Evidence:
    """The evidence for a gate: every picture of the sets, and some of the frozen ones altered.

    Args:
        sets: name of the set -> its rows.
        learned_from: patients' keys that the challenger learned from; None when nobody kept them.
    Raises:
        UsageError: the two models answer different tasks, or there is no picture.
    """
    if champion.task is not challenger.task:
        raise UsageError("two models of one task", "models of two tasks", "name versions of the same task")
    total = sum(len(rows) for rows in sets.values())
    if not total:
        raise UsageError("labelled pictures to compare on", "none", "label pictures of patients kept aside")
    both = (champion, challenger)
    seconds: tuple[list[float], list[float]] = ([], [])
    found, done = {}, 0
    for name, rows in sets.items():
        answers: tuple[list[_One], list[_One]] = ([], [])
        for row in rows:
            content = row.path.read_bytes()
            # In turns, so that a busy machine slows both alike.
            for side in (done % 2, 1 - done % 2):
                began = time.monotonic()
                answers[side].append(_one(both[side], content, row))
                seconds[side].append(time.monotonic() - began)
            done += 1
            if progress:
                progress(done, total)
        found[name] = _case_set(rows, *answers)
    altered = _altered(both, sets.get("frozen", ()), policy.robustness.causes, most_altered)
    return Evidence(
        task=champion.task,
        champion_version=champion.model_version,
        challenger_version=challenger.model_version,
        sets={name: cases for name, cases in found.items() if len(cases)},
        altered=altered,
        champion_s=np.asarray(seconds[0]),
        challenger_s=np.asarray(seconds[1]),
        learned_from=learned_from,
    )


@dataclass(frozen=True)
class _One:
    value: float
    low: float
    high: float
    promised: float


_NOTHING = float("nan")


def _one(predictor: "Predictor", content: bytes, row: GateRow) -> _One:
    prediction, _ = predictor.predict_one(content, sex=row.sex, site=row.site)
    interval = prediction.interval
    value = _NOTHING if prediction.value is None else prediction.value
    if interval is None:
        return _One(value, _NOTHING, _NOTHING, _NOTHING)
    return _One(value, interval.low, interval.high, interval.coverage)


def _case_set(rows: Sequence[GateRow], champion: list[_One], challenger: list[_One]) -> CaseSet:
    keys = sorted({key for row in rows for key in row.groups})
    return CaseSet(
        label=np.array([row.label for row in rows], dtype=np.float64),
        patient=np.array([row.patient for row in rows], dtype=np.str_),
        champion=_answered(champion),
        challenger=_answered(challenger),
        groups={key: np.array([row.groups.get(key, "unknown") for row in rows], np.str_) for key in keys},
    )


def _answered(ones: list[_One]) -> Answered:
    promised = [one.promised for one in ones if np.isfinite(one.promised)]
    return Answered(
        value=np.array([one.value for one in ones], dtype=np.float64),
        low=np.array([one.low for one in ones], dtype=np.float64),
        high=np.array([one.high for one in ones], dtype=np.float64),
        promised=promised[0] if promised else _NOTHING,
    )


def _altered(
    both: "tuple[Predictor, Predictor]", rows: Sequence[GateRow], causes: Sequence[str], most: int
) -> dict[str, Altered]:
    """Cause -> answers to pictures drawn by the hash of their bytes: the same ones for every challenger."""
    contents = {row.path: row.path.read_bytes() for row in rows}
    drawn = sorted(rows, key=lambda row: sha256_text(contents[row.path].hex()[:4096]))[:most]
    values: dict[str, tuple[list[float], list[float]]] = {cause: ([], []) for cause in causes}
    for row in drawn:
        picture = read_picture(contents[row.path])
        picture = replace(picture, pixels=shrink(picture.pixels, _ALTERED_SIDE))
        for number, cause in enumerate(causes):
            rng = np.random.default_rng([number, int(sha256_text(row.path.name)[:8], 16)])
            changed = replace(picture, pixels=ALTERATIONS[cause](picture.pixels, rng))
            for side in (0, 1):
                values[cause][side].append(_value(both[side], changed, row))
    label = np.array([row.label for row in drawn], dtype=np.float64)
    patient = np.array([row.patient for row in drawn], dtype=np.str_)
    return {
        cause: Altered(label=label, patient=patient, champion=np.asarray(one), challenger=np.asarray(other))
        for cause, (one, other) in values.items()
        if len(drawn)
    }


def _value(predictor: "Predictor", picture: Picture, row: GateRow) -> float:
    prediction, _ = predictor.predict_picture(picture, digest="", sex=row.sex, site=row.site)
    return _NOTHING if prediction.value is None else prediction.value
