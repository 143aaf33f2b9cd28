"""`osteon up`, `status` and `down`: the whole product on one machine."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from osteon.artefact import read_manifest
from osteon.cli import stack
from osteon.cli.console import INTERRUPTED, answers, print_json, progress_bar, say, stderr
from osteon.cli.first_index import fill_index
from osteon.cli.first_study import pick_study, send_and_wait, sites
from osteon.cli.home import Home, open_home
from osteon.cli.pipeline import artefacts, follow_run, is_current, remember_run
from osteon.cli.services import Addresses, choose_addresses, read_addresses, service_specs
from pipelines.run import RunSettings

STUDIES = 900
SEED = 1

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="OSTEON_HOME", help="Folder of this installation.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]


@answers
def up(
    home: HomeOption = Path("var"),
    studies: Annotated[int, typer.Option(min=60, help="Studies of the sample that it trains on.")] = STUDIES,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of the training.")] = SEED,
    recipe: Annotated[str, typer.Option(help="Training recipe: quick or standard.")] = "quick",
    attach: Annotated[
        bool | None,
        typer.Option("--attach/--detach", help="Stay until Ctrl-C, or leave the services running."),
    ] = None,
    json_output: Json = False,
) -> None:
    """Make three synthetic hospitals, train on them, start the services, send a study, print the answer.

    What is there already is reused. On a terminal it stays until Ctrl-C, which stops everything; elsewhere it
    returns once the answer is printed, and `osteon down` stops the services.
    """
    started = time.monotonic()
    stay = stderr.is_terminal if attach is None else attach
    place = open_home(home)
    answered = False
    signal.signal(signal.SIGTERM, _interrupt)  # a stopped container ends as cleanly as Ctrl-C does
    try:
        _prepare(place, studies=studies, seed=seed, recipe=recipe)
        fill_index(place, before_replacing=lambda: stack.stop(place))
        addresses = _start(place)
        answer = _send_one_study(place, addresses)
        answered = True
        _replay_once(place)
        _announce(place, addresses, answer, time.monotonic() - started, json_output=json_output)
        if stay:
            say("Ctrl-C stops everything")
            signal.pause()
    except KeyboardInterrupt:
        say(f"stopping: {stack.stop(place)} services stopped; what was finished is kept")
        raise typer.Exit(0 if answered else INTERRUPTED) from None
    except BaseException:  # whatever happened, nothing half-started goes on; it is raised again
        stack.stop(place)
        raise


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _prepare(home: Home, *, studies: int, seed: int, recipe: str) -> None:
    """The sample is there and the pipeline has run on it."""
    from osteon.dicom.synthetic import make_sample

    with progress_bar(f"make a sample of three hospitals ({studies} studies)") as progress:
        make_sample(home.sample, studies, seed, progress=progress)
    settings = RunSettings(
        source=str(home.sample),
        workspace=str(home.workspace),
        registry=str(home.registry),
        references=str(home.references),
        key_file=str(home.deid_key),
        vault=str(home.deid_key.parent / "vault"),
        actor="osteon up",
        recipe=recipe,
        seed=seed,
    )
    source_digest = read_manifest(home.sample).digest
    if is_current(settings, source_digest):
        say("models: trained before, reused")
        return
    follow_run(settings, scratch=home.scratch, log=home.logs / "pipeline.log")
    remember_run(settings, source_digest)


def _start(home: Home) -> Addresses:
    """Every service runs and is ready; those that ran already are kept."""
    alive = {service.name: service for service in stack.running(home)}
    addresses = read_addresses(home) if alive else None
    if addresses is None:
        stack.stop(home)
        alive, addresses = {}, choose_addresses(home)
    specs = service_specs(home, addresses, sites(home.sample))
    others = [alive[name] for name in alive.keys() - {spec.name for spec in specs}]
    services: list[stack.RunningService] = []
    for spec in specs:
        services.append(alive.get(spec.name) or stack.start(home, spec))
        stack.record(home, [*services, *others])
    with progress_bar("start the services") as progress:
        for done, service in enumerate(services):
            progress(done, len(services))
            stack.wait_ready(home, [service])
        progress(len(services), len(services))
    return addresses


def _replay_once(home: Home) -> None:
    """Sends the sample through the services in the background, so that the drift monitor has events."""
    running = stack.running(home)
    if not home.replayed.exists() and all(service.name != "replay" for service in running):
        spec = stack.ServiceSpec(
            name="replay", module="osteon.cli", arguments=("replay", "--home", str(home.root)), niceness=15
        )
        stack.record(home, [*running, stack.start(home, spec)])


def _send_one_study(home: Home, addresses: Addresses) -> dict[str, Any]:
    """The answer to one study of the held-out hospital, sent as its X-ray machine would send it."""
    say("send a study of the held-out hospital by DICOM C-STORE")
    return send_and_wait(home, addresses, pick_study(home.sample))


def _announce(
    home: Home, addresses: Addresses, answer: dict[str, Any], seconds: float, *, json_output: bool
) -> None:
    token = home.token.read_text(encoding="utf-8").strip()
    if json_output:
        print_json(
            {"addresses": addresses.as_dict(), "token": token, "answer": answer, "seconds": round(seconds, 1)}
        )
        return
    typer.echo(f"\nOsteon is up after {seconds:.0f} s. Research use only.\n")
    for name, address in addresses.as_dict().items():
        typer.echo(f"  {name:<14}{address}")
    typer.echo(f"  {'token':<14}{token}\n")
    typer.echo(f"  One study, sent by C-STORE ({answer['study']}):")
    for prediction in answer["predictions"]:
        typer.echo("    " + prediction_line(prediction))
    typer.echo("")


def prediction_line(prediction: dict[str, Any]) -> str:
    """A prediction as one line for a person."""
    where = (
        f"{prediction['task']:<12}{prediction['body_part']} {prediction['view']} {prediction['laterality']}"
    )
    if prediction["status"] == "abstained":
        return f"{where}: no answer ({prediction['reason']})"
    answer = f"{where}: {prediction['value']:.3g} {prediction['unit']}"
    if interval := prediction["interval"]:
        answer += f", {interval['coverage']:.0%} interval {interval['low']:.3g} to {interval['high']:.3g}"
    return f"{answer}, model {prediction['model_version']}"


@answers
def status(home: HomeOption = Path("var"), json_output: Json = False) -> None:
    """Show what runs, how much memory it takes, and which artefacts are there."""
    place = Home(home.absolute())
    services = stack.running(place)
    memory = stack.memory_bytes(services)
    rows = {
        service.name: {"ready": stack.is_ready(service), "memory_mib": memory.get(service.name, 0) >> 20}
        for service in services
    }
    stages = {name: manifest.digest[:12] for name, manifest in artefacts(place.workspace).items()}
    if json_output:
        print_json({"services": rows, "artefacts": stages})
        return
    if not rows:
        typer.echo("no service runs; `osteon up` starts them")
    for name, row in rows.items():
        state = "ready" if row["ready"] else "not ready"
        typer.echo(f"{name:<14}{state:<11}{row['memory_mib']:>6} MiB")
    for name, digest in stages.items():
        typer.echo(f"{name:<24}{digest}")


@answers
def down(home: HomeOption = Path("var")) -> None:
    """Stop the services; artefacts and secrets stay."""
    say(f"{stack.stop(Home(home.absolute()))} services stopped")
