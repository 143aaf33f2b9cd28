"""Reference events kept beside a model: one Parquet file per model version, with its manifest."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.statistics.result import Floats
from monitoring.windows import LABEL, NEEDED_COLUMNS, QUALITY, tidy
from osteon.artefact import atomic_write, read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import FaultError, Manifest, RefusedError, canonical_json, sha256_text

_FILE = "reference.parquet"
_ALTERED = "altered.parquet"


class References:
    """The folder of references; `keep` is called once per promoted model version, before it serves.

    A reference has the columns of the feature repository, so any stratum of any site can be taken from it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, events: pd.DataFrame, altered: pd.DataFrame | None = None) -> Manifest:
        """Write the reference of the one model version in `events`; the same events change nothing.

        Args:
            altered: `cause`, `before`, `after`: embeddings of a reference picture without and with a cause;
                and where known `quality_before`, `quality_after`.
        """
        frame = tidy(events)
        models = frame[["task", "model_version", "embedding_space"]].drop_duplicates()
        if len(models) != 1:
            raise RefusedError(
                "reference events of one task, one model version and one embedding space",
                f"{len(models)} combinations of them",
                "keep one reference per task and model version",
            )
        task, version, space = (str(cell) for cell in models.iloc[0])
        target = self._of(task, version)
        wanted = [*NEEDED_COLUMNS, *(name for name in (*QUALITY, LABEL) if name in frame.columns)]
        columns = frame.loc[:, wanted].copy()
        columns["embedding"] = [[float(x) for x in cell] for cell in columns["embedding"]]
        target.mkdir(parents=True, exist_ok=True)
        atomic_write(target / _FILE, columns.to_parquet(None, index=False))
        files = [_FILE]
        if altered is not None:
            atomic_write(target / _ALTERED, altered.to_parquet(None, index=False))
            files.append(_ALTERED)
        manifest = Manifest(
            stage="reference",
            settings={"task": task, "model_version": version, "embedding_space": space},
            outputs=sha256_files(target, files),
            figures={"events": len(columns), "sites": int(columns["site"].nunique())},
        )
        write_manifest(target, manifest)
        return manifest

    def load(self, task: str, model_version: str) -> pd.DataFrame | None:
        """The tidy reference of a task's model version; None when none was kept.

        Raises:
            FaultError: the file is not the one its manifest names.
        """
        found = self._read(task, model_version, _FILE)
        return None if found is None else tidy(found)

    def alterations(self, task: str, model_version: str) -> dict[str, tuple[Floats, Floats]]:
        """Cause -> the same reference pictures without and with it, described; empty when none were kept.

        Raises:
            FaultError: the file is not the one its manifest names.
        """
        found = self._read(task, model_version, _ALTERED)
        if found is None:
            return {}
        return {
            str(cause): (_described(rows, "before"), _described(rows, "after"))
            for cause, rows in found.groupby("cause", sort=True)
        }

    def _read(self, task: str, model_version: str, name: str) -> pd.DataFrame | None:
        target = self._of(task, model_version)
        if not (target / "manifest.json").is_file():
            return None
        known = read_manifest(target).outputs.get(name)
        if known is None and name != _FILE:
            return None
        if known != sha256_file(target / name):
            raise FaultError(
                "the reference file that its manifest names", "another content", "rebuild the reference"
            )
        return pd.read_parquet(target / name)

    def _of(self, task: str, model_version: str) -> Path:
        """A folder name that any task and version map to, and no two pairs share."""
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", f"{task}-{model_version}")
        tag = sha256_text(canonical_json([task, model_version]))[:8]
        return self._folder / f"{plain}-{tag}"


def _described(rows: pd.DataFrame, side: str) -> Floats:
    """As `windows.described`, of the altered pictures of one cause."""
    embeddings, column = np.stack(list(rows[side])), f"quality_{side}"
    quality = np.full((len(rows), len(QUALITY)), np.nan)
    for number, cell in enumerate(rows.get(column, ())):
        if cell is not None and len(cell):
            quality[number] = cell
    return np.concatenate([embeddings, quality], axis=1)
