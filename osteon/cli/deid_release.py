"""`osteon deid release` and `osteon deid reread`: what the data protection officer signs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say
from osteon.cli.deid_options import KeyFile, Project, VaultFolder, opened_vault

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A de-identified folder: osteon deid run.")]


@answers
def release(
    folder: Folder,
    output: Annotated[Path, typer.Option("--output", help="Where statement.md, .pdf and .json go.")],
    key_file: KeyFile,
    vault: VaultFolder = None,
    project: Project = "osteon",
    source: Annotated[
        Path | None, typer.Option("--source", help="The folder it was made from: a sample is read again.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Studies to read again.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of that sample.")] = 0,
    evaluation: Annotated[
        Path | None, typer.Option("--evaluation", help="What osteon deid evaluate --json printed.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="The sheet of osteon deid reread, filled in by a person.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Of the statement: fr or en.")] = "fr",
    json_output: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Write the release statement of a de-identified folder, as Markdown and PDF; counts only."""
    from osteon.artefact import read_manifest
    from osteon.deid.release import Statement, gather, reread_sample, write_statement
    from osteon.deid.release.statement import as_figures
    from osteon.domain.errors import RefusedError

    opened = opened_vault(key_file, vault, project)
    if found := opened.audit.verify().fault:
        raise RefusedError("an audit trail that is whole", found, "run osteon deid audit verify")
    machine = None
    if source is not None:
        version = read_manifest(folder).settings.get("key_version")
        with progress_bar("Reading a sample again"):
            machine = reread_sample(
                source, folder, key_file, count=sample, seed=seed, project=project, key_version=version
            )
    evidence = gather(folder, evaluation=evaluation, machine=machine, sheet=sheet, vault=opened)
    made = write_statement(Statement(evidence, language), output)
    opened.audit.append("released", {"manifest": evidence.manifest.digest, **made})
    if json_output:
        print_json(as_figures(evidence))
        return
    if machine and machine["left"]:
        say(f"{machine['left']} values of the source were found again: look at them before anybody signs")
    say(f"statement.md, statement.pdf and statement.json are in {output}")


@answers
def reread(
    folder: Folder,
    sheet: Annotated[Path, typer.Option("--sheet", help="The table to fill in; never overwritten.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Studies in it.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 0,
) -> None:
    """Draw a random sample for a person to read; each row asks how many identifiers are left."""
    from osteon.deid.release import sample_sheet
    from osteon.domain.errors import UsageError

    if sheet.exists():
        raise UsageError("a path where no file is", "a path that is taken", "name another --sheet")
    rows = sample_sheet(folder, sheet, count=count, seed=seed)
    say(f"{rows} documents; write the number of identifiers left under `missed`, 0 where there are none")
