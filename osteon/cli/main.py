"""The tree of commands; each command lives in a module named after its noun."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Annotated

import typer

from osteon.cli import (
    bench,
    data,
    deid,
    drift,
    encoder,
    evaluate_captions,
    evaluate_encoders,
    export,
    forget,
    index,
    labels,
    pairs,
    picture,
    pipeline,
    predict,
    pretrain,
    pretrain_images,
    registry,
    replay,
    retrain,
    sample,
    sap,
    tracking,
    train,
    up,
    watch,
)

app = typer.Typer(
    name="osteon",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bone radiographs and French reports, turned into models that your own hospital runs.\n\n"
    "Exit status: 0 answered (an abstention is an answer), 2 bad usage, 3 refused, 4 quarantined, 1 fault.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("osteon"))
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    track: Annotated[
        str | None,
        typer.Option(
            envvar="OSTEON_TRACK",
            help="Folder or MLflow address on which pretrain, pretrain-images, finetune and "
            "evaluate-encoders put their run; nothing is kept without it.",
        ),
    ] = None,
) -> None:
    context.obj = {tracking.TRACK: track}


_START, _DATA, _MODELS, _WATCH = "Start", "Data", "Models", "Run and watch"

app.command("up", rich_help_panel=_START)(up.up)
app.command("status", rich_help_panel=_START)(up.status)
app.command("down", rich_help_panel=_START)(up.down)
app.command("sample", rich_help_panel=_DATA)(sample.sample)
app.command("picture", rich_help_panel=_DATA)(picture.picture)
app.add_typer(deid.app, name="deid", rich_help_panel=_DATA)
app.add_typer(pairs.app, name="pairs", rich_help_panel=_DATA)
app.add_typer(data.app, name="data", rich_help_panel=_DATA)
app.command("encoder", rich_help_panel=_MODELS)(encoder.encoder)
app.command("sap", rich_help_panel=_MODELS)(sap.sap)
app.command("pretrain", rich_help_panel=_MODELS)(tracking.tracked(pretrain.pretrain))
app.command("pretrain-images", rich_help_panel=_MODELS)(tracking.tracked(pretrain_images.pretrain_images))
app.command("finetune", rich_help_panel=_MODELS)(tracking.tracked(train.finetune))
app.command("evaluate", rich_help_panel=_MODELS)(train.evaluate)
app.command("export", rich_help_panel=_MODELS)(export.export)
app.command("evaluate-encoders", rich_help_panel=_MODELS)(
    tracking.tracked(evaluate_encoders.evaluate_encoders)
)
app.command("evaluate-captions", rich_help_panel=_MODELS)(evaluate_captions.evaluate_captions)
app.command("predict", rich_help_panel=_MODELS)(predict.predict)
app.command("embed", rich_help_panel=_MODELS)(predict.embed)
app.command("track", rich_help_panel=_MODELS)(tracking.track)
app.command("compare", rich_help_panel=_MODELS)(tracking.compare)
app.add_typer(index.app, name="index", rich_help_panel=_MODELS)
app.add_typer(registry.app, name="registry", rich_help_panel=_MODELS)
app.add_typer(labels.app, name="labels", rich_help_panel=_WATCH)
app.command("forget", rich_help_panel=_WATCH)(forget.forget)
app.add_typer(drift.app, name="drift", rich_help_panel=_WATCH)
pipeline.app.command("watch")(watch.watch)
pipeline.app.command("retrain")(retrain.retrain)
app.add_typer(pipeline.app, name="pipeline", rich_help_panel=_WATCH)
app.command("replay", rich_help_panel=_WATCH)(replay.replay)
app.command("bench", rich_help_panel=_WATCH)(bench.bench)


def main() -> None:
    """Runs the command line."""
    # A missing model fails at once instead of asking the network; nothing counts its users.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    app()
