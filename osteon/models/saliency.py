"""Where an encoder looks: Grad-CAM and HiResCAM for convolutions, attention rollout for transformers.

Grad-CAM and rollout compare encoders in reports; HiResCAM over several stages is what a served answer is
explained by: it keeps small findings apart and changes with what was learned
(docs/decisions/abstention-and-explanation.md).

A map maker takes prepared pictures and gives a map for each; the checks of `saliency_checks` take any of
them, so that a method which explains words by regions needs no change here.

Shapes: B pictures, S side of a picture, h and w of a map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from osteon.domain import RefusedError
from osteon.models.encoders import TimmImageEncoder
from osteon.models.preprocess import normalise

MapMaker = Callable[[Tensor], Tensor]
Score = Callable[[Tensor], Tensor]  # features (B, F) to what is explained (B,)
_LEAST_SIDE = 7  # a coarser grid than Grad-CAM's own on ResNet-50 at 224 says little
_FINEST = 4  # reduction of the finest stage whose map counts: finer ones show edges


def is_transformer(encoder: TimmImageEncoder) -> bool:
    """Whether attention rollout fits: blocks with attention over tokens."""
    blocks = getattr(encoder.network, "blocks", None)
    return blocks is not None and all(hasattr(block, "attn") for block in blocks)


def grad_cam(encoder: TimmImageEncoder, weight_F: Tensor) -> MapMaker:
    """Maps (B, h, w) of what speaks for the score `features @ weight_F`, signed.

    The gradient of the score, averaged over places, weighs the channels of a stage (Selvaraju et al. 2017,
    arXiv:1610.02391, equations 1 and 2). Their ReLU is left to who draws the map: ranks of a signed map hold
    more. The stage is the deepest whose grid has seven places a side; small pictures leave the last one two.
    """

    def maps(levels_BSS: Tensor) -> Tensor:
        stage = _stage(encoder, levels_BSS.shape[-1])
        kept: list[Tensor] = []
        handle = stage.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
        try:
            with torch.enable_grad():
                image_B1SS = normalise(levels_BSS[:, None].float() / 255).requires_grad_()
                score = (encoder.encode(image_B1SS) @ weight_F.float()).sum()
                (gradient,) = torch.autograd.grad(score, kept[0])
        finally:
            handle.remove()
        weight_BC = gradient.mean(dim=(2, 3))
        return torch.einsum("bc,bchw->bhw", weight_BC, kept[0]).detach()

    return maps


def hires_cam(encoder: TimmImageEncoder, score: Score) -> MapMaker:
    """Signed maps (B, h, w) on the finest stage's grid: what raises the score is positive.

    Each stage's activations times their own gradients, place by place, summed over channels (Draelos and
    Carin 2021, HiResCAM, arXiv:2011.08891, equation 4); stages from a quarter of the picture's side to the
    deepest of seven places a side, each divided by its largest magnitude, are added. What speaks against the
    score stays negative: a map that only adds ranks places by how active they are, whatever was learned. Of a
    transformer's blocks the two before the last are taken.
    """
    transformer = is_transformer(encoder)
    network: Any = encoder.network

    def maps(levels_BSS: Tensor) -> Tensor:
        modules = _blocks(network) if transformer else _stages(encoder, levels_BSS.shape[-1])
        kept: list[Tensor] = []
        handles = [
            one.register_forward_hook(lambda _module, _inputs, output: kept.append(output)) for one in modules
        ]
        try:
            with torch.enable_grad():
                image_B1SS = normalise(levels_BSS[:, None].float() / 255).requires_grad_()
                gradients = torch.autograd.grad(score(encoder.encode(image_B1SS)).sum(), kept)
        finally:
            for handle in handles:
                handle.remove()
        found: Tensor | None = None
        for activation, gradient in zip(kept, gradients, strict=True):
            moved = (gradient * activation).detach()
            one_Bhw = _token_grid(network, moved, levels_BSS.shape[-1]) if transformer else moved.sum(dim=1)
            one_Bhw = one_Bhw / one_Bhw.abs().amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
            if found is not None and one_Bhw.shape != found.shape:
                one_Bhw = _enlarged(one_Bhw, found.shape[-2:])
            found = one_Bhw if found is None else found + one_Bhw
        assert found is not None
        return found

    return maps


def _enlarged(maps_Bhw: Tensor, size: torch.Size) -> Tensor:
    large = nn.functional.interpolate(
        maps_Bhw[:, None], (size[0], size[1]), mode="bilinear", align_corners=False
    )
    return large[:, 0]


def _stages(encoder: TimmImageEncoder, size: int) -> list[nn.Module]:
    """The stages from the reduction of _FINEST on that leave _LEAST_SIDE places a side, finest first."""
    network: Any = encoder.network
    stages = getattr(network, "feature_info", None)
    if not stages:
        raise _unknown_network()
    described = [stages[index] for index in range(len(stages))]
    chosen = [
        one for one in described if one["reduction"] >= _FINEST and size // one["reduction"] >= _LEAST_SIDE
    ] or described[-1:]
    return [cast(nn.Module, network.get_submodule(one["module"])) for one in chosen]


def _blocks(network: Any) -> list[nn.Module]:
    blocks = list(network.blocks)
    return blocks[-3:-1] or blocks[-1:]


def _token_grid(network: Any, moved_BTC: Tensor, side: int) -> Tensor:
    """A map from the tokens of patches; class and register tokens have no place."""
    height, width = network.patch_embed.dynamic_feat_size((side, side))
    patches_BT = moved_BTC[:, int(getattr(network, "num_prefix_tokens", 0)) :].sum(dim=-1)
    return patches_BT.reshape(len(moved_BTC), height, width)


def attention_rollout(encoder: TimmImageEncoder) -> MapMaker:
    """Maps (B, h, w) of how much each patch reaches the pooled features through all layers.

    Heads are averaged, the residual path counts as one half (Abnar & Zuidema 2020, arXiv:2005.00928, section
    3). The map knows no answer: it is the same whatever is asked.
    """

    @torch.inference_mode()
    def maps(levels_BSS: Tensor) -> Tensor:
        network: Any = encoder.network
        with _attention(network) as layers:
            encoder.encode(normalise(levels_BSS[:, None].float() / 255))
        joined = torch.eye(layers[0].shape[-1]).expand(len(levels_BSS), -1, -1)
        for attention_BHTT in layers:
            mixed_BTT = (attention_BHTT.mean(dim=1) + torch.eye(attention_BHTT.shape[-1])) / 2
            joined = mixed_BTT / mixed_BTT.sum(dim=-1, keepdim=True) @ joined
        prefix = int(getattr(network, "num_prefix_tokens", 0))
        pooled = joined[:, 0] if network.global_pool == "token" else joined[:, prefix:].mean(dim=1)
        patch_BT = pooled[:, prefix:]
        height, width = network.patch_embed.grid_size
        return patch_BT.reshape(len(levels_BSS), height, width)

    return maps


def map_maker(encoder: TimmImageEncoder, weight_F: Tensor) -> tuple[str, MapMaker]:
    """The method that fits the network, and its name."""
    if is_transformer(encoder):
        return "attention rollout", attention_rollout(encoder)
    return "Grad-CAM", grad_cam(encoder, weight_F)


@contextmanager
def _attention(network: Any) -> Iterator[list[Tensor]]:
    """Collects each block's attention (B, H, T, T); the fused kernels, which keep none, rest meanwhile."""
    layers: list[Tensor] = []
    fused = [block.attn.fused_attn for block in network.blocks]
    handles = []
    for block in network.blocks:
        block.attn.fused_attn = False
        handles.append(
            block.attn.attn_drop.register_forward_hook(lambda _module, _inputs, output: layers.append(output))
        )
    try:
        yield layers
    finally:
        for block, was in zip(network.blocks, fused, strict=True):
            block.attn.fused_attn = was
        for handle in handles:
            handle.remove()


def _stage(encoder: TimmImageEncoder, size: int) -> nn.Module:
    network: Any = encoder.network
    stages = getattr(network, "feature_info", None)
    if not stages:
        raise _unknown_network()
    described = [stages[index] for index in range(len(stages))]
    fine = [one for one in described if size // one["reduction"] >= _LEAST_SIDE]
    module = (fine or described[-1:])[-1]["module"]
    return cast(nn.Module, network.get_submodule(module))


def _unknown_network() -> RefusedError:
    return RefusedError(
        "a convolutional or transformer network of timm", "another one", "leave its saliency out"
    )
