"""Where an answer comes from: maps on the picture, overlays that say what they are, Secondary Captures."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from pydicom import dcmread

from osteon.dicom import Picture, read_picture
from osteon.dicom.secondary_capture import secondary_capture
from osteon.domain import RefusedError, UsageError
from osteon.models.dual_encoder import DualEncoder, DualEncoderConfig
from osteon.models.dual_package import DualPackage
from osteon.models.encoders import TimmImageEncoder, build_image_encoder
from osteon.models.explanation import explain, explain_phrase, overlay, unboxed
from osteon.models.package import load_package
from osteon.models.preprocess import Preprocess
from osteon.models.saliency import hires_cam
from osteon.models.task_model import TaskModelConfig, build_task_model
from osteon.models.tokenizer import ReportTokenizer
from tests.dicom_files import dicom_bytes
from tests.model_packages import make_model_package


def _picture(height: int = 90, width: int = 60) -> Picture:
    return Picture(pixels=np.random.default_rng(0).random((height, width), dtype=np.float32))


def test_a_map_of_the_square_lies_on_the_picture_where_the_letterbox_put_it() -> None:
    square = np.zeros((64, 64), np.float32)
    square[40, 26] = 1.0  # of a picture 128 high and 64 wide: columns 16 to 47 of the square hold it
    found = unboxed(square, 128, 64)
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    assert found.shape == (128, 64)
    assert abs(row - 81) <= 1
    assert abs(column - 21) <= 1


def test_the_same_picture_is_explained_by_the_same_bytes_and_the_peak_is_the_highest_place(
    tmp_path: Path,
) -> None:
    package = load_package(make_model_package(tmp_path / "m", "fracture")).package
    first, second = (explain(package, _picture()) for _ in range(2))
    assert first.heat.tobytes() == second.heat.tobytes()
    assert first.heat.shape == (90, 60)
    assert float(first.heat.min()) >= 0
    assert float(first.heat.max()) == pytest.approx(1)
    x, y = first.peak
    assert first.heat[int(y * 90), int(x * 60)] == first.heat.max()


@pytest.mark.parametrize("task", ["bone-age", "knee-oa"])
def test_grades_and_measures_are_explained_too(tmp_path: Path, task: str) -> None:
    package = load_package(make_model_package(tmp_path / "m", task)).package
    assert np.isfinite(explain(package, _picture(), sex="F").heat).all()


def test_the_map_of_a_model_that_sees_only_one_corner_points_there() -> None:
    torch.manual_seed(0)
    encoder = build_image_encoder("resnet10t-tiny", seed=0).eval()
    levels = torch.full((1, 128, 128), 40, dtype=torch.uint8)
    levels[0, 84:100, 20:36] = torch.randint(0, 256, (16, 16), dtype=torch.uint8)
    flat = encoder.encode((torch.full((1, 1, 128, 128), 40 / 255) - 0.5) / 0.25)
    seen = encoder.encode((levels[:, None].float() / 255 - 0.5) / 0.25)
    direction = (seen - flat)[0].detach()  # what the texture, and nothing else, raises
    found = hires_cam(encoder, lambda feature_BF: feature_BF @ direction)(levels)[0]
    row, column = np.unravel_index(int(found.argmax()), tuple(found.shape))
    scale = 128 / found.shape[0]
    assert 76 <= (row + 0.5) * scale <= 108
    assert 12 <= (column + 0.5) * scale <= 44


def test_a_transformer_gets_a_map_on_its_grid_of_patches() -> None:
    torch.manual_seed(0)
    encoder = TimmImageEncoder("test_vit").eval()
    found = hires_cam(encoder, lambda feature_BF: feature_BF.sum(dim=1))(
        torch.randint(0, 256, (2, 160, 160), dtype=torch.uint8)
    )
    assert tuple(found.shape) == (2, 10, 10)
    assert torch.isfinite(found).all()


def test_the_map_changes_with_the_weights(tmp_path: Path) -> None:
    torch.manual_seed(1)
    one = load_package(make_model_package(tmp_path / "a", "fracture", seed=0)).package
    other = load_package(make_model_package(tmp_path / "b", "fracture", seed=5)).package
    first, second = explain(one, _picture()).heat, explain(other, _picture()).heat
    assert float(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.9


def test_an_overlay_is_the_picture_with_two_lines_of_words_below(tmp_path: Path) -> None:
    package = load_package(make_model_package(tmp_path / "m", "fracture")).package
    picture = _picture()
    rgb = overlay(picture, explain(package, picture), "fracture-0123")
    assert rgb.dtype == np.uint8
    assert rgb.shape == (512 + 60, 341, 3)
    foot = rgb[512:]
    assert foot.max() > 200  # the research line and the model's version are written
    assert np.ptp(foot[:30]) > 0
    assert np.ptp(foot[30:]) > 0
    empty = overlay(picture, explain(package, picture), "")
    assert empty[512:542].tobytes() == foot[:30].tobytes()  # the research line depends on no caller


def test_a_secondary_capture_belongs_to_the_study_and_replaces_itself() -> None:
    instance = dicom_bytes()
    rgb = np.random.default_rng(0).integers(0, 256, (41, 33, 3)).astype(np.uint8)
    first, second = (
        secondary_capture(instance, rgb, description="Osteon saliency", derived_by="fracture-1")
        for _ in range(2)
    )
    source, made, again = (dcmread(BytesIO(each)) for each in (instance, first, second))
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.PatientID == source.PatientID
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.SOPInstanceUID == again.SOPInstanceUID
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert np.array_equal(made.pixel_array, rgb)
    other = dcmread(BytesIO(secondary_capture(instance, rgb, description="Osteon saliency", derived_by="b")))
    assert other.SOPInstanceUID != made.SOPInstanceUID
    assert read_picture(first).modality == "OT"


def test_an_instance_without_a_study_gets_no_secondary_capture() -> None:
    source = dcmread(BytesIO(dicom_bytes()))
    del source.StudyInstanceUID
    buffer = BytesIO()
    source.save_as(buffer)
    with pytest.raises(RefusedError, match="ask for a PNG"):
        secondary_capture(buffer.getvalue(), np.zeros((4, 4, 3), np.uint8), description="x", derived_by="y")


def test_a_model_config_of_another_shape_is_not_needed_for_maps() -> None:
    model = build_task_model(TaskModelConfig(task="fracture", image_encoder="resnet10t-tiny", hidden_dim=0))
    found = hires_cam(model.image_encoder.eval(), lambda feature_BF: model.head.output(feature_BF)[:, 1])(
        torch.zeros((1, 64, 64), dtype=torch.uint8)
    )
    assert torch.isfinite(found).all()  # a black picture raises nothing, and divides by nothing


def test_a_phrase_has_a_map_of_its_own_and_an_empty_one_is_bad_usage() -> None:
    phrases = ["fracture du radius", "pas de fracture", "os normal"]
    tokenizer = ReportTokenizer.train(phrases * 3, vocab_size=300, context_length=12)
    torch.manual_seed(0)
    config = DualEncoderConfig(
        image_encoder="resnet10t-tiny",
        embedding_dim=16,
        vocab_size=tokenizer.vocab_size,
        context_length=12,
        text_width=32,
        text_heads=2,
        text_layers=2,
    )
    model = DualEncoder(build_image_encoder(config.image_encoder), config).eval()
    package = DualPackage(
        model=model, preprocess=Preprocess(size=64), tokenizer=tokenizer, metrics={}, card=""
    )
    one, other = (explain_phrase(package, _picture(), phrase).heat for phrase in (phrases[0], phrases[2]))
    assert one.shape == (90, 60)
    assert float(one.max()) == pytest.approx(1)
    assert not np.allclose(one, other)
    with pytest.raises(UsageError, match="a phrase"):
        explain_phrase(package, _picture(), "  ")
