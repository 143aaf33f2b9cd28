"""Families of drift-free streams: how often any of them raises a false alarm, at the heights of the product.

    python -m benchmarks.drift_streams.families --hands hand.npz --knees knee.npz --data DATA

Each family is a hospital with a reference of its own: 20 streams of pictures and 20 of the case mix, of 1,000
events each, as `monitoring.watched.Family` counts them. Together they promise one false alarm in twenty
families. JSON line last.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy.stats import beta

from benchmarks._record import hardware
from benchmarks.drift_streams.hospital import FAMILY_RUN, QUIET, STREAMS, Hospital
from benchmarks.drift_streams.populations import parser_of, populations_of

_FIRST_SEED = 5000  # other hospitals than those of the streams


def interval(hits: int, of: int) -> list[float]:
    """95 % of Clopper and Pearson 1934."""
    low = beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, of - hits) if hits < of else 1.0
    return [round(float(low), 3), round(float(high), 3)]


def false_alarms(hospital: Hospital, seed: int) -> dict[str, int]:
    """Streams of one family that alarm: of pictures, of the case mix, and of pictures promised alone."""
    pictures, mix = hospital.highest(np.random.default_rng([seed, 12]), STREAMS)
    own, other = hospital.pictures.charted.calibration, hospital.mix.charted.calibration
    return {
        "pictures": int((pictures >= own.height(FAMILY_RUN)).sum()),
        "mix": int((mix >= other.height(FAMILY_RUN)).sum()),
        "pictures_promised_alone": int((pictures >= own.height(FAMILY_RUN / 2)).sum()),
    }


def figures(families: list[dict[str, int]]) -> dict[str, Any]:
    """Share of the families with any false alarm, and false alarms of a family on average."""
    of = len(families)
    any_of_all = sum(bool(one["pictures"] or one["mix"]) for one in families)
    found: dict[str, Any] = {
        "families": of,
        "family_wise": round(any_of_all / of, 3), "family_wise_95": interval(any_of_all, of),
    }  # fmt: skip
    for name in ("pictures", "mix", "pictures_promised_alone"):
        hits = sum(bool(one[name]) for one in families)
        found[name] = {"family_wise": round(hits / of, 3), "family_wise_95": interval(hits, of)}
    found["false_alarms_a_family"] = round(sum(one["pictures"] + one["mix"] for one in families) / of, 3)
    return found


def main() -> None:
    """Draw hospitals, watch, count."""
    given = parser_of(__doc__, "families", [100, 100, 50]).parse_args()
    found: dict[str, list[dict[str, int]]] = {}
    for population, count in zip(populations_of(given), given.families, strict=True):
        for seed in range(_FIRST_SEED, _FIRST_SEED + count):
            one = false_alarms(Hospital.drawn(population, seed), seed)
            found.setdefault(population.name, []).append(one)
        print(json.dumps({population.name: figures(found[population.name])}), flush=True)
    print(json.dumps({
        "benchmark": "drift_families", "hardware": hardware(), "streams_a_family": 2 * STREAMS,
        "events_a_stream": QUIET, "promised": 0.05,
        "all": figures([one for group in found.values() for one in group]),
        **{name: figures(group) for name, group in found.items()},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
