"""A whole drift report over 50 sites of 100,000 events each: seconds and memory, beside Evidently's.

    python -m benchmarks.drift_report --folder /tmp/events --peer-python PYTHON

Writes the events (90 days, kept for another run), then makes the report in a process of its own, and lets
Evidently make its default embedding report of some of the same sites: of all their events, as it has no
windows, and of the newest 500 alone. JSON line last; `cpu_s` is processor time of all threads.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._record import hardware

DAYS, REFERENCE = 90, 400
NOW = datetime(2026, 3, 1, tzinfo=UTC)
MODEL, SPACE, TASK = "fracture:1", "space-1", "fracture"
DRIFTING = 5  # sites whose last week is shifted
LEVELS = {
    "device": ("unit-a", "unit-b"),
    "view": ("face", "profil"),
    "body_part": ("hand",),
    "age_band": ("0-4", "5-9", "10-14", "15-19", "20-39", "40-59", "60-79"),
    "sex": ("F", "M"),
}


def day_of(day: int, sites: int, per_day: int, width: int) -> Any:
    """The events of one day as a table of the feature repository."""
    import pyarrow as pa

    from osteon.features.table import QUALITY_COLUMNS, table_schema

    rng, schema = np.random.default_rng([day + 1, 1]), table_schema()
    count = sites * per_day
    site = np.repeat(np.arange(sites), per_day)[rng.permutation(count)]
    start = (NOW - timedelta(days=DAYS - day)).timestamp() * 1e6
    times = np.sort(rng.integers(0, 86_400_000_000, size=count)) + int(start)
    vectors = rng.standard_normal((count, width), dtype=np.float32) / np.sqrt(
        np.arange(1, width + 1, dtype=np.float32)
    )
    if day >= DAYS - 7:
        vectors[site < DRIFTING] += np.float32(0.3)
    columns = {name: pa.nulls(count, schema.field(name).type) for name in schema.names}
    fixed = {
        "schema_version": "3", "project": "osteon", "model_version": MODEL, "embedding_space": SPACE,
        "task": TASK, "status": "answered", "role": "champion", "request_id": "", "unit": "probability",
    }  # fmt: skip
    for name, value in fixed.items():
        columns[name] = pa.repeat(pa.scalar(value), count)
    for name, levels in LEVELS.items():
        columns[name] = pa.array(np.array(levels)[rng.integers(len(levels), size=count)])
    columns["site"] = pa.array([f"site-{one:02d}" for one in site])
    columns["event_id"] = pa.array([f"{day + 1:02d}{number:030x}" for number in range(count)])
    columns["time_utc"] = pa.array(times, pa.timestamp("us", tz="UTC"))
    columns["value"] = pa.array(rng.random(count))
    ends = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    for name in QUALITY_COLUMNS:
        columns[name] = pa.array(rng.random(count, dtype=np.float32))
    columns["embedding"] = pa.ListArray.from_arrays(ends, vectors.ravel())
    return pa.table([columns[name] for name in schema.names], schema=schema)


def write(folder: Path, sites: int, events: int, width: int) -> None:
    """Events by day, and a reference for every site."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from monitoring.references import References

    (folder / "events").mkdir(parents=True, exist_ok=True)
    for day in range(DAYS):
        name = (NOW - timedelta(days=DAYS - day)).strftime("%Y-%m-%d")
        (folder / "events" / name).mkdir(exist_ok=True)
        table = day_of(day, sites, events // DAYS, width)
        pq.write_table(table, folder / "events" / name / "all.parquet", compression="zstd")
    # A day before the first: references as the product keeps them.
    References(folder / "references").keep(day_of(-1, sites, REFERENCE, width).to_pandas())
    (folder / "done.json").write_text(json.dumps([sites, events, width]))
    pa.default_memory_pool().release_unused()


def report(folder: Path) -> dict[str, Any]:
    """Our report: seconds and peak memory of this process."""
    from monitoring.drift import drift_report
    from monitoring.policy import load_policy
    from monitoring.references import References
    from monitoring.windows import READ_COLUMNS
    from osteon.features import FeatureRepository

    started, cpu = time.perf_counter(), time.process_time()
    repository = FeatureRepository(folder)
    events = repository.history(until=NOW, columns=READ_COLUMNS)
    read_s, read_cpu = time.perf_counter() - started, time.process_time() - cpu
    made = drift_report(
        events, References(folder / "references"), load_policy(), now=NOW, vectors=repository.vectors
    )
    sites = Counter(made.site_verdict(site) for site in made.sites)
    return {
        "seconds": round(time.perf_counter() - started, 1), "cpu_s": round(time.process_time() - cpu, 1),
        "read_s": round(read_s, 1),
        "read_cpu_s": round(read_cpu, 1),
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "events": len(events), "streams": len(made.streams), "hypotheses": made.hypotheses,
        "sites": dict(sites),
        "found": sum(made.site_verdict(f"site-{one:02d}") == "drift" for one in range(DRIFTING)),
    }  # fmt: skip


PEER = """
import json, sys, time, resource, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from evidently.legacy.metrics import EmbeddingsDriftMetric
from evidently.legacy.pipeline.column_mapping import ColumnMapping
from evidently.legacy.report import Report
with np.load(sys.argv[1]) as kept:
    pairs = [(kept[f"reference{i}"], kept[f"window{i}"]) for i in range(len(kept.files) // 2)]
found = []
for reference, window in pairs:
    names = [f"x{i}" for i in range(reference.shape[1])]
    started, cpu = time.perf_counter(), time.process_time()
    made = Report(metrics=[EmbeddingsDriftMetric("embedding")])
    reference, window = (pd.DataFrame(rows, columns=names) for rows in (reference, window))
    made.run(reference_data=reference, current_data=window,
             column_mapping=ColumnMapping(embeddings={"embedding": names}))
    drift = made.as_dict()["metrics"][0]["result"]["drift_detected"]
    found.append([time.perf_counter() - started, time.process_time() - cpu, bool(drift)])
print(json.dumps([found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))
"""


def evidently(python: Path, folder: Path, sites: list[int], newest: int | None) -> dict[str, Any]:
    """Its default embedding report of whole sites; seconds of one site, and drift called."""
    import pandas as pd

    from osteon.features import FeatureRepository

    repository, arrays = FeatureRepository(folder), {}
    known = pd.read_parquet(next((folder / "references").glob("*/reference.parquet")))
    since = NOW - timedelta(days=7) if newest else None
    started = time.process_time()
    for number, site in enumerate(sites):
        name = f"site-{site:02d}"
        rows = repository.history(
            name, since=since, until=NOW, columns=("time_utc", "event_id", "site", "embedding")
        )
        arrays[f"reference{number}"] = np.stack(list(known[known["site"] == name]["embedding"])).astype(
            np.float32
        )
        arrays[f"window{number}"] = np.stack(list(rows["embedding"].tail(newest or len(rows))))
    read = (time.process_time() - started) / len(sites)
    path = folder / "peer.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    ran = subprocess.run([python, "-c", PEER, path], capture_output=True, text=True, check=False)
    path.unlink()
    if ran.returncode:
        return {"not_run": ran.stderr.strip().splitlines()[-1]}
    found, memory = json.loads(ran.stdout.splitlines()[-1])
    return {
        "sites": len(sites), "events_a_site": len(arrays["window0"]),
        "seconds_a_site": round(float(np.mean([one[0] for one in found])), 2),
        "cpu_s_a_site": round(float(np.mean([one[1] for one in found])), 2),
        "read_cpu_s_a_site": round(read, 2),
        "drift": [one[2] for one in found], "peak_memory_gib": round(memory, 2),
    }  # fmt: skip


def main() -> None:
    """Write, report, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sites", type=int, default=50)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--peer-sites", type=int, nargs="*", default=[0, 20])
    parser.add_argument("--report-only", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.report_only:
        print(json.dumps(report(given.folder)))
        return
    if not (given.folder / "done.json").is_file():
        write(given.folder, given.sites, given.events, given.dimensions)
    command = [
        sys.executable,
        "-m",
        "benchmarks.drift_report",
        "--folder",
        str(given.folder),
        "--report-only",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    ours = json.loads(ran.stdout.splitlines()[-1])
    print(json.dumps(ours), flush=True)
    peer: dict[str, Any] = {}
    if given.peer_python:
        peer = {
            "all_events": evidently(given.peer_python, given.folder, given.peer_sites, None),
            "newest_500": evidently(given.peer_python, given.folder, given.peer_sites, 500),
        }
    ratio = None
    if "cpu_s_a_site" in peer.get("all_events", {}):
        whole = peer["all_events"]["cpu_s_a_site"] + peer["all_events"]["read_cpu_s_a_site"]
        ratio = round(whole * given.sites / ours["cpu_s"], 2)
    print(json.dumps({
        "benchmark": "drift_report", "hardware": hardware(), "load": os.getloadavg(),
        "sites": given.sites, "events_a_site": given.events, "dimensions": given.dimensions,
        "osteon": ours, "evidently": peer, "evidently_cpu_over_ours": ratio,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
