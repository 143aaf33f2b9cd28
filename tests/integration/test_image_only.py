"""Image-only baselines: what they learn, that they repeat, and that fine-tuning takes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from osteon.artefact import sha256_file
from osteon.domain import RefusedError, Task, UsageError
from osteon.models.encoder_package import load_encoder
from osteon.models.encoders import build_image_encoder
from osteon.models.preprocess import Preprocess
from osteon.pairs import build_pairs
from tests.deid_folder import write_deid_folder
from training.distortion import Distortion
from training.image_only.recipes import IMAGE_ONLY_RECIPES, image_only_recipe, tiny
from training.image_only.run import pretrain_images
from training.local_weights import load_local_weights
from training.recipes import finetune_recipe
from training.start import start_model


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image_only")
    deid = write_deid_folder(folder / "deid", 90)
    build_pairs(deid, folder / "pairs", size=64, workers=1)
    return folder / "pairs"


@pytest.fixture(scope="module")
def package(pairs: Path) -> Path:
    pretrain_images("tiny", pairs, pairs.parent / "simclr", seed=3)
    return pairs.parent / "simclr"


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in folder.iterdir() if path.name != "manifest.json"}


def test_the_same_pictures_and_seed_give_the_same_bytes(pairs: Path, package: Path, tmp_path: Path) -> None:
    torch.manual_seed(99)  # the global generator must not matter
    pretrain_images("tiny", pairs, tmp_path / "again", seed=3)
    assert _hashes(tmp_path / "again") == _hashes(package)


def test_a_killed_run_ends_like_one_that_was_not(pairs: Path, package: Path, tmp_path: Path) -> None:
    calls = 0

    def kill(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain_images("tiny", pairs, tmp_path / "resumed", seed=3, progress=kill)
    pretrain_images("tiny", pairs, tmp_path / "resumed", seed=3)
    assert _hashes(tmp_path / "resumed") == _hashes(package)


def test_training_brings_the_views_of_a_picture_together(pairs: Path, tmp_path: Path) -> None:
    recipe = replace(tiny(), epochs=30, learning_rate=3e-3)
    pretrain_images(recipe, pairs, tmp_path / "longer", seed=0)
    curve = json.loads((tmp_path / "longer" / "metrics.json").read_text())["curve"]
    assert curve[-1]["loss"] < 0.8 * curve[0]["loss"]


def test_fine_tuning_starts_from_every_tensor_of_a_baseline(
    pairs: Path, package: Path, tmp_path: Path
) -> None:
    pretrain_images("tiny", pairs, tmp_path / "random", method="random", seed=8)
    pretrain_images("tiny", pairs, tmp_path / "copied", method="weights", init=package)
    for folder in (package, tmp_path / "random", tmp_path / "copied"):
        start = start_model(Task.FRACTURE, folder, finetune_recipe(Task.FRACTURE), seed=0)
        assert start.tensors_loaded == len(start.model.image_encoder.state_dict())
    copied, original = load_encoder(tmp_path / "copied").encoder, load_encoder(package).encoder
    assert all(torch.equal(a, b) for a, b in zip(copied.parameters(), original.parameters(), strict=True))


def test_a_random_baseline_is_the_encoder_of_its_seed(pairs: Path, tmp_path: Path) -> None:
    pretrain_images("tiny", pairs, tmp_path / "random", method="random", seed=8)
    own = load_encoder(tmp_path / "random").encoder.state_dict()
    expected = build_image_encoder("resnet10t-tiny", seed=8).state_dict()
    assert all(torch.equal(own[name], value) for name, value in expected.items())


@pytest.mark.parametrize(("method", "init"), [("weights", False), ("random", True)])
def test_a_method_that_does_not_fit_its_start_is_refused(
    pairs: Path, package: Path, tmp_path: Path, method: str, init: bool
) -> None:
    with pytest.raises(UsageError, match="init with the method"):
        pretrain_images(
            "tiny",
            pairs,
            tmp_path / "out",
            method=method,
            init=package if init else None,  # type: ignore[arg-type]
        )


def test_timm_weights_of_three_colours_give_the_features_of_the_grey_picture(tmp_path: Path) -> None:
    import timm  # after osteon, which makes torchvision importable

    torch.manual_seed(0)
    colour = timm.create_model("resnet10t", num_classes=10).eval()
    save_file(colour.state_dict(), tmp_path / "model.safetensors")
    encoder = load_local_weights(tmp_path / "model.safetensors", "resnet10t").eval()
    grey = torch.randn(2, 1, 32, 32)
    with torch.inference_mode():
        features = encoder.encode(grey)
        expected = colour.forward_head(colour.forward_features(grey.repeat(1, 3, 1, 1)), pre_logits=True)
    assert torch.allclose(features, expected, atol=1e-4)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    import timm

    save_file(timm.create_model("resnet18d").state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(RefusedError, match="another network"):
        load_local_weights(tmp_path / "model.safetensors", "resnet10t")


def test_a_changed_package_is_refused(package: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(package, tmp_path / "changed")
    Preprocess(size=48).save(tmp_path / "changed")
    with pytest.raises(RefusedError, match=r"preprocess.json missing or changed"):
        load_encoder(tmp_path / "changed")


def test_no_recipe_mirrors_a_picture() -> None:
    assert not any(image_only_recipe(name).distortion.flip for name in IMAGE_ONLY_RECIPES)
    with pytest.raises(UsageError, match="without horizontal flips"):
        replace(tiny(), distortion=Distortion(flip=True))
