"""The stages of a run, one function each: URIs in, an artefact with its manifest out.

A stage reads, calls one function of the library, writes; and does nothing when its ledger entry is current.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from osteon.artefact import read_manifest
from osteon.domain import Manifest, RefusedError, Task
from pipelines.deid_rules import DeidRules
from pipelines.ledger import StageRun, run_stage
from pipelines.lineage import keep_patients, open_registry, patients_of
from pipelines.progress import stage_progress
from pipelines.storage import adding, fetch, join, reading

_RANDOM = "random"
_NO_KEY = bytes(32)  # reference events keep no digest of their input
TASKS = (Task.FRACTURE.value, Task.BONE_AGE.value, Task.KNEE_OA.value)


def deid(source: str, workspace: str, rules: DeidRules) -> StageRun:
    """The pseudonymous studies of a source folder, at WORKSPACE/deid; what shards have done is taken over."""
    from osteon.deid import load_key
    from osteon.deid.batch import deidentify_sample

    told = rules.loaded
    with reading(source) as incoming:

        def work(folder: Path) -> Manifest:
            fetch(join(workspace, "deid"), folder)
            with stage_progress("de-identify") as progress:
                return deidentify_sample(incoming, folder, progress=progress, **told)

        key = load_key(told["key_file"], told["project"]).digest("fingerprint", "").hex()
        decided = _decided(told["vault"], told["key_file"], told["project"])
        return run_stage(
            "deid",
            join(workspace, "deid"),
            inputs={"source": _source_digest(incoming)},
            settings={"policy": told["policy"].hash, "key": key, **decided},
            work=work,
        )


def _decided(vault: Path | None, key_file: Path, project: str) -> dict[str, str]:
    """What persons have decided about what was held back: the stage has work after each decision."""
    from osteon.deid.cases import decisions_digest
    from osteon.deid.vault import Vault, VaultPlace
    from osteon.domain import canonical_json, sha256_text

    if vault is None:
        return {}
    decisions = Vault.open(VaultPlace.of(vault, key_file, project)).cases.decisions()
    made = {mark: decisions_digest(one) for mark, one in decisions.items()}
    return {"decisions": sha256_text(canonical_json(made))} if made else {}


def pairs(deid_uri: str, workspace: str, *, size: int = 256) -> StageRun:
    """Shards of pictures with their reports, split by patient, at WORKSPACE/pairs."""
    from osteon.pairs import build_pairs

    with reading(deid_uri) as studies:

        def work(folder: Path) -> Manifest:
            with stage_progress("pair images with reports") as progress:
                return build_pairs(studies, folder, size=size, progress=progress)

        inputs = {"deid": read_manifest(studies).digest}
        return run_stage("pairs", join(workspace, "pairs"), inputs=inputs, settings={"size": size}, work=work)


def pretrain(pairs_uri: str, workspace: str, *, recipe: str, seed: int = 0) -> StageRun:
    """A dual encoder of pictures and reports, at WORKSPACE/pretrain."""
    from training.pretrain import pretrain as train
    from training.pretrain_recipes import pretrain_recipe

    with reading(pairs_uri) as shards:

        def work(folder: Path) -> Manifest:
            with stage_progress("pretrain on images and reports") as progress:
                return train(pretrain_recipe(recipe), shards, folder, seed=seed, progress=progress)

        inputs = {"pairs": read_manifest(shards).digest}
        settings = {"recipe": recipe, "seed": seed}
        return run_stage("pretrain", join(workspace, "pretrain"), inputs=inputs, settings=settings, work=work)


def finetune(
    pairs_uri: str, encoder_uri: str, workspace: str, *, task: str, recipe: str, seed: int = 0
) -> StageRun:
    """One task's model package, started from another package's encoder, at WORKSPACE/models/TASK.

    `random` in its place starts from random weights.
    The patients that it learned from stand beside it (`patients_of`), never in it.
    """
    from training.finetune import finetune as train
    from training.pipeline_recipes import pipeline_recipe

    wanted = Task.parse(task)
    known = encoder_uri != _RANDOM
    with (
        reading(pairs_uri) as shards,
        reading(encoder_uri) if known else nullcontext(Path(_RANDOM)) as encoder,
    ):

        def work(folder: Path) -> Manifest:
            with (
                stage_progress(f"fine-tune {task}") as progress,
                tempfile.TemporaryDirectory(prefix="osteon-patients-") as scratch,
            ):
                manifest = train(
                    wanted,
                    shards / "labels.csv",
                    str(encoder),
                    folder,
                    seed=seed,
                    recipe=pipeline_recipe(recipe, wanted),
                    patients=Path(scratch) / "patients",
                    progress=lambda _what, done, total: progress(done, total),
                )
                keep_patients(workspace, task, folder, Path(scratch) / "patients")
                return manifest

        start = read_manifest(encoder).digest if known else _RANDOM
        inputs = {"pairs": read_manifest(shards).digest, "encoder": start}
        settings = {"task": task, "recipe": recipe, "seed": seed}
        uri = join(workspace, "models", task)
        return run_stage("finetune", uri, inputs=inputs, settings=settings, work=work)


def evaluate(model_uri: str, pairs_uri: str, workspace: str, *, task: str) -> tuple[StageRun, dict[str, Any]]:
    """The model's figures on the test rows, at WORKSPACE/evaluation/TASK, and those figures.

    Where a hospital is kept out of training, its figures stand beside them under `held_out`.
    """
    import json

    from osteon.artefact import atomic_write, sha256_file, write_manifest
    from osteon.pairs import LABELS, LABELS_HELD_OUT
    from training.evaluate import evaluate as measure
    from training.label_table import has_labels

    uri = join(workspace, "evaluation", task)
    with reading(model_uri) as model, reading(pairs_uri) as shards:
        inputs = {"model": read_manifest(model).digest, "pairs": read_manifest(shards).digest}

        def work(folder: Path) -> Manifest:
            with stage_progress(f"evaluate {task}"):
                result = measure(model, shards / LABELS)
                if has_labels(shards / LABELS_HELD_OUT, Task.parse(task)):
                    result["held_out"] = measure(model, shards / LABELS_HELD_OUT, rows="all")
            folder.mkdir(parents=True, exist_ok=True)
            atomic_write(folder / "evaluation.json", json.dumps(result, indent=2, sort_keys=True) + "\n")
            manifest = Manifest(
                stage="evaluate",
                inputs=inputs,
                settings={"task": task},
                outputs={"evaluation.json": sha256_file(folder / "evaluation.json")},
                figures={"n": result["n"], **result["metrics"], **_held_out(result)},
            )
            write_manifest(folder, manifest)
            return manifest

        run = run_stage("evaluate", uri, inputs=inputs, settings={"task": task}, work=work)
    with reading(uri) as folder:
        figures: dict[str, Any] = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    return run, figures


def register(
    model_uri: str,
    evaluation_uri: str,
    workspace: str,
    *,
    task: str,
    registry: str,
    project: str,
    actor: str,
) -> StageRun:
    """The registered version, at WORKSPACE/registered/TASK: champion if there is none.

    Beside a champion it has no alias: who judges it, the gate or a person, gives it one.
    """
    with reading(model_uri) as model, reading(evaluation_uri) as evaluation:
        measured = read_manifest(evaluation)
        inputs = {"model": read_manifest(model).digest, "evaluation": measured.digest}
        figures = {name: value for name, value in measured.figures.items() if isinstance(value, int | float)}

        def work(folder: Path) -> Manifest:
            from osteon.artefact import write_manifest

            with stage_progress(f"register {task}"):
                learned_from = patients_of(workspace, task, inputs["model"])
                version, alias = _register(
                    model, figures, task, registry, project, actor, patients=learned_from
                )
            settings = {"task": task, "version": version, "alias": alias}
            folder.mkdir(parents=True, exist_ok=True)
            manifest = Manifest(stage="register", inputs=inputs, settings=settings, project=project)
            write_manifest(folder, manifest)
            return manifest

        settings = {"task": task, "registry": registry, "project": project}
        uri = join(workspace, "registered", task)
        return run_stage("register", uri, inputs=inputs, settings=settings, work=work)


def _register(
    model: Path,
    figures: dict[str, float],
    task: str,
    registry: str,
    project: str,
    actor: str,
    *,
    patients: frozenset[str] | None,
) -> tuple[str, str]:
    """Version and alias; a model becomes champion by itself only where there is no champion to replace."""
    wanted = Task.parse(task)
    store = open_registry(registry, project)
    version = store.register(model, wanted, metrics=figures, subjects=patients)
    champion = store.in_production().get(wanted)
    if champion is not None and champion.to_version == version:  # a rerun after an interruption
        return version, "champion"
    if champion is not None:
        return version, ""
    store.promote(wanted, version, "champion", actor=actor, reason="first model of this task")
    return version, "champion"


def reference(model_uri: str, deid_uri: str, workspace: str, *, task: str, references: str) -> StageRun:
    """The reference window of a model, kept among `references`; noted at WORKSPACE/reference/TASK."""
    from monitoring.reference_events import altered_pictures, reference_events
    from monitoring.references import References
    from osteon.models import Predictor

    with reading(model_uri) as model, reading(deid_uri) as studies, adding(references) as folder:
        inputs = {"model": read_manifest(model).digest, "deid": read_manifest(studies).digest}

        def work(note: Path) -> Manifest:
            from osteon.artefact import write_manifest

            predictor = Predictor.load(model, hmac_key=_NO_KEY)
            with stage_progress(f"reference window {task}") as progress:
                events = reference_events(predictor, studies, progress=progress)
                kept = References(folder).keep(events, altered_pictures(predictor, studies))
            manifest = Manifest(
                stage="reference",
                inputs=inputs,
                settings={"task": task},
                outputs={"reference": kept.digest},
                figures=kept.figures,
            )
            write_manifest(note, manifest)
            return manifest

        settings = {"task": task, "references": references}
        return run_stage(
            "reference", join(workspace, "reference", task), inputs=inputs, settings=settings, work=work
        )


def _source_digest(source: Path) -> str:
    """The sample's manifest digest; for a hospital's own folder, a digest of names, sizes and times."""
    from osteon.domain import canonical_json, sha256_text

    try:
        return read_manifest(source).digest
    except RefusedError:
        if not source.is_dir():
            raise RefusedError(
                "a folder of studies as source", "no such folder", "name the folder the PACS exports to"
            ) from None
    entries = [
        (str(path.relative_to(source)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(source.rglob("*"))
        if path.is_file()
    ]
    return sha256_text(canonical_json(entries))


def _held_out(result: dict[str, Any]) -> dict[str, Any]:
    held = result.get("held_out")
    return {} if held is None else {"held_out": {"n": held["n"], **held["metrics"]}}
