"""Studies and their reports: matching, patient split, shards."""

from osteon.pairs.build import LABELS, LABELS_HELD_OUT, build_pairs
from osteon.pairs.read import read_pairs, shard_paths
from osteon.pairs.section import sentences, split_sections
from osteon.pairs.shard import PairRecord, PictureSpan, read_shard, read_span, scan_shard
from osteon.pairs.split import patient_fold, split_of

__all__ = [
    "LABELS",
    "LABELS_HELD_OUT",
    "PairRecord",
    "PictureSpan",
    "build_pairs",
    "patient_fold",
    "read_pairs",
    "read_shard",
    "read_span",
    "scan_shard",
    "sentences",
    "shard_paths",
    "split_of",
    "split_sections",
]
