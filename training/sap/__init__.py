"""Self-alignment of a text encoder with synonyms of medical concepts (Liu et al. 2021, arXiv:2010.11784)."""

from training.sap.accuracy import synonym_accuracy
from training.sap.align import SapRecipe, align
from training.sap.encoder import NameEncoder, SmallText, load_encoder, small_encoder
from training.sap.loss import hard_pairs, multi_similarity
from training.sap.synonyms import SynonymTable, read_synonyms

__all__ = [
    "NameEncoder",
    "SapRecipe",
    "SmallText",
    "SynonymTable",
    "align",
    "hard_pairs",
    "load_encoder",
    "multi_similarity",
    "read_synonyms",
    "small_encoder",
    "synonym_accuracy",
]
