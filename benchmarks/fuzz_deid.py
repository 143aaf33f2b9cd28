"""Fuzzing of what the de-identification reads: broken inputs, each with a limit on time and memory.

    python -m benchmarks.fuzz_deid --minutes 10 --kinds dicom

A worker process makes and runs the inputs; one that takes too long, takes too much memory, dies, or raises
anything but the project's own errors is a finding. Time is the processor's, of the worker and its children,
so that other programs on the machine count for nothing; what waits without using any is a hang, too.
Findings can be made again from kind, seed and number: `--kinds dicom --only 1234`. Exit 1 when there are
any; the last line is JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from osteon.domain.errors import OsteonError

#: Kind of input -> the module that makes and runs it (`seeds`, `mutated`, `run`).
KINDS: dict[str, str] = {kind: f"benchmarks.fuzzing.{kind}" for kind in ("dicom", "hl7", "pdf")}

MAX_SECONDS = 20.0  # of processor time
MAX_WAIT_S = 300.0  # by the clock
_LOOK_S = 1.0
MAX_MEMORY_GIB = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that was not answered as it should be."""

    kind: str
    number: int
    what: str


@dataclass(slots=True)
class Outcome:
    """What became of all inputs of a run."""

    inputs: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_gib: float = 0.0


def one(kind: str, seed: int, number: int, whole: list[bytes]) -> str:
    """What became of one input: "written", the name of the project's error, or another exception's."""
    module: Any = importlib.import_module(KINDS[kind])
    content = module.mutated(random.Random(f"{kind}/{seed}/{number}"), whole)
    try:
        return str(module.run(content))
    except OsteonError as error:
        return type(error).__name__
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what the fuzzer looks for
        return f"!{type(error).__name__} in {_where(error)}"


def _where(error: BaseException) -> str:
    frames, last = [], error.__traceback__
    while last is not None:
        frames.append(f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}")
        last = last.tb_next
    return " < ".join(reversed(frames[-3:]))


def _work(pipe: Connection, kinds: tuple[str, ...], seed: int, memory_gib: float) -> None:
    limit = int(memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit * 3, limit * 3))  # addresses; what is used is checked below
    whole = {kind: importlib.import_module(KINDS[kind]).seeds() for kind in kinds}
    pipe.send("ready")
    while True:
        kind, number = pipe.recv()
        answer = one(kind, seed, number, whole[kind])
        pipe.send((answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))


class Worker:
    """A process that runs inputs, and is replaced when one kills or stops it."""

    def __init__(self, kinds: tuple[str, ...], seed: int, memory_gib: float = MAX_MEMORY_GIB) -> None:
        self.arguments = (kinds, seed, memory_gib)
        self.start()

    def start(self) -> None:
        """A fresh process, ready."""
        self.pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=_work, args=(theirs, *self.arguments), daemon=True)
        self.process.start()
        theirs.close()
        self.pipe.recv()

    def ask(
        self, kind: str, number: int, seconds: float = MAX_SECONDS, wait_s: float = MAX_WAIT_S
    ) -> tuple[str, float]:
        """What became of the input, and the most memory the process has used in GiB."""
        used, until = self._seconds(), time.monotonic() + wait_s
        self.pipe.send((kind, number))
        try:
            while not self.pipe.poll(min(_LOOK_S, wait_s)):
                if self._seconds() - used > seconds:
                    self._replace()
                    return f"!took more than {seconds} s", 0.0
                if time.monotonic() > until:
                    self._replace()
                    return f"!no answer in {wait_s} s", 0.0
            answer, peak = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._replace()
            return "!died", 0.0
        if peak <= self.arguments[2]:
            return answer, peak
        self._replace()
        return f"!used {peak:.1f} GiB", peak

    def _seconds(self) -> float:
        """Processor time of the worker and of its children."""
        total = 0.0
        try:
            worker = psutil.Process(self.process.pid)
            for process in (worker, *worker.children(recursive=True)):
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:  # it ended just now: the pipe tells, or the next look
            pass
        return total

    def stop(self) -> None:
        """No process is left."""
        self.process.kill()
        self.process.join()

    def _replace(self) -> None:
        self.stop()
        self.start()


def fuzz(kinds: tuple[str, ...], seconds: float, seed: int = 0, limit: int | None = None) -> Outcome:
    """Runs inputs of the kinds in turn until the time is up or `limit` of them are done."""
    worker, outcome, number = Worker(kinds, seed), Outcome(), 0
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until and (limit is None or number < limit):
            kind, started = kinds[number % len(kinds)], time.monotonic()
            answer, peak = worker.ask(kind, number)
            outcome.inputs[kind] += 1
            outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - started)
            outcome.peak_gib = max(outcome.peak_gib, peak)
            if answer.startswith("!"):
                outcome.findings.append(Finding(kind, number, answer[1:]))
                print(f"finding: {kind} {number}: {answer[1:]}", flush=True)
            else:
                outcome.answers[f"{kind} {answer}"] += 1
            number += 1
    finally:
        worker.stop()
    return outcome


def main() -> None:
    """Fuzz for a time, or run one input again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, default=None, help="one input by its number, in this process")
    given = parser.parse_args()
    kinds = tuple(given.kinds.split(","))
    if given.only is not None:
        module: Any = importlib.import_module(KINDS[kinds[0]])
        module.run(module.mutated(random.Random(f"{kinds[0]}/{given.seed}/{given.only}"), module.seeds()))
        return
    outcome = fuzz(kinds, 60 * given.minutes, given.seed)
    print(
        json.dumps(
            {
                "benchmark": "fuzz_deid",
                "kinds": kinds,
                "minutes": given.minutes,
                "seed": given.seed,
                "inputs": dict(outcome.inputs),
                "answers": dict(sorted(outcome.answers.items())),
                "findings": [asdict(finding) for finding in outcome.findings],
                "slowest_s": round(outcome.slowest_s, 2),
                "peak_gib": round(outcome.peak_gib, 2),
            }
        )
    )
    sys.exit(1 if outcome.findings else 0)


if __name__ == "__main__":
    main()
