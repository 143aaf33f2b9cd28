"""`osteon pretrain`: an image encoder learned from reports instead of labels."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say
from osteon.domain import FaultError


@answers
def pretrain(
    data: Annotated[Path, typer.Option(help="Folder that `osteon pairs build` wrote.")],
    output: Annotated[Path, typer.Option(help="Model package to write; `finetune --init` takes it.")],
    recipe: Annotated[
        str,
        typer.Option(
            help="Name of the run: standard, quick, findings, tiny, englebert-2024, convirt, gloria, siglip."
        ),
    ] = "standard",
    seed: Annotated[int, typer.Option(help="Decides weights, order and augmentation.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option(help="Minutes of training; the schedule is fitted into them.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the studies, in place of the recipe's.")
    ] = None,
    text_model: Annotated[
        str | None,
        typer.Option(help="Folder or cached name of a Hugging Face text encoder, for the recipe's."),
    ] = None,
    image_init: Annotated[
        Path | None, typer.Option(help="Package whose image encoder is the start; random without it.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes on this machine, one per GPU; torchrun starts them.")
    ] = 1,
    shard: Annotated[
        bool, typer.Option(help="Divide the model among the workers (FSDP2), where it does not fit one GPU.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the validation figures as JSON.")
    ] = False,
) -> None:
    """Learn an image encoder from pictures and their reports, without labels.

    A stopped run goes on where it was when the same command is given again. Without --time-limit the same
    data and seed give the same weights. A worker that dies is started again with all the others.

    Example: osteon pretrain --recipe standard --data pairs/ --output encoder/ --time-limit 3
    """
    import json

    from osteon.artefact import read_manifest
    from training.pretrain import pretrain as run
    from training.pretrain_recipes import pretrain_recipe

    chosen = pretrain_recipe(recipe)
    if text_model is not None:
        chosen = replace(chosen, text_model=text_model)
    if epochs is not None:
        chosen = replace(chosen, epochs=epochs)
    chosen = replace(chosen, shard_parameters=shard or chosen.shard_parameters)
    if workers > 1:
        options = {
            "--text-model": text_model,
            "--image-init": image_init,
            "--time-limit": time_limit,
            "--epochs": epochs,
        }
        arguments = ["--recipe", recipe, "--data", str(data), "--output", str(output), "--seed", str(seed)]
        arguments += [
            part for name, value in options.items() if value is not None for part in (name, str(value))
        ]
        _torchrun(workers, [*arguments, *(["--shard"] if shard else [])])
        manifest = read_manifest(output)
    else:
        with progress_bar("pretraining (thousandths)") as progress:
            manifest = run(
                chosen,
                data,
                output,
                seed=seed,
                time_limit_min=time_limit,
                image_init=image_init,
                progress=progress,
            )
    validation = json.loads((output / "metrics.json").read_text(encoding="utf-8"))["validation"]
    if json_output:
        print_json({"validation": validation, **manifest.figures})
    else:
        found, chance = validation["image_to_text_r1"], validation["chance_r1"]
        say(f"{output}: the right report first for {found:.0%} of validation pictures (chance {chance:.0%})")


def _torchrun(workers: int, arguments: list[str]) -> None:
    """Runs `training.pretrain` in several processes of this machine; FaultError when they end early."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={workers}"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--max-restarts=3"]
    ended = subprocess.run([*command, "-m", "training.pretrain", *arguments], check=False)
    if ended.returncode != 0:
        raise FaultError(
            "a run that every worker finished",
            "workers that ended early, for the reason above",
            "give the same command again: the run goes on from its last checkpoint",
        )
