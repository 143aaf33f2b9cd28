from __future__ import annotations

import math

import pytest
import torch

from osteon.models.dual_encoder import MAX_LOGIT_SCALE, DualEncoder, DualEncoderConfig
from osteon.models.encoders import build_image_encoder

CONFIG = DualEncoderConfig(
    image_encoder="resnet10t-tiny",
    embedding_dim=16,
    vocab_size=50,
    context_length=12,
    text_width=32,
    text_heads=2,
    text_layers=2,
)


@pytest.fixture(scope="module")
def model() -> DualEncoder:
    torch.manual_seed(0)
    return DualEncoder(build_image_encoder(CONFIG.image_encoder), CONFIG).eval()


def test_both_sides_give_unit_vectors_of_one_space(model: DualEncoder) -> None:
    image, text, scale, *_ = model(torch.randn(3, 1, 32, 32), torch.tensor([[1, 5, 2], [1, 6, 2], [1, 7, 2]]))
    assert image.shape == text.shape == (3, 16)
    torch.testing.assert_close(image.norm(dim=-1), torch.ones(3))
    torch.testing.assert_close(text.norm(dim=-1), torch.ones(3))
    assert float(scale) == pytest.approx(1 / 0.07)


def test_padding_changes_no_text_embedding(model: DualEncoder) -> None:
    short = model.encode_text(torch.tensor([[1, 5, 9, 2]]))
    padded = model.encode_text(torch.tensor([[1, 5, 9, 2, 0, 0, 0]]))
    torch.testing.assert_close(short, padded, atol=1e-6, rtol=0)


def test_word_order_changes_a_text_embedding(model: DualEncoder) -> None:
    first, second = model.encode_text(torch.tensor([[1, 5, 9, 2], [1, 9, 5, 2]]))
    assert not torch.allclose(first, second, atol=1e-4)


@pytest.mark.parametrize("log_scale", [-5.0, 2.0, 50.0])
def test_the_logit_scale_stays_in_its_bounds(model: DualEncoder, log_scale: float) -> None:
    before = float(model.log_logit_scale.detach())
    with torch.no_grad():
        model.log_logit_scale.fill_(log_scale)
        scale = float(model.logit_scale)
        model.log_logit_scale.fill_(before)
    assert 0 < scale <= MAX_LOGIT_SCALE * (1 + 1e-6)
    assert scale == pytest.approx(min(math.exp(log_scale), MAX_LOGIT_SCALE), rel=1e-5)
