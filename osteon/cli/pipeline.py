"""`osteon pipeline`: run the training pipeline here, compile it, send it to a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from osteon.artefact import atomic_write, read_manifest
from osteon.cli.cluster_options import (
    Claims,
    Experiment,
    Host,
    Namespace,
    RegistrySecret,
    SourceClaims,
    TokenFile,
    cluster_of,
    submission,
)
from osteon.cli.console import answers, print_json, say, stderr
from osteon.cli.retraining_options import Recipe, Seed
from osteon.domain import FaultError, Manifest, RefusedError, canonical_json, sha256_text
from pipelines.run import RunSettings, compile_pipeline, run_here, submit

app = typer.Typer(no_args_is_help=True, help="De-identify, pair, pretrain, fine-tune, evaluate, register.")

_POLL_S = 0.2
_LOOK_S = 2.0


def artefacts(workspace: Path) -> dict[str, Manifest]:
    """Stage -> manifest, for every stage that has left one in the workspace."""
    found: dict[str, Manifest] = {}
    for entry in sorted(workspace.rglob(".stages/*.json")):
        folder = entry.parent.parent / entry.stem
        try:
            found[str(folder.relative_to(workspace))] = read_manifest(folder)
        except RefusedError:
            continue
    return found


def run_key(settings: RunSettings, source_digest: str) -> str:
    """Equal for two runs that would make the same artefacts."""
    return sha256_text(canonical_json([asdict(settings), source_digest]))


def is_current(settings: RunSettings, source_digest: str) -> bool:
    """True when the last finished run had these settings and its artefacts are still there."""
    workspace = Path(settings.workspace)
    try:
        last = json.loads((workspace / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    present = {stage: manifest.digest for stage, manifest in artefacts(workspace).items()}
    return bool(last.get("key") == run_key(settings, source_digest) and last.get("stages") == present)


def remember_run(settings: RunSettings, source_digest: str) -> None:
    """Notes that a run with these settings ended well, and what it left."""
    workspace = Path(settings.workspace)
    stages = {stage: manifest.digest for stage, manifest in artefacts(workspace).items()}
    atomic_write(
        workspace / "run.json", canonical_json({"key": run_key(settings, source_digest), "stages": stages})
    )


def follow_run(settings: RunSettings, *, scratch: Path, log: Path) -> None:
    """Runs the pipeline in a process of its own, its log in a file, its stages as bars on standard error."""
    progress_file = scratch / "progress.jsonl"
    scratch.mkdir(parents=True, exist_ok=True)
    progress_file.write_text("")
    command = [sys.executable, "-m", "osteon.cli", "pipeline", "run", "--quiet"]
    command += ["--progress-file", str(progress_file), "--scratch", str(scratch)]
    for name, value in asdict(settings).items():
        if value != "":
            command += [f"--{name.replace('_', '-')}", str(value)]
    environment = {"OMP_NUM_THREADS": str(idle_cores()), **os.environ}
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, env=environment
        )
    try:
        _show(process, progress_file)
    except BaseException:  # Ctrl-C too: the run's processes end with it; it is raised again
        _end(process)
        raise
    if process.returncode:
        raise FaultError("the pipeline to finish", "a stage that failed", f"read {log}")


def idle_cores() -> int:
    """Cores that nothing else uses just now, at least one.

    A training thread that has to share its core holds up every other at each layer's barrier: two threads
    made 11 pictures/s and one made 215 beside one busy program (docs/decisions/0002-local-pipeline.md).
    """
    import psutil

    idle = psutil.cpu_times_percent(interval=_LOOK_S).idle
    return max(1, int((psutil.cpu_count() or 1) * idle / 100 + 0.25))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the run and every process it started."""
    import psutil

    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    process.terminate()
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
    _, stubborn = psutil.wait_procs(family, timeout=5)
    for member in stubborn:
        member.kill()
    process.wait()


def _show(process: subprocess.Popen[bytes], progress_file: Path) -> None:
    columns = (
        SpinnerColumn(finished_text="[green]done[/]"),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    bars: dict[str, Any] = {}
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        for line in _lines(process, progress_file):
            stage = line["stage"]
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=None)
                if not stderr.is_terminal:
                    say(f"{stage} ...")
            total = line["total"] or None
            progress.update(bars[stage], completed=line["done"], total=total)


def _lines(process: subprocess.Popen[bytes], path: Path) -> Iterator[dict[str, Any]]:
    """The progress lines as they come, until the process has ended and all are read."""
    with path.open(encoding="utf-8") as stream:
        rest = ""
        while True:
            ended = process.poll() is not None
            rest += stream.read()
            *whole, rest = rest.split("\n")
            yield from (json.loads(line) for line in whole if line)
            if ended:
                return
            time.sleep(_POLL_S)


Source = Annotated[str, typer.Option(help="Folder or URI of the studies as the PACS exports them.")]
Workspace = Annotated[str, typer.Option(help="Folder or URI where every stage leaves its artefact.")]
RegistryUri = Annotated[str, typer.Option(help="The model registry: a folder, or an MLflow address.")]
References = Annotated[str, typer.Option(help="Folder or URI of the drift monitor's reference windows.")]
KeyFile = Annotated[str, typer.Option(help="The pseudonymisation key, where it is mounted.")]
Workers = Annotated[int, typer.Option(help="Processes for de-identification; 0 takes one per core.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]


@app.command()
@answers
def run(
    source: Source,
    workspace: Workspace,
    registry: RegistryUri,
    references: References,
    key_file: KeyFile,
    policy: Annotated[str, typer.Option(help="De-identification policy; empty takes the shipped one.")] = "",
    project: Annotated[str, typer.Option(help="Project the pseudonyms and models belong to.")] = "osteon",
    actor: Annotated[str, typer.Option(help="Who starts this run, for the history.")] = "operator",
    recipe: Recipe = "standard",
    size: Annotated[int, typer.Option(help="Longest side of a training picture, pixels.")] = 256,
    seed: Seed = 0,
    workers: Workers = 0,
    shards: Annotated[int, typer.Option(min=1, help="Parts that studies are de-identified in.")] = 1,
    vault: Annotated[str, typer.Option(help="The identified area; empty keeps none.")] = "",
    scratch: Annotated[Path, typer.Option(help="Where KFP keeps its files.")] = Path("var/scratch"),
    progress_file: Annotated[Path | None, typer.Option(hidden=True)] = None,
    quiet: Annotated[bool, typer.Option(hidden=True)] = False,
    json_output: Json = False,
) -> None:
    """Run the pipeline on this machine: the same graph that a cluster runs; finished stages are reused."""
    settings = RunSettings(
        source=source, workspace=workspace, registry=registry, references=references, key_file=key_file,
        policy=policy, project=project, actor=actor, recipe=recipe, size=size, seed=seed, workers=workers,
        shards=shards, vault=vault,
    )  # fmt: skip
    if quiet or progress_file:
        run_here(settings, scratch=scratch, progress_file=progress_file)
    else:
        follow_run(settings, scratch=scratch, log=scratch.parent / "pipeline.log")
    if json_output:
        print_json({stage: manifest.digest for stage, manifest in artefacts(Path(workspace)).items()})


@app.command("compile")
@answers
def compile_command(
    output: Annotated[Path, typer.Argument(help="YAML file to write.")] = Path("osteon-train.yaml"),
    retraining: Annotated[
        bool, typer.Option("--retraining", help="The graph that a retraining request runs.")
    ] = False,
    claims: Claims = [],  # noqa: B006
    source_claims: SourceClaims = [],  # noqa: B006
    registry_secret: RegistrySecret = "",
) -> None:
    """Compile the pipeline to the YAML that a Kubeflow Pipelines server takes."""
    cluster = cluster_of(claims, source_claims, registry_secret)
    say(f"wrote {compile_pipeline(output, retraining=retraining, cluster=cluster)}")


@app.command("submit")
@answers
def submit_command(
    host: Host,
    source: Source,
    workspace: Workspace,
    references: References,
    registry: Annotated[
        str, typer.Option(help="MLflow's address; empty: each task has it from --registry-secret.")
    ] = "",
    key_file: KeyFile = "/var/run/osteon/key/key",
    recipe: Recipe = "standard",
    seed: Seed = 0,
    claims: Claims = [],  # noqa: B006
    source_claims: SourceClaims = [],  # noqa: B006
    registry_secret: RegistrySecret = "",
    namespace: Namespace = None,
    experiment: Experiment = "osteon",
    token_file: TokenFile = None,
    json_output: Json = False,
) -> None:
    """Send the pipeline to a cluster and print the run's identifier."""
    settings = RunSettings(
        source=source, workspace=workspace, registry=registry, references=references,
        key_file=key_file, recipe=recipe, seed=seed,
    )  # fmt: skip
    where = submission(
        host, experiment, claims, source_claims=source_claims, registry_secret=registry_secret,
        namespace=namespace, token_file=token_file,
    )  # fmt: skip
    identifier = submit(settings, where)
    if json_output:
        print_json({"run_id": identifier})
    else:
        typer.echo(identifier)
