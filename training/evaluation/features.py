"""Frozen encoders and the features they give; each picture is prepared and encoded once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.artefact import folder_hash
from osteon.domain import UsageError
from osteon.models.dual_package import KIND as DUAL
from osteon.models.dual_package import DualPackage, load_dual_package
from osteon.models.encoder_package import load_encoder
from osteon.models.encoders import TimmImageEncoder, build_image_encoder
from osteon.models.package import CONFIG_NAME
from osteon.models.preprocess import Preprocess, normalise
from training.data import Report, prepare_rows
from training.label_table import LabelRow

RANDOM = "random"
_BATCH = 64
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OpenEncoder:
    """A frozen encoder under the name that a report gives it.

    Attributes:
        method: name that it shares with other pretraining seeds of the same method; empty for one alone.
        dual: the whole dual encoder, where the package is one: what zero-shot and text retrieval need.
        digest: of its package; None for random weights.
    """

    name: str
    encoder: TimmImageEncoder
    preprocess: Preprocess
    method: str = ""
    card: str = ""
    dual: DualPackage | None = None
    digest: str | None = None


def open_encoders(sources: Sequence[tuple[str, str]], *, seed: int = 0) -> list[OpenEncoder]:
    """The encoders of (name, source) pairs; a source is the folder of a package, or `random`.

    A name given again is another pretraining seed of one method: its encoders are numbered from 1, and label
    efficiency pools them. Random weights take the network and the preprocessing of the first package, and
    the next seed each time.

    Raises:
        UsageError: two of one name after the numbering, or no package at all.
        RefusedError: a package that is not whole.
    """
    given = [name for name, _ in sources]
    names = [_numbered(given, place) for place in range(len(given))]
    folders = [source for _, source in sources if source != RANDOM]
    if len(set(names)) != len(names) or not folders:
        raise UsageError(
            "encoders of different names, at least one of them a package",
            "a name twice, or no package",
            "give NAME=FOLDER for each, NAME=random for random weights",
        )
    first = load_encoder(Path(folders[0]))
    opened = []
    for name, (method, source) in zip(names, sources, strict=True):
        method = method if given.count(method) > 1 else ""
        if source == RANDOM:
            encoder = build_image_encoder(first.encoder.name, seed=seed).eval()
            seed += 1
            opened.append(OpenEncoder(name=name, encoder=encoder, preprocess=first.preprocess, method=method))
            continue
        folder = Path(source)
        loaded = load_encoder(folder)
        kind = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8")).get("kind")
        opened.append(
            OpenEncoder(
                name=name,
                encoder=loaded.encoder,
                preprocess=loaded.preprocess,
                method=method,
                card=loaded.card,
                dual=load_dual_package(folder) if kind == DUAL else None,
                digest=folder_hash(folder),
            )
        )
    return opened


def _numbered(given: Sequence[str], place: int) -> str:
    name = given[place]
    return name if given.count(name) == 1 else f"{name} {given[: place + 1].count(name)}"


@dataclass(kw_only=True)
class FeatureStore:
    """Prepared pictures by preprocessing and path, features by encoder and path."""

    progress: Report | None = None
    _levels: dict[str, dict[Path, NDArray[np.uint8] | None]] = field(default_factory=dict)
    _features: dict[str, dict[Path, Floats]] = field(default_factory=dict)

    def levels(
        self, preprocess: Preprocess, rows: Sequence[LabelRow]
    ) -> dict[Path, NDArray[np.uint8] | None]:
        """Prepared squares (S, S) by path, those of `rows` among them; None where no picture came out."""
        known = self._levels.setdefault(preprocess.version, {})
        wanted = list({row.path: row for row in rows if row.path not in known}.values())
        if wanted:
            prepared = prepare_rows(wanted, preprocess, progress=self.progress)
            known.update({row.path: None for row in wanted})
            known.update(
                {row.path: square for row, square in zip(prepared.rows, prepared.levels, strict=True)}
            )
        return known

    def features(self, encoder: OpenEncoder, rows: Sequence[LabelRow]) -> tuple[list[LabelRow], Floats]:
        """The rows whose pictures could be read, and their features (N, F), float64."""
        levels = self.levels(encoder.preprocess, rows)
        kept = [row for row in rows if levels[row.path] is not None]
        known = self._features.setdefault(encoder.name, {})
        wanted = list(dict.fromkeys(row.path for row in kept if row.path not in known))
        for start in range(0, len(wanted), _BATCH):
            paths = wanted[start : start + _BATCH]
            squares = [square for path in paths if (square := levels[path]) is not None]
            part = encode_levels(encoder.encoder, np.stack(squares))
            known.update(zip(paths, part, strict=True))
        width = encoder.encoder.feature_dim
        return kept, np.stack([known[row.path] for row in kept]) if kept else np.zeros((0, width))


@torch.inference_mode()
def encode_levels(encoder: TimmImageEncoder, levels_NSS: NDArray[np.uint8]) -> Floats:
    """Features (N, F) of prepared squares."""
    encoder.eval()
    parts = []
    for start in range(0, len(levels_NSS), _BATCH):
        image = torch.from_numpy(levels_NSS[start : start + _BATCH])[:, None].float() / 255
        parts.append(encoder.encode(normalise(image)).double().numpy())
    return np.concatenate(parts) if parts else np.zeros((0, encoder.feature_dim))
