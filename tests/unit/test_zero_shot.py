"""Prompts as a file, and their ensembles as embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch.nn.functional import normalize

from osteon.domain import RefusedError, Task
from osteon.models.dual_encoder import DualEncoder, DualEncoderConfig
from osteon.models.dual_package import DualPackage
from osteon.models.encoders import build_image_encoder
from osteon.models.preprocess import Preprocess
from osteon.models.tokenizer import ReportTokenizer
from osteon.models.zero_shot import (
    PROMPTS,
    answer_embeddings,
    embed_levels,
    read_prompts,
    split_words,
    zero_shot_scores,
)


@pytest.fixture(scope="module")
def dual() -> DualPackage:
    texts = ["Pas de fracture visible.", "Fracture déplacée.", "Gonarthrose sévère."] * 5
    tokenizer = ReportTokenizer.train(texts, vocab_size=320, context_length=32)
    torch.manual_seed(0)
    config = DualEncoderConfig(
        image_encoder="resnet10t-tiny",
        embedding_dim=16,
        vocab_size=tokenizer.vocab_size,
        context_length=32,
        text_width=32,
        text_heads=2,
        text_layers=1,
    )
    model = DualEncoder(build_image_encoder("resnet10t-tiny", seed=0), config).eval()
    return DualPackage(model=model, preprocess=Preprocess(size=32), tokenizer=tokenizer, metrics={}, card="")


def test_our_prompts_put_every_answer_in_french_and_english_and_both() -> None:
    ensembles = read_prompts()
    assert {one.task for one in ensembles} == {Task.FRACTURE, Task.KNEE_OA, Task.ABNORMALITY}
    for task in (Task.FRACTURE, Task.KNEE_OA):
        own = {one.language: one for one in ensembles if one.task is task}
        assert set(own) == {"fr", "en", "all"}
        assert own["all"].sentences[0] == own["fr"].sentences[0] + own["en"].sentences[0]
        assert len(own["fr"].answers) == task.classes


@pytest.mark.parametrize(
    "content",
    [
        "- a list",
        "fracture: {fr: [{answer: 0, sentences: [a]}]}",
        "fracture: {fr: [{answer: 1, sentences: [a]}, {answer: 0, sentences: [b]}]}",
        "fracture: {fr: [{answer: 0, sentences: []}, {answer: 1, sentences: [b]}]}",
        "fracture: {fr: [{answer: 0, sentences: [a], more: 1}, {answer: 1, sentences: [b]}]}",
        "bone-age: {fr: [{answer: 0, sentences: [a]}]}",
        "fracture: [",
    ],
)
def test_prompts_that_do_not_fit_their_task_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "prompts.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RefusedError, match="prompts file"):
        read_prompts(path)


def test_an_answer_is_the_normalised_mean_of_its_sentences(dual: DualPackage) -> None:
    ensemble = next(one for one in read_prompts() if (one.task, one.language) == (Task.FRACTURE, "fr"))
    embedded = answer_embeddings(dual, ensemble)
    with torch.inference_mode():
        each = [dual.model.encode_text(dual.tokenizer.encode([line]))[0] for line in ensemble.sentences[1]]
    assert torch.allclose(embedded[1], normalize(torch.stack(each).mean(dim=0), dim=0), atol=1e-5)


def test_a_picture_that_lies_on_an_answer_gets_it(dual: DualPackage) -> None:
    for ensemble in read_prompts():
        if ensemble.language != "fr":
            continue
        answers = answer_embeddings(dual, ensemble)
        scores = zero_shot_scores(dual, ensemble, answers)
        assert list(scores) == sorted(scores)
        assert scores[0] < ensemble.answers[-1] / 2 < scores[-1]


def test_pictures_are_embedded_with_norm_one(dual: DualPackage) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (3, 32, 32)).astype(np.uint8)
    assert torch.allclose(embed_levels(dual, levels).norm(dim=1), torch.ones(3), atol=1e-5)


def test_english_costs_a_french_tokenizer_more_pieces_a_word(dual: DualPackage) -> None:
    own = {one.language: one for one in read_prompts() if one.task is Task.FRACTURE}
    assert split_words(dual.tokenizer, own["en"]) > split_words(dual.tokenizer, own["fr"]) > 1


def test_the_prompts_file_says_nothing_else() -> None:
    assert set(yaml.safe_load(PROMPTS.read_text(encoding="utf-8"))) == {"fracture", "abnormality", "knee-oa"}
