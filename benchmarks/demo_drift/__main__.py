"""`python -m benchmarks.demo_drift --folder DIR --approver NAME`: the whole loop, told as it happens."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from benchmarks.demo_drift.story import Sizes, Story, tell

FULL = Sizes(before=320, week=60, new=160, after=60, labels=40)
SHORT = Sizes(before=240, week=50, new=100, after=40, labels=30)


def main() -> None:
    """Tell the story, print its JSON line last."""
    parser = argparse.ArgumentParser(
        description="A new device, an alarm, a better model, a harmful one undone."
    )
    parser.add_argument("--folder", type=Path, default=Path("var/demo-drift"))
    parser.add_argument("--approver", required=True, help="who approves the new model, by name")
    parser.add_argument("--short", action="store_true", help="fewer pictures")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its programs end with it
    shutil.rmtree(options.folder, ignore_errors=True)
    story = Story(options.folder)
    tell(story, SHORT if options.short else FULL, approver=options.approver, seed=options.seed)


if __name__ == "__main__":
    main()
