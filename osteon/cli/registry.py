"""`osteon registry`: which model of each task is in production, and how it got there."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from osteon.cli.console import answers, print_json, say
from osteon.cli.shadow import shadow_report
from osteon.domain import Task

if TYPE_CHECKING:
    from osteon.registry import Registry, Tenure

app = typer.Typer(
    no_args_is_help=True,
    help="Which model of each task is champion, challenger or shadow, and how it got there.\n\n"
    "A server loads a new champion by itself within seconds; `rollback` takes one command.",
)

Where = Annotated[
    str,
    typer.Option("--registry", help="Folder of the registry, or MLflow's address (postgresql+psycopg2://…)."),
]
Project = Annotated[str, typer.Option(help="Project whose models these are.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
TaskName = Annotated[
    str, typer.Argument(help="fracture, bone-age, knee-oa, abnormality, leg-alignment or implant.")
]
Alias = Annotated[str, typer.Option(help="champion, challenger or shadow.")]
Actor = Annotated[str | None, typer.Option(help="Who does it; the name of this account by default.")]
Reason = Annotated[str, typer.Option(help="Why, in one sentence; kept in the history.")]

DEFAULT_FOLDER = "var/registry"


app.command("shadow-report")(shadow_report)


def _open(where: str, project: str) -> Registry:
    from osteon.registry import Registry, tracking_address

    return Registry(tracking_address(where), project)


@app.command("register")
@answers
def register(
    package: Annotated[Path, typer.Argument(help="Folder that `osteon finetune` wrote.")],
    task: TaskName,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Copy a model package into the registry; the same package keeps its version.

    Example: osteon registry register runs/fracture fracture
    """
    version = _open(registry, project).register(package, Task.parse(task))
    if json_output:
        print_json({"task": task, "version": version})
    else:
        say(f"{task} version {version}")


@app.command("list")
@answers
def list_versions(
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Show every registered version and the aliases it holds."""
    versions = _open(registry, project).list(Task.parse(task) if task else None)
    if json_output:
        print_json(
            [
                {
                    "task": each.task.value,
                    "version": each.version,
                    "aliases": list(each.aliases),
                    "digest": each.digest,
                    "registered_utc": each.registered_utc,
                }
                for each in versions
            ]
        )
        return
    for each in versions:
        aliases = ", ".join(each.aliases) or "-"
        say(f"{each.task:<12} version {each.version:<4} {aliases:<20} {each.registered_utc}")
    if not versions:
        say("no version registered yet: osteon registry register PACKAGE TASK")


@app.command("promote")
@answers
def promote(
    task: TaskName,
    version: Annotated[str, typer.Argument(help="Version, as `osteon registry list` shows it.")],
    reason: Reason,
    alias: Alias = "champion",
    actor: Actor = None,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    despite_gate: Annotated[
        bool, typer.Option("--despite-gate", help="Answer for a version that was refused or did harm.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Give an alias to a version.

    Example: osteon registry promote fracture 3 --reason "better on the validation of May"
    """
    done = _open(registry, project).promote(
        Task.parse(task),
        version,
        alias,
        actor=actor or getpass.getuser(),
        reason=reason,
        despite_gate=despite_gate,
    )
    if json_output:
        print_json(done.as_dict())
    else:
        say(f"{task} {alias}: version {done.from_version or 'none'} -> {done.to_version}")


@app.command("rollback")
@answers
def rollback(
    task: TaskName,
    reason: Reason,
    alias: Alias = "champion",
    actor: Actor = None,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Give the alias back to the version that held it before.

    Example: osteon registry rollback fracture --reason "too many alarms in Lyon"
    """
    done = _open(registry, project).rollback(
        Task.parse(task), alias, actor=actor or getpass.getuser(), reason=reason
    )
    if json_output:
        print_json(done.as_dict())
    else:
        say(f"{task} {alias}: version {done.from_version} -> {done.to_version}")


@app.command("gate")
@answers
def gate(
    task: TaskName,
    version: Annotated[str, typer.Argument(help="Version, as `osteon registry list` shows it.")],
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Show the gate's decision on a version: every rule, what it needs, what it got."""
    decision = _open(registry, project).gate_of(Task.parse(task), version)
    if json_output:
        print_json(decision)
        return
    if decision is None:
        say("this version met no gate")
        return
    say(f"{task} version {version}: {'passed' if decision['passed'] else 'refused'}")
    for one in decision["findings"]:
        mark = "ok" if one["passed"] else "no"
        say(f"  {mark}  {one['rule']:<13}{one['place']}: needs {one['needed']}, got {one['got']}")


@app.command("withdraw")
@answers
def withdraw(
    task: TaskName,
    reason: Reason,
    alias: Annotated[str, typer.Option(help="challenger or shadow.")] = "challenger",
    actor: Actor = None,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Take the alias away, so that no version holds it: a server stops asking a withdrawn challenger.

    Example: osteon registry withdraw fracture --reason "the shadow report was read"
    """
    done = _open(registry, project).withdraw(
        Task.parse(task), alias, actor=actor or getpass.getuser(), reason=reason
    )
    if json_output:
        print_json(done.as_dict())
    else:
        say(f"{task} {alias}: version {done.from_version} -> none")


@app.command("history")
@answers
def history(
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Show who moved which alias, when and why; oldest first. Rows are never changed."""
    rows = _open(registry, project).history(Task.parse(task) if task else None)
    if json_output:
        print_json([row.as_dict() for row in rows])
        return
    for row in rows:
        say(
            f"{row.time_utc}  {row.task:<12} {row.alias:<10} {row.action:<8} "
            f"{row.from_version or 'none'} -> {row.to_version or 'none'}  {row.actor}: {row.reason}"
        )
    if not rows:
        say("nothing promoted yet: osteon registry promote TASK VERSION --reason WHY")


@app.command("keygen")
@answers
def keygen(
    file: Annotated[Path, typer.Argument(help="Private key to write; FILE.pub is the public one.")],
    json_output: Json = False,
) -> None:
    """Make a key to sign packages with. The private one stays with the person who signs.

    Servers get the public one: `OSTEON_SERVER_TRUSTED_SIGNERS_FILE` names a file of one or several.

    Example: osteon registry keygen keys/dr-martin.pem
    """
    from osteon.registry import make_signing_key

    name = make_signing_key(file)
    if json_output:
        print_json({"key": name, "private": str(file), "public": f"{file}.pub"})
    else:
        say(f"key {name}: {file} (keep it to yourself), {file}.pub (for servers)")


@app.command("sign")
@answers
def sign(
    task: TaskName,
    version: Annotated[str, typer.Argument(help="Version, as `osteon registry list` shows it.")],
    key: Annotated[Path, typer.Option(help="Private key of `osteon registry keygen`.")],
    actor: Actor = None,
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Vouch for a version: its bytes are checked, then signed. A server with trusted signers serves no other.

    Example: osteon registry sign fracture 3 --key keys/dr-martin.pem
    """
    done = _open(registry, project).sign(Task.parse(task), version, key, signer=actor or getpass.getuser())
    if json_output:
        told = {"digest": done.signature.statement.digest, "key": done.signature.key}
        print_json(
            {"task": task, "version": version, **told, "signer": done.signer, "time_utc": done.time_utc}
        )
    else:
        say(f"{task} version {version}: signed by {done.signer} with key {done.signature.key}")


@app.command("at")
@answers
def at(
    moment: Annotated[str, typer.Argument(metavar="DATE", help="A date, or a time in ISO 8601 (UTC).")],
    alias: Alias = "champion",
    registry: Where = DEFAULT_FOLDER,
    project: Project = "osteon",
    json_output: Json = False,
) -> None:
    """Show what was in production at a moment, who approved it and why, and from which data it was made.

    Example: osteon registry at 2026-03-01
    """
    from osteon.registry import in_production_at, parse_moment

    store, when = _open(registry, project), parse_moment(moment)
    rows = [
        {**tenure.promotion.as_dict(), "until_utc": tenure.until_utc, "made_from": _origin(store, tenure)}
        for tenure in in_production_at(store.history(), when, alias).values()
    ]
    if json_output:
        print_json(rows)
        return
    for row in rows:
        origin = row["made_from"]
        until = row["until_utc"] or "now"
        say(f"{row['task']}: version {row['to_version']}, from {row['time_utc']} to {until}")
        say(f"  approved by {row['actor']}: {row['reason']}")
        say(f"  package {row['digest'][:12]}, made {origin['time_utc']}, code {origin['code_version'][:12]}")
        for name, digest in origin["inputs"].items():
            say(f"  from {name} {digest[:12]}")
    if not rows:
        say(f"no {alias} was there then")


def _origin(store: Registry, tenure: Tenure) -> dict[str, Any]:
    """What the package's manifest says of its making."""
    manifest = asdict(store.fetch(tenure.promotion).manifest)
    wanted = ("inputs", "parents", "policy_hash", "seed", "synthetic_version", "code_version", "time_utc")
    return {name: manifest[name] for name in wanted}
