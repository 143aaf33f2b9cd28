"""The package of an image encoder alone: what `finetune --init` takes, without a head or a text side."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from osteon.artefact import read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import Manifest, RefusedError
from osteon.models.encoders import TimmImageEncoder, build_image_encoder, load_matching_weights
from osteon.models.package import (
    CALIBRATION_NAME,
    CARD_NAME,
    CONFIG_NAME,
    ENCODER_PREFIX,
    FILE_NAMES,
    METRICS_NAME,
    WEIGHTS_NAME,
    embedding_space_name,
    encoder_name,
    package_folder,
    read_tensors,
)
from osteon.models.preprocess import Preprocess

KIND = "image-encoder"


@dataclass(frozen=True, kw_only=True)
class EncoderPackage:
    """An image encoder, how its pictures are prepared, and where it comes from."""

    encoder: TimmImageEncoder
    preprocess: Preprocess
    metrics: Mapping[str, Any]
    card: str


def save_encoder_package(output: Path, package: EncoderPackage, manifest: Manifest) -> Manifest:
    """Writes the whole package at once; the manifest gets the hashes of all files."""
    with package_folder(output) as folder:
        weights = package.encoder.state_dict()
        named = {ENCODER_PREFIX + name: value.contiguous() for name, value in weights.items()}
        save_file(named, folder / WEIGHTS_NAME)
        config = {
            "kind": KIND,
            "image_encoder": package.encoder.name,
            "embedding_space": embedding_space_name(weights, package.preprocess),
        }
        _write_json(folder / CONFIG_NAME, config)
        package.preprocess.save(folder)
        # Features are no probability: there is nothing to calibrate, and the file says so.
        _write_json(folder / CALIBRATION_NAME, {"method": "none"})
        _write_json(folder / METRICS_NAME, package.metrics)
        (folder / CARD_NAME).write_text(package.card, encoding="utf-8")
        for name in FILE_NAMES:
            (folder / name).chmod(0o644)
        write_manifest(folder, replace(manifest, outputs=sha256_files(folder, FILE_NAMES)))
    return read_manifest(output)


def load_encoder(folder: Path) -> EncoderPackage:
    """The image encoder of any package: of an encoder alone, a dual encoder, or a fine-tuned model.

    Raises:
        RefusedError: no package, one whose files were changed, or one that holds not every tensor of its
            encoder.
    """
    outputs = read_manifest(folder).outputs
    for name in FILE_NAMES:
        path = folder / name
        if name not in outputs or not path.is_file() or sha256_file(path) != outputs[name]:
            raise RefusedError(
                "a model package as it was written", f"{name} missing or changed", "fetch the package again"
            )
    encoder = build_image_encoder(encoder_name(folder), seed=0)
    loaded = load_matching_weights(encoder, read_tensors(folder), prefix=ENCODER_PREFIX)
    whole = len(encoder.state_dict())
    if loaded != whole:
        raise RefusedError(
            f"all {whole} tensors of the image encoder", f"{loaded} of them", "fetch the package again"
        )
    return EncoderPackage(
        encoder=encoder.eval(),
        preprocess=Preprocess.load(folder),
        metrics=json.loads((folder / METRICS_NAME).read_text(encoding="utf-8")),
        card=(folder / CARD_NAME).read_text(encoding="utf-8"),
    )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + os.linesep, encoding="utf-8")
