"""`osteon deid audit`, `osteon deid reidentify`, `osteon deid key rotate`: what stands on record."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, say, stderr
from osteon.cli.deid_options import Json, KeyFile, Person, Project, Reason, VaultFolder, opened_vault

audit_app = typer.Typer(no_args_is_help=True, help="Who did what, when and why: hash-chained, append-only.")


@audit_app.command("verify")
@answers
def verify(
    key_file: KeyFile,
    vault: VaultFolder = None,
    project: Project = "osteon",
    head: Annotated[
        str,
        typer.Option("--head", help="A head noted earlier (in a release statement): must still be in it."),
    ] = "",
    json_output: Json = False,
) -> None:
    """Read the whole trail again; exit code 3 when an entry was changed, moved, added or cut off."""
    from dataclasses import asdict

    from osteon.domain.errors import RefusedError

    trail = opened_vault(key_file, vault, project).audit
    found = trail.verify()
    fault = found.fault
    if not fault and head and not trail.holds(head):
        fault = "another history than the head given"
    if fault:
        where = f" at line {found.line}" if found.line else ""
        raise RefusedError(
            "an audit trail that is whole", f"{fault}{where}", "compare it with its copy; tell the DPO"
        )
    if json_output:
        print_json(asdict(found))
    else:
        say(f"whole: {found.entries} entries, head {found.head}")


@audit_app.command("show")
@answers
def show(
    key_file: KeyFile,
    vault: VaultFolder = None,
    project: Project = "osteon",
    last: Annotated[int, typer.Option("--last", min=1, help="How many entries.")] = 20,
    json_output: Json = False,
) -> None:
    """The newest entries."""
    from rich.table import Table

    entries = list(opened_vault(key_file, vault, project).audit.entries())[-last:]
    if json_output:
        print_json(entries)
        return
    table = Table("entry", "time", "event", "person", "reason", "facts")
    for entry in entries:
        facts = ", ".join(f"{name} {value}" for name, value in entry["facts"].items())
        table.add_row(
            str(entry["seq"]), entry["time_utc"][:19], entry["event"], entry["person"], entry["reason"], facts
        )
    stderr.print(table)


@answers
def reidentify(
    key_file: KeyFile,
    pseudonym: Annotated[
        str, typer.Option("--pseudonym", help="Of a patient, a study, an accession number, or a UID.")
    ],
    person: Person,
    reason: Reason,
    vault: VaultFolder = None,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """What a pseudonym stands for, by a named person for a reason; recorded before it is answered."""
    from osteon.deid.reidentification import reidentify as answer

    found = answer(opened_vault(key_file, vault, project), pseudonym, person=person, reason=reason)
    original = found.original.value.replace("\0", " ")
    if json_output:
        print_json(
            {"kind": found.kind, "original": original, "site": found.site, "key_version": found.key_version}
        )
    else:
        typer.echo(original)


@answers
def rotate(
    key_file: KeyFile,
    person: Person,
    reason: Reason,
    vault: VaultFolder = None,
    project: Annotated[
        list[str] | None, typer.Option("--project", help="Projects whose crosswalk is carried over.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="CSV of old and new pseudonyms, no identity in it.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Add no version: finish carrying over after a stop.")
    ] = False,
) -> None:
    """Add a version to the key; new pseudonyms come from it, old ones stay known to the crosswalk."""
    from osteon.artefact import atomic_write
    from osteon.deid.keys import load_ring, rotate_key
    from osteon.deid.persons import require_person

    require_person(person, reason)
    version = load_ring(key_file).current if resume else rotate_key(key_file)
    buffer = io.StringIO()
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(("project", "old", "new"))
    for name in project or ["osteon"]:
        opened = opened_vault(key_file, vault, name)
        pairs = opened.crosswalk.carry_forward()
        rows.writerows((name, old.value, new.value) for old, new in pairs)
        facts = {"key_version": version, "carried": len(pairs)}
        opened.audit.append("key_rotated", facts, person=person, reason=reason)
        say(f"{name}: {len(pairs)} pseudonyms carried over")
    if mapping is not None:
        atomic_write(mapping, buffer.getvalue())
    say(f"the key has version {version}; back it up; run osteon deid run again for each output")
