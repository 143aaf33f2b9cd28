"""Every kind of encoder and option of a recipe really builds, steps and comes back from its package."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from osteon.domain import RefusedError, UsageError
from osteon.models.dual_package import load_dual_package
from osteon.models.encoders import build_image_encoder
from osteon.models.view_pool import ViewPool
from osteon.pairs import build_pairs
from tests.deid_folder import write_deid_folder
from training.losses import report_groups
from training.pair_batch import PairBatch
from training.pretrain import pretrain
from training.pretrain_model import build_model
from training.pretrain_recipes import PretrainRecipe, tiny
from training.pretrain_step import backward, make_learner, train_step
from training.team import Team

TOKEN = torch.tensor([[1, 5, 2], [1, 6, 2], [1, 7, 2], [1, 8, 2]])


class _Words:
    """As much of a tokenizer as a model's shape needs."""

    vocab_size = 20


def _learner(recipe: PretrainRecipe) -> Any:
    model = build_model(recipe, _Words(), 0)  # type: ignore[arg-type]
    return make_learner(model, recipe, Team())


def _batch(size: int) -> PairBatch:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(4, 1, size, size, generator=generator)
    word = torch.tensor([[-1, 0, -1]] * 4)
    return PairBatch(image=image, token=TOKEN, word=word, words=1, report=report_groups(TOKEN))


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "convnext_atto", "resnet10t", "resnet10t-tiny"])
@pytest.mark.parametrize("size", [64, 96])
@pytest.mark.parametrize("loss", ["clip", "gloria"])
def test_an_encoder_of_any_kind_steps_at_any_size(name: str, size: int, loss: Any) -> None:
    recipe = replace(tiny(), image_encoder=name, size=size, loss=loss, precision="float32")
    learner = _learner(recipe)
    batch = _batch(size) if loss == "gloria" else replace(_batch(size), word=None)
    before = train_step(learner, batch, 0.5)
    for _ in range(4):
        after = train_step(learner, batch, 0.5)
    assert after < before


@pytest.mark.parametrize("size", [100, 224, 336, 448])
def test_a_transformer_takes_pictures_of_any_size(size: int) -> None:
    encoder = build_image_encoder("vit_tiny_patch16_224", seed=0).eval()
    with torch.inference_mode():
        features, regions = encoder.encode_regions(torch.zeros(1, 1, size, size))
        assert torch.allclose(encoder.encode(torch.zeros(1, 1, size, size)), features, atol=1e-5)
    assert features.shape == (1, encoder.feature_dim)
    assert regions.shape == (1, (-(-size // 16)) ** 2, encoder.region_dim)


def _gradients(recipe: PretrainRecipe) -> dict[str, torch.Tensor]:
    learner = _learner(recipe)
    learner.forward.eval()  # batch norms would count the repeated forward pass twice
    backward(learner, replace(_batch(recipe.size), word=None))
    return {name: value.grad for name, value in learner.model.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet10t-tiny"])
@pytest.mark.parametrize("option", [{"gradient_checkpointing": True}, {"compile_backend": "aot_eager"}])
def test_a_faster_or_smaller_step_has_the_same_gradients(name: str, option: dict[str, Any]) -> None:
    plain = replace(tiny(), image_encoder=name, size=64, precision="float32")
    expected, found = _gradients(plain), _gradients(replace(plain, **option))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-5, rtol=1e-4)


def test_bfloat16_steps_near_float32() -> None:
    plain = replace(tiny(), size=64, precision="float32")
    losses = [
        train_step(_learner(each), replace(_batch(64), word=None), 0.5)
        for each in (plain, replace(plain, precision="bfloat16"))
    ]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_lion_moves_every_weight_by_its_rate() -> None:
    recipe = replace(tiny(), optimizer="lion", learning_rate=1e-3, weight_decay=0.0, warmup_share=0.0)
    learner = _learner(replace(recipe, size=64, precision="float32"))
    before = learner.model.projection_head[0].weight.detach().clone()
    train_step(learner, replace(_batch(64), word=None), 0.0)
    moved = (learner.model.projection_head[0].weight - before).abs()
    assert float(moved.max()) == pytest.approx(1e-3, rel=1e-2)


def test_a_still_text_tower_stays_as_it_began_until_its_part_of_the_run_is_over() -> None:
    recipe = replace(tiny(), size=64, precision="float32", text_still_share=0.5)
    learner, batch = _learner(recipe), replace(_batch(64), word=None)
    began = {name: value.clone() for name, value in learner.model.state_dict().items()}

    def moved() -> set[bool]:
        now = learner.model.state_dict()
        return {
            name.startswith("text_encoder.") for name, value in began.items() if not now[name].equal(value)
        }

    for share in (0.1, 0.3, 0.49):
        train_step(learner, batch, share)
    assert moved() == {False}
    towers = {
        name.startswith("text_encoder.")
        for name, value in learner.model.named_parameters()
        if value in learner.optimizer.state
    }
    assert towers == {False}  # nor any gradient, which the clipped norm or a moment would keep
    train_step(learner, batch, 0.51)
    assert moved() == {False, True}


def test_pictures_are_small_until_their_part_of_the_run_is_over() -> None:
    recipe = replace(tiny(), size=64, start_size=40, full_size_from=0.5)
    levels = torch.zeros(4, 64, 64, dtype=torch.uint8)
    batch = PairBatch(image=levels, token=TOKEN, picture_draws=(0, 4, 0))
    sides = [
        batch.ready(recipe, torch.device("cpu"), share=share).image.shape[-1] for share in (0, 0.49, 0.5)
    ]
    assert sides == [40, 40, 64]
    assert batch.ready(replace(recipe, start_size=0), torch.device("cpu"), share=0).image.shape[-1] == 64


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_places_without_a_picture_count_for_nothing(pooling: Any) -> None:
    torch.manual_seed(0)
    pool, feature = ViewPool(pooling, 8), torch.randn(3, 8)
    view = torch.tensor([[True, True, False], [True, False, False]])
    pooled = pool(feature, view)
    torch.testing.assert_close(pooled[1], feature[2])
    torch.testing.assert_close(pooled, pool(feature, view[:, :2]))
    if pooling == "mean":
        torch.testing.assert_close(pooled[0], feature[:2].mean(dim=0))


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_a_run_with_several_pictures_of_a_study_comes_back_from_its_package(
    pooling: Any, tmp_path: Path
) -> None:
    build_pairs(write_deid_folder(tmp_path / "deid", 60), tmp_path / "pairs", size=48, workers=1)
    recipe = replace(tiny(), views=2, view_pooling=pooling, micro_batch=3)
    pretrain(recipe, tmp_path / "pairs", tmp_path / "package", seed=0)
    model = load_dual_package(tmp_path / "package").model
    image = torch.rand(3, 1, 32, 32)
    both = model.encode_image(image, torch.tensor([[True, True], [True, False]]))
    assert both.shape == (2, 16)
    assert np.isfinite(both.detach().numpy()).all()


def test_pictures_of_a_study_without_a_pooling_are_refused() -> None:
    with pytest.raises(UsageError, match="view_pooling"):
        replace(tiny(), views=2)


def test_weights_of_another_image_encoder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"image_encoder": "resnet50"}', encoding="utf-8")
    with pytest.raises(RefusedError, match="same image encoder"):
        build_model(tiny(), _Words(), 0, image_init=tmp_path)  # type: ignore[arg-type]
