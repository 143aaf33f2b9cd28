"""ROCO: figures of open articles with captions and UMLS concepts (Pelka et al. 2018).

Source: doi:10.1007/978-3-030-01364-6_20. Layout: `data/{train,validation,test}/radiology/` with
`images/ROCO_<n>.jpg`, and beside them lines that begin with `ROCO_<n>` and a tab: `captions.txt` (a caption
may run over further lines), `cuis.txt` (CUIs between tabs), `semtypes.txt` (TUIs and their names between
tabs), `licences.txt` (article and licence; `dlinks.txt` names the article too). The folder may be
`roco-dataset`, its `data`, or a copy without `data`.

Pictures of one article are mostly of one patient, and the publisher parted figures: the patient of a row is
its article (PMC number) where a file tells it, and a training figure of an article of the test part is
`left_out`.
"""

from __future__ import annotations

import re
from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import Layout
from training.datasets.picture_row import PictureRow
from training.datasets.table import read_lines

_SPLITS = {"train": "train", "validation": "val", "test": "test"}
_LINE = re.compile(r"(?P<name>ROCO_\d+)(?:\t(?P<rest>.*))?")
_ARTICLE = re.compile(r"PMC\d+")
_CONCEPT = re.compile(r"C\d{7}")
_SEMANTIC_TYPE = re.compile(r"T\d{3}")
_LICENCE = re.compile(r"CC[ -]?(?:BY|0)[^\t]*|public domain[^\t]*", re.IGNORECASE)


def _data(root: Path) -> Path:
    return root / "data" if (root / "data").is_dir() else root


def _is_here(root: Path) -> bool:
    return any((_data(root) / split / "radiology" / "captions.txt").is_file() for split in _SPLITS)


def _read(root: Path) -> list[PictureRow]:
    data = _data(root)
    rows: list[PictureRow] = []
    for folder, split in _SPLITS.items():
        rows += _rows(data / folder / "radiology", split)
    if len({row.file.stem for row in rows}) != len(rows):
        raise RefusedError(
            "every figure of ROCO in one part", "a figure in two", "fetch the set's own files again"
        )
    return rows


def _rows(folder: Path, split: str) -> list[PictureRow]:
    captions = _entries(folder / "captions.txt")
    concepts = _entries(folder / "cuis.txt")
    types = _entries(folder / "semtypes.txt")
    licences = _entries(folder / "licences.txt")
    links = _entries(folder / "dlinks.txt") if (folder / "dlinks.txt").is_file() else {}
    rows = []
    for name, caption in captions.items():
        article = _ARTICLE.search(f"{licences.get(name, '')} {links.get(name, '')}")
        licence = _LICENCE.search(licences.get(name, ""))
        rows.append(
            PictureRow(
                file=folder / "images" / f"{name}.jpg",
                patient=f"roco-{article[0]}" if article else f"roco-{name}",
                study=f"roco-{name}",
                split=split,
                text=" ".join(caption.split()),
                concepts=tuple(dict.fromkeys(_CONCEPT.findall(concepts.get(name, "")))),
                semantic_types=tuple(dict.fromkeys(_SEMANTIC_TYPE.findall(types.get(name, "")))),
                licence=licence[0].strip() if licence else "",
            )
        )
    return rows


def _entries(path: Path) -> dict[str, str]:
    """Text by figure; a line that begins with no figure goes on the one before."""
    entries: dict[str, str] = {}
    name = ""
    for number, line in enumerate(read_lines(path, "ROCO"), start=1):
        match = _LINE.fullmatch(line.strip())
        if match and match["name"] not in entries:
            name = match["name"]
            entries[name] = match["rest"] or ""
        elif match or not (name or not line.strip()):
            raise RefusedError(
                f"each figure once at the start of a line of {path.name}",
                f"something else in line {number}",
                "fetch the set's own files again",
            )
        else:
            entries[name] = f"{entries[name]} {line.strip()}" if name else ""
    entries.pop("", None)
    return entries


ROCO = Layout(
    name="roco",
    title="ROCO",
    licence="each figure has its article's own (licences.txt); some allow no commercial use",
    home="github.com/razorx89/roco-dataset",
    looked_for="train, validation or test, each with radiology/captions.txt",
    is_here=_is_here,
    read=_read,
)
