"""An image encoder from weights that a user brought: CLIP's image side, ImageNet's, any that timm can take.

This is how Clinical CLIP begins (Sérieys et al. 2022): the image side of CLIP beside a clinical text
encoder, both then trained on ROCO. `docs/public-sets.md` has the steps.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from osteon.artefact import read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import Manifest, RefusedError, UsageError
from osteon.models.encoders import TimmImageEncoder, build_image_encoder
from osteon.models.package import CARD_NAME, CONFIG_NAME, ENCODER_PREFIX, WEIGHTS_NAME, package_folder

KIND = "image-encoder"
_FILES = (WEIGHTS_NAME, CONFIG_NAME, CARD_NAME)


def write_image_encoder(weights: Path, name: str, output: Path, *, licence: str) -> Manifest:
    """Writes a folder that fine-tuning and pretraining begin from, as from any package of theirs.

    timm changes the names of another library's tensors, leaves the text side out, and sums the first layer
    over the three colours, so that a gray picture gives what it would give as colour.

    Args:
        weights: one `.safetensors` file: open_clip's or OpenAI's CLIP (`visual. ...`), or timm's own.
        name: timm's name of that network: `resnet50x4_clip_gap` or `vit_base_patch32_clip_224` for CLIP's.
        licence: the terms of the weights, for the card.
    Raises:
        UsageError: no such file or network.
        RefusedError: the file is no safetensors, or its tensors are not of that network.
    """
    encoder = load_local_weights(Path(weights), name)
    manifest = Manifest(
        stage="image-encoder",
        inputs={"weights": sha256_file(Path(weights))},
        settings={"image_encoder": name},
    )
    with package_folder(Path(output)) as folder:
        tensors = {f"{ENCODER_PREFIX}{key}": value for key, value in encoder.state_dict().items()}
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / WEIGHTS_NAME)
        config = {"kind": KIND, "image_encoder": name}
        (folder / CONFIG_NAME).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        (folder / CARD_NAME).write_text(_card(name, licence), encoding="utf-8")
        write_manifest(folder, replace(manifest, outputs=sha256_files(folder, _FILES)))
    return read_manifest(Path(output))


def load_local_weights(weights: Path, name: str) -> TimmImageEncoder:
    """The one-channel encoder of that name with the weights of a file; see `write_image_encoder`."""
    if not weights.is_file():
        raise UsageError("a file of weights (.safetensors)", "no file at that path", "check the path")
    try:
        if weights.suffix != ".safetensors":
            raise SafetensorError
        with safe_open(weights, framework="pt") as tensors:
            tensors.keys()
    except SafetensorError:
        raise RefusedError(
            "weights as .safetensors", "another file", "save them as safetensors: nothing else is opened"
        ) from None
    encoder = build_image_encoder(name)
    try:
        missing = _load(encoder.network, weights)
    except (RuntimeError, KeyError):
        missing = ["all"]
    if missing:
        raise RefusedError(
            f"every tensor of {name}", "those of another network", "name the network that the file is of"
        )
    return encoder


def _load(network: Any, weights: Path) -> list[str]:
    """Loads by timm's own rules; gives the tensors that the file lacks, which timm would leave random."""
    from timm.models import load_pretrained

    missing: list[str] = []

    def note(_: torch.nn.Module, keys: Any) -> None:
        missing.extend(key for key in keys.missing_keys if not key.endswith("num_batches_tracked"))

    hook = network.register_load_state_dict_post_hook(note)
    module = sys.modules[type(network).__module__]
    load_pretrained(
        network,
        pretrained_cfg={**network.pretrained_cfg, "file": str(weights)},
        num_classes=0,
        in_chans=1,
        filter_fn=getattr(module, "checkpoint_filter_fn", None),
        strict=False,
    )
    hook.remove()
    return missing


def _card(name: str, licence: str) -> str:
    return f"""# Image encoder {name}

Weights that were brought as a file, made to take one channel; `manifest.json` has the file's hash.
Terms: {licence}. Use it as `osteon finetune --init`. Nothing was learned here, and no figure is claimed.
"""
