"""GLoRIA's local loss: every word looks for its place in the picture.

Shapes: B studies, n pictures or texts of one block, W words of a text, R regions of a picture, D embedding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from training.losses.repeats import repeated_reports
from training.losses.softmax import both_directions

_BLOCK_VALUES = 1 << 24  # word-region products held at once, 64 MiB in float32


@dataclass(frozen=True, kw_only=True)
class LocalTemperatures:
    """Temperatures of the local loss: 1/4, 1/5 and 1/10 in the paper's own runs.

    Attributes:
        attention: of the softmax over regions that a word attends to.
        words: of the soft maximum over the words of a text.
        pairs: of the softmax over the studies of a batch.
    """

    attention: float = 0.25
    words: float = 0.2
    pairs: float = 0.1


def local_contrast(
    region_BRD: Tensor,
    word_BWD: Tensor,
    word_mask_BW: Tensor,
    *,
    temperatures: LocalTemperatures | None = None,
    report_B: Tensor | None = None,
) -> Tensor:
    """Mean of both directions' cross-entropy between pictures and texts matched word by word.

    Args:
        region_BRD: unit-norm embeddings of a picture's regions.
        word_BWD: unit-norm embeddings of a text's words.
        word_mask_BW: True where there is a word; each text has one at least.
        report_B: equal numbers are no negatives of each other.
    Returns:
        Scalar in nats.
    Source: Huang et al. 2021, GLoRIA (ICCV), the local contrastive loss of section 3. The paper's sum over
        both directions is a mean here, as in `info_nce`, so that both have one scale.
    """
    temperatures = temperatures or LocalTemperatures()
    logits_BB = match_words(region_BRD, word_BWD, word_mask_BW, temperatures) / temperatures.pairs
    if report_B is not None:
        logits_BB = logits_BB.masked_fill(repeated_reports(report_B), float("-inf"))
    return both_directions(logits_BB, 0.5)


def local_contrast_part(
    own: tuple[Tensor, Tensor],
    gathered: tuple[Tensor, Tensor],
    word_mask_BW: Tensor,
    *,
    first: int,
    temperatures: LocalTemperatures | None = None,
    report_B: Tensor | None = None,
) -> Tensor:
    """One worker's part of `local_contrast`; the mean over workers with equal b is that of the whole batch.

    Args:
        own: regions (b, R, D) and words (b, W, D) of this worker.
        gathered: the same of all workers, gathered with their gradients.
        first: position of the worker's first study in the whole batch.
    """
    temperatures = temperatures or LocalTemperatures()
    rows = slice(first, first + len(own[0]))
    by_image_bB = match_words(own[0], gathered[1], word_mask_BW, temperatures) / temperatures.pairs
    by_text_bB = match_words(gathered[0], own[1], word_mask_BW[rows], temperatures).T / temperatures.pairs
    if report_B is not None:
        repeated_bB = repeated_reports(report_B, own=rows)
        by_image_bB = by_image_bB.masked_fill(repeated_bB, float("-inf"))
        by_text_bB = by_text_bB.masked_fill(repeated_bB, float("-inf"))
    target_b = torch.arange(first, rows.stop, device=by_image_bB.device)
    return (F.cross_entropy(by_image_bB, target_b) + F.cross_entropy(by_text_bB, target_b)) / 2


def match_words(
    region_PRD: Tensor, word_TWD: Tensor, word_mask_TW: Tensor, temperatures: LocalTemperatures
) -> Tensor:
    """How well each of P pictures answers the words of each of T texts, (P, T): the paper's Z.

    Blocks of texts are matched one by one, and again in the backward pass where there are several.
    """
    per_text = region_PRD.shape[0] * region_PRD.shape[1] * word_TWD.shape[1]
    block = max(1, _BLOCK_VALUES // per_text)
    columns = []
    for start in range(0, len(word_TWD), block):
        arguments = (region_PRD, word_TWD[start : start + block], word_mask_TW[start : start + block])
        if block >= len(word_TWD):
            columns.append(_match_block(*arguments, temperatures))
        else:
            columns.append(checkpoint(_match_block, *arguments, temperatures, use_reentrant=False))
    return torch.cat(columns, dim=1)


def _match_block(
    region_PRD: Tensor, word_nWD: Tensor, mask_nW: Tensor, temperatures: LocalTemperatures
) -> Tensor:
    # Per word i: attention a_ij over regions j, context c_i = sum_j a_ij v_j, cosine of c_i and t_i.
    product_PnWR = torch.einsum("prd,nwd->pnwr", region_PRD, word_nWD)
    attention_PnWR = (product_PnWR / temperatures.attention).softmax(dim=-1)
    context_PnWD = torch.einsum("pnwr,prd->pnwd", attention_PnWR, region_PRD)
    dot_PnW = (attention_PnWR * product_PnWR).sum(dim=-1)  # <c_i, t_i> before c_i's length is taken out
    cosine_PnW = dot_PnW / context_PnWD.norm(dim=-1).clamp_min(1e-8)
    scaled_PnW = (cosine_PnW / temperatures.words).masked_fill(~mask_nW, float("-inf"))
    match_Pn: Tensor = temperatures.words * scaled_PnW.logsumexp(dim=-1)
    return match_Pn
