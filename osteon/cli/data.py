"""`osteon data`: public sets that a user has fetched, as label tables and pairs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say
from osteon.domain import UsageError

app = typer.Typer(no_args_is_help=True, help="Read public sets that you fetched yourself.")

Folder = Annotated[Path, typer.Argument(help="Folder with the set's own tables, as its publisher packs it.")]
Name = Annotated[str | None, typer.Option("--set", help="Name of the set; else it is told from the files.")]
Skip = Annotated[bool, typer.Option("--skip-missing", help="Count absent pictures instead of refusing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")]


@app.callback()
def _group() -> None:
    """Read public sets that you fetched yourself."""


@app.command("list")
@answers
def list_sets(json_output: Json = False) -> None:
    """Name the sets that can be read: their terms, where their publisher offers them, what they are told by.

    Example: osteon data list
    """
    from training.datasets import LAYOUTS

    fields = ("name", "title", "licence", "home", "looked_for")
    if json_output:
        print_json([{field: getattr(layout, field) for field in fields} for layout in LAYOUTS])
        return
    for layout in LAYOUTS:
        typer.echo(f"{layout.name}: {layout.title}")
        typer.echo(f"  terms  {layout.licence}\n  from   {layout.home}\n  files  {layout.looked_for}")


@app.command("read")
@answers
def read(
    folder: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", "--out", help="Label table (CSV) to write.")],
    name: Name = None,
    whole: Annotated[bool, typer.Option("--whole", help="One table with every row and its split.")] = False,
    skip_missing: Skip = False,
    json_output: Json = False,
) -> None:
    """Write the label tables of a public set: OUT for training, OUT_val, OUT_test, ... for its other parts.

    Nothing is downloaded, and no picture copied: the tables name the files where they are. Rows of a patient
    who also stands in a later part are in no table.

    Example: osteon data read MURA-v1.1/ --out tables/mura.csv
    """
    from training.datasets import read_set, write_label_tables

    public_set = read_set(folder, name=name, skip_missing=skip_missing)
    written = write_label_tables(public_set, output, whole=whole)
    if json_output:
        print_json({"set": public_set.layout.name, "missing": public_set.missing, **asdict(written)})
        return
    say(f"{public_set.layout.title} ({public_set.layout.licence})")
    for path, rows in written.tables.items():
        typer.echo(f"{path}: {rows} rows")
    for label, rows in written.labelled.items():
        typer.echo(f"  {label} in {rows} rows")
    if left_out := written.splits.get("left_out"):
        typer.echo(f"  {left_out} rows left out: their patient stands in a later part too")
    if public_set.missing:
        typer.echo(f"  {public_set.missing} rows skipped: no picture")


@app.command("pairs")
@answers
def pairs(
    folder: Folder,
    output: Annotated[Path, typer.Argument(help="Folder to write; an earlier result there is replaced.")],
    name: Name = None,
    size: Annotated[int, typer.Option(help="Longest side of the cached pictures, in pixels.")] = 256,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    skip_missing: Skip = False,
    json_output: Json = False,
) -> None:
    """Pack a public set with captions (ROCO) into shards that `osteon pretrain` reads.

    OUTPUT/concepts.jsonl has the UMLS concepts of each study, for CUI@K.

    Example: osteon data pairs roco-dataset/ pairs/roco --skip-missing
    """
    from training.datasets import read_set, write_caption_pairs

    public_set = read_set(folder, name=name, skip_missing=skip_missing)
    with progress_bar("pictures") as progress:
        manifest = write_caption_pairs(public_set, output, size=size, workers=workers, progress=progress)
    if json_output:
        print_json({"set": public_set.layout.name, "missing": public_set.missing, **manifest.figures})
        return
    studies = ", ".join(f"{count} {split}" for split, count in manifest.figures["studies"].items())
    say(f"{manifest.figures['pairs']} pairs ({studies}) in {output}")
    if public_set.missing:
        say(f"{public_set.missing} rows skipped: no picture")


@app.command("captions")
@answers
def captions(
    folders: Annotated[list[Path], typer.Argument(help="Folders of sets with labels; several become one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    tell: Annotated[
        list[str], typer.Option(help="Label that captions tell: region, laterality, sex or a label column.")
    ],
    share: Annotated[
        list[str] | None, typer.Option(help="LABEL=PART: told of that part of the patients alone.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the shares and of the words.")] = 0,
    phrases: Annotated[Path | None, typer.Option(help="Sentences (YAML) instead of Osteon's own.")] = None,
    size: Annotated[int, typer.Option(help="Longest side of the cached pictures, in pixels.")] = 256,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    name: Name = None,
    skip_missing: Skip = False,
    json_output: Json = False,
) -> None:
    """Write French captions of labels as shards for `osteon pretrain`, of no test or validation patient.

    Leave out the label that you will fine-tune, or tell it of the share that you will fine-tune on.

    Example: osteon data captions hands/ knees/ --tell region --tell bone_age_months -o pairs/captions
    """
    from training.datasets import label_captions, read_set, write_caption_pairs
    from training.datasets.phrases import PHRASES, read_phrases

    sets = [read_set(folder, name=name, skip_missing=skip_missing) for folder in folders]
    shares = dict(_share(text) for text in share or ())
    captioned = label_captions(
        sets, tell=tell, shares=shares, seed=seed, phrases=read_phrases(phrases or PHRASES)
    )
    with progress_bar("pictures") as progress:
        manifest = write_caption_pairs(captioned, output, size=size, workers=workers, progress=progress)
    different = len({row.text for row in captioned.rows})
    if json_output:
        print_json({"missing": captioned.missing, "different_texts": different, **manifest.figures})
        return
    studies = ", ".join(f"{count} {split}" for split, count in manifest.figures["studies"].items())
    say(f"{manifest.figures['pairs']} pairs ({studies}), {different} different texts, in {output}")


def _share(text: str) -> tuple[str, float]:
    """Label and part of `LABEL=PART`."""
    label, _, part = text.partition("=")
    try:
        return label, float(part)
    except ValueError:
        raise UsageError("a share as LABEL=PART", "another form", "write for example kl_grade=0.1") from None
