"""CLIP's image side as the start of training: the same features as open_clip gives, for a gray picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from osteon.domain import RefusedError, Task, UsageError
from osteon.models.package import read_tensors
from tests.labelled_pictures import fracture_table
from training.local_weights import load_local_weights, write_image_encoder
from training.recipes import fracture
from training.start import start_model


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """open_clip's RN50 image side with random weights, under the names of a whole CLIP."""
    from open_clip.modified_resnet import ModifiedResNet

    torch.manual_seed(0)
    visual = ModifiedResNet(layers=(3, 4, 6, 3), output_dim=64, heads=32, image_size=64, width=64)
    for module in visual.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics as of a trained network, not 0 and 1
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.0)
    tensors = {f"visual.{name}": value.contiguous() for name, value in visual.state_dict().items()}
    path = tmp_path_factory.mktemp("clip") / "clip.safetensors"
    save_file({**tensors, "logit_scale": torch.tensor(1.0)}, path)
    return path


def open_clip_features(path: Path, gray: torch.Tensor) -> torch.Tensor:
    """The mean of open_clip's last feature map for the picture as three equal colours."""
    from open_clip.modified_resnet import ModifiedResNet
    from safetensors.torch import load_file

    visual = ModifiedResNet(layers=(3, 4, 6, 3), output_dim=64, heads=32, image_size=64, width=64)
    weights = {name[7:]: value for name, value in load_file(path).items() if name.startswith("visual.")}
    visual.load_state_dict(weights)
    with torch.inference_mode():
        x = visual.eval().stem(gray.repeat(1, 3, 1, 1))
        return visual.layer4(visual.layer3(visual.layer2(visual.layer1(x)))).mean(dim=(2, 3))


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of timm for three colours and a thousand classes, as ImageNet's weights are."""
    import timm

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("small") / "resnet10t.safetensors"
    save_file(timm.create_model("resnet10t").state_dict(), path)
    return path


@pytest.mark.slow
def test_a_gray_picture_gives_the_features_of_the_clip_it_came_from(clip_file: Path) -> None:
    gray = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    encoder = load_local_weights(clip_file, "resnet50_clip_gap").eval()
    with torch.inference_mode():
        ours = encoder.encode(gray)
    theirs = open_clip_features(clip_file, gray)
    assert ours.shape == (2, encoder.feature_dim) == (2, 2048)
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_fine_tuning_begins_from_the_folder(small_file: Path, tmp_path: Path) -> None:
    write_image_encoder(small_file, "resnet10t", tmp_path / "start", licence="MIT")
    fracture_table(tmp_path, count=4)
    start = start_model(Task.FRACTURE, tmp_path / "start", replace(fracture()), seed=0)
    assert start.tensors_loaded == len(read_tensors(tmp_path / "start"))
    assert start.parent is not None
    assert "MIT" in (tmp_path / "start" / "MODEL_CARD.md").read_text()


@pytest.mark.parametrize("name", ["resnet14t", "resnet50_clip_gap"])
def test_the_weights_of_another_network_are_refused(name: str, small_file: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="another network"):
        write_image_encoder(small_file, name, tmp_path / "start", licence="MIT")
    assert not (tmp_path / "start").exists()


def test_only_safetensors_are_opened(small_file: Path, tmp_path: Path) -> None:
    for name, data in (("clip.pt", small_file.read_bytes()[:64]), ("clip.safetensors", b"not one")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(RefusedError, match="safetensors"):
            load_local_weights(tmp_path / name, "resnet10t")
    with pytest.raises(UsageError):
        load_local_weights(tmp_path / "absent.safetensors", "resnet10t")
    with pytest.raises(UsageError, match="timm name"):
        load_local_weights(small_file, "no-such-network")
