"""The package of a dual encoder: a model package with the tokenizer beside the weights."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from osteon.artefact import read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import EmbeddingSpace, Manifest, RefusedError
from osteon.models.dual_encoder import DualEncoder, DualEncoderConfig
from osteon.models.encoders import build_image_encoder
from osteon.models.package import (
    CALIBRATION_NAME,
    CARD_NAME,
    CONFIG_NAME,
    FILE_NAMES,
    METRICS_NAME,
    WEIGHTS_NAME,
    embedding_space_name,
    package_folder,
    read_tensors,
)
from osteon.models.preprocess import Preprocess
from osteon.models.tokenizer import ReportTokenizer

KIND = "dual-encoder"
TOKENIZER_NAME = "tokenizer.json"


@dataclass(frozen=True, kw_only=True)
class DualPackage:
    """A pretrained dual encoder with all that it needs to embed pictures and texts."""

    model: DualEncoder
    preprocess: Preprocess
    tokenizer: ReportTokenizer
    metrics: Mapping[str, Any]
    card: str

    @property
    def embedding_space(self) -> EmbeddingSpace:
        """The space of both sides, which the weights and the preprocessing fix."""
        name = embedding_space_name(self.model.state_dict(), self.preprocess)
        return EmbeddingSpace(name=name, dimensions=self.model.config.embedding_dim)


def save_dual_package(output: Path, package: DualPackage, manifest: Manifest) -> Manifest:
    """Writes the whole package at once; the manifest gets the hashes of all files."""
    names = (*FILE_NAMES, TOKENIZER_NAME)
    with package_folder(output) as folder:
        weights = package.model.state_dict()
        save_file({name: value.contiguous() for name, value in weights.items()}, folder / WEIGHTS_NAME)
        space = package.embedding_space.name
        _write_json(
            folder / CONFIG_NAME, {"kind": KIND, "embedding_space": space, **package.model.config.to_json()}
        )
        package.preprocess.save(folder)
        # An embedding is no probability: there is nothing to calibrate, and the file says so.
        _write_json(folder / CALIBRATION_NAME, {"method": "none"})
        _write_json(folder / METRICS_NAME, package.metrics)
        package.tokenizer.save(folder / TOKENIZER_NAME)
        (folder / CARD_NAME).write_text(package.card, encoding="utf-8")
        for name in names:
            (folder / name).chmod(0o644)
        write_manifest(folder, replace(manifest, outputs=sha256_files(folder, names)))
    return read_manifest(output)


def load_dual_package(folder: Path) -> DualPackage:
    """The dual encoder of a folder, every byte checked against its manifest.

    Raises:
        RefusedError: not the package of a dual encoder, or one whose files were changed.
    """
    outputs = read_manifest(folder).outputs
    for name in (*FILE_NAMES, TOKENIZER_NAME):
        path = folder / name
        if name not in outputs or not path.is_file() or sha256_file(path) != outputs[name]:
            raise RefusedError(
                "the package of a dual encoder as it was written",
                f"{name} missing or changed",
                "fetch the package again, or run `osteon pretrain`",
            )
    fields = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
    if fields.pop("kind", None) != KIND:
        raise RefusedError("the package of a dual encoder", "another package", "run `osteon pretrain`")
    fields.pop("embedding_space", None)
    config = DualEncoderConfig(**fields)
    model = DualEncoder(build_image_encoder(config.image_encoder), config)
    model.load_state_dict(read_tensors(folder))
    return DualPackage(
        model=model.eval(),
        preprocess=Preprocess.load(folder),
        tokenizer=ReportTokenizer.load(folder / TOKENIZER_NAME),
        metrics=json.loads((folder / METRICS_NAME).read_text(encoding="utf-8")),
        card=(folder / CARD_NAME).read_text(encoding="utf-8"),
    )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + os.linesep, encoding="utf-8")
