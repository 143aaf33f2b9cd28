"""The loss of self-alignment: hard pairs found in the batch, weighed by how similar they are.

Shapes: B names of a batch, H hidden width.
"""

from __future__ import annotations

import torch
from torch import Tensor


def multi_similarity(
    similarity_BB: Tensor,
    positive_BB: Tensor,
    negative_BB: Tensor,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    epsilon: float = 1.0,
) -> Tensor:
    """Multi-similarity loss over chosen pairs, scalar; 0 where no pair is chosen.

    L = 1/B sum_i [ 1/alpha log(1 + sum_{n in N_i} exp(alpha (S_in - epsilon)))
                  + 1/beta log(1 + sum_{p in P_i} exp(-beta (S_ip - epsilon))) ]

    Args:
        similarity_BB: cosine similarity of all names, (B, B).
        positive_BB: boolean, pairs (i, p) of one concept that count.
        negative_BB: boolean, pairs (i, n) of two concepts that count.
        alpha, beta: how sharply the negatives and the positives are weighed.
        epsilon: similarity from which a pair is weighed at all.
    Raises:
        ValueError: the shapes differ.
    Source: Liu et al. 2021, arXiv:2010.11784, equation 3; Wang et al. 2019, arXiv:1904.06627, equation 15.
        The code that was published with the former takes the two sharpnesses the other way round
        (pytorch-metric-learning's alpha=2 is of the positives, beta=50 of the negatives, base=0.5): alpha=50,
        beta=2, epsilon=0.5 here.
    """
    if similarity_BB.ndim != 2 or not similarity_BB.shape == positive_BB.shape == negative_BB.shape:
        raise ValueError(
            f"needs similarities and two masks (B, B), got {tuple(similarity_BB.shape)}, "
            f"{tuple(positive_BB.shape)} and {tuple(negative_BB.shape)}"
        )
    negative_B = _soft_sum(alpha * (similarity_BB - epsilon), negative_BB) / alpha
    positive_B = _soft_sum(-beta * (similarity_BB - epsilon), positive_BB) / beta
    return (negative_B + positive_B).mean()


@torch.no_grad()
def hard_pairs(similarity_BB: Tensor, concept_B: Tensor, *, margin: float = 0.2) -> tuple[Tensor, Tensor]:
    """Pairs of the hard triplets of a batch: boolean (B, B) of the positives and of the negatives.

    A triplet of an anchor a, a name p of its concept and a name n of another is hard when n is not farther
    from a than p by more than the margin: |a - n| - |a - p| <= margin, with Euclidean distances of unit
    vectors. A pair is in some hard triplet exactly when it is in one with the nearest negative, or with the
    farthest positive, of its anchor: no list of B^3 triplets is made.

    Args:
        similarity_BB: cosine similarity of all names.
        concept_B: integer of each name's concept.
        margin: lambda. The paper's sentence (n nearer than p by lambda) is margin = -lambda; the code
            published with it keeps what is above, with 0.2.
    Source: Liu et al. 2021, arXiv:2010.11784, section 2 (online hard pairs mining).
    """
    same_BB = concept_B[:, None] == concept_B[None, :]
    itself_BB = torch.eye(len(concept_B), dtype=torch.bool, device=concept_B.device)
    positive_BB, negative_BB = same_BB & ~itself_BB, ~same_BB
    distance_BB = (2 - 2 * similarity_BB).clamp_min(0).sqrt()
    nearest_B1 = distance_BB.masked_fill(~negative_BB, float("inf")).amin(dim=1, keepdim=True)
    farthest_B1 = distance_BB.masked_fill(~positive_BB, float("-inf")).amax(dim=1, keepdim=True)
    return (
        positive_BB & (nearest_B1 - distance_BB <= margin),
        negative_BB & (distance_BB - farthest_B1 <= margin),
    )


def _soft_sum(value_BB: Tensor, kept_BB: Tensor) -> Tensor:
    """log(1 + sum of exp over what is kept), by row; 0 where nothing is kept."""
    kept = value_BB.masked_fill(~kept_BB, float("-inf"))
    one = kept.new_zeros(len(kept), 1)
    return torch.logsumexp(torch.cat([one, kept], dim=1), dim=1)
