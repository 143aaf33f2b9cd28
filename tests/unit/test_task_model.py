"""Encoders and the distribution head."""

from __future__ import annotations

import pytest
import torch

from osteon.domain import RefusedError, Task, UsageError
from osteon.models import build_image_encoder
from osteon.models.encoders import load_matching_weights
from osteon.models.task_model import (
    TaskModelConfig,
    build_task_model,
    config_from_json,
    sex_code,
    task_values,
)

TINY = "resnet10t-tiny"


@pytest.mark.parametrize("name", [TINY, "resnet18d-narrow", "mobilenetv3_small_100"])
def test_an_encoder_gives_vectors_of_the_dimension_it_names(name: str) -> None:
    encoder = build_image_encoder(name, seed=0).eval()
    assert encoder.encode(torch.zeros(2, 1, 64, 64)).shape == (2, encoder.feature_dim)


def test_one_seed_gives_one_encoder_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = build_image_encoder(TINY, seed=1).state_dict()
    assert torch.equal(torch.rand(1), expected)
    second = build_image_encoder(TINY, seed=1).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_unknown_encoder_is_bad_usage() -> None:
    with pytest.raises(UsageError, match="image encoder"):
        build_image_encoder("no_such_network")


def test_weights_are_copied_by_name_and_counted() -> None:
    source, target = build_image_encoder(TINY, seed=1), build_image_encoder(TINY, seed=2)
    weights = {"image_encoder." + name: value for name, value in source.state_dict().items()}
    assert load_matching_weights(target, weights, prefix="image_encoder.") == len(weights)
    assert torch.equal(source.network.conv1[0].weight, target.network.conv1[0].weight)


def test_weights_of_another_encoder_are_refused_rather_than_ignored() -> None:
    with pytest.raises(RefusedError, match="same image encoder"):
        load_matching_weights(
            build_image_encoder(TINY), {"image_encoder.x": torch.ones(1)}, prefix="image_encoder."
        )


@pytest.mark.parametrize("task", list(Task))
def test_the_head_spreads_belief_over_the_values_of_the_task(task: Task) -> None:
    model = build_task_model(TaskModelConfig(task=task.value, image_encoder=TINY)).eval()
    log_BK, feature_BF = model.answer(torch.randn(3, 1, 48, 48), torch.zeros(3, dtype=torch.long))
    assert log_BK.shape == (3, len(task_values(task)))
    assert torch.allclose(log_BK.exp().sum(dim=1), torch.ones(3), atol=1e-5)
    assert feature_BF.shape == (3, model.image_encoder.feature_dim)


def test_a_mirrored_picture_gets_the_same_answer_when_flips_are_averaged() -> None:
    model = build_task_model(TaskModelConfig(task="knee-oa", image_encoder=TINY)).eval()
    image, sex = torch.randn(1, 1, 48, 48), torch.zeros(1, dtype=torch.long)
    assert torch.allclose(model.answer(image, sex)[0], model.answer(image.flip(-1), sex)[0], atol=1e-5)


def test_sex_changes_the_belief_of_a_model_that_takes_it_and_unknown_is_allowed() -> None:
    config = TaskModelConfig(task="bone-age", image_encoder=TINY, sex_dim=4)
    model = build_task_model(config).eval()
    image = torch.randn(1, 1, 48, 48)
    beliefs = [model(image, torch.tensor([code])) for code in range(3)]
    assert not torch.allclose(beliefs[0], beliefs[1])
    assert not torch.allclose(beliefs[1], beliefs[2])


def test_bins_of_bone_age_span_the_months_of_the_label_table() -> None:
    values = task_values(Task.BONE_AGE)
    assert (values[0], values[-1]) == (0.0, 240.0)


@pytest.mark.parametrize(
    ("text", "code"), [("M", 1), ("male", 1), ("F", 2), ("unknown", 0), ("", 0), (None, 0)]
)
def test_sex_codes(text: str | None, code: int) -> None:
    assert sex_code(text) == code


def test_a_config_with_other_fields_is_refused() -> None:
    with pytest.raises(RefusedError):
        config_from_json({"task": "fracture", "surprise": 1})
