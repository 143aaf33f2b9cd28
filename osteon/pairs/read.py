"""Reading a folder of shards, with the check that no patient stands on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from osteon.artefact import read_manifest, sha256_file
from osteon.domain import RefusedError
from osteon.domain.pair import Split
from osteon.pairs.shard import PairRecord, read_header, read_shard


def shard_paths(folder: Path, split: Split) -> tuple[Path, ...]:
    """The shards of a split, as the folder's manifest lists them.

    Raises:
        RefusedError: the folder is none of ours, a listed shard is missing, or names another split inside.
    """
    listed = read_manifest(folder).outputs
    paths = tuple(
        folder / name for name in sorted(listed) if name.startswith(f"{split}-") and name.endswith(".tar")
    )
    for path in paths:
        if read_header(path)["split"] != split:
            raise RefusedError("shards of one split", "a shard of another", "make the pairs again")
    return paths


def read_pairs(folder: Path, split: Split, *, verify: bool = False) -> Iterator[PairRecord]:
    """The studies of a split, shard after shard.

    Args:
        verify: first compare each shard's SHA-256 with the manifest.
    """
    outputs = read_manifest(folder).outputs
    for path in shard_paths(folder, split):
        if verify and sha256_file(path) != outputs[path.name]:
            raise RefusedError("shards as they were written", "a changed one", "make the pairs again")
        yield from read_shard(path)
