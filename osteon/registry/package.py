"""Is a folder a whole, unchanged model package without code in it?"""

from __future__ import annotations

from pathlib import Path

from osteon.artefact import MANIFEST_NAME, read_manifest, sha256_file
from osteon.domain import Manifest, RefusedError

# What a pickle is called by the programs that write one; a package holds tensors as safetensors only.
_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".dill", ".npy"})
_REQUIRED = ("model.safetensors", "config.json", "preprocess.json")


def verify_package(folder: Path) -> Manifest:
    """The manifest of a package whose every file is the one that the manifest names.

    Raises:
        RefusedError: a file is missing, changed, unlisted, a link, or a pickle by its name or first bytes.
    """
    manifest = read_manifest(folder)
    present = set()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise RefusedError("a package of plain files", "a link in it", "copy the file itself into it")
        if path.is_file():
            present.add(path.relative_to(folder).as_posix())
            _refuse_pickle(path)
    present.discard(MANIFEST_NAME)
    missing = [name for name in _REQUIRED if name not in present]
    if missing:
        raise RefusedError(
            "a model package", f"a folder without {', '.join(missing)}", "name a trained model"
        )
    listed = set(manifest.outputs)
    if present != listed:
        raise RefusedError(
            "a package whose manifest lists each of its files",
            f"{len(present - listed)} files not listed and {len(listed - present)} files missing",
            "make the package again",
        )
    changed = sum(sha256_file(folder / name) != manifest.outputs[name] for name in present)
    if changed:
        raise RefusedError(
            "files with the hashes of the manifest", f"{changed} changed files", "make the package again"
        )
    return manifest


def _refuse_pickle(path: Path) -> None:
    """RefusedError when a file is a pickle, by its name or by how it begins.

    Source: PEP 3154 and PEP 574: protocols 2 to 5 begin with 0x80 and the protocol's number; torch.save
    writes a ZIP archive with a pickle inside.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
    starts_as_pickle = len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5
    if path.suffix.lower() in _PICKLE_SUFFIXES or starts_as_pickle or head == b"PK\x03\x04":
        raise RefusedError(
            "a package without pickle (it would run code when read)",
            f"a {path.suffix or 'nameless'} file that is or may hold one",
            "save the weights as safetensors",
        )
