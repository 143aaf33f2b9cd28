"""The model server against its bare engine and against plain servers: the same model, pictures and threads.

    python -m benchmarks.server_speed [--size 512] [--rounds 7] [--seconds 5] [--peers fastapi,litserve]

The server, the bare engine and the peers take the same core in turn; the client has the others. The model is
the shipped convolutional encoder with random weights (speed does not depend on them). Rounds alternate, so
that a busy machine slows all alike; a ratio is the median of the paired ones, with its interval of 95 %.

    engine    the bare engine on one prepared tensor: the bound of 90 % is against this
    path      read, prepare, infer and calibrate, without a server
    server    the model server: a form over HTTP, its token checked, its event synced to the disk
    added     p99 (and median) of the server less that of the path, both under the same Poisson arrivals at
              half of the server's throughput; resampled in pairs. A queue multiplies each millisecond of
              work, the path's too, so `even` tells the same for arrivals at equal distances, where nobody
              waits for another: what the framework adds by itself; the bound is 10 ms

The last line is JSON. LitServe is measured where it is installed (`make peers`).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.server_load.arrivals import (
    SentAs,
    Target,
    even_arrivals,
    latencies,
    poisson_arrivals,
    throughput,
)
from benchmarks.server_load.package import ENCODER, make_served_package, promote
from benchmarks.server_load.processes import TOKEN, Bare, bare_engine, our_server, peer_server

CLIENTS = 4
Floats = NDArray[np.float64]
_PEERS: dict[str, SentAs] = {"fastapi": "body", "litserve": "json"}  # what each takes without more


def measure(
    home: Path, size: int, rounds: int, seconds: float, load_seconds: float, peers: list[str]
) -> dict[str, Any]:
    """Every figure of one run."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("needs two cores: one to serve, one to ask")
    serving, asking = {cores[0]}, set(cores[1:])
    os.sched_setaffinity(0, asking)
    package = make_served_package(home, size)
    promote(home, package)
    picture = home / "picture.png"
    with ExitStack() as stack:
        bare = stack.enter_context(bare_engine(package, picture, 1, serving))
        server = stack.enter_context(our_server(home, 1, serving))
        asked = {"server": _target(f"{server.url}/v1/predict", picture, "form")}
        started = {"server": server}
        for name in peers:
            started[name] = stack.enter_context(peer_server(name, package, serving))
            asked[name] = _target(f"{started[name].url}/predict", picture, _PEERS[name])
        rates = _rates(bare, asked, rounds, seconds)
        half = float(np.median(rates["server"])) / 2
        added = _added(bare, asked["server"], half, rounds, load_seconds)
        return {
            "answers_per_s": {name: round(float(np.median(found)), 2) for name, found in rates.items()},
            "server_over_engine": _ratio(rates["server"], rates["engine"]),
            "server_over_path": _ratio(rates["server"], rates["path"]),
            **{f"server_over_{name}": _ratio(rates["server"], rates[name]) for name in peers},
            "half_load_per_s": round(half, 2),
            **added,
            "cold_start_s": {name: round(one.cold_start_s, 1) for name, one in started.items()},
            "peak_mib": {name: round(one.peak_mib) for name, one in started.items()},
        }


def _target(url: str, picture: Path, sent_as: SentAs) -> Target:
    return Target(url=url, token=TOKEN, sent_as=sent_as, picture=picture.read_bytes())


def _rates(bare: Bare, asked: dict[str, Target], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Answers per second of each, round by round, in an order that turns."""
    names = ["engine", "path", *asked]
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(-1, rounds):  # the first round warms up
        for name in names if turn % 2 else reversed(names):
            if name in asked:
                rate = throughput(asked[name], seconds, CLIENTS)
            else:
                rate = float(bare.ask(f"{name} {seconds}"))
            if turn >= 0:
                found[name].append(rate)
    return found


def _added(bare: Bare, target: Target, rate: float, rounds: int, seconds: float) -> dict[str, Any]:
    """What the server adds to the path's waiting times, by quantile, in milliseconds."""
    ours: list[float] = []
    own: list[float] = []
    even_ours: list[float] = []
    even_own: list[float] = []
    for seed in range(rounds):
        own += bare.ask(f"queue {rate} {seconds} {seed}")
        ours += latencies(target, poisson_arrivals(rate, seconds, seed))
        even_own += bare.ask(f"even {rate} {seconds / 2}")
        even_ours += latencies(target, even_arrivals(rate, seconds / 2))
    return {
        "arrivals": len(ours),
        "added": _quantiles(np.asarray(ours), np.asarray(own)),
        "even": {"arrivals": len(even_ours), **_quantiles(np.asarray(even_ours), np.asarray(even_own))},
    }


def _quantiles(ours_N: Floats, own_N: Floats) -> dict[str, Any]:
    random = np.random.default_rng(0)
    figures: dict[str, Any] = {}
    for name, quantile in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        chosen = [random.integers(0, len(ours_N), len(ours_N)) for _ in range(1000)]
        drawn = [np.quantile(ours_N[one], quantile) - np.quantile(own_N[one], quantile) for one in chosen]
        low, high = np.percentile(drawn, [2.5, 97.5])
        path, server = (float(np.quantile(one, quantile)) for one in (own_N, ours_N))
        figures[name] = {
            key: round(1000 * float(value), 1)
            for key, value in (
                ("value", server - path),
                ("low", low),
                ("high", high),
                ("path", path),
                ("server", server),
            )
        }
    return figures


def _ratio(one: list[float], other: list[float]) -> dict[str, float]:
    ratios = np.asarray(one) / np.asarray(other)
    drawn = np.median(np.random.default_rng(0).choice(ratios, (2000, len(ratios))), axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {
        "ratio": round(float(np.median(ratios)), 3),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--load-seconds", type=float, default=20.0, help="of Poisson arrivals, each round")
    parser.add_argument("--peers", default="fastapi,litserve")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the processes it started end with it
    peers = [name for name in arguments.peers.split(",") if name]
    absent = [name for name in peers if find_spec(name) is None]
    with tempfile.TemporaryDirectory() as home:
        figures = measure(
            Path(home),
            arguments.size,
            arguments.rounds,
            arguments.seconds,
            arguments.load_seconds,
            [name for name in peers if name not in absent],
        )
    load = round(os.getloadavg()[0], 1)
    print(
        json.dumps(
            {"benchmark": "server_speed", "encoder": ENCODER, "size": arguments.size, "not_installed": absent}
            | figures
            | {"load_average": load, "cores": os.cpu_count()}
        )
    )


if __name__ == "__main__":
    main()
