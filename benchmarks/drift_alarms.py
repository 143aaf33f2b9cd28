"""Alarms event by event on real pictures: how often falsely, how soon, by which name; against oracle and MMD.

    python -m benchmarks.drift_alarms --model models/knee --pictures knees/labels.csv

Each picture is embedded as it is and under each alteration of `monitoring.alterations`. References and
streams are drawn from them. The oracle is a CUSUM that knows the change and the population (Page 1954), at
the height that its own undisturbed streams give it; the peer is a permutation test of MMD on 100 events, once
per reference. The last line is JSON: the last figure is the median of (our delay / the oracle's).
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._record import hardware
from monitoring.alterations import ALTERATIONS
from monitoring.sequential import ChartState, Stream, StreamModel
from monitoring.statistics import mmd_test
from monitoring.statistics.result import Floats

PLAIN = "plain"
RUN_LENGTH = 5000
QUIET, BEFORE, AFTER = 1000, 50, 300  # events without a change, before it and after it
REFERENCE, STREAMS, WINDOW = 500, 40, 100
Embeddings = dict[str, Floats]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the stream's pictures become: `share` of them are altered."""

    cause: str
    share: float

    def rows(self, embeddings: Embeddings, rng: np.random.Generator, count: int) -> Floats:
        """Embeddings (count, D) of pictures drawn from all."""
        rows = rng.integers(len(embeddings[PLAIN]), size=count)
        altered = rng.random(count) < self.share
        return np.where(altered[:, None], embeddings[self.cause][rows], embeddings[PLAIN][rows])


NONE = Change(cause=PLAIN, share=1.0)


def embedded(model: Path, table: Path, most: int) -> Embeddings:
    """Embeddings of the table's pictures, plain and altered, in one order."""
    from osteon.dicom import read_picture
    from osteon.models import Predictor

    predictor = Predictor.load(model, hmac_key=bytes(32))
    with table.open(encoding="utf-8", newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    rng = np.random.default_rng(0)
    found: dict[str, list[Floats]] = {name: [] for name in (PLAIN, *ALTERATIONS)}
    for number, row in enumerate(rng.permutation(len(files))[:most]):
        pixels = read_picture(table.parent / files[row]).pixels
        for name, rows in found.items():
            own = np.random.default_rng([number, len(name)])
            changed = pixels if name == PLAIN else ALTERATIONS[name](pixels, own)
            square = predictor._package.preprocess.prepare(changed)  # what it serves with
            rows.append(predictor.answer(square[None], np.zeros(1, dtype=np.int64)).embedding[0])
    return {name: np.array(rows, dtype=np.float64) for name, rows in found.items()}


def fitted(embeddings: Embeddings, rng: np.random.Generator, seed: int) -> tuple[StreamModel, Floats]:
    """A model of a reference drawn from all pictures, and that reference."""
    rows = rng.integers(len(embeddings[PLAIN]), size=REFERENCE)
    reference = embeddings[PLAIN][rows]
    shown = rows[:40]
    pairs = {name: (embeddings[PLAIN][shown], embeddings[name][shown]) for name in ALTERATIONS}
    return StreamModel.fit(reference, run_length=RUN_LENGTH, seed=seed, altered=pairs), reference


def first_alarms(
    model: StreamModel, embeddings: Embeddings, change: Change, rng: np.random.Generator, events: int
) -> Floats:
    """Events from the change to the first alarm of each stream; infinity where none came."""
    state = ChartState.start(STREAMS, model.space.width, model.settings)
    first = np.full(STREAMS, np.inf)
    before = 0 if change is NONE else BEFORE
    for step in range(before + events):
        rows = (NONE if step < before else change).rows(embeddings, rng, STREAMS)
        joint = model.calibration.joint(state.update(model.space.project(rows), model.settings))
        if step >= before:
            first[(joint >= model.height) & np.isinf(first)] = step - before + 1
    return first


def oracle_delays(embeddings: Embeddings, change: Change, rng: np.random.Generator) -> Floats:
    """Delays of the CUSUM of the log likelihood ratio along the true change, in 12 whitened components."""
    from monitoring.sequential import MonitoredSpace
    from monitoring.sequential.calibration import Calibration

    space, plain = MonitoredSpace.fit(embeddings[PLAIN], components=12, rng=rng)
    after = space.project(change.rows(embeddings, rng, 4000))
    shift = after.mean(axis=0) - plain.mean(axis=0)
    along = np.linalg.solve(np.cov(plain, rowvar=False), shift)
    gains, gains_after = ((rows - plain.mean(axis=0)) @ along - shift @ along / 2 for rows in (plain, after))
    sums, tops = np.zeros(200), np.zeros((10, 200))
    for step in range(1000):
        sums = np.maximum(0, sums + gains[rng.integers(len(gains), size=200)])
        tops[step // 100] = np.maximum(tops[step // 100], sums)
    level = np.quantile(tops[1:], 0.75)
    excess = (tops[1:][tops[1:] > level] - level).mean()
    own = Calibration(level=np.zeros(1), scale=np.ones(1), joint_level=level, joint_scale=excess)
    height, sums, first = own.height(RUN_LENGTH), np.zeros(200), np.full(200, np.inf)
    for step in range(AFTER):
        sums = np.maximum(0, sums + gains_after[rng.integers(len(gains_after), size=200)])
        first[(sums >= height) & np.isinf(first)] = step + 1
    return first


def named_first(
    model: StreamModel, embeddings: Embeddings, change: Change, rng: np.random.Generator, streams: int = 8
) -> list[bool]:
    """Whether the true cause is ranked first, `WINDOW` events after the change."""
    found = []
    for _ in range(streams):
        stream = Stream(model)
        for row in [*NONE.rows(embeddings, rng, BEFORE), *change.rows(embeddings, rng, WINDOW)]:
            stream.update(row)
        found.append(stream.causes()[0].name == change.cause)
    return found


def measured(
    embeddings: Embeddings, change: Change, models: list[tuple[StreamModel, Floats]]
) -> dict[str, Any]:
    """Delay, power at 100 events and naming under one change."""
    rng = np.random.default_rng([sum(map(ord, change.cause)), round(100 * change.share)])
    ours = np.concatenate([first_alarms(model, embeddings, change, rng, AFTER) for model, _ in models])
    oracle = oracle_delays(embeddings, change, rng)
    mmd = [
        mmd_test(reference[:400], change.rows(embeddings, rng, WINDOW), rng, most_draws=199).p_value
        for _, reference in models
    ]
    named = [one for model, _ in models for one in named_first(model, embeddings, change, rng)]
    return {
        "cause": change.cause,
        "share": change.share,
        "delay": float(np.median(ours)),
        "oracle_delay": float(np.median(oracle)),
        "power_at_100": float((ours <= WINDOW).mean()),
        "mmd_power_at_100": float(np.mean([p is not None and p <= 0.05 for p in mmd])),
        "named_first": float(np.mean(named)),
    }


def update_us(model: StreamModel, rows: Floats) -> list[float]:
    """Microseconds of one update, early and late in a stream."""
    stream, times = Stream(model), []
    for _ in range(4):
        started = time.perf_counter()
        for row in rows[:500]:
            stream.update(row)
        times.append(round((time.perf_counter() - started) / 500 * 1e6, 1))
    return times


def main() -> None:
    """Embed, draw references, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="package of `osteon finetune`")
    parser.add_argument("--pictures", type=Path, help="label table")
    parser.add_argument(
        "--embeddings", type=Path, help="file to keep the embeddings in, or to take them from"
    )
    parser.add_argument("--most", type=int, default=1500, help="pictures")
    parser.add_argument("--references", type=int, default=12)
    given = parser.parse_args()
    if given.embeddings and given.embeddings.is_file():
        with np.load(given.embeddings) as kept:
            embeddings = {name: kept[name].astype(np.float64) for name in (PLAIN, *ALTERATIONS)}
    elif given.model and given.pictures:
        embeddings = embedded(given.model, given.pictures, given.most)
        if given.embeddings:
            np.savez(given.embeddings, **embeddings)  # type: ignore[arg-type]
    else:
        parser.error("--model and --pictures, or --embeddings of an earlier run")
    models = []
    for seed in range(given.references):
        models.append(fitted(embeddings, np.random.default_rng([seed, 3]), seed))
    rng = np.random.default_rng(5)
    false = [float(np.isfinite(first_alarms(m, embeddings, NONE, rng, QUIET)).mean()) for m, _ in models]
    changes = [
        measured(embeddings, Change(cause=cause, share=share), models)
        for share in (1.0, 0.3)
        for cause in ALTERATIONS
    ]
    for row in changes:
        print(json.dumps(row))
    ratios = [row["delay"] / row["oracle_delay"] for row in changes if np.isfinite(row["oracle_delay"])]
    print(json.dumps({
        "benchmark": "drift_alarms", "hardware": hardware(), "pictures": len(embeddings[PLAIN]),
        "references": len(models), "false_alarms_expected": round(1 - float(np.exp(-QUIET / RUN_LENGTH)), 3),
        "false_alarms": round(float(np.mean(false)), 3),
        "false_alarms_standard_error": round(float(np.std(false) / np.sqrt(len(false))), 3),
        "update_us": update_us(models[0][0], embeddings[PLAIN]),
        "named_first": round(float(np.mean([row["named_first"] for row in changes])), 3),
        "delay_over_oracle": round(float(np.median(ratios)), 2),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
