"""Captions made from label tables: pairs for pretraining where pictures have labels and no reports.

What may be learned from is what `osteon finetune` may learn from, less the validation fold: no pair is made
of a test or validation patient. A label whose efficiency is to be claimed is left out, or told only of the
patients of a share.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from osteon.domain import RefusedError, UsageError, sha256_text
from osteon.domain.pair import Split
from osteon.pairs.split import split_of
from training.datasets.layout import PublicSet
from training.datasets.phrases import TELLABLE, Phrases, facts_of, read_phrases
from training.datasets.picture_row import LABEL_COLUMNS, PictureRow
from training.label_split import take_fraction
from training.label_table import LabelRow

_CHECKED_PART = 20  # one patient in so many is kept for pretraining's own figures


class _Keyed(NamedTuple):
    key: str
    row: PictureRow


def label_captions(
    sets: Sequence[PublicSet],
    *,
    tell: Sequence[str],
    shares: Mapping[str, float] | None = None,
    seed: int = 0,
    phrases: Phrases | None = None,
) -> PublicSet:
    """One set whose rows have a French caption each, for `write_caption_pairs`.

    Rows of test and validation patients (folds 0 and 1 of the key, or another split of the set's own) are not
    in it. The key is the one that a label table beside the pictures splits by: the patient, else the file
    relative to the set's folder. One patient in twenty of the rest is the `val` part of the pairs.

    Args:
        tell: labels that captions name: `region`, `laterality`, `sex` or a label column.
        shares: label -> part of the patients of whom it is told, as `finetune --label-fraction` with
            this seed takes it from the same rows; other labels in `tell` are told of everyone.
        seed: of the share and of the words.
    Raises:
        UsageError: an unknown label, or a share of one that is not told.
        RefusedError: nothing is left to be told, or a row is about a part of its file.
    """
    shares = shares or {}
    unknown = [name for name in tell if name not in TELLABLE]
    if unknown or not tell or not set(shares) <= set(tell) & set(LABEL_COLUMNS):
        raise UsageError(
            f"labels to tell among {', '.join(TELLABLE)}, and shares of label columns that are told",
            "others",
            "correct the names",
        )
    phrases = phrases or read_phrases()
    captioned: list[PictureRow] = []
    for each in sets:
        keyed = learnable(each)
        told_of = {name: _keys_of_share(name, share, keyed, seed) for name, share in sorted(shares.items())}
        captioned += [_captioned(one, tell, told_of, phrases, seed) for one in keyed]
    captioned = [row for row in captioned if row.text]
    if not captioned:
        raise RefusedError("rows with a label to tell", "none", "tell other labels")
    root = Path(os.path.commonpath([each.root.resolve() for each in sets]))
    layout = replace(
        sets[0].layout,
        name="label-captions",
        title="captions of labels",
        licence="; ".join(dict.fromkeys(each.layout.licence for each in sets)),
    )
    missing = sum(each.missing for each in sets)
    return PublicSet(layout=layout, root=root, rows=tuple(captioned), missing=missing)


def learnable(public_set: PublicSet) -> list[_Keyed]:
    """The rows that pretraining may see, each with the key that label tables split by, in a fixed order."""
    kept = []
    for row in public_set.rows:
        if row.part != "whole":
            raise RefusedError(
                "rows about whole pictures",
                "one about half of a film",
                "write its table with `osteon data read`",
            )
        key = row.patient or row.file.relative_to(public_set.root).as_posix()
        if row.split in ("", "train") and split_of(key, held_out=False) == "train":
            file = public_set.root.resolve() / row.file.relative_to(public_set.root)
            kept.append(_Keyed(key, replace(row, file=file)))
    return kept


def _keys_of_share(label: str, share: float, keyed: Sequence[_Keyed], seed: int) -> frozenset[str]:
    """Keys of the patients whose label may be told."""
    rows = [
        LabelRow(number=number, path=row.file, key=key, label=row.labels[label], sex=row.sex)
        for number, (key, row) in enumerate(keyed)
        if label in row.labels
    ]
    return frozenset(row.key for row in take_fraction(rows, share, seed=seed)) if rows else frozenset()


def _captioned(
    one: _Keyed,
    tell: Sequence[str],
    told_of: Mapping[str, frozenset[str]],
    phrases: Phrases,
    seed: int,
) -> PictureRow:
    study = sha256_text(f"{one.key}\n{one.row.file.name}")[:20]
    random = np.random.default_rng([seed, int(study, 16)])
    allowed = [name for name in tell if name not in told_of or one.key in told_of[name]]
    checked = int(sha256_text(f"checked\n{one.key}"), 16) % _CHECKED_PART == 0
    split: Split = "val" if checked else "train"
    return replace(
        one.row,
        patient=one.key,
        study=study,
        split=split,
        region=str(facts_of(one.row).get("region", "")),
        text=phrases.caption(one.row, allowed, random),
        concepts=(),
        semantic_types=(),
    )
