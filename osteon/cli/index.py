"""`osteon index`: build, search and clear the index of a hospital's own pictures and report sentences."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say
from osteon.domain.errors import UsageError

if TYPE_CHECKING:
    from osteon.features.audit import Fact

app = typer.Typer(
    no_args_is_help=True,
    help="The index of a hospital's own pictures and report sentences, found by their embedding.\n\n"
    "It grows from the recorded events and from pairs; one dual encoder (osteon pretrain) reads all of it.",
)

Where = Annotated[
    str, typer.Option("--index", help="Folder of the index, or postgresql+psycopg2://… with pgvector.")
]
Model = Annotated[Path, typer.Option(help="Dual encoder that `osteon pretrain` wrote.")]
Project = Annotated[str, typer.Option(help="Project whose entries these are.")]
OutboxUrl = Annotated[str, typer.Option("--outbox", help="Database of the outbox; it holds the audit too.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]

DEFAULT_INDEX, DEFAULT_OUTBOX = "var/index", "sqlite:///var/state/outbox.db"


@app.command("build")
@answers
def build(
    model: Model,
    index: Where = DEFAULT_INDEX,
    features: Annotated[Path | None, typer.Option(help="Feature repository whose events to add.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="Folder of `osteon pairs build` to add.")] = None,
    anew: Annotated[bool, typer.Option(help="Make the vector files from the catalogue alone.")] = False,
    project: Project = "osteon",
    outbox: OutboxUrl = DEFAULT_OUTBOX,
    json_output: Json = False,
) -> None:
    """Add what is new, then bring the vector files up to date. Killed at any moment, run it again.

    Events count when the server recorded them with this dual encoder; of pairs, the training studies.

    Example: osteon index build --model runs/vlp --features var/features --pairs data/pairs
    """
    if features is None and pairs is None:
        raise UsageError("--features, --pairs or both", "neither", "name where the entries come from")
    grown = grow_index(
        model, index, features=features, pairs=pairs, anew=anew, project=project, outbox=outbox
    )
    if json_output:
        print_json({"added": grown.added, "entries": grown.entries, "embedding_space": grown.space})
    else:
        counts = ", ".join(f"{count} {kind}s" for kind, count in grown.entries.items())
        say(f"{grown.added} new; {counts or 'empty'}")


@dataclass(frozen=True, slots=True)
class Grown:
    """What a build added, what the index holds since, by kind, and in which embedding space."""

    added: int
    entries: Mapping[str, int]
    space: str


def grow_index(
    model: Path,
    index: str,
    *,
    features: Path | None = None,
    pairs: Path | None = None,
    anew: bool = False,
    project: str = "osteon",
    outbox: str = DEFAULT_OUTBOX,
) -> Grown:
    """Adds what is new, brings the vector files up to date and leaves one row in the audit."""
    from osteon.features.audit import AuditLog
    from osteon.features.index import open_index
    from osteon.features.index.sources import entries_of_events, entries_of_pairs
    from osteon.features.table import EventTable
    from osteon.models.dual_embedder import DualEmbedder

    embedder, opened = DualEmbedder.load(model), open_index(index)
    known = opened.catalogue.keys("picture", project)
    added = 0
    with progress_bar("index") as progress:
        if features is not None:
            for entries in entries_of_events(EventTable(features / "events"), embedder.space.name, known):
                added += opened.add(entries, embedder.space)
                progress(added, added)
        if pairs is not None:
            sentences = opened.catalogue.keys("sentence", project)
            for entries in entries_of_pairs(pairs, embedder, project, known, sentences):
                added += opened.add(entries, embedder.space)
                progress(added, added)
    opened.publish(anew=anew)
    counts = opened.catalogue.counts()
    facts: dict[str, Fact] = {"added": added, **counts}
    AuditLog(outbox).append("index_built", project=project, actor=getpass.getuser(), facts=facts)
    return Grown(added, counts, embedder.space.name)


@app.command("search")
@answers
def search(
    model: Model,
    picture: Annotated[Path | None, typer.Argument(help="A radiograph: DICOM, PNG, JPEG.")] = None,
    text: Annotated[str | None, typer.Option(help="French or English words instead of a picture.")] = None,
    index: Where = DEFAULT_INDEX,
    sentences: Annotated[bool, typer.Option(help="Find report sentences instead of pictures.")] = False,
    k: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 10,
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be given again.")] = None,
    body_part: Annotated[list[str] | None, typer.Option(help="Only this part; may be given again.")] = None,
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")] = None,
    subject: Annotated[str | None, typer.Option(help="Pseudonym whose own entries are left out.")] = None,
    project: Project = "osteon",
    outbox: OutboxUrl = DEFAULT_OUTBOX,
    json_output: Json = False,
) -> None:
    """Show the nearest pictures or sentences to a picture or a text; the audit counts it.

    Example: osteon index search hand.dcm --model runs/vlp --body-part hand
    """
    if (picture is None) == (text is None):
        raise UsageError("a picture or --text", "both or neither", "give one of them")
    from osteon.dicom import read_picture
    from osteon.features.audit import AuditLog
    from osteon.features.index import SearchFilter, open_index
    from osteon.models.dual_embedder import DualEmbedder

    embedder, opened = DualEmbedder.load(model), open_index(index)
    state = opened.state()
    if state is not None and state.space != embedder.space:
        raise UsageError("an index of this model's space", "one of another", "name the model that built it")
    if picture is not None:
        query = embedder.embed_pictures([read_picture(picture.read_bytes())])[0]
    else:
        query = embedder.embed_texts([text or ""])[0]
    narrow = SearchFilter(
        projects=frozenset({project}),
        sites=frozenset(site or ()),
        body_parts=frozenset(body_part or ()),
        since=since,
        until=until,
        not_subject=subject,
    )
    hits = opened.search("sentence" if sentences else "picture", query, k, narrow)
    asked_by = "picture" if text is None else "text"
    facts: dict[str, Fact] = {"asked_by": asked_by, "k": k, "found": len(hits)}
    AuditLog(outbox).append("search", project=project, actor=getpass.getuser(), facts=facts)
    if json_output:
        print_json([asdict(hit) for hit in hits])
        return
    for hit in hits:
        typer.echo(
            f"{hit.score:.3f}  {hit.site:<12} {hit.body_part:<10} {hit.key}  {hit.text or ''}".rstrip()
        )


@app.command("delete")
@answers
def delete(
    subject: Annotated[str, typer.Option(help="Pseudonym of the patient; `-` reads it from standard input.")],
    index: Annotated[list[str] | None, typer.Option(help="Index; may be given again.")] = None,
    features: Annotated[Path | None, typer.Option(help="Feature repository.")] = None,
    project: Project = "osteon",
    outbox: OutboxUrl = DEFAULT_OUTBOX,
    json_output: Json = False,
) -> None:
    """Remove a patient from outbox, features, online store and indexes, and from every byte of their files.

    The audit says how much went, never who it was. Killed at any moment, run it again: it finishes.

    Example: osteon index delete --subject - --index var/index --features var/features
    """
    if index is None and features is None:
        raise UsageError("--index, --features or both", "neither", "name where the patient is to go from")
    from osteon.features.audit import AuditLog
    from osteon.features.erasure import delete_subject
    from osteon.features.index import open_index
    from osteon.features.outbox import Outbox
    from osteon.features.repository import FeatureRepository

    who = typer.get_text_stream("stdin").readline().strip() if subject == "-" else subject
    if not who:
        raise UsageError("the pseudonym of a patient", "none", "name it, or write it to standard input")
    erased = delete_subject(
        who,
        outbox=Outbox(outbox),
        repository=FeatureRepository(features, project) if features is not None else None,
        indexes=[open_index(where) for where in index or ()],
        audit=AuditLog(outbox),
        project=project,
        actor=getpass.getuser(),
    )
    if json_output:
        print_json(asdict(erased))
    else:
        say(
            f"{erased.outbox_events} waiting events, {erased.feature_events} events and "
            f"{erased.index_entries} index entries removed"
        )
