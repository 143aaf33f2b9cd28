"""What streams are drawn from: real pictures under each alteration, and reports of the synthetic hospital."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from monitoring.alterations import ALTERATIONS
from monitoring.sequential import Case
from monitoring.statistics.result import Floats
from osteon.domain import QUALITIES, age_band

PLAIN = "plain"
QUALITY_PREFIX = "quality_"
FOLDS = 5
REPORTS, REPORT_WIDTH = 1500, 256


@dataclass(frozen=True, kw_only=True)
class Population:
    """Pictures or reports, each row the same one in every array.

    Attributes:
        embeddings: `plain` and each cause -> (n, D).
        described: the same with the numbers of quality behind, as the product watches them, (n, D + numbers).
        numbers: how many these are; reports have none.
        answers: quarter of the answers of each row, its case-mix cell.
        cases: what the case mix charts.
        tilts: cause of the case mix -> share of the stream that the marked rows have after the change.
    """

    name: str
    embeddings: Mapping[str, Floats]
    described: Mapping[str, Floats]
    numbers: int
    answers: Sequence[str]
    cases: Sequence[Case]
    tilts: Mapping[str, tuple[np.ndarray, float]]

    @property
    def altering(self) -> tuple[str, ...]:
        """Causes that change rows."""
        return tuple(cause for cause in self.embeddings if cause != PLAIN)


def parser_of(about: str | None, counts: str, default: list[int]) -> argparse.ArgumentParser:
    """Arguments of a program over all three populations, `counts` how many of each."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hands", type=Path, required=True, help="file of `benchmarks.drift_streams.embed`")
    parser.add_argument("--knees", type=Path, required=True, help="the same of knees")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument(f"--{counts}", type=int, nargs=3, default=default, help="hands, knees, reports")
    return parser


def populations_of(given: argparse.Namespace) -> tuple[Population, Population, Population]:
    """Hands, knees and reports, from the arguments of `parser_of`."""
    return (
        hands(given.hands, given.data / "bone_age/manifest.csv"),
        knees(given.knees, given.data / "knee_kl/manifest.csv"),
        reports(),
    )


def hands(embeddings: Path, table: Path) -> Population:
    """Hands: the population shift brings four of five patients under ten years."""
    found, described, rows = *_kept(embeddings), label_rows(table, embeddings)
    months = np.array([float(row["bone_age_months"]) for row in rows])
    answers = _quarters(_cross_fitted(found[PLAIN], months))
    bands = [age_band(one / 12) for one in months]  # the best that this set says of the patient's age
    cases = [
        Case(who=("hand", band, row["sex"]), answer=answer)
        for band, row, answer in zip(bands, rows, answers, strict=True)
    ]
    young = months < 120
    return Population(
        name="hands", embeddings=found, described=described, numbers=len(QUALITIES), answers=answers,
        cases=cases, tilts={"population": (young, 0.8)},
    )  # fmt: skip


def knees(embeddings: Path, table: Path) -> Population:
    """Knees: the prevalence shift brings arthrosis (grade 3 and more) in four of five."""
    found, described, rows = *_kept(embeddings), label_rows(table, embeddings)
    grades = np.array([float(row["kl_grade"]) for row in rows])
    answers = _quarters(_cross_fitted(found[PLAIN], grades))
    cases = [
        Case(who=("knee", row["side"]), answer=answer) for row, answer in zip(rows, answers, strict=True)
    ]
    return Population(
        name="knees", embeddings=found, described=described, numbers=len(QUALITIES), answers=answers,
        cases=cases, tilts={"prevalence": (grades >= 3, 0.8)},
    )  # fmt: skip


def reports(seed: int = 4) -> Population:
    """French reports of one synthetic hospital; the altered ones follow another hospital's template.

    Their embedding is a random projection of hashed words and pairs of words: no encoder is trained for it.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    from osteon.dicom.synthetic.hospital import HOSPITALS
    from osteon.dicom.synthetic.identity import identity_of
    from osteon.dicom.synthetic.plan import plan_study
    from osteon.dicom.synthetic.report import write_report

    own, other = HOSPITALS[:2]
    plans = [replace(plan_study(seed, number), hospital=own) for number in range(REPORTS)]
    hashed = HashingVectorizer(ngram_range=(1, 2), n_features=2**14, alternate_sign=False)
    projection = np.random.default_rng(seed).normal(size=(2**14, REPORT_WIDTH))
    found = {}
    for name, hospital in ((PLAIN, own), ("text_template", other)):
        written = [replace(plan, hospital=hospital) for plan in plans]
        vectors = (
            hashed.transform([write_report(plan, identity_of(plan)).text for plan in written]) @ projection
        )
        found[name] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ill = np.array([bool(plan.fracture_label) for plan in plans])
    answers = [f"{plan.exam} {'yes' if one else 'no'}" for plan, one in zip(plans, ill, strict=True)]
    cases = [
        Case(who=(plan.region, age_band(plan.age_years), plan.sex), answer=answer)
        for plan, answer in zip(plans, answers, strict=True)
    ]
    return Population(
        name="reports", embeddings=found, described=found, numbers=0, answers=answers, cases=cases, tilts={}
    )


def _kept(embeddings: Path) -> tuple[dict[str, Floats], dict[str, Floats]]:
    names = (PLAIN, *ALTERATIONS)
    with np.load(embeddings) as kept:
        found = {name: kept[name].astype(np.float64) for name in names}
        quality = {name: kept[QUALITY_PREFIX + name].astype(np.float64) for name in names}
    return found, {name: np.concatenate([found[name], quality[name]], axis=1) for name in names}


def label_rows(table: Path, embeddings: Path) -> list[dict[str, str]]:
    """The rows of the table that were embedded, in that order (`benchmarks.drift_streams.embed`)."""
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with np.load(embeddings) as kept:
        count = len(kept[PLAIN])
    return [rows[row] for row in drawn_rows(len(rows))[:count]]


def drawn_rows(count: int) -> np.ndarray:
    """The order in which a table's pictures are embedded."""
    return np.random.default_rng(0).permutation(count)


def _cross_fitted(x: Floats, y: Floats) -> Floats:
    """What a ridge regression learned on the other folds says of each row: the model's answer."""
    centred, fold = x - x.mean(axis=0), np.arange(len(x)) % FOLDS
    found = np.empty(len(x))
    for one in range(FOLDS):
        rows, target = centred[fold != one], y[fold != one]
        penalty = 0.1 * np.trace(rows.T @ rows) / x.shape[1] * np.eye(x.shape[1])
        weight = np.linalg.solve(rows.T @ rows + penalty, rows.T @ (target - target.mean()))
        found[fold == one] = centred[fold == one] @ weight + target.mean()
    return found


def _quarters(values: Floats) -> list[str]:
    cuts = np.quantile(values, (0.25, 0.5, 0.75))
    return [str(part) for part in np.searchsorted(cuts, values)]
