"""`osteon forget`: a patient's deletion beyond the events, and which models learned from the patient."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, say
from osteon.domain import UsageError


@answers
def forget(
    subject: Annotated[str, typer.Option(help="Pseudonym of the patient; `-` reads it from standard input.")],
    record: Annotated[Path, typer.Option(help="JSON file for what was found and done; it names no patient.")],
    features: Annotated[Path | None, typer.Option(help="Folder of the feature repository.")] = None,
    labels_url: Annotated[
        str | None, typer.Option(help="Database of the labels; labels.db in the features folder by default.")
    ] = None,
    registry: Annotated[
        str | None, typer.Option(help="The model registry: a folder, or an MLflow address.")
    ] = None,
    outbox: Annotated[
        str | None,
        typer.Option(help="Database of the outbox: with it the events go too, from every store and index."),
    ] = None,
    index: Annotated[list[str] | None, typer.Option(help="Embedding index; may be given again.")] = None,
    artefacts: Annotated[
        list[Path] | None, typer.Option(help="Folder of artefacts to look through; may be given again.")
    ] = None,
    project: Annotated[str, typer.Option(help="Project the pseudonym belongs to.")] = "osteon",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Remove a patient's labels and lineage; list the artefacts and the models that know the patient.

    With --outbox the patient's events go as well: from outbox, features, online store and each --index.
    Killed at any moment, run it again: it finishes. The de-identified studies and what was made from them
    stay until they are made again without the patient; the record lists them.

    Example: osteon forget --subject - --record forgotten.json --features var/features --registry var/registry
    """
    from osteon.artefact import atomic_write
    from osteon.features import FeatureRepository
    from osteon.features.forgetting import Forgotten
    from osteon.features.forgetting import forget as forget_patient
    from osteon.features.labels import LabelStore, label_store_url
    from osteon.registry import Registry, tracking_address

    who = typer.get_text_stream("stdin").readline().strip() if subject == "-" else subject
    if not who:
        raise UsageError("the pseudonym of a patient", "none", "name it, or write it to standard input")
    url = labels_url or (label_store_url(features) if features is not None else None)
    store = None
    if registry is not None:
        store = Registry(tracking_address(registry), project)

    def keep(found: Forgotten) -> None:
        atomic_write(record, json.dumps(found.as_dict(), indent=2, sort_keys=True) + "\n")

    repository = FeatureRepository(features, project) if features is not None else None

    def erase(patient: str) -> None:
        from osteon.features import Outbox
        from osteon.features.audit import AuditLog
        from osteon.features.erasure import delete_subject
        from osteon.features.index import open_index

        assert outbox is not None
        delete_subject(
            patient,
            outbox=Outbox(outbox),
            repository=repository,
            indexes=[open_index(where) for where in index or ()],
            audit=AuditLog(outbox),
            project=project,
            actor=getpass.getuser(),
        )

    if index and outbox is None:
        raise UsageError("--outbox beside --index", "none", "name the database of the outbox")
    found = forget_patient(
        who,
        repository=repository,
        labels=LabelStore(url, project) if url else None,
        lineage=store.lineage if store is not None else None,
        artefacts=artefacts or (),
        erase=erase if outbox is not None else None,
        keep=keep,
    )
    if json_output:
        print_json(found.as_dict())
        return
    say(f"{found.labels} labels removed; {found.events} events are of the patient")
    for one in found.artefacts:
        say(f"  {one.stage} at {one.folder} has {one.rows} rows of the patient")
    for model in found.models:
        say(f"  {model.task} package {model.digest[:12]} learned from the patient")
