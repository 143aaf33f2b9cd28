"""Pairs: prepared pictures in memory or on disk, reports as sentences, draws that a given generator fixes."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError
from osteon.domain.pair import Split
from osteon.models.preprocess import Preprocess
from osteon.pairs import PictureSpan, read_span, scan_shard, sentences, shard_paths

FINDINGS = ("resultat", "conclusion")
_LEAST_ALIKE = 8  # studies of one region that still make a batch
# What such a sentence tells stands on another day's pictures, and its date is a surrogate.
_COMPARISON = re.compile(r"compar|(?:par rapport|depuis) .{0,30}(?:examen|cliché|radiograph)", re.IGNORECASE)


class Pictures(Protocol):
    """Prepared pictures by row: (S, S) bytes for one, (P, S, S) for several."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int | NDArray[np.int64], /) -> NDArray[np.uint8]: ...


class ShardPictures:
    """Pictures that stay in their shards: read, decoded and prepared whenever one is asked for.

    A loader's processes share nothing but the places, so any of them can make any batch, and the order of
    the studies is that of a set in memory.
    """

    def __init__(self, places: Sequence[tuple[Path, PictureSpan]], preprocess: Preprocess) -> None:
        paths = list(dict.fromkeys(path for path, _ in places))
        numbers = {path: number for number, path in enumerate(paths)}
        self._paths, self._preprocess = paths, preprocess
        self._place_P3 = np.asarray(
            [(numbers[path], span.start, span.length) for path, span in places], dtype=np.int64
        )

    def __len__(self) -> int:
        return len(self._place_P3)

    @property
    def nbytes(self) -> int:
        """Memory that all of them would take, prepared."""
        return len(self) * self._preprocess.size**2

    def __getitem__(self, row: int | NDArray[np.int64], /) -> NDArray[np.uint8]:
        if isinstance(row, np.ndarray):
            return np.stack([self[int(each)] for each in row])
        shard, start, length = (int(value) for value in self._place_P3[row])
        picture = read_span(self._paths[shard], PictureSpan(start=start, length=length))
        return self._preprocess.prepare_levels(picture.astype(np.float32) / 255)

    def in_memory(self, progress: Callable[[int], None] | None = None) -> NDArray[np.uint8]:
        """All of them, (P, S, S)."""
        size = self._preprocess.size
        levels = np.empty((len(self), size, size), dtype=np.uint8)
        for row in range(len(self)):
            levels[row] = self[row]
            if progress is not None:
                progress(row + 1)
        return levels


@dataclass(frozen=True, kw_only=True)
class TextSampling:
    """What part of a report stands beside the picture in one step (after ConVIRT, section 3.2).

    Attributes:
        whole_share: probability of all findings; else a random part of the sentences, in their order.
        indication_share: probability that the indication stands before them.
        conclusion_share: probability of the conclusion alone, where the report has one: the shortest text
            that names the finding, while a random part of all sentences may leave it out.
    """

    whole_share: float = 0.5
    indication_share: float = 0.2
    conclusion_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PairSet:
    """The studies of one split.

    Attributes:
        levels: prepared pictures, bytes, all studies one after the other, in memory or read on demand.
        first: first picture of each study in `levels`, and the end: study i has first[i]:first[i + 1].
        findings: sentences of résultat and conclusion, by study.
        indications: the indication of each study, or empty.
        conclusions: those sentences of `findings` that are the conclusion; none for a report without one.
        regions: body region of each study's first picture.
        studies: pseudonym of each study, in the order of the shards.
        patients: pseudonym of each study's patient.
    """

    levels: Pictures
    first: NDArray[np.int64]
    findings: Sequence[tuple[str, ...]]
    indications: Sequence[str]
    conclusions: Sequence[tuple[str, ...]]
    regions: Sequence[str]
    studies: Sequence[str]
    patients: Sequence[str]

    def __len__(self) -> int:
        return len(self.findings)

    def texts(self) -> list[str]:
        """All findings of every study, as one text each."""
        return [" ".join(found) for found in self.findings]

    def sampled_text(self, study: int, sampling: TextSampling, random: np.random.Generator) -> str:
        """One draw of a study's text."""
        found, conclusion = self.findings[study], self.conclusions[study]
        # No draw where none is asked for: the texts of other recipes stay what they were.
        if conclusion and sampling.conclusion_share and random.random() < sampling.conclusion_share:
            return " ".join(conclusion)
        if len(found) > 1 and random.random() >= sampling.whole_share:
            kept = random.choice(len(found), size=int(random.integers(1, len(found))), replace=False)
            found = tuple(found[position] for position in sorted(kept))
        if self.indications[study] and random.random() < sampling.indication_share:
            found = (self.indications[study], *found)
        return " ".join(found)

    def sampled_rows(self, study: int, views: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Rows of `levels` for one study: one of its pictures, or up to `views` different ones."""
        start, end = int(self.first[study]), int(self.first[study + 1])
        if views == 1:
            return np.asarray([random.integers(start, end)], dtype=np.int64)
        kept = random.choice(end - start, size=min(views, end - start), replace=False)
        return np.asarray(np.sort(kept) + start, dtype=np.int64)

    def first_rows(self, study: int, views: int) -> NDArray[np.int64]:
        """Rows of `levels` of a study's first pictures, `views` at most."""
        start, end = int(self.first[study]), int(self.first[study + 1])
        return np.arange(start, min(start + views, end), dtype=np.int64)

    def pictures(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """The prepared pictures of these rows, (P, S, S)."""
        return self.levels[np.asarray(rows, dtype=np.int64)]

    def first_pictures(self) -> NDArray[np.uint8]:
        """The first picture of every study."""
        return self.pictures(self.first[:-1])


def load_pairs(
    folder: Path,
    split: Split,
    preprocess: Preprocess,
    *,
    memory_bytes: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> PairSet:
    """Every study of a split that has findings.

    Args:
        memory_bytes: pictures that take more are left in their shards and prepared at each draw; a quarter
            of the machine's memory by default.
        progress: called with the number of pictures prepared.
    Raises:
        RefusedError: the split holds fewer than two studies, so that nothing can be contrasted.
    """
    places: list[tuple[Path, PictureSpan]] = []
    first = [0]
    findings: list[tuple[str, ...]] = []
    indications: list[str] = []
    conclusions: list[tuple[str, ...]] = []
    regions: list[str] = []
    names: list[tuple[str, str]] = []
    for path in shard_paths(folder, split):
        for meta, spans in scan_shard(path):
            sections = meta["sections"]
            found = tuple(line for name in FINDINGS for line in _seen_here(sections.get(name, "")))
            if not found or not spans:
                continue
            places += [(path, span) for span in spans]
            first.append(len(places))
            findings.append(tuple(dict.fromkeys(found)))
            indications.append(" ".join(sentences(sections.get("indication", ""))))
            conclusions.append(tuple(dict.fromkeys(_seen_here(sections.get("conclusion", "")))))
            regions.append(str(meta["images"][0].get("region", "")))
            names.append((meta["study"], meta["patient"]))
    if len(findings) < 2:
        raise RefusedError(
            f"at least two studies with findings in the {split} shards",
            f"{len(findings)}",
            "pair more studies",
        )
    pictures = ShardPictures(places, preprocess)
    limit = quarter_of_memory() if memory_bytes is None else memory_bytes
    return PairSet(
        levels=pictures.in_memory(progress) if pictures.nbytes <= limit else pictures,
        first=np.asarray(first, dtype=np.int64),
        findings=findings,
        indications=indications,
        conclusions=conclusions,
        regions=regions,
        studies=[study for study, _ in names],
        patients=[patient for _, patient in names],
    )


def quarter_of_memory() -> int:
    """Bytes: a quarter of what this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def _seen_here(section: str) -> list[str]:
    """The sentences of a section that these pictures can bear out."""
    return [line for line in sentences(section) if not _COMPARISON.match(line)]


def same_region_epoch(epoch: int, share: float) -> bool:
    """Whether an epoch's batches are of one region each, so that `share` of all epochs are, evenly spread.

    >>> [same_region_epoch(epoch, 0.5) for epoch in range(4)]
    [False, True, False, True]
    >>> [same_region_epoch(epoch, 0.75) for epoch in range(4)]
    [False, True, True, True]
    """
    return math.floor((epoch + 1) * share) > math.floor(epoch * share)


def epoch_batches(
    regions: Sequence[str], batch: int, seed: int, epoch: int, *, same_region: bool
) -> list[NDArray[np.int64]]:
    """The batches of one epoch, `len(regions) // batch` of them; the same for a resumed run.

    Args:
        regions: body region of each study.
        same_region: every study of a batch is of one region. Which region it is then tells nothing, and the
            finding, the grade and the age are what is left to contrast (hard negatives: Robinson et al.
            2021, arXiv:2010.04592). Where the regions leave too few full batches, mixed ones follow.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(regions))
    mixed = [order[start : start + batch] for start in range(0, len(order) - batch + 1, batch)]
    if not same_region:
        return mixed
    region = np.asarray(regions)
    alike: list[NDArray[np.int64]] = []
    for name in sorted(set(regions)):
        members = order[region[order] == name]
        size = min(batch, len(members))
        if size >= _LEAST_ALIKE:
            alike += [members[start : start + size] for start in range(0, len(members) - size + 1, size)]
    shuffled = [alike[position] for position in random.permutation(len(alike))]
    return (shuffled + mixed)[: len(mixed)]
