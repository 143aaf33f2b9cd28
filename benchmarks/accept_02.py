"""Every long check of the de-identification, one after the other; figures to accept/accept-02.json.

    python -m benchmarks.accept_02            # make accept-02
    python -m benchmarks.accept_02 --short    # does each part run: proves nothing

Each part is a program of its own. A part that is missing, fails to run or gives no figures is an error; what
it measured is judged here against the issue's bounds. Parts that were done at the same commit with the same
arguments are kept. Exit code 1 when a bound is not met.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._record import hardware, write_record
from osteon.artefact import atomic_write, code_version

OUTPUT = Path("accept")
Figures = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One program: its module, its arguments at full size and short, and what its figures must show.

    Attributes:
        own_record: the program writes its record to `--json FILE`; others print figures on their last line.
    """

    module: str
    full: tuple[str, ...]
    short: tuple[str, ...]
    judged: Callable[[Figures], dict[str, bool]]
    own_record: bool = False


def text_bounds(figures: Figures) -> dict[str, bool]:
    """Recall of planted identifiers: 0.999 each where identity is known from the header, 0.99 where not."""
    known, unknown = (list(_rows(figures["results"][identity])) for identity in ("known", "unknown"))
    return {
        "identifiers_at_least_30000": sum(row["n"] for row in known) >= 30_000,
        "known_recall_at_least_0.999_each": bool(known) and all(row["recall"] >= 0.999 for row in known),
        "unknown_recall_at_least_0.99_each": bool(unknown) and all(row["recall"] >= 0.99 for row in unknown),
    }


def _rows(splits: Figures) -> Iterator[Figures]:
    """The rows by label of every split: each planted identifier is counted once."""
    for table in splits.values():
        groups = [rows for rows in table.values() if isinstance(rows, Mapping) and _are_rows(rows)]
        yield from max(groups, key=len, default={}).values()


def _are_rows(rows: Figures) -> bool:
    return bool(rows) and all(isinstance(row, Mapping) and "recall" in row for row in rows.values())


def dicom_bounds(figures: Figures) -> dict[str, bool]:
    """Correct actions over at least 5,000 instances; over-redaction counts as wrong."""
    return {
        "instances_at_least_5000": figures["instances"] >= 5_000,
        "correct_actions_at_least_0.9995": figures["correct"] >= 0.9995 * figures["actions"] > 0,
    }


def pixel_bounds(figures: Figures) -> dict[str, bool]:
    """Placements removed, markers kept, clean images left alone."""
    markers = [figures[f"{kind}s_kept"] for kind in ("letter", "word") if figures.get(f"{kind}s")]
    return {
        "placements_at_least_10000": figures["placements"] >= 10_000,
        "recall_at_least_0.999": figures["recall"] >= 0.999,
        "markers_kept_at_least_0.99": bool(markers) and min(markers) >= 0.99,
        "clean_altered_under_0.01": figures["clean_altered"] < 0.01 * figures["clean_pictures"],
    }


def fuzz_bounds(figures: Figures) -> dict[str, bool]:
    """Ten minutes over DICOM, HL7 and PDF without a finding."""
    return {
        "ten_minutes": figures["minutes"] >= 10,
        "dicom_hl7_and_pdf": all(figures["inputs"].get(kind, 0) > 0 for kind in ("dicom", "hl7", "pdf")),
        "no_crash_hang_or_memory_blow_up": not figures["findings"],
    }


def own_bounds(figures: Figures) -> dict[str, bool]:
    """What a program judged itself."""
    return dict(figures["done"])


PARTS = {
    "planted": Part(
        module="benchmarks.deid_planted", full=("--count", "500"), short=("--count", "4"),
        judged=own_bounds, own_record=True,
    ),
    "kill": Part(
        module="benchmarks.deid_kill", full=("--count", "100", "--studies", "60"),
        short=("--count", "2", "--studies", "4"), judged=own_bounds, own_record=True,
    ),
    "dicom": Part(
        module="benchmarks.deid_dicom", full=("--count", "5000"), short=("--count", "20"), judged=dicom_bounds
    ),
    "pixels": Part(
        module="benchmarks.deid_pixels", full=("--count", "10000", "--json"),
        short=("--count", "12", "--json"), judged=pixel_bounds,
    ),
    "text": Part(
        module="benchmarks.deid_text", full=("--count", "3000"), short=("--count", "20"), judged=text_bounds
    ),
    "fuzz": Part(
        module="benchmarks.fuzz_deid", full=("--minutes", "10"), short=("--minutes", "0.2"),
        judged=fuzz_bounds,
    ),
}  # fmt: skip


def main() -> None:
    """Runs the parts that are not done yet, joins their figures and judges them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="a few of everything: does it run, not how well")
    parser.add_argument("--parts", default=",".join(PARTS), help="comma-separated")
    parser.add_argument("--json", type=Path, default=OUTPUT / "accept-02.json")
    given = parser.parse_args()
    names = given.parts.split(",")
    if unknown := sorted(set(names) - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    records = {name: done(name, PARTS[name], short=given.short) for name in names}
    verdicts = {name: PARTS[name].judged(record["figures"]) for name, record in records.items()}
    joined = write_record(given.json, {"short": given.short, "parts": records, "done": verdicts})
    print(json.dumps(joined["figures"]["done"], indent=2))
    missing = sorted(set(PARTS) - set(names))
    if missing:
        print(f"not asked for: {', '.join(missing)}", file=sys.stderr)
    met = not missing and not given.short and all(all(verdict.values()) for verdict in verdicts.values())
    sys.exit(0 if met or given.short else 1)


def done(name: str, part: Part, *, short: bool) -> dict[str, Any]:
    """The part's record: of an earlier run at this commit with these arguments, or of one made now."""
    path = OUTPUT / f"accept-02-{name}{'-short' if short else ''}.json"
    arguments = [*(part.short if short else part.full), *(["--json", str(path)] if part.own_record else [])]
    command = " ".join(["python", "-m", part.module, *arguments])
    if path.is_file() and not short:
        earlier: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if earlier.get("commit") == code_version() and earlier.get("part") == command:
            return earlier
    if importlib.util.find_spec(part.module) is None:
        raise SystemExit(f"{name}: {part.module} is missing: the acceptance is not whole without it")
    print(f"{name} ...", file=sys.stderr, flush=True)
    started = time.monotonic()
    path.unlink(missing_ok=True)  # figures of an earlier run prove nothing about this one
    ran = subprocess.run([sys.executable, "-m", part.module, *arguments], stdout=subprocess.PIPE, text=True)
    figures = _figures(path if part.own_record else None, ran.stdout)
    if figures is None:
        raise SystemExit(f"{name}: {part.module} ended with {ran.returncode} and gave no figures")
    record = {
        "part": command,
        "commit": code_version(),
        "hardware": hardware(),
        "seconds": round(time.monotonic() - started, 1),
        "exit_code": ran.returncode,
        "figures": figures,
    }
    atomic_write(path, json.dumps(record, indent=2) + "\n")
    return record


def _figures(path: Path | None, output: str) -> dict[str, Any] | None:
    """What a program measured, from its record or from its last line."""
    try:
        if path is not None:
            own: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["figures"]
            return own
        last = json.loads(output.strip().splitlines()[-1])
        return last if isinstance(last, dict) else None
    except (OSError, ValueError, IndexError, KeyError):
        return None


if __name__ == "__main__":
    main()
