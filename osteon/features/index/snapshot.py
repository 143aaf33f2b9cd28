"""The vector files of a folder, and the manifest that names those in force."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from osteon.artefact import MANIFEST_NAME, read_manifest, sha256_file, write_manifest
from osteon.domain import Manifest, RefusedError
from osteon.features.index.catalogue import Catalogue
from osteon.features.index.entry import KINDS, Kind
from osteon.features.index.vectors import Ids, VectorSet, build, lists_for, training_rows

_SUFFIX = ".vectors"
_ATTEMPTS = 5
_OUTGROWN = 2  # made anew once twice as many lists would fit


class Snapshot:
    """Files `<kind>-<hash>.vectors` and manifest.json; a file counts only while the manifest names it."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder, self._catalogue = folder, catalogue

    def manifest_stamp(self) -> str:
        """Another text whenever the manifest is another one; empty without one."""
        try:
            state = (self._folder / MANIFEST_NAME).stat()
        except FileNotFoundError:
            return ""
        return f"{state.st_ino}-{state.st_mtime_ns}"

    def load(self, kind: Kind) -> VectorSet | None:
        """The vector file in force, its bytes checked; None without one.

        Raises:
            RefusedError: a file that was changed.
        """
        for _ in range(_ATTEMPTS):
            name, digest = self._named(kind)
            if name is None:
                return None
            path = self._folder / name
            try:
                if sha256_file(path) != digest:
                    break
                return VectorSet.load(path)
            except FileNotFoundError:
                continue  # another manifest came in between
        raise RefusedError("vector files as they were written", "others", "run `osteon index build --anew`")

    def publish(self, *, anew: bool = False) -> None:
        """Make each kind's file hold exactly the catalogue's entries; old files go once the new are in force.

        Args:
            anew: from the catalogue alone, whatever files there are.
        """
        outputs: dict[str, str] = {}
        for kind in KINDS:
            outputs |= self._brought_up_to_date(kind, anew=anew)
        if outputs or self.manifest_stamp():
            self._put_in_force(outputs)
        # Half-written files of a publisher that was killed go too; this one has the folder to itself.
        for path in {*self._folder.glob(f"*{_SUFFIX}*"), *self._folder.glob("*.part")}:
            if path.name not in outputs:
                path.unlink()

    def _named(self, kind: Kind) -> tuple[str | None, str]:
        if not self.manifest_stamp():
            return None, ""
        for name, digest in read_manifest(self._folder).outputs.items():
            if name.startswith(f"{kind}-"):
                return name, digest
        return None, ""

    def _brought_up_to_date(self, kind: Kind, *, anew: bool) -> dict[str, str]:
        wanted = self._catalogue.ids(kind)
        if not len(wanted):
            return {}
        name, digest = self._named(kind)
        present = None if anew else self.load(kind)
        if present is None or lists_for(len(wanted)) > _OUTGROWN * present.lists:
            return self._write(kind, self._built(kind, wanted))
        held = present.ids()
        gone, missing = np.setdiff1d(held, wanted), np.setdiff1d(wanted, held)
        if not len(gone) and not len(missing):
            return {str(name): digest}
        if len(gone):
            present.remove(gone)
        for part in np.array_split(missing, max(1, len(missing) // 20_000)):
            present.add(part, self._catalogue.vectors_of(part, present.dimensions))
        return self._write(kind, present)

    def _built(self, kind: Kind, wanted: Ids) -> VectorSet:
        state = self._catalogue.state()
        assert state is not None
        rows = training_rows(len(wanted))
        chosen = wanted[np.linspace(0, len(wanted) - 1, rows).astype(np.int64)]
        sample = self._catalogue.vectors_of(chosen, state.space.dimensions)
        return build(wanted, self._catalogue.vectors(kind), sample)

    def _write(self, kind: Kind, vectors: VectorSet) -> dict[str, str]:
        part = self._folder / f".{kind}.{os.getpid()}{_SUFFIX}.part"
        vectors.save(part)
        digest = sha256_file(part)
        name = f"{kind}-{digest[:16]}{_SUFFIX}"
        part.replace(self._folder / name)
        return {name: digest}

    def _put_in_force(self, outputs: dict[str, str]) -> None:
        if self.manifest_stamp() and read_manifest(self._folder).outputs == outputs:
            return
        state = self._catalogue.state()
        settings = {} if state is None else {"space": state.space.name, "dimensions": state.space.dimensions}
        figures = {"entries": self._catalogue.counts()}
        write_manifest(
            self._folder, Manifest(stage="index", settings=settings, outputs=outputs, figures=figures)
        )
