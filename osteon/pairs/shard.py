"""WebDataset shards: one tar per thousand studies, whose first member tells what the rest is.

Members of one study, in order: `<study>.0.png`, `<study>.1.png`, ..., `<study>.txt` (the report) and
`<study>.json` (pseudonyms, region, view, side, sections). WebDataset takes all before the first dot as
the key.
Source: https://github.com/webdataset/webdataset, "The WebDataset format".
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Pair, RefusedError, Study, canonical_json
from osteon.domain.pair import Split
from osteon.pairs.cache import decode_png

SHARD_MANIFEST = "__manifest__.json"
SHARD_SCHEMA_VERSION = "1"
_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRecord:
    """One study as a shard holds it.

    Attributes:
        pictures: 8-bit pictures, (H, W) each, sizes may differ.
        text: the de-identified report.
        meta: pseudonyms, hospital, sex, sections, and region, view and side of each picture.
    """

    study: str
    patient: str
    pictures: tuple[NDArray[np.uint8], ...]
    text: str
    meta: dict[str, Any]


def shard_name(split: Split, number: int) -> str:
    """File name of a shard."""
    return f"{split}-{number:05d}.tar"


def shard_key(study: str) -> str:
    """The study's pseudonym as a WebDataset key: a UID's dots would end it early."""
    key = study.replace(".", "-")
    if not _KEY.fullmatch(key):
        raise RefusedError(
            "study pseudonyms of letters, figures, dots and dashes", "other characters", "de-identify again"
        )
    return key


def write_shard(
    path: Path, header: dict[str, Any], pairs: Sequence[Pair], sex: dict[str, str], images: Path
) -> None:
    """Writes one shard; equal input gives equal bytes (no clock, owner or mode of this machine).

    Args:
        header: what the first member says.
        sex: by study.
        images: folder of the cached pictures, `<hospital>/<study key>/<k>.png`.
    """
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, SHARD_MANIFEST, canonical_json(header).encode())
        for pair in pairs:
            key = shard_key(pair.study.study)
            for position, _ in enumerate(pair.study.images):
                _add(
                    archive,
                    f"{key}.{position}.png",
                    (images / picture_name(pair.study, position)).read_bytes(),
                )
            _add(archive, f"{key}.txt", pair.report.text.encode())
            meta = _meta(pair, sex.get(pair.study.study, ""))
            _add(archive, f"{key}.json", json.dumps(meta, ensure_ascii=False, sort_keys=True).encode())


def picture_name(study: Study, position: int) -> str:
    """Cached picture of a study's image, relative to the folder of cached pictures."""
    return f"{study.hospital or 'hospital'}/{shard_key(study.study)}/{position}.png"


def _meta(pair: Pair, sex: str) -> dict[str, Any]:
    return {
        "study": pair.study.study,
        "patient": pair.study.patient,
        "hospital": pair.study.hospital,
        "sex": sex,
        "sections": dict(pair.report.sections),
        "images": [
            {"region": image.region, "view": image.view, "laterality": image.laterality}
            for image in pair.study.images
        ],
    }


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(data), 0, 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    archive.addfile(member, io.BytesIO(data))


def read_header(path: Path) -> dict[str, Any]:
    """What a shard's first member says; RefusedError when it is none of ours."""
    try:
        with tarfile.open(path, "r:") as archive:
            first = archive.next()
            stream = (
                archive.extractfile(first) if first is not None and first.name == SHARD_MANIFEST else None
            )
            header = json.loads(stream.read()) if stream is not None else {}
    except (OSError, tarfile.TarError, ValueError):
        header = {}
    if header.get("schema_version") != SHARD_SCHEMA_VERSION:
        raise RefusedError(
            f"a shard that begins with {SHARD_MANIFEST}",
            "another file",
            "make shards with `osteon pairs build`",
        )
    return dict(header)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpan:
    """Where the PNG of one picture stands in a shard file, in bytes."""

    start: int
    length: int


def scan_shard(path: Path) -> Iterator[tuple[dict[str, Any], tuple[PictureSpan, ...]]]:
    """What each study's JSON says and where its pictures are, without reading the pictures."""
    read_header(path)
    with tarfile.open(path, "r:") as archive:
        spans: list[PictureSpan] = []
        for member in archive:
            if member.name.endswith(".png"):
                spans.append(PictureSpan(start=member.offset_data, length=member.size))
            elif member.name.endswith(".json") and member.name != SHARD_MANIFEST:
                stream = archive.extractfile(member)
                if stream is not None:
                    yield json.loads(stream.read()), tuple(spans)
                spans = []


def read_span(path: Path, span: PictureSpan) -> NDArray[np.uint8]:
    """The picture at a place of a shard."""
    with path.open("rb") as stream:
        stream.seek(span.start)
        return decode_png(stream.read(span.length))


def read_shard(path: Path) -> Iterator[PairRecord]:
    """The studies of one shard, in its order."""
    read_header(path)
    with tarfile.open(path, "r:") as archive:
        pictures: list[NDArray[np.uint8]] = []
        text = ""
        for member in archive:
            stream = archive.extractfile(member)
            if member.name == SHARD_MANIFEST or stream is None:
                continue
            if member.name.endswith(".png"):
                pictures.append(decode_png(stream.read()))
            elif member.name.endswith(".txt"):
                text = stream.read().decode()
            elif member.name.endswith(".json"):  # a study's last member
                meta = json.loads(stream.read())
                yield PairRecord(
                    study=meta["study"],
                    patient=meta["patient"],
                    pictures=tuple(pictures),
                    text=text,
                    meta=meta,
                )
                pictures, text = [], ""
