"""`osteon deid review`: what was held back, and what a named person decides about it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.console import answers, print_json, say, stderr
from osteon.cli.deid_options import (
    Json,
    KeyFile,
    Person,
    PolicyFile,
    Project,
    Reason,
    VaultFolder,
    opened_vault,
)

if TYPE_CHECKING:
    from osteon.deid.review import Reviewed

app = typer.Typer(no_args_is_help=True, help="What was held back, and what a named person decides about it.")
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's number: osteon deid review list.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="Also write what would leave; a run writes it anyway.")
]


@app.command("list")
@answers
def list_command(
    key_file: KeyFile,
    vault: VaultFolder = None,
    project: Project = "osteon",
    state: Annotated[
        str, typer.Option("--state", help="waiting, approved, corrected, rejected or all.")
    ] = "waiting",
    json_output: Json = False,
) -> None:
    """Cases, oldest first, with their reasons; no value of a data set."""
    from rich.table import Table

    from osteon.deid.cases import STATES
    from osteon.domain.errors import UsageError

    if state not in {*STATES, "all"}:
        raise UsageError(f"one of {', '.join(STATES)}, all", "another", "correct --state")
    cases = opened_vault(key_file, vault, project).cases.listed(None if state == "all" else state)
    if json_output:
        print_json([asdict(case) for case in cases])
        return
    table = Table("case", "what", "site", "state", "held because it needs", "but got", "since")
    for case in cases:
        table.add_row(
            case.case_id, case.what, case.site, case.state, case.need, case.got, case.received_utc[:16]
        )
    stderr.print(table)


@app.command("show")
@answers
def show(
    case_id: CaseId,
    key_file: KeyFile,
    vault: VaultFolder = None,
    project: Project = "osteon",
    person: Person = "",
    reason: Reason = "",
    content: Annotated[
        bool, typer.Option("--content", help="The held report's text itself, on standard output.")
    ] = False,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the held image itself, identity and all.")
    ] = None,
    json_output: Json = False,
) -> None:
    """One case; with --content or --save what is in it, which takes a person and a reason."""
    from osteon.deid import review

    opened = opened_vault(key_file, vault, project)
    if content or save is not None:
        case, held = review.look(opened, case_id, person=person, reason=reason)
        if save is not None:
            _write_private(save, held.files[0][1])
        else:
            sys.stdout.write(review.report_text(held))
        return
    case = opened.cases.get(case_id)
    if json_output:
        print_json(asdict(case))
        return
    for name, value in asdict(case).items():
        if value:
            say(f"{name:<16}{value}")


@app.command("approve")
@answers
def approve(
    case_id: CaseId,
    key_file: KeyFile,
    person: Person,
    reason: Reason,
    vault: VaultFolder = None,
    project: Project = "osteon",
    policy: PolicyFile = None,
    output: Output = None,
    json_output: Json = False,
) -> None:
    """Let the case through although of its reason, where the policy admits that and all else passes."""
    from osteon.deid import review
    from osteon.deid.policy import Policy

    opened = opened_vault(key_file, vault, project)
    made = review.approve(opened, case_id, Policy.load(policy), person=person, reason=reason)
    _done(made, output, json_output)


@app.command("correct")
@answers
def correct(
    case_id: CaseId,
    key_file: KeyFile,
    person: Person,
    reason: Reason,
    vault: VaultFolder = None,
    project: Project = "osteon",
    policy: PolicyFile = None,
    text: Annotated[
        Path | None, typer.Option("--text", help="The report's corrected text, in the place of the held one.")
    ] = None,
    boxes: Annotated[
        str, typer.Option("--boxes", help="To be blacked out: [[left, top, width, height], ...] in pixels.")
    ] = "",
    output: Output = None,
    json_output: Json = False,
) -> None:
    """Take a corrected text or boxes to black out; the result still passes through every rule."""
    from osteon.deid import review
    from osteon.deid.policy import Policy

    opened = opened_vault(key_file, vault, project)
    made = review.correct(
        opened,
        case_id,
        Policy.load(policy),
        person=person,
        reason=reason,
        text=None if text is None else _text(text),
        boxes=_boxes(boxes),
    )
    _done(made, output, json_output)


@app.command("reject")
@answers
def reject(
    case_id: CaseId,
    key_file: KeyFile,
    person: Person,
    reason: Reason,
    vault: VaultFolder = None,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Keep the case out for good and delete what is kept of it."""
    from osteon.deid import review

    case = review.reject(opened_vault(key_file, vault, project), case_id, person=person, reason=reason)
    if json_output:
        print_json(asdict(case))
    else:
        say("rejected; its content is deleted from the vault")


def _done(made: Reviewed, output: Path | None, json_output: bool) -> None:
    from osteon.artefact import atomic_write

    if output is not None:
        atomic_write(output, made.output)
    if json_output:
        print_json(asdict(made.case))
    else:
        say(f"{made.case.state}; run osteon deid run again to take it into the output")


def _text(path: Path) -> str:
    from osteon.domain.errors import UsageError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError("a text file in UTF-8", "another, or none", "correct --text") from None


def _boxes(text: str) -> list[tuple[int, int, int, int]]:
    from osteon.domain.errors import UsageError

    if not text:
        return []
    try:
        return [(int(a), int(b), int(c), int(d)) for a, b, c, d in json.loads(text)]
    except (ValueError, TypeError):
        raise UsageError("boxes as [[left, top, width, height], ...]", "another", "correct --boxes") from None


def _write_private(path: Path, content: bytes) -> None:
    """A file that only its owner may read, and that was not there before."""
    from osteon.domain.errors import UsageError

    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise UsageError("a path where no file is", "a path that is taken", "choose another") from None
    path.write_bytes(content)
