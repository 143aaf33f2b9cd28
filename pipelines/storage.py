"""Artefact folders by URI: a local path is used in place, any other fsspec URI is copied in and out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

from osteon.artefact import MANIFEST_NAME, atomic_write


def is_local(uri: str) -> bool:
    """True for a path or a file:// URI."""
    return urlparse(uri).scheme in {"", "file"}


def join(uri: str, *names: str) -> str:
    """The URI of something inside a folder.

    >>> join("s3://bucket/run/", "pairs")
    's3://bucket/run/pairs'
    """
    return "/".join([uri.rstrip("/"), *names])


def local_path(uri: str) -> Path:
    """The path a local URI names."""
    return Path(urlparse(uri).path if uri.startswith("file://") else uri).absolute()


@contextmanager
def reading(uri: str) -> Iterator[Path]:
    """The folder behind the URI as a local path, for as long as the block runs."""
    if is_local(uri):
        yield local_path(uri)
        return
    with tempfile.TemporaryDirectory(prefix="osteon-in-") as scratch:
        target = Path(scratch) / "artefact"
        fetch(uri, target)
        yield target


@contextmanager
def writing(uri: str) -> Iterator[Path]:
    """A local folder; once the block ends without an error, its files and no others lie behind the URI.

    The manifest goes first and is copied last, so that a reader never sees an artefact that is not whole.
    """
    if is_local(uri):
        yield _with_parent(uri)
        return
    with tempfile.TemporaryDirectory(prefix="osteon-out-") as scratch:
        source = Path(scratch) / "artefact"
        yield source
        made = set(_stamps(source))
        _remove(uri, [MANIFEST_NAME])
        _put(uri, source, made - {MANIFEST_NAME})
        _remove(uri, set(_found(uri)) - made)
        _put(uri, source, made & {MANIFEST_NAME})


@contextmanager
def adding(uri: str) -> Iterator[Path]:
    """As `writing`, for one of several that change one folder: what is there is there to begin with.

    Only what the block itself added, changed or took away is carried back: the others are at work too.
    """
    if is_local(uri):
        yield _with_parent(uri)
        return
    with tempfile.TemporaryDirectory(prefix="osteon-out-") as scratch:
        source = Path(scratch) / "artefact"
        fetch(uri, source)
        before = _stamps(source)
        yield source
        after = _stamps(source)
        _put(uri, source, {name for name, stamp in after.items() if before.get(name) != stamp})
        _remove(uri, set(before) - set(after))


def fetch(uri: str, folder: Path) -> None:
    """What lies behind the URI is in the folder with its times; a local URI is that folder already."""
    if is_local(uri):
        return
    import fsspec

    filesystem, remote = fsspec.core.url_to_fs(uri)
    if not filesystem.exists(remote):
        return
    filesystem.get(remote.rstrip("/") + "/", f"{folder}/", recursive=True)
    for name in _stamps(folder):
        try:
            changed = filesystem.modified(f"{remote}/{name}").timestamp()
        except NotImplementedError:  # a storage that keeps no times
            return
        except FileNotFoundError:  # taken away meanwhile by another that adds
            continue
        os.utime(folder / name, (changed, changed))


def remove_file(uri: str) -> None:
    """No file lies behind the URI afterwards."""
    if is_local(uri):
        local_path(uri).unlink(missing_ok=True)
    else:
        folder, _, name = uri.rpartition("/")
        _remove(folder, [name])


def _with_parent(uri: str) -> Path:
    path = local_path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    """File below the folder -> what changes when it is written anew."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            found[path.relative_to(folder).as_posix()] = stamp
    return found


def _found(uri: str) -> list[str]:
    """The files that lie behind the URI, relative to it."""
    import fsspec

    filesystem, remote = fsspec.core.url_to_fs(uri)
    root = remote.strip("/") + "/"
    return [path.strip("/").removeprefix(root) for path in filesystem.find(remote)]


def _put(uri: str, folder: Path, names: Iterable[str]) -> None:
    import fsspec

    filesystem, remote = fsspec.core.url_to_fs(uri)
    for name in sorted(names, key=lambda name: (name.endswith(MANIFEST_NAME), name)):
        filesystem.makedirs(f"{remote}/{name}".rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(folder / name), f"{remote}/{name}")


def _remove(uri: str, names: Iterable[str]) -> None:
    import fsspec

    filesystem, remote = fsspec.core.url_to_fs(uri)
    for name in sorted(names):
        if filesystem.exists(f"{remote}/{name}"):
            filesystem.rm_file(f"{remote}/{name}")


def read_text(uri: str) -> str:
    """The text of one file; OSError when there is none."""
    if is_local(uri):
        return local_path(uri).read_text(encoding="utf-8")
    import fsspec

    with fsspec.open(uri, "r", encoding="utf-8") as stream:
        return str(stream.read())


def write_text(uri: str, text: str) -> None:
    """The file holds the text, whole."""
    if is_local(uri):
        atomic_write(local_path(uri), text)
        return
    import fsspec

    filesystem, remote = fsspec.core.url_to_fs(uri)
    filesystem.makedirs(remote.rpartition("/")[0], exist_ok=True)
    filesystem.pipe_file(remote, text.encode())
