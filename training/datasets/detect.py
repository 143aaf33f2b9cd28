"""Which public set a folder holds, told from its files alone."""

from __future__ import annotations

from pathlib import Path

from osteon.domain import RefusedError, UsageError
from training.datasets.bone_age import BONE_AGE
from training.datasets.chexpert import CHEXPERT
from training.datasets.fracatlas import FRACATLAS
from training.datasets.graz import GRAZ
from training.datasets.knee_folders import KNEE_FOLDERS
from training.datasets.layout import Layout, PublicSet, read_layout
from training.datasets.mura import MURA
from training.datasets.oai import OAI
from training.datasets.own_table import OWN_TABLE
from training.datasets.roco import ROCO

LAYOUTS: tuple[Layout, ...] = (
    MURA, FRACATLAS, GRAZ, BONE_AGE, OAI, KNEE_FOLDERS, ROCO, CHEXPERT, OWN_TABLE,
)  # fmt: skip


def layout_named(name: str) -> Layout:
    """The layout of that name; UsageError otherwise."""
    for layout in LAYOUTS:
        if layout.name == name:
            return layout
    raise UsageError(
        f"a set among {', '.join(layout.name for layout in LAYOUTS)}", "another name", "name one of them"
    )


def detect(folder: Path) -> Layout:
    """The one layout whose files the folder has.

    Raises:
        UsageError: no such folder.
        RefusedError: none is found, or several.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError("the folder of a public set", "no folder at that path", "check the path")
    found = [layout for layout in LAYOUTS if layout.is_here(folder)]
    if len(found) == 1:
        return found[0]
    if found:
        raise RefusedError(
            "the files of one set",
            f"those of {', '.join(layout.name for layout in found)}",
            "name the one that is meant, or keep them in folders of their own",
        )
    looked_for = "; ".join(f"{layout.title}: {layout.looked_for}" for layout in LAYOUTS)
    raise RefusedError(
        f"the files of a known set ({looked_for})",
        "a folder with none of them",
        "name the folder in which its publisher's tables are",
    )


def read_set(folder: Path, *, name: str | None = None, skip_missing: bool = False) -> PublicSet:
    """The rows of the set in a folder; see `detect` and `read_layout`.

    A folder whose only content is one other folder is entered, as archives are unpacked.
    """
    folder = Path(folder)
    if name is not None:
        layout = layout_named(name)
        return read_layout(layout, _entered(folder, layout), skip_missing=skip_missing)
    inner = _inner(folder)
    root = inner if inner is not None and not any(one.is_here(folder) for one in LAYOUTS) else folder
    return read_layout(detect(root), root, skip_missing=skip_missing)


def _entered(folder: Path, layout: Layout) -> Path:
    inner = _inner(folder)
    return inner if inner is not None and not layout.is_here(folder) else folder


def _inner(folder: Path) -> Path | None:
    if not folder.is_dir():
        raise UsageError("the folder of a public set", "no folder at that path", "check the path")
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else None
