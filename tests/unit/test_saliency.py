"""Saliency against its papers' formulas, and checks that catch a map which ignores the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from osteon.models.encoders import build_image_encoder
from osteon.models.preprocess import normalise
from osteon.models.saliency import attention_rollout, grad_cam, hires_cam, is_transformer, map_maker
from training.evaluation.saliency_checks import (
    enlarged,
    in_square,
    make_maps,
    pointing_game,
    randomised,
    rank_check,
)


def _pictures(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size)).astype(np.uint8)


def test_grad_cam_on_the_last_stage_is_cam() -> None:
    """With global average pooling after it, Grad-CAM is CAM (Selvaraju et al. 2017, section 3.1)."""
    encoder = build_image_encoder("resnet10t-tiny", seed=0).eval()
    weight = torch.randn(encoder.feature_dim, generator=torch.Generator().manual_seed(1))
    levels = torch.from_numpy(_pictures(2, 224))
    maps = grad_cam(encoder, weight)(levels)
    with torch.inference_mode():
        activation = encoder.network.forward_features(normalise(levels[:, None].float() / 255))  # type: ignore[operator]
    assert maps.shape == (2, 7, 7)
    expected = torch.einsum("c,bchw->bhw", weight, activation) / 49
    assert torch.allclose(maps, expected, atol=1e-5)


def test_small_pictures_get_a_map_of_seven_places_or_more() -> None:
    encoder = build_image_encoder("resnet10t-tiny", seed=0).eval()
    assert (
        grad_cam(encoder, torch.ones(encoder.feature_dim))(torch.from_numpy(_pictures(1, 128))).shape[1] == 8
    )


@pytest.fixture(scope="module")
def transformer():  # type: ignore[no-untyped-def]
    import timm

    from osteon.models.encoders import TimmImageEncoder

    torch.manual_seed(0)
    encoder = TimmImageEncoder("vit_tiny_patch16_224")
    encoder.network = timm.create_model(
        "vit_tiny_patch16_224", in_chans=1, num_classes=0, img_size=64, depth=3, num_heads=3, embed_dim=48
    )
    return encoder.eval()


def test_rollout_multiplies_attention_with_its_residual_layer_by_layer(transformer) -> None:  # type: ignore[no-untyped-def]
    levels = torch.from_numpy(_pictures(2, 64))
    maps = attention_rollout(transformer)(levels)
    network = transformer.network
    with torch.inference_mode():
        token = network.patch_embed(normalise(levels[:, None].float() / 255))
        token = network.norm_pre(network.patch_drop(network._pos_embed(token)))
        joined = torch.eye(17).expand(2, -1, -1)
        for block in network.blocks:
            attention = block.attn
            qkv = attention.qkv(block.norm1(token)).reshape(2, 17, 3, 3, 16).permute(2, 0, 3, 1, 4)
            weights = (qkv[0] @ qkv[1].transpose(-2, -1) / 4).softmax(dim=-1).mean(dim=1)
            joined = (0.5 * weights + 0.5 * torch.eye(17)) @ joined
            token = block(token)
    assert torch.allclose(maps, joined[:, 0, 1:].reshape(2, 4, 4), atol=1e-5)


def test_rollout_leaves_the_encoder_as_it_was(transformer) -> None:  # type: ignore[no-untyped-def]
    levels = torch.from_numpy(_pictures(1, 64))
    image = normalise(levels[:, None].float() / 255)
    before = transformer.encode(image)
    attention_rollout(transformer)(levels)
    assert torch.equal(transformer.encode(image), before)
    assert all(block.attn.fused_attn for block in transformer.network.blocks)
    assert not any(block.attn.attn_drop._forward_hooks for block in transformer.network.blocks)


def test_the_method_is_the_one_that_fits_the_network(transformer) -> None:  # type: ignore[no-untyped-def]
    convolutional = build_image_encoder("resnet10t-tiny", seed=0)
    assert not is_transformer(convolutional)
    assert map_maker(convolutional, torch.ones(convolutional.feature_dim))[0] == "Grad-CAM"
    assert map_maker(transformer, torch.ones(48))[0] == "attention rollout"


@pytest.mark.parametrize("kind", ["convolutional", "transformer"])
def test_random_weights_change_the_maps_of_a_method_that_looks_at_the_model(
    kind: str,
    transformer,  # type: ignore[no-untyped-def]
) -> None:
    encoder = transformer if kind == "transformer" else build_image_encoder("resnet10t-tiny", seed=0).eval()
    size = 64 if kind == "transformer" else 128
    weight = torch.randn(
        encoder.feature_dim if kind != "transformer" else 48, generator=torch.Generator().manual_seed(2)
    )
    levels = _pictures(6, size)
    first = make_maps(map_maker(encoder, weight)[1], levels)
    other = make_maps(map_maker(randomised(encoder, stages=None, seed=5), weight)[1], levels)
    groups = [str(number) for number in range(6)]
    assert rank_check("nothing", first, first, groups=groups, draws=20).correlation == pytest.approx(1.0)
    assert abs(rank_check("all", first, other, groups=groups, draws=20).correlation) < 0.7


def test_a_map_that_only_looks_at_the_picture_is_caught() -> None:
    def edges(levels: torch.Tensor) -> torch.Tensor:
        return levels.float().diff(dim=1).abs()

    levels = _pictures(4, 32)
    groups = ["a", "b", "c", "d"]
    same = rank_check("all", make_maps(edges, levels), make_maps(edges, levels), groups=groups, draws=20)
    assert same.correlation == pytest.approx(1.0)


def test_randomising_is_seeded_leaves_the_original_and_reaches_the_named_stages() -> None:
    encoder = build_image_encoder("resnet10t-tiny", seed=0)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    last = randomised(encoder, stages=1, seed=1)
    again = randomised(encoder, stages=1, seed=1)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(last.parameters(), again.parameters(), strict=True))
    changed = {name for name, value in last.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("network.layer4") for name in changed)
    assert randomised(encoder, stages=0, seed=1).state_dict().keys() == before.keys()


def test_a_randomised_stage_leaves_no_block_through_which_its_shortcut_carries_what_was_learned() -> None:
    encoder = build_image_encoder("resnet18d-narrow", seed=0)
    before = encoder.state_dict()
    last = randomised(encoder, stages=1, seed=1).state_dict()
    changed = {name.rsplit(".", 2)[0] for name, value in last.items() if not torch.equal(value, before[name])}
    assert {"network.layer4.0", "network.layer4.1"} <= {name[: len("network.layer4.0")] for name in changed}


def test_a_served_map_follows_the_sign_of_what_was_learned() -> None:
    """Turned weights turn the map: places that spoke for the answer speak against it."""
    encoder = build_image_encoder("resnet10t-tiny", seed=0).eval()
    weight = torch.randn(encoder.feature_dim, generator=torch.Generator().manual_seed(1))
    levels = torch.from_numpy(_pictures(2, 128))
    for_it = hires_cam(encoder, lambda feature_BF: feature_BF @ weight)(levels)
    against = hires_cam(encoder, lambda feature_BF: feature_BF @ -weight)(levels)
    assert torch.allclose(for_it, -against, atol=1e-5)
    assert for_it.shape == (2, 32, 32)
    assert bool((for_it != 0).all())


def test_upside_down_maps_count_as_unchanged_in_the_magnitude() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 8, 8))
    check = rank_check("sign", maps, -maps, groups=["a", "b", "c"], draws=20)
    assert check.correlation == pytest.approx(-1.0)
    assert check.magnitude == pytest.approx(1.0)


def test_the_pointing_game_counts_peaks_inside_boxes() -> None:
    maps = np.zeros((3, 10, 10))
    maps[0, 2, 7] = maps[1, 9, 0] = maps[2, 5, 5] = 1.0
    boxes = [[(0.6, 0.1, 0.9, 0.4)], [(0.6, 0.1, 0.9, 0.4)], [(0.0, 0.0, 0.1, 0.1), (0.5, 0.5, 0.6, 0.6)]]
    game = pointing_game(maps, boxes, groups=["a", "b", "c"], draws=50)
    assert game.hits == pytest.approx(2 / 3)
    assert game.centre == pytest.approx(1 / 3)
    assert game.chance == pytest.approx((9 + 9 + 2) / 300)


def test_a_box_follows_its_picture_into_the_square() -> None:
    assert in_square((0.0, 0.0, 1.0, 1.0), 100, 200) == (0.0, 0.25, 1.0, 0.75)
    assert in_square((0.5, 0.5, 1.0, 1.0), 64, 64) == (0.5, 0.5, 1.0, 1.0)


def test_an_enlarged_map_keeps_its_peak() -> None:
    small = np.zeros((1, 4, 4))
    small[0, 3, 0] = 1
    large = enlarged(small, 16)[0]
    row, column = np.unravel_index(int(large.argmax()), large.shape)
    assert row >= 12
    assert column <= 3
