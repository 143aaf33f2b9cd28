"""One step of SimCLR: two views of each picture through the encoder and a head that is thrown away."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from osteon.models.encoders import TimmImageEncoder
from osteon.models.preprocess import normalise
from training.distortion import distort
from training.image_only.loss import nt_xent
from training.image_only.recipes import ImageOnlyRecipe
from training.pace import BFLOAT16_PAYS
from training.pair_data import Pictures
from training.retrieval import chance_at, recall_at
from training.schedule import learning_rate

_VALIDATED = 512


class Projected(nn.Module):
    """The encoder and SimCLR's two-layer head (Chen et al. 2020, section 4.2)."""

    def __init__(self, encoder: TimmImageEncoder, recipe: ImageOnlyRecipe, seed: int) -> None:
        super().__init__()
        self.image_encoder = encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = nn.Sequential(
                nn.Linear(encoder.feature_dim, recipe.hidden_dim),
                nn.ReLU(),
                nn.Linear(recipe.hidden_dim, recipe.projection_dim),
            )

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Projections (B, D), not normalised."""
        projected: Tensor = self.head(self.image_encoder.encode(image_BCHW))
        return projected


def two_views(
    levels_BSS: NDArray[np.uint8], recipe: ImageOnlyRecipe, seeds: list[int], *, share: float = 1.0
) -> Tensor:
    """Both views of each picture at `share` of the run, normalised, (2B, 1, S, S).

    Row i and row B + i are one picture.
    """
    random = np.random.default_rng(seeds)
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    twice_VSS = torch.from_numpy(levels_BSS).repeat(2, 1, 1)
    image_V1SS = distort(twice_VSS, recipe.distortion, recipe.size_at(share), generator)
    return normalise(image_V1SS).contiguous(memory_format=torch.channels_last)


def view_step(
    model: Projected,
    optimizer: torch.optim.Optimizer,
    image_V1SS: Tensor,
    recipe: ImageOnlyRecipe,
    share: float,
) -> float:
    """One optimiser step at `share` of the run; gives the loss."""
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(recipe.learning_rate, share, warmup=recipe.warmup_share)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BFLOAT16_PAYS):
        projected_VD = model(image_V1SS)
    first_BD, second_BD = projected_VD.float().chunk(2)
    loss = nt_xent(first_BD, second_BD, temperature=recipe.temperature)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), recipe.max_gradient_norm)
    optimizer.step()
    return float(loss.detach())


@torch.inference_mode()
def view_figures(
    encoder: TimmImageEncoder, levels: Pictures, recipe: ImageOnlyRecipe, seed: int
) -> dict[str, float]:
    """How often the features of a changed picture lie nearest to those of the picture itself.

    On at most 512 validation pictures, beside chance; comparable between methods, since no head takes part.
    """
    encoder.eval()
    kept_NSS = levels[np.arange(min(_VALIDATED, len(levels)))]
    generator = torch.Generator().manual_seed(seed)
    plain, changed = [], []
    for start in range(0, len(kept_NSS), 64):
        part_BSS = torch.from_numpy(kept_NSS[start : start + 64])
        view_B1SS = distort(part_BSS, recipe.distortion, recipe.size, generator)
        plain.append(encoder.encode(normalise(part_BSS[:, None].float() / 255)))
        changed.append(encoder.encode(normalise(view_B1SS)))
    plain_ND, changed_ND = (nn.functional.normalize(torch.cat(part), dim=1) for part in (plain, changed))
    itself_NN = torch.eye(len(kept_NSS), dtype=torch.bool)
    return {
        "pictures": float(len(kept_NSS)),
        "view_r1": recall_at(changed_ND @ plain_ND.T, itself_NN, 1),
        "chance_r1": chance_at(itself_NN, 1),
    }
