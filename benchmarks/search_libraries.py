"""Vector libraries on one thread over the same vectors: what the index could have been built on.

    python -m benchmarks.search_libraries [--rows 20000] [--queries 200]

faiss (inverted lists of 8 bits with exact comparison of 30 candidates; HNSW) and usearch (HNSW, float16, 8
bits), on the vectors of `benchmarks.search_index`. Seconds are of the processor, so that a busy machine
counts for little. The last line is JSON: for each setting seconds to build, recall@10 and milliseconds a
query, asked one by one. usearch is no dependency of the project: it is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks._record import hardware
from benchmarks.search_index import K, Vectors, draw, exact_numpy, recall
from osteon.artefact import code_version
from osteon.features.index.vectors import build, training_rows

_CANDIDATES = 30
Search = Callable[[Vectors], NDArray[np.int64]]


def measured(name: str, search: Search, query_QD: Vectors, truth_QK: NDArray[np.int64]) -> dict[str, Any]:
    """Recall and milliseconds of one setting."""
    found = np.full((len(query_QD), K), -1, dtype=np.int64)
    before = time.process_time()
    for row, query in enumerate(query_QD):
        near = search(query[None])
        found[row, : len(near)] = near
    milliseconds = 1000 * (time.process_time() - before) / len(query_QD)
    figures = {
        "setting": name,
        "recall_at_10": round(recall(found, truth_QK), 4),
        "ms": round(milliseconds, 3),
    }
    print(json.dumps(figures), flush=True)
    return figures


def inverted_lists(vectors_ND: Vectors) -> tuple[float, list[tuple[str, Search]]]:
    """The product's vector file at several numbers of probed rows."""
    before = time.process_time()
    ids = np.arange(len(vectors_ND), dtype=np.int64)
    lists = build(ids, [(ids, vectors_ND)], vectors_ND[: training_rows(len(vectors_ND))])
    seconds = time.process_time() - before

    def search(query_QD: Vectors, share: float) -> NDArray[np.int64]:
        _, near = lists.search(query_QD, _CANDIDATES, None, share)
        kept = near[0][near[0] >= 0]
        best = np.argsort(-(vectors_ND[kept] @ query_QD[0]), kind="stable")[:K]
        return np.asarray(kept[best], dtype=np.int64)

    settings = ((f"{1 / share:g} of the probed rows", share) for share in (1.0, 2.0, 4.0, 8.0))
    return seconds, [(name, partial(search, share=share)) for name, share in settings]


def faiss_graph(vectors_ND: Vectors) -> tuple[float, list[tuple[str, Search]]]:
    """faiss's HNSW over float32."""
    graph = faiss.IndexHNSWFlat(vectors_ND.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 100
    before = time.process_time()
    graph.add(vectors_ND)
    seconds = time.process_time() - before

    def search(query_QD: Vectors, width: int) -> NDArray[np.int64]:
        near: NDArray[np.int64] = graph.search(
            query_QD, K, params=faiss.SearchParametersHNSW(efSearch=width)
        )[1][0]
        return near

    return seconds, [(f"width {width}", partial(search, width=width)) for width in (32, 64, 128)]


def usearch_graph(vectors_ND: Vectors, kind: str) -> tuple[float, list[tuple[str, Search]]]:
    """usearch's HNSW."""
    from usearch.index import Index

    graph = Index(ndim=vectors_ND.shape[1], metric="ip", dtype=kind, connectivity=16, expansion_add=100)
    before = time.process_time()
    graph.add(np.arange(len(vectors_ND)), vectors_ND, threads=1)
    seconds = time.process_time() - before

    def search(query_QD: Vectors, width: int) -> NDArray[np.int64]:
        graph.expansion_search = width
        return np.asarray(graph.search(query_QD[0], K, threads=1).keys, dtype=np.int64)

    return seconds, [(f"width {width}", partial(search, width=width)) for width in (64, 128)]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=200)
    asked = parser.parse_args()
    faiss.omp_set_num_threads(1)
    drawn = draw(asked.rows + asked.queries, 512, seed=0)
    vectors, query = drawn[: asked.rows], np.ascontiguousarray(drawn[asked.rows :])
    libraries: dict[str, Callable[[], tuple[float, list[tuple[str, Search]]]]] = {
        "faiss inverted lists, 8 bits": lambda: inverted_lists(vectors),
        "faiss HNSW, float32": lambda: faiss_graph(vectors),
        "usearch HNSW, float16": lambda: usearch_graph(vectors, "f16"),
        "usearch HNSW, 8 bits": lambda: usearch_graph(vectors, "i8"),
    }
    found = []
    with threadpool_limits(1):
        truth = exact_numpy(vectors, query)
        for name, make in libraries.items():
            try:
                seconds, settings = make()
            except ImportError:
                continue
            figures = [measured(f"{name}, {each}", search, query, truth) for each, search in settings]
            found.append({"library": name, "build_s": round(seconds, 1), "settings": figures})
            print(json.dumps({"library": name, "build_s": round(seconds, 1)}), flush=True)
    record = {"benchmark": "search_libraries", "rows": asked.rows, "queries": asked.queries, "found": found}
    print(json.dumps({**record, "commit": code_version(), "hardware": hardware()}))


if __name__ == "__main__":
    main()
