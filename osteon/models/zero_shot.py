"""Classification without a label: pictures against sentences that put each answer.

Shapes: N pictures, K answers, D embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from osteon.domain import Kind, RefusedError, Task
from osteon.models.dual_package import DualPackage
from osteon.models.preprocess import normalise as normalise_levels
from osteon.models.tokenizer import ReportTokenizer

PROMPTS = Path(__file__).with_name("prompts.yaml")
BOTH = "all"
_BATCH = 64
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The sentences of one task in one language, by answer, rising."""

    task: Task
    language: str
    answers: tuple[float, ...]
    sentences: tuple[tuple[str, ...], ...]


def read_prompts(path: Path = PROMPTS) -> list[Ensemble]:
    """Every ensemble of a prompts file, and for each task one over all its languages, called `all`.

    Raises:
        RefusedError: not YAML, an unknown task or key, an answer without sentences, or one outside the task.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        ensembles = [
            _ensemble(Task.parse(task), language, answers)
            for task, languages in content.items()
            for language, answers in languages.items()
        ]
    except (OSError, yaml.YAMLError, AttributeError, TypeError, KeyError, ValueError):
        raise RefusedError(
            "a prompts file: task, language, a list of answer and sentences",
            "another file",
            "start from osteon/models/prompts.yaml",
        ) from None
    return ensembles + _over_languages(ensembles)


def _ensemble(task: Task, language: str, answers: Sequence[Mapping[str, Any]]) -> Ensemble:
    expected = range(task.classes)
    values = [float(entry["answer"]) for entry in answers]
    sentences = tuple(tuple(str(line) for line in entry["sentences"]) for entry in answers)
    whole = values == [float(value) for value in expected] and all(sentences)
    if not whole or task.kind is Kind.REGRESSION or any(set(e) != {"answer", "sentences"} for e in answers):
        raise ValueError("answers of a task, rising, each with sentences")
    return Ensemble(task=task, language=str(language), answers=tuple(values), sentences=sentences)


def _over_languages(ensembles: Sequence[Ensemble]) -> list[Ensemble]:
    joined = []
    for task in dict.fromkeys(one.task for one in ensembles):
        own = [one for one in ensembles if one.task is task]
        if len(own) > 1:
            lines = tuple(sum(parts, ()) for parts in zip(*(one.sentences for one in own), strict=True))
            joined.append(Ensemble(task=task, language=BOTH, answers=own[0].answers, sentences=lines))
    return joined


@torch.inference_mode()
def answer_embeddings(dual: DualPackage, ensemble: Ensemble) -> Tensor:
    """One unit-norm embedding per answer, (K, D): the mean of its sentences, normalised again."""
    rows = [embed_texts(dual, lines).mean(dim=0) for lines in ensemble.sentences]
    return normalize(torch.stack(rows), dim=1)


@torch.inference_mode()
def answer_beliefs(logit_scale: float, answer_KD: Tensor, image_ND: Tensor) -> Floats:
    """Probability of each answer for each picture, (N, K): softmax of the scaled cosines."""
    logits_NK = logit_scale * image_ND @ answer_KD.T
    return np.asarray(logits_NK.double().softmax(dim=1).numpy())


@torch.inference_mode()
def zero_shot_scores(dual: DualPackage, ensemble: Ensemble, image_ND: Tensor) -> Floats:
    """Probability of the second of two answers, or the expected grade, (N,)."""
    belief_NK = answer_beliefs(float(dual.model.logit_scale), answer_embeddings(dual, ensemble), image_ND)
    return np.asarray(belief_NK @ np.asarray(ensemble.answers))


@torch.inference_mode()
def embed_texts(dual: DualPackage, texts: Sequence[str]) -> Tensor:
    """Unit-norm embeddings (N, D) of sentences or findings."""
    parts = [
        dual.model.encode_text(dual.tokenizer.encode(texts[start : start + _BATCH]))
        for start in range(0, len(texts), _BATCH)
    ]
    return torch.cat(parts)


@torch.inference_mode()
def embed_levels(dual: DualPackage, levels_NSS: NDArray[np.uint8]) -> Tensor:
    """Unit-norm embeddings (N, D) of prepared squares."""
    parts = []
    for start in range(0, len(levels_NSS), _BATCH):
        image = torch.from_numpy(levels_NSS[start : start + _BATCH])[:, None].float() / 255
        parts.append(dual.model.encode_image(normalise_levels(image)))
    return torch.cat(parts)


def split_words(tokenizer: ReportTokenizer, ensemble: Ensemble) -> float:
    """Tokens per word of an ensemble's sentences: how strange they are to the tokenizer."""
    lines = [line for answer in ensemble.sentences for line in answer]
    encoded = tokenizer.encode(lines)
    tokens = int((encoded != 0).sum()) - 2 * len(lines)
    return tokens / sum(len(line.split()) for line in lines)
