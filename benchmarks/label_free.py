"""Do intervals of performance without labels hold the truth under covariate shift, and is it said when not?

    python -m benchmarks.label_free --hands hand.npz --knees knee.npz --data DATA

Real pictures, from `benchmarks.drift_streams.embed`: knees (arthrosis of grade 2 and more) and hands (twelve
years and older), answered by a logistic regression on other pictures' embeddings. In each run a model learns
from a third of the pictures, drawn anew, and a labelled reference and a production window of other pictures
are drawn; the window's picture kinds are tilted along a principal component, so that who comes changes and
what a kind of picture means does not. The truth is the metric by the window's own labels, which the estimate
never sees. Two failures of the assumptions follow: kinds that the reference lacks, which must be doubted, and
labels of another meaning, which no estimate without labels can see and sixty labels must. JSON line last.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from benchmarks._record import hardware
from benchmarks.drift_streams.families import interval
from benchmarks.drift_streams.populations import PLAIN, label_rows
from monitoring.performance import (
    Estimate,
    Labelled,
    Metric,
    checked,
    expected_correct,
    measured,
    with_few_labels,
    without_labels,
)
from monitoring.statistics import PrincipalComponents
from monitoring.statistics.result import Floats

LEARNED, REFERENCE, WINDOW = 500, 450, 200
COMPONENTS, COVERAGE, FEW, TURNED = 6, 0.9, 60, 0.4
TILTS = {"none": 0.0, "moderate": 0.8, "strong": 1.5}  # log odds of being drawn, per standard deviation
METRICS: tuple[Metric, ...] = ("accuracy", "auroc")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Pictures that no model learned from: coordinates (n, 6), probabilities given (n,) and labels (n,)."""

    coordinates: Floats
    score: Floats
    label: Floats

    def rows(self, index: np.ndarray) -> Labelled:
        """Some of them."""
        return Labelled(coordinates=self.coordinates[index], score=self.score[index], label=self.label[index])


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Embeddings (n, D) and labels (n,) of all pictures of a set."""

    embeddings: Floats
    label: np.ndarray

    @classmethod
    def kept(cls, embeddings: Path, table: Path, column: str, limit: float) -> Pictures:
        """Those embedded, ill from `limit` of the table's `column` on."""
        with np.load(embeddings) as arrays:
            rows = arrays[PLAIN].astype(np.float64)
        label = np.array([float(row[column]) >= limit for row in label_rows(table, embeddings)])
        return cls(embeddings=rows, label=label)


def answered(pictures: Pictures, rng: np.random.Generator) -> Answered:
    """A model learned from a third of the pictures, and its answers for the others."""
    embeddings, label = pictures.embeddings, pictures.label
    order = rng.permutation(len(label))
    learned, rest = order[:LEARNED], order[LEARNED:]
    scale = embeddings[learned].std(axis=0) + 1e-6
    model = LogisticRegression(C=0.01, max_iter=500).fit(embeddings[learned] / scale, label[learned])
    axes = PrincipalComponents.fit(embeddings[learned], COMPONENTS)
    return Answered(
        coordinates=axes.project(embeddings[rest]),
        score=model.predict_proba(embeddings[rest] / scale)[:, 1],
        label=label[rest].astype(np.float64),
    )


def drawn(pictures: Answered, tilt: float, rng: np.random.Generator) -> tuple[Labelled, Labelled]:
    """A reference, and a window of other pictures whose kinds are tilted by it; none comes twice."""
    order = rng.permutation(len(pictures.label))
    known, rest = order[:REFERENCE], order[REFERENCE:]
    along = pictures.coordinates[rest, 0]
    weight = expit(tilt * (along - along.mean()) / along.std() * 2)
    window = rng.choice(rest, size=WINDOW, replace=False, p=weight / weight.sum())
    return pictures.rows(known), pictures.rows(window)


def estimates(
    pictures: Pictures, tilt: float, runs: range, draws: int
) -> Iterator[tuple[Metric, Estimate, float]]:
    """Of each run and metric: the estimate, and the truth."""
    for run in runs:
        rng = np.random.default_rng([run, 21])
        known, window = drawn(answered(pictures, rng), tilt, rng)
        for metric in METRICS:
            found = without_labels(
                known, window.coordinates, window.score, metric, rng, coverage=COVERAGE, draws=draws
            )
            yield metric, found, measured(metric, window.score, window.label)


def coverage(pictures: Pictures, tilt: float, runs: range, draws: int) -> dict[str, Any]:
    """How often the interval holds the truth, its width, and how often it is doubted."""
    rows: dict[str, Any] = {}
    every = list(estimates(pictures, tilt, runs, draws))
    for metric in METRICS:
        own = [(found, truth) for name, found, truth in every if name == metric]
        trusted = [(found, truth) for found, truth in own if found.doubt is None]
        hits = sum(found.low <= truth <= found.high for found, truth in trusted)
        rows[metric] = {
            "runs": len(own), "trusted": len(trusted),
            "covered": round(hits / len(trusted), 3) if trusted else None,
            "covered_95": interval(hits, len(trusted)) if trusted else None,
            "width": round(float(np.mean([found.high - found.low for found, _ in own])), 3),
            "truth": round(float(np.mean([truth for _, truth in own])), 3),
        }  # fmt: skip
    return rows


def failures(every: Pictures, runs: range, draws: int) -> dict[str, Any]:
    """How often each failure of the assumptions is said: without labels, and with a few of them."""
    said = {"kinds_that_the_reference_lacks": 0, "another_meaning": 0, "another_meaning_with_few_labels": 0}
    for run in runs:
        rng = np.random.default_rng([run, 22])
        pictures = answered(every, rng)
        far = pictures.coordinates[:, 0] > np.quantile(pictures.coordinates[:, 0], 0.8)
        near = rng.permutation(np.flatnonzero(~far))[:REFERENCE]
        new = pictures.rows(np.flatnonzero(far))
        alone = without_labels(pictures.rows(near), new.coordinates, new.score, "accuracy", rng, draws=draws)
        said["kinds_that_the_reference_lacks"] += alone.doubt == "no_overlap"
        known, window = drawn(pictures, 0.0, rng)
        turned = np.where(rng.random(WINDOW) < TURNED, 1 - window.label, window.label)
        blind = without_labels(known, window.coordinates, window.score, "accuracy", rng, draws=draws)
        said["another_meaning"] += blind.doubt is not None
        chosen = rng.choice(WINDOW, size=FEW, replace=False)
        correct = ((window.score >= 0.5) == (turned >= 0.5)).astype(np.float64)[chosen]
        few = with_few_labels(expected_correct(window.score), chosen, correct)
        said["another_meaning_with_few_labels"] += checked(blind, few).doubt == "labels_disagree"
    return {"runs": len(runs), **{name: round(hits / len(runs), 3) for name, hits in said.items()}}


def main() -> None:
    """Draw, estimate, compare with the truth, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hands", type=Path, required=True)
    parser.add_argument("--knees", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first-run", type=int, default=0, help="seed of the first run")
    parser.add_argument("--draws", type=int, default=100, help="resamples of each estimate")
    given = parser.parse_args()
    sources = {
        "knees": (given.knees, given.data / "knee_kl/manifest.csv", "kl_grade", 2.0),
        "hands": (given.hands, given.data / "bone_age/manifest.csv", "bone_age_months", 144.0),
    }
    found: dict[str, Any] = {}
    for name, (kept, table, column, limit) in sources.items():
        pictures, first = Pictures.kept(kept, table, column, limit), given.first_run
        runs = range(first, first + given.runs)
        found[name] = {tilt: coverage(pictures, size, runs, given.draws) for tilt, size in TILTS.items()}
        found[name]["failures"] = failures(pictures, runs[: max(10, given.runs // 4)], given.draws)
        print(json.dumps({name: found[name]}), flush=True)
    print(json.dumps({
        "benchmark": "label_free", "hardware": hardware(), "coverage": COVERAGE, "draws": given.draws,
        **found,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
