"""kill -9 at random moments, again and again: nothing lost, doubled or half-written.

    python -m benchmarks.deid_kill --json accept/deid-kill.json

Makes synthetic studies, de-identifies them undisturbed, then again while the whole process group is killed at
random moments and started anew. After every kill each visible file must have the bytes of the undisturbed
run; at the end the folders must be equal, the crosswalk must have the same entries and the audit trail must
be whole.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._record import write_record
from osteon.artefact import sha256_file

_PROGRAM = (
    "import sys; from pathlib import Path; from osteon.deid.batch import deidentify_sample;"
    "p = [Path(a) for a in sys.argv[1:5]];"
    "deidentify_sample(p[0], p[1], p[2], workers=int(sys.argv[5]), vault=p[3])"
)
_TIMED = ("manifest.json",)  # holds the time it was made


def main() -> None:
    """Runs, and records; exits 1 when a byte differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=Path("accept/deid-kill.json"))
    parser.add_argument("--count", type=int, default=100, help="kills")
    parser.add_argument("--studies", type=int, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    figures = measure(arguments.count, arguments.studies, arguments.workers, arguments.seed)
    print(write_record(arguments.json, figures)["figures"])
    sys.exit(0 if all(figures["done"].values()) else 1)


def measure(kills: int, studies: int, workers: int, seed: int) -> dict[str, Any]:
    """Figures of one undisturbed run and as many disturbed ones as it takes to be killed so often."""
    from osteon.deid.keys import create_key
    from osteon.dicom.synthetic import make_sample

    draws = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="osteon-kill-") as scratch:
        base = Path(scratch)
        make_sample(base / "in", studies, seed)
        create_key(base / "key")
        started = time.monotonic()
        run(base, "whole", workers).wait()
        undisturbed_s = time.monotonic() - started
        whole = contents(base / "whole")
        done = {"kills": 0, "rounds": 0, "visible_checked": 0, "half_written": 0, "different": 0}
        trails, entries = True, True
        while done["kills"] < kills:
            name = f"round{done['rounds']}"
            disturb(base, name, workers, kills, undisturbed_s, draws, whole, done)
            found = contents(base / name)
            done["different"] += sum(found.get(key) != whole.get(key) for key in {*found, *whole})
            trails &= trail_is_whole(base, name)
            entries &= crosswalk_of(base, name) == crosswalk_of(base, "whole")
            done["rounds"] += 1
    return {
        **done,
        "studies": studies,
        "files": len(whole),
        "workers": workers,
        "undisturbed_s": round(undisturbed_s, 1),
        "done": {
            "killed_as_often_as_asked": done["kills"] >= kills,
            "nothing_half_written_was_visible": done["half_written"] == 0,
            "nothing_lost_or_doubled": done["different"] == 0 and len(whole) > studies,
            "crosswalk_equal": entries,
            "audit_trail_whole": trails,
        },
    }


def disturb(
    base: Path,
    name: str,
    workers: int,
    kills: int,
    undisturbed_s: float,
    draws: random.Random,
    whole: dict[str, str],
    done: dict[str, int],
) -> None:
    """One run to its end through kills at random moments; what is visible after each is compared."""
    while True:
        process = run(base, name, workers)
        try:
            pause = None if done["kills"] >= kills else draws.uniform(0.2, 1.0) * undisturbed_s
            process.wait(pause)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done["kills"] += 1
            visible = {key: value for key, value in contents(base / name).items() if is_final(key)}
            done["visible_checked"] += len(visible)
            done["half_written"] += sum(whole.get(key) != value for key, value in visible.items())
            continue
        if process.returncode:
            raise SystemExit(f"the run itself failed with {process.returncode}")
        return


def run(base: Path, name: str, workers: int) -> subprocess.Popen[bytes]:
    """The batch in a process group of its own."""
    places = [str(base / part) for part in ("in", name, "key", f"vault-{name}")]
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *places, str(workers)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )


def contents(folder: Path) -> dict[str, str]:
    """Visible file -> SHA-256; hidden ones are nobody's output."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in _TIMED]
    relative = {str(path.relative_to(folder)): path for path in files}
    return {
        key: sha256_file(path)
        for key, path in relative.items()
        if not any(part.startswith(".") for part in Path(key).parts)
    }


def is_final(key: str) -> bool:
    """Images and records stand as soon as they are visible; tables are written anew at each end."""
    return key.endswith(".dcm") or key.startswith("studies/")


def trail_is_whole(base: Path, name: str) -> bool:
    """Whether the audit trail of the run verifies."""
    return not _vault(base, name).audit.verify().fault


def crosswalk_of(base: Path, name: str) -> set[tuple[str, str, str]]:
    """Every entry of the crosswalk of the run."""
    return {(e.kind, e.pseudonym.value, e.original.value) for e in _vault(base, name).crosswalk.entries()}


def _vault(base: Path, name: str) -> Any:
    from osteon.deid.vault import Vault, VaultPlace

    return Vault.open(VaultPlace.of(base / f"vault-{name}", base / "key"))


if __name__ == "__main__":
    main()
