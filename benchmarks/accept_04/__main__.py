"""`python -m benchmarks.accept_04 --minutes 30`: the whole run, its JSON line last."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks._record import write_record
from benchmarks.accept_04.run import soak
from benchmarks.accept_04.verdict import summary
from osteon.artefact import atomic_write

OUTPUT = Path("accept")


def main() -> None:
    """Run, write the record and the summary, print one JSON line."""
    parser = argparse.ArgumentParser(description="The model server under everything at once.")
    parser.add_argument("--minutes", type=float, default=30.0, help="of load; setting up comes on top")
    parser.add_argument("--clients", type=int, default=6, help="proper clients at the same time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the record and the summary")
    parser.add_argument("--folder", type=Path, help="where the run's files stay; a temporary one by default")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what it started ends with it
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="osteon-soak-") as temporary:
        home = options.folder or Path(temporary)
        figures = asyncio.run(soak(home, options.minutes, options.clients, options.seed))
    write_record(options.output / "accept-04.json", figures)
    atomic_write(options.output / "accept-04.md", summary(figures))
    print(json.dumps({"benchmark": "accept_04"} | figures))
    sys.exit(0 if all(figures["bounds"].values()) else 1)


if __name__ == "__main__":
    main()
