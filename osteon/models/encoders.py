"""Image encoders for one-channel pictures: timm's networks by name, and narrow forms for a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn

from osteon.domain import RefusedError, UsageError

DEFAULT_IMAGE_ENCODER = "resnet18d-narrow"
DEFAULT_INPUT_SIZE = 128

# Narrow ResNet-D (He et al. 2019, arXiv:1812.01187): dense 3x3 convolutions keep a CPU's vector
# units full, where the depth-wise ones of mobile networks wait for memory (docs/decisions).
_NARROW: Mapping[str, tuple[str, dict[str, Any]]] = {
    "resnet18d-narrow": ("resnet18d", {"channels": (32, 64, 128, 256), "stem_width": 16}),
    "resnet18d-slim": ("resnet18d", {"channels": (48, 96, 192, 384), "stem_width": 24}),
    "resnet10t-tiny": ("resnet10t", {"channels": (16, 32, 64, 128), "stem_width": 16}),
}

_ANY_SIZE = tuple(f"timm.models.{name}" for name in ("vision_transformer", "deit", "eva"))


class TimmImageEncoder(nn.Module):
    """A timm network without its classifier: prepared pictures (B, 1, S, S) to features (B, F)."""

    def __init__(self, name: str, *, drop_path: float = 0.0) -> None:
        super().__init__()
        self.name = name
        self.network = _network(name, drop_path)
        # num_features is wrong for networks with a convolutional head (MobileNetV3, GhostNet, ...).
        sizes: Any = self.network
        self.feature_dim = int(getattr(sizes, "head_hidden_size", None) or sizes.num_features)

    def encode(self, image_BCHW: Tensor) -> Tensor:
        """Features (B, F), before any projection, float32."""
        return cast(Tensor, self.network(image_BCHW)).float()

    @property
    def region_dim(self) -> int:
        """Width of the features of `encode_regions`."""
        network: Any = self.network
        return int(network.feature_info[self._region_stage]["num_chs"])

    @property
    def _region_stage(self) -> int:
        # The last map of a convolutional network is coarse (4 x 4 at 128 pixels): GLoRIA takes the stage
        # before it. The tokens of a transformer keep their place to the end.
        return -1 if hasattr(self.network, "blocks") else -2

    def encode_regions(self, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, F) as `encode`, and those of the picture's R regions (B, R, G), row by row."""
        network: Any = self.network
        last, (map_BGHW,) = network.forward_intermediates(image_BCHW, indices=[self._region_stage])
        return network.forward_head(last).float(), map_BGHW.flatten(2).transpose(1, 2).float()

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """As `encode`."""
        return self.encode(image_BCHW)


def build_image_encoder(
    name: str = DEFAULT_IMAGE_ENCODER, *, drop_path: float = 0.0, seed: int | None = None
) -> TimmImageEncoder:
    """A one-channel encoder with random weights.

    Args:
        name: one of the narrow forms above, or any timm model name that pools to a vector.
        drop_path: stochastic depth (Huang et al. 2016, arXiv:1603.09382) while training.
        seed: when given, the weights depend on it alone and the global generator is left as it was.
    Raises:
        UsageError: no such network.
    """
    import torch

    if seed is None:
        return TimmImageEncoder(name, drop_path=drop_path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TimmImageEncoder(name, drop_path=drop_path)


def load_matching_weights(encoder: nn.Module, weights: Mapping[str, Tensor], *, prefix: str) -> int:
    """Copies the tensors of `weights` under `prefix` that fit by name and shape, and counts them.

    Raises:
        RefusedError: none fits, so that the run would silently start from random weights.
    """
    own = encoder.state_dict()
    matching = {
        name: weights[prefix + name]
        for name, value in own.items()
        if prefix + name in weights and weights[prefix + name].shape == value.shape
    }
    if not matching:
        raise RefusedError(
            "weights of the same image encoder",
            "a package of another one",
            "name its encoder in the recipe, or start from random",
        )
    encoder.load_state_dict({**own, **matching})
    return len(matching)


def _network(name: str, drop_path: float) -> nn.Module:
    import timm

    base, settings = _NARROW.get(name, (name, {}))
    if not timm.is_model(base):
        raise UsageError(
            f"an image encoder: {', '.join(_NARROW)} or a timm name",
            "an unknown name",
            "see timm.list_models()",
        )
    arguments: dict[str, Any] = {"in_chans": 1, "num_classes": 0, "pretrained": False, **settings}
    if drop_path:
        arguments["drop_path_rate"] = drop_path
    if timm.models.model_entrypoint(base).__module__ in _ANY_SIZE:
        # The position table keeps the shape of the model's own size, whatever the picture's: a package
        # pretrained at 224 pixels fine-tunes at 448.
        arguments.update(dynamic_img_size=True, dynamic_img_pad=True)
    return cast(nn.Module, timm.create_model(base, **arguments))
