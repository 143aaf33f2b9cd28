"""Artefact folders by URI: a local path is used in place, any other fsspec URI is copied in and out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
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
    """A local folder whose files lie behind the URI once the block ends without an error.

    The manifest is copied last, so that a reader never sees an artefact that is not whole.
    """
    if is_local(uri):
        path = local_path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        return
    import fsspec

    with tempfile.TemporaryDirectory(prefix="osteon-out-") as scratch:
        source = Path(scratch) / "artefact"
        yield source
        filesystem, remote = fsspec.core.url_to_fs(uri)
        files = sorted(path for path in source.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path.name == MANIFEST_NAME):
            filesystem.makedirs(f"{remote}/{path.parent.relative_to(source)}", exist_ok=True)
            filesystem.put_file(str(path), f"{remote}/{path.relative_to(source)}")


@contextmanager
def adding(uri: str) -> Iterator[Path]:
    """As `writing`, for one of several that add files to one folder; what is there is there to begin with."""
    with writing(uri) as path:
        fetch(uri, path)
        yield path


def fetch(uri: str, folder: Path) -> None:
    """What lies behind the URI is in the folder; a local URI is that folder already."""
    if is_local(uri):
        return
    import fsspec

    filesystem, remote = fsspec.core.url_to_fs(uri)
    if filesystem.exists(remote):
        filesystem.get(remote.rstrip("/") + "/", f"{folder}/", recursive=True)


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
