"""The synthetic hospitals, from DICOM files to figures on a hospital and seeds that no training saw.

    python -m benchmarks.accept_01_synthetic --json accept/accept-01-synthetic.json

Makes two samples by different seeds, de-identifies them, pairs the first one's studies with their
reports, pretrains on those of two hospitals, fine-tunes three tasks from the pretrained encoder, and again
two of them with 10 % of the labels from the pretrained encoder and from random weights (three label
samples). Every figure is of the third hospital, of both samples together. A step whose inputs have not
changed is not done again: a run that was stopped goes on. More than an hour on two cores; `--short` takes
some minutes and proves nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks._record import write_record
from osteon.artefact import read_manifest, sha256_file, write_manifest
from osteon.domain import Manifest, Task
from osteon.pairs import LABELS, LABELS_HELD_OUT
from pipelines.ledger import run_stage

SECONDS_BETWEEN_LINES = 20.0
RANDOM, PRETRAINED = "random", "pretrained"
SCARCE_TASKS = (Task.FRACTURE, Task.BONE_AGE)
FIGURE = {Task.FRACTURE: "auroc", Task.BONE_AGE: "mae_months", Task.KNEE_OA: "qwk"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything. Training is counted in epochs: a busy machine changes no figure."""

    studies: int = 2500
    unseen_studies: int = 500
    seed: int = 11
    unseen_seed: int = 12
    picture_size: int = 256
    recipe: str = "standard"
    label_fraction: float = 0.1
    label_seeds: tuple[int, ...] = (0, 1, 2)
    scarce_epochs: int = 60


SHORT = Plan(
    studies=100, unseen_studies=25, recipe="tiny", label_fraction=0.9, label_seeds=(0,), scarce_epochs=2
)


def main() -> None:
    """Runs what is not done yet, and records."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=Path("accept/accept-01-synthetic.json"))
    parser.add_argument("--work", type=Path, default=Path("accept/synthetic"), help="artefacts are kept here")
    parser.add_argument("--short", action="store_true", help="a few studies: does it run, not how well")
    parser.add_argument("--studies", type=int, help="studies of the first sample")
    parser.add_argument("--unseen-studies", type=int, help="studies of the sample by another seed")
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    plan = SHORT if arguments.short else Plan()
    plan = replace(
        plan,
        studies=arguments.studies or plan.studies,
        unseen_studies=arguments.unseen_studies or plan.unseen_studies,
    )
    record = write_record(arguments.json, figures(plan, arguments.work))
    print(record["figures"]["done"])


def figures(plan: Plan, work: Path) -> dict[str, Any]:
    """Every figure of the synthetic part of the first issue, and whether each bound is met."""
    pairs, unseen = paired(plan, work, "first", plan.seed), paired(plan, work, "unseen", plan.unseen_seed)
    test = test_table(pairs, unseen, work)
    encoder = pretrained(plan, work, pairs)
    full = {task.value: tuned(plan, work, pairs, task, encoder, test) for task in FIGURE}
    scarce = {task.value: compared(plan, work, pairs, task, encoder, test) for task in SCARCE_TASKS}
    baseline = give_away(work)
    return {
        "plan": asdict(plan),
        "synthetic_version": read_manifest(pairs).synthetic_version,
        "studies": read_manifest(pairs).figures["studies"],
        "retrieval": read_json(encoder / "metrics.json")["validation"],
        "held_out": full,
        "label_fraction": scarce,
        "pixel_statistics": baseline,
        "done": judged(full, scarce, baseline),
    }


def judged(full: dict[str, Any], scarce: dict[str, Any], baseline: dict[str, Any]) -> dict[str, bool]:
    """The bounds of the first issue."""
    return {
        "fracture_auroc_at_least_0.90": full["fracture"]["metrics"]["auroc"] >= 0.90,
        "bone_age_mae_months_at_most_8": full["bone-age"]["metrics"]["mae_months"] <= 8.0,
        "knee_oa_qwk_at_least_0.85": full["knee-oa"]["metrics"]["qwk"] >= 0.85,
        "pretrained_at_least_random_fracture": scarce["fracture"]["mean_gain"] >= 0,
        "pretrained_at_least_random_bone_age": scarce["bone-age"]["mean_gain"] >= 0,
        "pixel_statistics_auroc_under_0.70": baseline["pixel_statistics_auroc"] < 0.70,
    }


def paired(plan: Plan, work: Path, name: str, seed: int) -> Path:
    """Sample, de-identification and pairs of one seed."""
    from osteon.deid.keys import create_key
    from osteon.dicom.synthetic import make_sample
    from pipelines import stages
    from pipelines.deid_rules import DeidRules

    folder = work / name
    studies = plan.studies if name == "first" else plan.unseen_studies
    with shown(f"{name}: sample of {studies} studies") as progress:
        run_stage(
            "sample",
            str(folder / "sample"),
            inputs={},
            settings={"studies": studies, "seed": seed},
            work=lambda output: make_sample(output, studies, seed, progress=progress),
        )
    key = work / "deid.key"
    if not key.exists():
        create_key(key)
    with shown(f"{name}: de-identification"):
        stages.deid(str(folder / "sample"), str(folder), DeidRules(key_file=str(key)))
    with shown(f"{name}: pairs"):
        stages.pairs(str(folder / "deid"), str(folder), size=plan.picture_size)
    return folder / "pairs"


def test_table(pairs: Path, unseen: Path, work: Path) -> Path:
    """One label table of the held-out hospital: its rows of both samples, files named from here."""
    rows: list[dict[str, str]] = []
    for folder in (pairs, unseen):
        with (folder / LABELS_HELD_OUT).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                rows.append(row | {"file": os.path.relpath(folder / row["file"], work)})
    path = work / "held_out.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def pretrained(plan: Plan, work: Path, pairs: Path) -> Path:
    """The dual encoder of the two training hospitals."""
    from training.pretrain import pretrain
    from training.pretrain_recipes import pretrain_recipe

    output = work / "encoder"
    with shown("pretraining") as progress:
        run_stage(
            "pretrain",
            str(output),
            inputs={"pairs": read_manifest(pairs).digest},
            settings={"recipe": asdict(pretrain_recipe(plan.recipe))},
            work=lambda folder: pretrain(plan.recipe, pairs, folder, seed=0, progress=progress),
        )
    return output


def tuned(
    plan: Plan,
    work: Path,
    pairs: Path,
    task: Task,
    encoder: Path,
    test: Path,
    *,
    init: str = PRETRAINED,
    fraction: float = 1.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Fine-tunes one model, and gives its figures on the held-out hospital."""
    from training.evaluate import evaluate
    from training.finetune import finetune
    from training.pipeline_recipes import pipeline_recipe

    recipe = pipeline_recipe(plan.recipe, task)
    if fraction < 1:
        recipe = replace(recipe, fit=replace(recipe.fit, epochs=plan.scarce_epochs))
    output = work / "models" / f"{task.value}-{init}-{fraction:g}-{seed}"
    digests = {"pairs": read_manifest(pairs).digest}
    if init == PRETRAINED:
        digests["encoder"] = read_manifest(encoder).digest

    def train(folder: Path) -> Manifest:
        start = str(encoder) if init == PRETRAINED else RANDOM
        return finetune(
            task, pairs / LABELS, start, folder, seed=seed, recipe=recipe, label_fraction=fraction
        )

    def measure(folder: Path) -> Manifest:
        folder.mkdir(parents=True, exist_ok=True)
        result = evaluate(output, test, rows="all")
        write_manifest(folder, Manifest(stage="evaluate", figures=result))
        return read_manifest(folder)

    with shown(f"{task.value} from {init} weights, {fraction:.0%} of labels, seed {seed}"):
        settings = {
            "task": task.value,
            "init": init,
            "fraction": fraction,
            "seed": seed,
            "recipe": asdict(recipe),
        }
        run = run_stage("finetune", str(output), inputs=digests, settings=settings, work=train)
        inputs = {"model": run.digest, "table": sha256_file(test)}
        figures_at = work / "figures" / output.name
        run_stage("evaluate", str(figures_at), inputs=inputs, settings={}, work=measure)
    return dict(read_manifest(figures_at).figures)


def compared(plan: Plan, work: Path, pairs: Path, task: Task, encoder: Path, test: Path) -> dict[str, Any]:
    """Few labels, from the pretrained encoder and from random weights, on the same label samples."""
    values: dict[str, list[float]] = {RANDOM: [], PRETRAINED: []}
    for seed in plan.label_seeds:
        for init, found in values.items():
            result = tuned(
                plan, work, pairs, task, encoder, test, init=init, fraction=plan.label_fraction, seed=seed
            )
            found.append(float(result["metrics"][FIGURE[task]]))
    sign = -1 if task is Task.BONE_AGE else 1  # months of error: fewer are better
    gains = [
        sign * (with_it - without)
        for with_it, without in zip(values[PRETRAINED], values[RANDOM], strict=True)
    ]
    return {"figure": FIGURE[task], **values, "gains": gains, "mean_gain": sum(gains) / len(gains)}


def give_away(work: Path) -> dict[str, float | int]:
    """Fracture AUROC from pixel statistics alone, and from the table's side facts: no picture may tell."""
    from benchmarks.sample_baseline import measure

    sample = work / "first" / "sample"

    def baseline(folder: Path) -> Manifest:
        folder.mkdir(parents=True, exist_ok=True)
        write_manifest(folder, Manifest(stage="baseline", figures=measure(sample)))
        return read_manifest(folder)

    folder = work / "figures" / "pixel-statistics"
    with shown("pixel statistics"):
        inputs = {"sample": read_manifest(sample).digest}
        run_stage("baseline", str(folder), inputs=inputs, settings={}, work=baseline)
    return dict(read_manifest(folder).figures)


@contextmanager
def shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """Says on standard error what is being done, how far it is and how long it took."""
    started = last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    print(f"{what} ...", file=sys.stderr, flush=True)
    yield report
    print(f"{what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of an artefact."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


if __name__ == "__main__":
    main()
