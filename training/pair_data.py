"""Pairs in memory: prepared pictures as bytes, reports as sentences, draws that a given generator fixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError
from osteon.domain.pair import Split
from osteon.models.preprocess import Preprocess
from osteon.pairs import read_pairs, sentences

FINDINGS = ("resultat", "conclusion")
_LEAST_ALIKE = 8  # studies of one region that still make a batch
# What such a sentence tells stands on another day's pictures, and its date is a surrogate.
_COMPARISON = re.compile(r"compar|(?:par rapport|depuis) .{0,30}(?:examen|cliché|radiograph)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class TextSampling:
    """What part of a report stands beside the picture in one step (after ConVIRT, section 3.2).

    Attributes:
        whole_share: probability of all findings; else a random part of the sentences, in their order.
        indication_share: probability that the indication stands before them.
    """

    whole_share: float = 0.5
    indication_share: float = 0.2


@dataclass(frozen=True, kw_only=True)
class PairSet:
    """The studies of one split.

    Attributes:
        levels: prepared pictures, bytes, all studies one after the other.
        first: first picture of each study in `levels`, and the end: study i has first[i]:first[i + 1].
        findings: sentences of résultat and conclusion, by study.
        indications: the indication of each study, or empty.
        regions: body region of each study's first picture.
    """

    levels: NDArray[np.uint8]
    first: NDArray[np.int64]
    findings: Sequence[tuple[str, ...]]
    indications: Sequence[str]
    regions: Sequence[str]

    def __len__(self) -> int:
        return len(self.findings)

    def texts(self) -> list[str]:
        """All findings of every study, as one text each."""
        return [" ".join(found) for found in self.findings]

    def sampled_text(self, study: int, sampling: TextSampling, random: np.random.Generator) -> str:
        """One draw of a study's text."""
        found = self.findings[study]
        if len(found) > 1 and random.random() >= sampling.whole_share:
            kept = random.choice(len(found), size=int(random.integers(1, len(found))), replace=False)
            found = tuple(found[position] for position in sorted(kept))
        if self.indications[study] and random.random() < sampling.indication_share:
            found = (self.indications[study], *found)
        return " ".join(found)

    def sampled_picture(self, study: int, random: np.random.Generator) -> NDArray[np.uint8]:
        """One of a study's pictures."""
        row = int(random.integers(self.first[study], self.first[study + 1]))
        picture: NDArray[np.uint8] = self.levels[row]
        return picture

    def first_pictures(self) -> NDArray[np.uint8]:
        """The first picture of every study."""
        return self.levels[self.first[:-1]]


def load_pairs(
    folder: Path, split: Split, preprocess: Preprocess, *, progress: Callable[[int], None] | None = None
) -> PairSet:
    """Reads and prepares every study of a split that has findings.

    Raises:
        RefusedError: the split holds fewer than two studies, so that nothing can be contrasted.
    """
    levels: list[NDArray[np.uint8]] = []
    first = [0]
    findings: list[tuple[str, ...]] = []
    indications: list[str] = []
    regions: list[str] = []
    for record in read_pairs(folder, split):
        sections = record.meta["sections"]
        found = tuple(line for name in FINDINGS for line in _seen_here(sections.get(name, "")))
        if not found or not record.pictures:
            continue
        levels += [preprocess.prepare_levels(picture.astype(np.float32) / 255) for picture in record.pictures]
        first.append(len(levels))
        findings.append(tuple(dict.fromkeys(found)))
        indications.append(" ".join(sentences(sections.get("indication", ""))))
        regions.append(str(record.meta["images"][0].get("region", "")))
        if progress is not None:
            progress(len(findings))
    if len(findings) < 2:
        raise RefusedError(
            f"at least two studies with findings in the {split} shards",
            f"{len(findings)}",
            "pair more studies",
        )
    return PairSet(
        levels=np.stack(levels),
        first=np.asarray(first, dtype=np.int64),
        findings=findings,
        indications=indications,
        regions=regions,
    )


def _seen_here(section: str) -> list[str]:
    """The sentences of a section that these pictures can bear out."""
    return [line for line in sentences(section) if not _COMPARISON.match(line)]


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
