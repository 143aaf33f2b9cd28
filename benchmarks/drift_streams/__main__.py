"""1,000 drift-free and 1,000 shifted streams, watched as the product watches them; peers on some of them.

    python -m benchmarks.drift_streams --hands hand.npz --knees knee.npz --data DATA --peer-python PYTHON

`hand.npz` and `knee.npz` come from `benchmarks.drift_streams.embed`, DATA holds the sets `bone_age` and
`knee_kl` with their label tables. 20 hospitals of hands, 20 of knees and 10 of synthetic reports each get a
reference of 500 drawn from their population, 20 drift-free streams of 1,000 events and 20 shifted ones. The
20 drift-free streams of a hospital are also one family (`benchmarks.drift_streams.families` draws more of
those), and each change is told a second time at a family's heights. Peers and MMD see the embeddings; peers
judge one window of 100 events of every `--peer-every`th stream. JSON line last.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._record import hardware
from benchmarks.drift_streams.families import interval
from benchmarks.drift_streams.hospital import (
    FAMILY_RUN,
    NONE,
    QUIET,
    RUN_LENGTH,
    STREAMS,
    WINDOW,
    Change,
    Hospital,
    Shifted,
    changes_of,
)
from benchmarks.drift_streams.oracle import oracle_delay
from benchmarks.drift_streams.peers import PEERS
from benchmarks.drift_streams.populations import Population, parser_of, populations_of
from monitoring.sequential import Stream
from monitoring.statistics import mmd_test
from monitoring.statistics.result import Floats

MMD_TESTS = 12  # of each change
Windows = list[tuple[Floats, Floats]]


def clustered(shares: list[float]) -> list[float]:
    """95 % of their mean over hospitals, by the bootstrap: streams of one hospital share its reference."""
    rng = np.random.default_rng(0)
    means = rng.choice(shares, size=(2000, len(shares))).mean(axis=1)
    return [round(float(one), 3) for one in np.quantile(means, (0.025, 0.975))]


def finite(value: float) -> float | None:
    """None in the place of infinity, which JSON does not know."""
    return value if np.isfinite(value) else None


def quiet_figures(hospitals: list[Hospital]) -> dict[str, Any]:
    """False alarms of drift-free streams against the promise, and of families of them."""
    alarms: dict[str, list[float]] = {"pictures": [], "mix": []}
    families = 0
    for number, hospital in enumerate(hospitals):
        highest = hospital.highest(np.random.default_rng([number, 5]), STREAMS)
        charted = (hospital.pictures.charted, hospital.mix.charted)
        for name, tops, charts in zip(alarms, highest, charted, strict=True):
            alarms[name].append(float((tops >= charts.height).mean()))
        families += any(
            bool((tops >= charts.calibration.height(FAMILY_RUN)).any())
            for tops, charts in zip(highest, charted, strict=True)
        )
    return {
        "promised": round(1 - float(np.exp(-QUIET / RUN_LENGTH)), 3),
        "false_alarms": {name: round(float(np.mean(shares)), 3) for name, shares in alarms.items()},
        "false_alarms_95": {name: clustered(shares) for name, shares in alarms.items()},
        "family_wise": round(families / len(hospitals), 3),
        "family_wise_95": interval(families, len(hospitals)),
    }


def shifted_streams(hospitals: list[Hospital]) -> list[tuple[Hospital, Shifted]]:
    """`STREAMS` of each hospital, going round the changes."""
    found, turn = [], dict.fromkeys((hospital.population.name for hospital in hospitals), 0)
    for number, hospital in enumerate(hospitals):
        rng, changes = np.random.default_rng([number, 6]), changes_of(hospital.population)
        for _ in range(STREAMS):
            turn[hospital.population.name] += 1
            found.append(
                (hospital, hospital.shifted(changes[turn[hospital.population.name] % len(changes)], rng))
            )
    return found


def share_of(p_values: list[float | None]) -> float:
    """Tests that are significant at 5 %."""
    return round(float(np.mean([p is not None and p <= 0.05 for p in p_values])), 3)


def by_change(streams: Iterable[tuple[Hospital, Shifted]]) -> list[dict[str, Any]]:
    """Delay against the oracle, power of ours and of MMD, and naming, of each population and change."""
    groups: dict[tuple[str, Change], list[tuple[Hospital, Shifted]]] = defaultdict(list)
    for hospital, one in streams:
        groups[hospital.population.name, one.change].append((hospital, one))
    rows: list[dict[str, Any]] = []
    for (name, change), group in groups.items():
        rng = np.random.default_rng([len(rows), 8])
        p_values = [
            mmd_test(hospital.embeddings[:400], one.window, rng, most_draws=199).p_value
            for hospital, one in group[:MMD_TESTS]
        ]
        same = [
            mmd_test(*hospital.coordinates(one), rng, most_draws=199).p_value
            for hospital, one in group[:MMD_TESTS]
        ]
        told = np.array([one.told for _, one in group])
        rows.append({
            "population": name, "cause": change.cause, "share": change.share, "streams": len(group),
            "delay": finite(float(np.median(told))),
            "delay_at_family_heights": finite(float(np.median([one.told_by_family for _, one in group]))),
            "oracle": finite(oracle_delay(group[0][0].population, change, rng)),
            "oracle_without_quality": finite(
                oracle_delay(group[0][0].population, change, rng, quality=False)
            ),
            "power_at_100": round(float((told <= WINDOW).mean()), 3),
            "mmd_power_at_100": share_of(p_values), "mmd_power_in_our_coordinates": share_of(same),
            "named_first": round(float(np.mean([one.named == change.cause for _, one in group])), 3),
            "called_drift": round(float(np.mean([np.isfinite(one.drift) for _, one in group])), 3),
        })  # fmt: skip
    return rows


def peer_figures(python: Path, name: str, quiet: Windows, shifted: Windows) -> dict[str, Any]:
    """Windows that a peer calls a drift, or why it does not run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "windows.npz"
        both = quiet + shifted
        np.savez(
            path,
            reference=np.array([one for one, _ in both], np.float32),
            window=np.array([one for _, one in both], np.float32),
        )
        script = Path(__file__).with_name("peers.py")
        ran = subprocess.run([python, script, path, name], capture_output=True, text=True, check=False)
    if ran.returncode:
        return {"not_run": ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "no reason given"}
    answer = json.loads(ran.stdout.splitlines()[-1])
    false, told = (sum(part) for part in (answer["drift"][: len(quiet)], answer["drift"][len(quiet) :]))
    return {
        "windows": [len(quiet), len(shifted)],
        "false_alarms": round(false / len(quiet), 3), "false_alarms_95": interval(false, len(quiet)),
        "power_at_100": round(told / len(shifted), 3), "power_at_100_95": interval(told, len(shifted)),
        "cpu_s_a_window": answer["cpu_seconds"],
    }  # fmt: skip


def update_us() -> dict[str, Any]:
    """Processor microseconds of one event of 512 dimensions, in four successive parts of a stream."""
    from monitoring.sequential import StreamModel

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 512)) / np.sqrt(np.arange(1, 513))
    pairs = {name: (rows[:40], rows[:40] + rng.normal(size=512) * 0.1) for name in "abcdef"}
    stream, times = Stream(StreamModel.fit(rows, run_length=1e6, seed=0, altered=pairs)), []
    for _ in range(4):
        started = time.process_time()
        for row in rows:
            stream.update(row)
        times.append(round((time.process_time() - started) / len(rows) * 1e6, 1))
    return {"update_us_512": times}


def _hospitals(population: Population, count: int) -> list[Hospital]:
    return [Hospital.drawn(population, seed) for seed in range(count)]


def main() -> None:
    """Draw, watch, compare, print."""
    parser = parser_of(__doc__, "hospitals", [20, 20, 10])
    parser.add_argument("--peer-python", type=Path, nargs="*", default=[], help="interpreters with peers")
    parser.add_argument("--peer-every", type=int, default=10)
    given = parser.parse_args()
    groups = [
        _hospitals(one, count) for one, count in zip(populations_of(given), given.hospitals, strict=True)
    ]
    hospitals = [hospital for group in groups for hospital in group]
    streams = shifted_streams(hospitals)
    rows = by_change(streams)
    for row in rows:
        print(json.dumps(row), flush=True)
    over = {
        name: [(row["delay"] or np.inf) / row[name] for row in rows if row[name]]
        for name in ("oracle", "oracle_without_quality")
    }
    hard = [row for row in rows if row["mmd_power_at_100"] <= 0.5]
    power = {f"{row['population']} {row['cause']} {row['share']}": row["power_at_100"] for row in hard}
    named = [one.named == one.change.cause for _, one in streams]
    figures: dict[str, Any] = {
        "streams": [len(hospitals) * STREAMS, len(streams)],
        "quiet": {group[0].population.name: quiet_figures(group) for group in groups},
        "quiet_all": quiet_figures(hospitals),
        **{f"delay_over_{name}": round(float(np.median(ratios)), 2) for name, ratios in over.items()},
        "named_first": round(float(np.mean(named)), 3),
        "named_first_95": interval(sum(named), len(named)),
        "power_where_mmd_has_half": power,
        **update_us(),
    }
    print(json.dumps(figures), flush=True)
    altering = [(h, one) for h, one in streams if one.change.cause not in h.population.tilts]
    some = altering[:: given.peer_every]
    rng = np.random.default_rng(9)
    quiet = [(h.embeddings, h.alone(NONE.drawn(h.population, rng, WINDOW)[1])) for h, _ in some]
    shifted = [(h.embeddings, one.window) for h, one in some]
    peers: dict[str, Any] = {
        "osteon_same_windows": {
            "power_at_100": round(float(np.mean([one.told <= WINDOW for _, one in some])), 3)
        }
    }
    for name in PEERS if given.peer_python else ():
        tried = [peer_figures(python, name, quiet, shifted) for python in given.peer_python]
        ran = [figures for figures in tried if "not_run" not in figures]
        peers[name] = ran[0] if ran else {"not_run": [figures["not_run"] for figures in tried]}
        print(json.dumps({name: peers[name]}), flush=True)
    whole: dict[str, Any] = {"benchmark": "drift_streams", "hardware": hardware(), **figures}
    print(json.dumps({**whole, "peers": peers}))


if __name__ == "__main__":
    main()
