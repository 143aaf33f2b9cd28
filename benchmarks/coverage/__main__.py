"""How often the 90 % intervals and sets hold the truth, on the synthetic hospitals and on real pictures.

    python -m benchmarks.coverage --work accept/coverage

Draws patients of three synthetic hospitals, learns fractures, bone age and knee grades from two of them and
bone age and knee grades from a part of the real tables (where OSTEON_SHARED_DATA says; else they are left
out), each in some minutes of one core, and measures on patients that the weights never saw: 200 times a
random half of them calibrates, with quantiles per site, and the other half is measured. Counted are all
rows, each site, each class, and each class of each site, from 200 cases on. What is drawn and learned is kept
in --work: a run that was stopped goes on. Exits 1 when a counted part is not within 1.5 points of 90 %. A
JSON line last.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.accept_01_synthetic import shown
from benchmarks.coverage.answered import answered
from benchmarks.coverage.splits import coverage_of
from benchmarks.coverage.tuned import FULL, REAL, SHORT, TASKS, Size, Subject, real, synthetic
from osteon.domain import Task


def main() -> None:
    """Draws, learns, measures; prints tables and the JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("accept/coverage"), help="artefacts are kept here")
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--short", action="store_true", help="a few pictures: does it run, not how well")
    parser.add_argument(
        "--package",
        nargs=2,
        action="append",
        default=[],
        metavar=("TASK", "FOLDER"),
        help="of the synthetic hospitals, instead of one learned here",
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    packages = {Task.parse(task): Path(folder) for task, folder in given.package}
    result: dict[str, Any] = {}
    for subject in subjects(SHORT if given.short else FULL, given.work, packages):
        with shown(f"{subject.name}: {len(subject.rows)} pictures, {given.splits} splits"):
            found = coverage_of(answered(subject.package, subject.rows), given.splits)
        result[subject.name] = found
        for name, figures in found.items():
            print(subject.name, name, figures, file=sys.stderr, flush=True)
    counted = [one for parts in result.values() for one in parts.values() if one["counted"]]
    met = bool(counted) and all(one["within"] for one in counted)
    record = {"splits": given.splits, "coverage": result, "counted": len(counted), "met": met}
    print(json.dumps({"benchmark": "coverage", **record}))
    sys.exit(0 if met else 1)


def subjects(size: Size, work: Path, packages: dict[Task, Path]) -> Iterator[Subject]:
    """Every package that is measured, learned when its turn comes."""
    for task in TASKS:
        yield synthetic(task, size, work, package=packages.get(task))
    data = os.environ.get("OSTEON_SHARED_DATA")
    if data is None:
        print("real pictures: left out, OSTEON_SHARED_DATA is not set", file=sys.stderr, flush=True)
        return
    for task in REAL:
        yield real(task, size, Path(data), work)


if __name__ == "__main__":
    main()
