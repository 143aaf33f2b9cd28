"""`osteon deid run`: a folder of studies, with the audit trail, the crosswalk and the review queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from osteon.cli.console import answers, print_json, progress_bar, say, stderr
from osteon.cli.deid_options import DoneJson, KeyFile, PolicyFile, Project, VaultFolder, Workers, vault_folder

SECONDS_BETWEEN_LINES = 20.0


@answers
def run(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder of studies and reports.")],
    output: Annotated[Path | None, typer.Argument(metavar="OUT", help="The folder to write.")] = None,
    *,
    key_file: KeyFile,
    policy: PolicyFile = None,
    project: Project = "osteon",
    vault: VaultFolder = None,
    workers: Workers = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; tell what would change, without values.")
    ] = False,
    json_output: DoneJson = False,
) -> None:
    """De-identify a folder on record; run it again to go on, or after decisions on what was held back."""
    from osteon.deid.batch import deidentify_sample
    from osteon.deid.policy import Policy
    from osteon.domain.errors import UsageError

    chosen = Policy.load(policy)
    if dry_run:
        _dry_run(source, key_file, chosen, project, json_output)
        return
    if output is None:
        raise UsageError("the folder to write", "none", "name it after the source, or add --dry-run")
    place = vault_folder(vault, key_file)
    started = time.monotonic()
    with progress_bar("De-identifying studies") as update, _spoken(update) as progress:
        manifest = deidentify_sample(
            source, output, key_file, chosen, workers, progress, project=project, vault=place
        )
    seconds = time.monotonic() - started
    if json_output:
        print_json(asdict(manifest))
        return
    figures = manifest.figures
    say(
        f"{figures['studies']} studies, {figures['images']} images, {figures['reports']} reports in "
        f"{seconds:.1f} s ({figures['images'] / seconds:.1f} images/s) under policy {chosen.hash[:12]}"
    )
    if figures["reports_without_study"]:
        say(
            f"{figures['reports_without_study']} report files belong to no study and were left: name them "
            "after the study's folder, its UID or its accession number"
        )
    if figures["quarantined"]:
        say(f"{figures['quarantined']} held back; see: osteon deid review list")


class _spoken:  # noqa: N801 - used as a function
    """Passes progress on; where nobody sees a bar, says a line with the rate now and then."""

    def __init__(self, update: Callable[[int, int], None]) -> None:
        self._update = update
        self._started = self._last = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> Callable[[int, int], None]:
        return self._report

    def __exit__(self, *_: object) -> None:
        return None

    def _report(self, done: int, total: int) -> None:
        self._update(done, total)
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if not stderr.is_terminal and now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            rate = (done - self._first) / (now - self._started)
            left = f", {(total - done) / rate:.0f} s left" if rate else ""
            say(f"{done} of {total} studies, {rate:.2f} studies/s{left}")


def _dry_run(source: Path, key_file: Path, policy: Any, project: str, json_output: bool) -> None:
    from rich.table import Table

    from osteon.deid.dry_run import dry_run as compare

    with progress_bar("Comparing, nothing is written") as update:
        found = compare(source, key_file, policy, update, project=project)
    if json_output:
        print_json(found)
        return
    totals = found["totals"]
    columns = ("kept", "changed", "emptied", "removed", "added")
    table = Table("attribute", "action", *columns)
    for path, counts in totals["attributes"].items():
        table.add_row(path, counts["action"], *(str(counts.get(name, "")) for name in columns))
    stderr.print(table)
    for label, count in totals["report"].items():
        say(f"reports: {label} {count}")
    for reason, count in totals["held"].items():
        say(f"held back: {reason} {count}")
    say(f"{totals['studies']} studies, {totals['images']} images, policy {found['policy_hash'][:12]}")
