"""Where entries come from: recorded events, and the pairs of a project with a dual encoder to read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from osteon.features.index.entry import UNKNOWN, IndexEntry
from osteon.pairs import PairRecord, read_pairs, sentences

if TYPE_CHECKING:
    import pyarrow as pa

    from osteon.features.table import EventTable

_COLUMNS = (
    "event_id", "time_utc", "project", "site", "body_part", "view", "subject", "input_hmac",
    "embedding", "embedding_space", "search_embedding", "search_space",
)  # fmt: skip
# The indication is why the picture was taken and the technique how: neither describes it.
_SECTIONS = ("resultat", "conclusion")
_LEAST_WORDS = 3


class Embedder(Protocol):
    """The two sides of a dual encoder."""

    def embed_pictures(self, pictures: Iterable[NDArray[np.floating[Any]]]) -> NDArray[np.float32]:
        """Unit-norm embeddings (N, D)."""
        ...

    def embed_texts(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Unit-norm embeddings (N, D)."""
        ...


def entries_of_events(table: EventTable, space: str, known: set[str]) -> Iterator[list[IndexEntry]]:
    """Events with a vector of that space that are not known yet, part by part."""
    for rows in table.rows_without(known, _COLUMNS):
        found = {entry.key: entry for entry in _of_events(rows, space)}
        if found:
            yield list(found.values())


def _of_events(rows: pa.Table, space: str) -> Iterator[IndexEntry]:
    for row in rows.to_pylist():
        vector = row["search_embedding"] if row["search_space"] == space else row["embedding"]
        if space not in (row["search_space"], row["embedding_space"]) or not vector:
            continue
        yield IndexEntry(
            key=row["event_id"],
            kind="picture",
            project=row["project"],
            site=row["site"],
            embedding=np.asarray(vector, dtype=np.float32),
            body_part=row["body_part"] or UNKNOWN,
            view=row["view"] or UNKNOWN,
            day=row["time_utc"].date().isoformat(),
            subject=row["subject"],
            input_hmac=row["input_hmac"],
        )


def entries_of_pairs(
    folder: Path, embedder: Embedder, project: str, known_pictures: set[str], known_sentences: set[str]
) -> Iterator[list[IndexEntry]]:
    """Pictures and report sentences of the training studies that are not known yet, study by study.

    Validation and test studies stay out, so that what is measured on them was never seen.
    """
    for record in read_pairs(folder, "train"):
        entries = _pictures(record, embedder, project) if f"{record.study}/0" not in known_pictures else []
        if f"{record.study}#0" not in known_sentences:
            entries += _sentences(record, embedder, project)
        if entries:
            yield entries


def _pictures(record: PairRecord, embedder: Embedder, project: str) -> list[IndexEntry]:
    pictures = [picture.astype(np.float32) / np.float32(255) for picture in record.pictures]
    images = record.meta["images"]
    return [
        IndexEntry(
            key=f"{record.study}/{position}",
            kind="picture",
            project=project,
            site=record.meta["hospital"] or UNKNOWN,
            embedding=vector,
            body_part=images[position]["region"] or UNKNOWN,
            view=images[position]["view"] or UNKNOWN,
            subject=record.patient,
            study=record.study,
        )
        for position, vector in enumerate(embedder.embed_pictures(pictures))
    ]


def _sentences(record: PairRecord, embedder: Embedder, project: str) -> list[IndexEntry]:
    """Sentences of the findings and the conclusion, each once."""
    written = (record.meta["sections"].get(name, "") for name in _SECTIONS)
    lines = [line for section in written for line in sentences(section) if len(line.split()) >= _LEAST_WORDS]
    lines = list(dict.fromkeys(lines))
    regions = {image["region"] for image in record.meta["images"]}
    region = regions.pop() if len(regions) == 1 else UNKNOWN
    return [
        IndexEntry(
            key=f"{record.study}#{position}",
            kind="sentence",
            project=project,
            site=record.meta["hospital"] or UNKNOWN,
            embedding=vector,
            body_part=region,
            subject=record.patient,
            study=record.study,
            text=line,
        )
        for position, (line, vector) in enumerate(zip(lines, embedder.embed_texts(lines), strict=True))
    ]
