"""How well frozen encoders retrieve captioned pictures: CUI@K and recall, each beside chance.

What Sérieys et al. (ICPR 2022) measure on ROCO, on any pairs with concepts. Shapes: Q queries, N candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from osteon.domain import RefusedError
from osteon.domain.pair import Split
from training.datasets import read_concepts
from training.evaluation.features import OpenEncoder, encode_levels
from training.pair_data import PairSet, load_pairs
from training.pair_embedding import embed
from training.ranking import Concepts, concept_coverage_at, cui_at, expected_cui_of_others
from training.retrieval import retrieval_figures

RANKS = (5, 10, 50)


@dataclass(frozen=True, kw_only=True)
class CaptionRetrieval:
    """One encoder in one direction at one K.

    Attributes:
        cui: CUI@K as `training.ranking.cui_at` reads it.
        coverage: share of the query's concepts that any of the K results has.
        chance: CUI@K of a random order.
        queries: those that have concepts.
    """

    encoder: str
    direction: str
    k: int
    cui: float
    coverage: float
    chance: float
    queries: int


def caption_retrieval(
    encoders: Sequence[OpenEncoder], pairs: Path, *, split: Split = "test", ranks: Sequence[int] = RANKS
) -> tuple[list[CaptionRetrieval], dict[str, dict[str, Any]]]:
    """CUI@K by encoder and direction, and recall between picture and caption by dual encoder.

    Picture to picture compares frozen features by cosine, around their mean; the other directions use the
    shared space and need a dual encoder. A query finds neither itself nor anything of its own patient or
    article. Ranks beyond the candidates are left out.

    Args:
        pairs: what `osteon data pairs` wrote, `concepts.jsonl` beside the shards.
    Raises:
        RefusedError: no concepts, or a split whose studies are all of one patient.
    """
    concepts = read_concepts(pairs)
    found: list[CaptionRetrieval] = []
    recall: dict[str, dict[str, Any]] = {}
    for encoder in encoders:
        kept = load_pairs(pairs, split, encoder.preprocess)
        barred_NN = _of_one_patient(kept)
        own = [concepts.get(study, ()) for study in kept.studies]
        chance = expected_cui_of_others(own, kept.patients)
        scores = {"picture to picture": _picture_scores(encoder, kept)}
        if encoder.dual is not None:
            image_ND, text_ND = embed(encoder.dual.model, kept, encoder.dual.tokenizer)
            scores["caption to picture"] = text_ND.double() @ image_ND.double().T
            scores["picture to caption"] = image_ND.double() @ text_ND.double().T
            recall[encoder.name] = retrieval_figures(image_ND, text_ND, kept.texts())
        for direction, score_NN in scores.items():
            allowed_NN = score_NN.masked_fill(barred_NN, -torch.inf)
            found += _by_rank(encoder.name, direction, allowed_NN, own, chance, ranks)
    return found, recall


def _by_rank(
    encoder: str, direction: str, score_NN: Tensor, concepts: Concepts, chance: float, ranks: Sequence[int]
) -> list[CaptionRetrieval]:
    fewest = int(score_NN.isfinite().sum(dim=1).min())
    queries = sum(bool(own) for own in concepts)
    return [
        CaptionRetrieval(
            encoder=encoder,
            direction=direction,
            k=k,
            cui=cui_at(score_NN, concepts, concepts, k),
            coverage=concept_coverage_at(score_NN, concepts, concepts, k),
            chance=chance,
            queries=queries,
        )
        for k in ranks
        if k <= fewest
    ]


def _picture_scores(encoder: OpenEncoder, pairs: PairSet) -> Tensor:
    """Cosines (N, N) of the first pictures' features around their mean."""
    feature_NF = torch.from_numpy(encode_levels(encoder.encoder, pairs.first_pictures()))
    unit_NF = torch.nn.functional.normalize(feature_NF - feature_NF.mean(dim=0), dim=1)
    return unit_NF @ unit_NF.T


def _of_one_patient(pairs: PairSet) -> Tensor:
    """True (N, N) for studies of one patient, a study and itself among them."""
    numbers = {patient: number for number, patient in enumerate(dict.fromkeys(pairs.patients))}
    if len(numbers) < 2:
        raise RefusedError(
            "studies of at least two patients or articles", "one", "measure on a split that holds more"
        )
    patient_N = torch.tensor([numbers[patient] for patient in pairs.patients])
    return patient_N[:, None] == patient_N[None, :]
