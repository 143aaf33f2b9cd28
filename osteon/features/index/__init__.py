"""The embedding index: a hospital's own pictures and report sentences, found again by their embedding."""

from osteon.features.index.entry import Hit, IndexEntry, Kind, SearchFilter
from osteon.features.index.opening import EmbeddingIndex, open_index

__all__ = ["EmbeddingIndex", "Hit", "IndexEntry", "Kind", "SearchFilter", "open_index"]
