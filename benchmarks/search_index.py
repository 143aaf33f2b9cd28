"""The embedding index against exact search over the same vectors: recall, rate, memory, in one run.

    python -m benchmarks.search_index [--rows 1000000] [--dimensions 512] [--queries 200] [--threads 1]

The product answers one query at a time as the server asks it (`LocalIndex.search`: catalogue, vector file,
exact scores, metadata). The exact peers are asked twice: one query at a time like the product
(`asked_alike`), and all at once, which is their best case and no server's: faiss's own exhaustive search and
blocked numpy matrix products, both on BLAS with the same threads; the faster counts.
Rounds alternate, so that a busy machine slows all alike; the ratio is the median over rounds, and is given
for seconds of the processor as well.

The vectors have the structure that was measured on 5,199 real radiographs (hands and knees, unit-norm
features of a residual network that was pretrained with reports): mean vector 0.905 long, variance 0.158
between 64 groups of unequal size and 0.021 within, spread over eight and over about thirty directions. They
give a sample of that size a local dimension of 11.9 (median over 50 neighbours; measured: 10.9) and a mean
cosine of 0.984 to the tenth neighbour (measured: 0.987). Queries are drawn likewise and are not in the index.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks._record import hardware
from osteon.artefact import code_version
from osteon.domain import EmbeddingSpace
from osteon.features.index import IndexEntry, SearchFilter, open_index
from osteon.features.index.local import LocalIndex

GROUPS, MEAN_LENGTH, BETWEEN, WITHIN = 64, 0.905, 0.158, 0.0207
BETWEEN_SPECTRUM = np.array([0.606, 0.137, 0.069, 0.05, 0.018, 0.015, 0.012, 0.01])
_REFLECTIONS = 4
_BLOCK = 10_000
MOST_QUERIES = 500
_ASKED_ALIKE = 10  # one query in so many is asked of the exact peers one by one
K = 10
PROJECT = "benchmark"
Vectors = NDArray[np.float32]
_MEMORY = """
import sys
from pathlib import Path
import numpy as np
from osteon.features.index import SearchFilter
from osteon.features.index.local import LocalIndex
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
query, before = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32), resident()
index = LocalIndex(Path(sys.argv[1]))
assert index.search("picture", query, 10, SearchFilter(projects=frozenset({"benchmark"})))
print(before, resident())
"""


def draw(rows: int, dimensions: int, seed: int) -> Vectors:
    """Unit-norm vectors (rows, dimensions); see the module's text."""
    random = np.random.default_rng(seed)
    mean = _unit(random.normal(size=dimensions)) * MEAN_LENGTH
    directions = np.linalg.qr(random.normal(size=(dimensions, len(BETWEEN_SPECTRUM))))[0]
    spread = np.sqrt(BETWEEN_SPECTRUM / BETWEEN_SPECTRUM.sum() * BETWEEN)
    centres = mean + (random.normal(size=(GROUPS, len(spread))) * spread) @ directions.T
    spectrum = (np.arange(1, dimensions + 1) + 10.0) ** -2
    deviation = np.sqrt(spectrum / spectrum.sum() * WITHIN).astype(np.float32)
    weights = np.arange(1, GROUPS + 1) ** -0.7
    group = random.choice(GROUPS, rows, p=weights / weights.sum())
    # Each group spreads along directions of its own: its spectrum is shuffled, then reflected.
    axes = [random.permutation(dimensions) for _ in range(GROUPS)]
    mirrors = np.stack([_unit(random.normal(size=dimensions)) for _ in range(GROUPS * _REFLECTIONS)])
    vectors = np.empty((rows, dimensions), dtype=np.float32)
    for number in range(GROUPS):
        places = np.flatnonzero(group == number)
        for part in np.array_split(places, max(1, len(places) // _BLOCK)):
            drawn = (
                random.standard_normal((len(part), dimensions), dtype=np.float32) * deviation[axes[number]]
            )
            for mirror in mirrors[number * _REFLECTIONS : (number + 1) * _REFLECTIONS].astype(np.float32):
                drawn -= 2 * np.outer(drawn @ mirror, mirror)
            vectors[part] = drawn + centres[number].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def exact_faiss(vectors_ND: Vectors, query_QD: Vectors) -> NDArray[np.int64]:
    """Positions (Q, 10) of the nearest, by faiss's exhaustive search."""
    positions: NDArray[np.int64] = faiss.knn(query_QD, vectors_ND, K, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return positions


def exact_numpy(vectors_ND: Vectors, query_QD: Vectors, block: int = 65_536) -> NDArray[np.int64]:
    """The same by matrix products of blocks."""
    best = np.full((len(query_QD), K), -np.inf, dtype=np.float32)
    places = np.zeros((len(query_QD), K), dtype=np.int64)
    for start in range(0, len(vectors_ND), block):
        scores = query_QD @ vectors_ND[start : start + block].T
        near = np.argpartition(-scores, K, axis=1)[:, :K]
        both = np.concatenate([best, np.take_along_axis(scores, near, axis=1)], axis=1)
        where = np.concatenate([places, near + start], axis=1)
        kept = np.argsort(-both, axis=1)[:, :K]
        best, places = np.take_along_axis(both, kept, axis=1), np.take_along_axis(where, kept, axis=1)
    return places


def _asked_alike(
    exact: Callable[[Vectors, Vectors], NDArray[np.int64]], vectors_ND: Vectors, query_QD: Vectors
) -> tuple[float, float]:
    """Seconds of wall and processor that all queries would take one by one, from a part of them."""
    few = query_QD[: max(1, len(query_QD) // _ASKED_ALIKE)]
    _, (wall, busy) = timed(lambda: np.concatenate([exact(vectors_ND, query[None]) for query in few]))
    return wall * len(query_QD) / len(few), busy * len(query_QD) / len(few)


def build(folder: Path, vectors_ND: Vectors) -> dict[str, float]:
    """Fill and publish an index; seconds of both."""
    index = open_index(str(folder))
    space = EmbeddingSpace(name="benchmark", dimensions=vectors_ND.shape[1])
    started = time.perf_counter()
    for start in range(0, len(vectors_ND), _BLOCK):
        index.add(
            [
                IndexEntry(
                    key=str(position),
                    kind="picture",
                    project=PROJECT,
                    site=f"site-{position % 5}",
                    embedding=vectors_ND[position],
                    subject=f"P{position // 3}",
                    day=f"2026-{position % 12 + 1:02d}-01",
                )
                for position in range(start, min(start + _BLOCK, len(vectors_ND)))
            ],
            space,
        )
    added = time.perf_counter()
    index.publish()
    return {"add_s": round(added - started, 1), "publish_s": round(time.perf_counter() - added, 1)}


def search_all(index: LocalIndex, query_QD: Vectors, narrow: SearchFilter) -> NDArray[np.int64]:
    """Positions (Q, 10) that the product gives, one query at a time; -1 where it gives fewer.

    Each query names an asking patient and picture, as a server's do; neither is in the index.
    """
    narrow = replace(narrow, not_subject="nobody", not_inputs=frozenset({"0" * 64}))
    found = np.full((len(query_QD), K), -1, dtype=np.int64)
    for row, query in enumerate(query_QD):
        for place, hit in enumerate(index.search("picture", query, K, narrow)):
            found[row, place] = int(hit.key)
    return found


def recall(found_QK: NDArray[np.int64], truth_QK: NDArray[np.int64]) -> float:
    """Share of the true nearest that were found."""
    pairs = zip(found_QK, truth_QK, strict=True)
    return float(np.mean([len(set(one) & set(other)) / K for one, other in pairs]))


def memory_mib(folder: Path, query_D: Vectors) -> int:
    """What the open index takes in a process of its own, beyond what the imports take."""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(folder)],
        input=query_D.tobytes(),
        capture_output=True,
        check=True,
    )
    before, after = map(int, done.stdout.split())
    return round((after - before) / 1024)


def timed(work: Callable[[], NDArray[np.int64]]) -> tuple[NDArray[np.int64], tuple[float, float]]:
    """The result, its seconds on the wall and those of the processor."""
    started, busy = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - started, time.process_time() - busy)


def measure(folder: Path, rows: int, dimensions: int, queries: int, rounds: int) -> dict[str, Any]:
    """All figures of one size."""
    # Always as many, however many are asked: another number would draw other vectors than a kept index holds.
    drawn = draw(rows + MOST_QUERIES, dimensions, seed=0)
    vectors, query = drawn[:rows], np.ascontiguousarray(drawn[rows : rows + queries])
    figures: dict[str, Any] = {} if (folder / "manifest.json").exists() else build(folder, vectors)
    print(json.dumps(figures), flush=True)
    index = LocalIndex(folder)
    narrow = SearchFilter(projects=frozenset({PROJECT}))
    search_all(index, query[:5], narrow)
    seconds: list[list[tuple[float, float]]] = []
    for _ in range(rounds):
        found, own = timed(lambda: search_all(index, query, narrow))
        truth, by_faiss = timed(lambda: exact_faiss(vectors, query))
        same, by_numpy = timed(lambda: exact_numpy(vectors, query))
        alike = [_asked_alike(exact, vectors, query) for exact in (exact_faiss, exact_numpy)]
        seconds.append([own, by_faiss, by_numpy, *alike])
        print(json.dumps({"round_s": seconds[-1]}), flush=True)
    site = SearchFilter(projects=frozenset({PROJECT}), sites=frozenset({"site-0"}))
    of_site, site_s = timed(lambda: search_all(index, query, site))
    rates, busy_rates = queries / np.asarray(seconds)[:, :, 0], queries / np.asarray(seconds)[:, :, 1]
    ratios = rates[:, 0] / rates[:, 1:3].max(axis=1)
    busy_ratios = busy_rates[:, 0] / busy_rates[:, 1:3].max(axis=1)
    alike_ratios = rates[:, 0] / rates[:, 3:].max(axis=1)
    files = {path.suffix or path.name: path.stat().st_size for path in folder.iterdir()}
    return {
        **figures,
        "recall_at_10": round(recall(found, truth), 4),
        "peers_agree": round(recall(same, truth), 4),
        "recall_at_10_one_site": round(recall(of_site, exact_faiss(vectors[::5], query) * 5), 4),
        "queries_a_second": round(float(np.median(rates[:, 0])), 1),
        "one_site_queries_a_second": round(queries / site_s[0], 1),
        "faiss_exact_queries_a_second": round(float(np.median(rates[:, 1])), 2),
        "numpy_exact_queries_a_second": round(float(np.median(rates[:, 2])), 2),
        "ratio": round(float(np.median(ratios)), 1),
        "ratio_least": round(float(ratios.min()), 1),
        "processor_ratio": round(float(np.median(busy_ratios)), 1),
        "processor_ms_a_query": round(1000 / float(np.median(busy_rates[:, 0])), 2),
        "processor_ms_exact": round(1000 / float(np.median(busy_rates[:, 1:3].max(axis=1))), 2),
        "exact_asked_alike_queries_a_second": round(float(np.median(rates[:, 3:].max(axis=1))), 2),
        "ratio_asked_alike": round(float(np.median(alike_ratios)), 1),
        "ratio_asked_alike_least": round(float(alike_ratios.min()), 1),
        "memory_mib": memory_mib(folder, query[0]),
        "vector_file_mib": round(files.get(".vectors", 0) / 2**20),
        "database_mib": round(files.get(".db", 0) / 2**20),
        "peak_mib_with_exact_peers": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the index there; one that is there is not rebuilt")
    asked = parser.parse_args()
    if asked.queries > MOST_QUERIES:
        parser.error(f"at most {MOST_QUERIES} queries")
    faiss.omp_set_num_threads(asked.threads)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="osteon-index-"))
    try:
        with threadpool_limits(asked.threads):
            figures = measure(folder, asked.rows, asked.dimensions, asked.queries, asked.rounds)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder)
    sizes = {name: value for name, value in vars(asked).items() if name != "folder"}
    load = round(os.getloadavg()[0], 1)
    record = {"benchmark": "search_index", **sizes, **figures, "load_at_end": load}
    print(json.dumps({**record, "commit": code_version(), "hardware": hardware()}))


def _unit(vector_D: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector_D / np.linalg.norm(vector_D))


if __name__ == "__main__":
    main()
