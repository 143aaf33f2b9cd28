"""Text encoders of the Hugging Face library in a dual encoder; each is made here, tiny and random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from osteon.domain import RefusedError
from osteon.models.dual_encoder import DualEncoder, DualEncoderConfig
from osteon.models.encoders import build_image_encoder
from osteon.models.text_encoders import HuggingFaceText, load_tokenizer, text_config
from osteon.models.tokenizer import ReportTokenizer
from tests.text_encoder_folder import FAMILIES, write_text_encoder

TEXTS = ["Fracture du radius droit.", "Pas de fracture.", "Arthrose du genou gauche."]


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_encoder(tmp_path_factory.mktemp("hf") / request.param, TEXTS * 3, family=request.param)


def _dual(folder: Path, **fields: Any) -> tuple[DualEncoder, ReportTokenizer]:
    tokenizer = load_tokenizer(folder, context_length=24)
    config = DualEncoderConfig(
        image_encoder="resnet10t-tiny",
        embedding_dim=8,
        hugging_face=text_config(folder, tokenizer),
        **fields,
    )
    model = DualEncoder(build_image_encoder(config.image_encoder, seed=0), config)
    assert isinstance(model.text_encoder, HuggingFaceText)
    model.text_encoder.load_pretrained(folder)
    return model.eval(), tokenizer


def test_the_weights_of_the_folder_are_those_of_the_library(folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = _dual(folder)
    theirs = AutoModel.from_pretrained(folder).eval()
    inputs = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    tokens = tokenizer.encode(TEXTS)
    assert torch.equal(tokens, inputs["input_ids"])
    expected = theirs(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
    kept = inputs["attention_mask"].bool()
    assert isinstance(model.text_encoder, HuggingFaceText)
    _, hidden = model.text_encoder(tokens)
    torch.testing.assert_close(hidden[kept], expected.last_hidden_state[kept])


@pytest.mark.parametrize("pooling", ["cls", "mean", "max"])
def test_padding_changes_no_text_embedding(folder: Path, pooling: str) -> None:
    model, tokenizer = _dual(folder, text_pooling=pooling)
    alone, together = (
        model.encode_text(tokenizer.encode(TEXTS[:1])),
        model.encode_text(tokenizer.encode(TEXTS)),
    )
    torch.testing.assert_close(alone[0], together[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3))


def test_every_weight_gets_a_gradient(folder: Path) -> None:
    model, tokenizer = _dual(folder)
    model.encode_text(tokenizer.encode(TEXTS)).sum().backward()
    assert [name for name, value in model.text_encoder.named_parameters() if value.grad is None] == []


def test_the_words_of_a_text_are_the_sums_of_their_parts(folder: Path) -> None:
    model, tokenizer = _dual(folder, local=True)
    token, word = tokenizer.encode_words(TEXTS)
    words = int(word.max()) + 1
    text, vector, mask = model.encode_words(token, word, words)
    torch.testing.assert_close(text, model.encode_text(token))
    assert mask.sum(dim=1).tolist() == [len(set(row.tolist()) - {-1}) for row in word]
    assert isinstance(model.text_encoder, HuggingFaceText)
    part = model.text_encoder.projection(model.text_encoder(token)[1])[0, word[0] == 1].sum(dim=0)
    torch.testing.assert_close(vector[0, 1], part / part.norm())


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    folder = write_text_encoder(tmp_path / "hf", TEXTS * 3)
    tokenizer = load_tokenizer(folder, context_length=24)
    tower = HuggingFaceText(text_config(folder, tokenizer), "mean", 8)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(RefusedError, match=r"model\.safetensors"):
        tower.load_pretrained(folder)


def test_a_text_longer_than_the_encoders_positions_is_refused(tmp_path: Path) -> None:
    folder = write_text_encoder(tmp_path / "hf", TEXTS * 3)
    with pytest.raises(RefusedError, match="context length of at most"):
        text_config(folder, load_tokenizer(folder, context_length=512))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="text encoder"):
        load_tokenizer(tmp_path, context_length=24)
