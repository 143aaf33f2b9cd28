"""The loss of a recipe over one worker's part of a batch, with every worker's studies as negatives."""

from __future__ import annotations

import torch
from torch import Tensor

from osteon.models.dual_encoder import Embedded
from training.losses import info_nce, info_nce_part, local_contrast, local_contrast_part, siglip
from training.pair_batch import PairBatch
from training.pretrain_recipes import PretrainRecipe
from training.team import Team


def batch_loss(own: Embedded, batch: PairBatch, recipe: PretrainRecipe, team: Team) -> Tensor:
    """The mean loss of this worker's studies; the mean over workers is that of the whole batch.

    Its gradients reach the other workers' embeddings too, so that averaged over workers (as DDP does) they
    are those of the whole batch: open_clip's local loss with gathered features.
    """
    if recipe.loss == "sigmoid":
        if own.logit_bias is None:
            raise ValueError("the sigmoid loss needs a logit_bias, got none; set it in the model's config")
        _, text_BD = _gathered(own.image, own.text, team)
        return siglip(
            own.image, text_BD, own.logit_scale, own.logit_bias, first=batch.first, report_B=batch.report
        )
    loss = _softmax(own, batch, recipe, team)
    return loss if own.local is None else loss + _local(own, batch, recipe, team)


def _softmax(own: Embedded, batch: PairBatch, recipe: PretrainRecipe, team: Team) -> Tensor:
    if team.size == 1:
        return info_nce(
            own.image, own.text, own.logit_scale, report_B=batch.report, image_share=recipe.image_share
        )
    image_BD, text_BD = _gathered(own.image, own.text, team)
    return info_nce_part(
        own.image,
        own.text,
        image_BD,
        text_BD,
        own.logit_scale,
        first=batch.first,
        report_B=batch.report,
        image_share=recipe.image_share,
    )


def _local(own: Embedded, batch: PairBatch, recipe: PretrainRecipe, team: Team) -> Tensor:
    local = own.local
    if local is None:
        raise ValueError("the local loss needs regions and words, got none; set local in the model's config")
    temperatures = recipe.local_temperatures
    if team.size == 1:
        return local_contrast(
            local.regions, local.words, local.word_mask, temperatures=temperatures, report_B=batch.report
        )
    with torch.no_grad():
        word_mask_BW, _ = _gathered(local.word_mask.float(), local.word_mask.float(), team)
    return local_contrast_part(
        (local.regions, local.words),
        _gathered(local.regions, local.words, team),
        word_mask_BW.bool(),
        first=batch.first,
        temperatures=temperatures,
        report_B=batch.report,
    )


def _gathered(image: Tensor, text: Tensor, team: Team) -> tuple[Tensor, Tensor]:
    """Both sides of all workers in their order, with gradients."""
    if team.size == 1:
        return image, text
    from open_clip.loss import gather_features

    images, texts = gather_features(
        image.contiguous(),
        text.contiguous(),
        local_loss=True,
        gather_with_grad=True,
        rank=team.rank,
        world_size=team.size,
    )
    return images, texts
