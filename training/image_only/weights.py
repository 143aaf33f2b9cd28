"""Weights that a user brings for one of timm's networks, ImageNet's above all; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from osteon.domain import RefusedError
from osteon.models.encoders import TimmImageEncoder


def load_timm_weights(encoder: TimmImageEncoder, path: Path) -> int:
    """Copies timm's published tensors into a one-channel encoder and counts them.

    The first convolution's three colours are added up, as timm does for grey pictures; the classifier is
    left out.

    Args:
        path: `model.safetensors` as timm publishes it, for the network of `encoder`.
    Raises:
        RefusedError: no safetensors file, or one that lacks a tensor of the network.
    """
    from timm.models import adapt_input_conv

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError):
        raise RefusedError(
            "timm weights as safetensors", "a file that is none", "save them as model.safetensors"
        ) from None
    own = encoder.network.state_dict()
    settings: Any = encoder.network
    first = f"{settings.pretrained_cfg['first_conv']}.weight"
    if first in tensors and tensors[first].shape != own[first].shape:
        tensors[first] = adapt_input_conv(1, tensors[first])
    fitting = {
        name: tensors[name] for name in own if name in tensors and tensors[name].shape == own[name].shape
    }
    if len(fitting) != len(own):
        raise RefusedError(
            f"all {len(own)} tensors of {encoder.name}",
            f"{len(fitting)} that fit",
            "bring the weights of that network, or name another one in the recipe",
        )
    encoder.network.load_state_dict(fitting)
    return len(fitting)
