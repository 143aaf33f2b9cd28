"""Every long check of the first issue, one after the other; figures to accept/accept-01.json.

    python -m benchmarks.accept_01            # make accept-01

Takes about three hours on two cores: `make up` twice on a fresh clone, two twenty-minute trainings on real
pictures, the synthetic hospital with six trainings at 10 % of its labels.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks._record import write_record

PARTS = ("accept_01_up", "accept_01_real", "accept_01_synthetic")
OUTPUT = Path("accept")


def main() -> None:
    """Runs the parts that are not there yet and joins their figures."""
    figures = {}
    for part in PARTS:
        path = OUTPUT / f"{part.replace('_', '-')}.json"
        print(f"{part} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", f"benchmarks.{part}", "--json", str(path)], check=True)
        figures[part] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    print(json.dumps(write_record(OUTPUT / "accept-01.json", figures)["figures"], indent=2))


if __name__ == "__main__":
    main()
