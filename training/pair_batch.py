"""The batch of one step: drawn from (seed, step) alone, on any worker and in any process.

Shapes: B studies, b of this worker, P pictures, V places for pictures of a study, L tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from osteon.models.preprocess import normalise
from osteon.models.tokenizer import ReportTokenizer
from training.distortion import distort
from training.losses import report_groups
from training.pair_data import PairSet, epoch_batches, same_region_epoch
from training.pretrain_recipes import PretrainRecipe


@dataclass(frozen=True, kw_only=True)
class PairBatch:
    """One worker's part of a batch, or a part of that.

    Attributes:
        image: pictures of the studies, one after the other: bytes (P, S, S) as drawn, prepared
            pictures (P, 1, S, S) after `ready`.
        token: one text per study, (B, L).
        view: (B, V), where a study has a picture; None when each has one.
        word: (B, L), the word of each token, and `words` the most of any text; for local losses.
        report: (B,), number of the text, for the whole batch of all workers; None where repeats count.
        first: position of the first study in the whole batch.
        picture_draws: pictures before these in the whole batch, in all, and the seed of their changes.
    """

    image: Tensor
    token: Tensor
    view: Tensor | None = None
    word: Tensor | None = None
    words: int = 0
    report: Tensor | None = None
    first: int = 0
    picture_draws: tuple[int, int, int] = (0, 0, 0)

    def __len__(self) -> int:
        return len(self.token)

    def ready(self, recipe: PretrainRecipe, device: torch.device, *, share: float = 1.0) -> PairBatch:
        """The batch on a device, its pictures changed and normalised there, sized as at `share` of a run."""
        before, total, seed = self.picture_draws
        image_B1SS = distort(
            self.image.to(device, non_blocking=True),
            recipe.distortion,
            recipe.size_at(share),
            torch.Generator().manual_seed(seed),
            first=before,
            total=total,
        )
        image_B1SS = normalise(image_B1SS).contiguous(memory_format=torch.channels_last)
        moved = {
            name: value.to(device, non_blocking=True)
            for name in ("token", "view", "word", "report")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, image=image_B1SS, **moved)

    def parts(self, studies: int) -> list[PairBatch]:
        """Consecutive parts of at most `studies` studies."""
        ends = np.arange(len(self) + 1) if self.view is None else _ends(self.view)
        parts = []
        for start in range(0, len(self), studies):
            rows = slice(start, min(start + studies, len(self)))
            part = replace(
                self,
                image=self.image[int(ends[rows.start]) : int(ends[rows.stop])],
                token=self.token[rows],
                view=None if self.view is None else self.view[rows],
                word=None if self.word is None else self.word[rows],
                first=self.first + start,
            )
            parts.append(part)
        return parts


def _ends(view_BV: Tensor) -> NDArray[np.int64]:
    counts = view_BV.sum(dim=1).cpu().numpy()
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def draw_batch(
    pairs: PairSet,
    studies: NDArray[np.int64],
    recipe: PretrainRecipe,
    tokenizer: ReportTokenizer,
    seeds: list[int],
    own: slice | None = None,
) -> PairBatch:
    """Pictures and one text of each study; the seeds decide every draw, whoever's part it is.

    Args:
        own: the rows of this worker; all by default. Texts are drawn and split for all, so that repeated
            reports are known everywhere; pictures are read for these rows only.
    """
    random = np.random.default_rng(seeds)
    seed = int(random.integers(2**62))
    own = own or slice(0, len(studies))
    rows = [pairs.sampled_rows(int(study), recipe.views, random) for study in studies]
    texts = [pairs.sampled_text(int(study), recipe.sampling, random) for study in studies]
    token_BL, word_BL = tokenizer.encode_words(texts)
    ends = np.cumsum([0, *(len(each) for each in rows)])
    mine = np.concatenate(rows[own])
    view_bV = None
    if recipe.view_pooling is not None:
        view_bV = torch.arange(recipe.views) < torch.tensor([len(each) for each in rows[own]])[:, None]
    local = recipe.loss == "gloria"
    return PairBatch(
        image=torch.from_numpy(pairs.pictures(mine)),
        token=token_BL[own],
        view=view_bV,
        word=word_BL[own] if local else None,
        words=int(word_BL.max()) + 1 if local else 0,
        report=report_groups(token_BL) if recipe.mask_repeated_reports else None,
        first=own.start,
        picture_draws=(int(ends[own.start]), int(ends[-1]), seed),
    )


@dataclass
class StepBatches(Dataset[PairBatch]):
    """The batches of a run by step, as a loader's processes make them."""

    pairs: PairSet
    recipe: PretrainRecipe
    tokenizer: ReportTokenizer
    seed: int
    batch: int
    rank: int = 0
    workers: int = 1

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in one pass over the studies."""
        return len(self.pairs) // self.batch

    def __getitem__(self, step: int) -> PairBatch:
        epoch, position = divmod(step, self.steps_per_epoch)
        studies = self._epoch(epoch)[position]
        # A batch of a small region may leave a rest that the workers cannot share evenly.
        part = len(studies) // self.workers
        studies = studies[: part * self.workers]
        own = slice(self.rank * part, (self.rank + 1) * part)
        return draw_batch(self.pairs, studies, self.recipe, self.tokenizer, [self.seed, step], own)

    def _epoch(self, epoch: int) -> list[NDArray[np.int64]]:
        kept: tuple[int, Any] | None = getattr(self, "_kept", None)
        if kept is None or kept[0] != epoch:
            same_region = same_region_epoch(epoch, self.recipe.same_region_share)
            batches = epoch_batches(self.pairs.regions, self.batch, self.seed, epoch, same_region=same_region)
            kept = (epoch, batches)
            self._kept = kept
        batches_of_epoch: list[NDArray[np.int64]] = kept[1]
        return batches_of_epoch


def stream_batches(batches: StepBatches, first_step: int, *, workers: int, pin: bool) -> Iterable[PairBatch]:
    """The batches from a step on, without end; made ahead by `workers` processes, or here for none."""
    if workers == 0:
        return (batches[step] for step in count(first_step))
    loader: DataLoader[Any] = DataLoader(
        batches,
        batch_size=None,
        sampler=_Steps(first_step),
        num_workers=workers,
        prefetch_factor=4,
        pin_memory=pin,
        # A fork shares the pictures in memory; a fresh process would need a copy of them.
        multiprocessing_context="fork",
    )
    return loader


@dataclass(frozen=True)
class _Steps:
    first: int

    def __iter__(self) -> Iterator[int]:
        return count(self.first)
