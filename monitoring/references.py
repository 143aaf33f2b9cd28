"""Reference events kept beside a model: one Parquet file per model version, with its manifest."""

import hashlib
import re
from pathlib import Path

import pandas as pd

from monitoring.windows import NEEDED_COLUMNS, tidy
from osteon.artefact import atomic_write, read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import FaultError, Manifest, RefusedError

_FILE = "reference.parquet"


class References:
    """The folder of references; `keep` is called once per promoted model version, before it serves.

    A reference has the columns of the feature repository, so any stratum of any site can be taken from it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, events: pd.DataFrame) -> Manifest:
        """Write the reference of the one model version in `events`; the same events change nothing."""
        frame = tidy(events)
        versions, spaces = frame["model_version"].unique(), frame["embedding_space"].unique()
        if len(versions) != 1 or len(spaces) != 1:
            raise RefusedError(
                "reference events of one model version and one embedding space",
                f"{len(versions)} versions and {len(spaces)} spaces",
                "keep one reference per model version",
            )
        target = self._of(str(versions[0]))
        columns = frame.loc[:, list(NEEDED_COLUMNS)].copy()
        columns["embedding"] = [[float(x) for x in cell] for cell in columns["embedding"]]
        target.mkdir(parents=True, exist_ok=True)
        atomic_write(target / _FILE, columns.to_parquet(None, index=False))
        manifest = Manifest(
            stage="reference",
            settings={"model_version": str(versions[0]), "embedding_space": str(spaces[0])},
            outputs=sha256_files(target, [_FILE]),
            figures={"events": len(columns), "sites": int(columns["site"].nunique())},
        )
        write_manifest(target, manifest)
        return manifest

    def load(self, model_version: str) -> pd.DataFrame | None:
        """The tidy reference of a model version; None when none was kept.

        Raises:
            FaultError: the file is not the one its manifest names.
        """
        target = self._of(model_version)
        if not (target / "manifest.json").is_file():
            return None
        manifest = read_manifest(target)
        if manifest.outputs.get(_FILE) != sha256_file(target / _FILE):
            raise FaultError(
                "the reference file that its manifest names", "another content", "rebuild the reference"
            )
        return tidy(pd.read_parquet(target / _FILE))

    def _of(self, model_version: str) -> Path:
        """A folder name that any model version (`fracture:3`) maps to, and no two share."""
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", model_version)
        tag = hashlib.sha256(model_version.encode()).hexdigest()[:8]
        return self._folder / f"{plain}-{tag}"
