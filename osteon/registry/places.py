"""Where packages lie: beside the registry's database, or under an artefact root anywhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from osteon.domain import UsageError
from osteon.registry.address import root_beside


class PackagePlaces:
    """Places of packages as the history keeps them, and as folders of this machine.

    Args:
        artifact_root: where packages are copied; beside the SQLite file of `tracking_uri` by default.
        cache: where packages of a remote root are fetched to.
    """

    def __init__(self, tracking_uri: str, artifact_root: str | None, cache: Path | None) -> None:
        self._beside = root_beside(tracking_uri) if artifact_root is None else None
        self.root = artifact_root or self._beside
        self._cache = cache

    def relative(self, source: str) -> str:
        """The package's place within a root beside the database, so that a registry folder may move."""
        return source.removeprefix(f"{self._beside}/") if self._beside else source

    def local(self, place: str, digest: str) -> Path:
        """The package's folder on this machine, fetched there when it lies elsewhere.

        Raises:
            UsageError: it lies elsewhere and there is no cache.
        """
        if not urlsplit(place).scheme and self._beside:
            place = f"{self._beside}/{place}"
        address = urlsplit(place)
        if address.scheme in {"", "file"}:
            return Path(url2pathname(address.path))
        if self._cache is None:
            raise UsageError("a folder to fetch packages to", "a remote registry without one", "pass cache")
        import fsspec

        target = self._cache / digest
        if not target.exists():
            filesystem, remote = fsspec.core.url_to_fs(place)
            filesystem.get(remote, str(target), recursive=True)
        return target
