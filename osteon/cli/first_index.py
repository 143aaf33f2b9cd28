"""The index that `osteon up` fills, so that its server can search: the pairs of its own run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from osteon.artefact import read_manifest
from osteon.cli.home import Home
from osteon.domain import RefusedError


def search_settings(home: Home) -> dict[str, str]:
    """What the model server is told of its dual encoder and index; nothing where the run left no encoder."""
    if not _is_whole(home.encoder):
        return {}
    index = {"index": str(home.index)} if _is_whole(home.index) else {}
    return {"dual_package": str(home.encoder), **index}


def fill_index(home: Home, *, before_replacing: Callable[[], object]) -> None:
    """The home's index holds its pairs in the space of its encoder; what is there already is kept.

    An index of another encoder is made anew: its vectors do not compare with those of this one.

    Args:
        before_replacing: called first then, to stop whoever reads the old one.
    """
    pairs = home.workspace / "pairs"
    if not (_is_whole(home.encoder) and _is_whole(pairs)):
        return
    space = json.loads((home.encoder / "config.json").read_text(encoding="utf-8"))["embedding_space"]
    held = _space_of(home.index)
    if held == space and _is_whole(home.index):
        return
    from osteon.cli.index import grow_index

    if held not in (None, space):
        before_replacing()
        shutil.rmtree(home.index)
    grow_index(home.encoder, str(home.index), pairs=pairs, outbox=home.outbox)


def _space_of(index: Path) -> str | None:
    """The embedding space of an index's entries; None without any."""
    if not (index / "index.db").exists():
        return None
    from osteon.features.index import open_index

    state = open_index(str(index)).state()
    return state.space.name if state else None


def _is_whole(folder: Path) -> bool:
    try:
        read_manifest(folder)
    except RefusedError:
        return False
    return True
