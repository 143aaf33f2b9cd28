"""The dual encoder of a recipe before its first step, and the optimiser that moves it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from osteon.models.dual_encoder import DualEncoder, DualEncoderConfig
from osteon.models.encoders import build_image_encoder, load_matching_weights
from osteon.models.package import ENCODER_PREFIX, encoder_name, read_tensors
from osteon.models.text_encoders import HuggingFaceText, load_tokenizer, text_config
from osteon.models.tokenizer import ReportTokenizer
from training.pair_data import PairSet
from training.pretrain_recipes import PretrainRecipe
from training.sharding import split_by_division

TEXT_GROUP = "text"  # key of an optimiser's group: whether it moves the text tower


def build_tokenizer(recipe: PretrainRecipe, train: PairSet) -> ReportTokenizer:
    """The text encoder's own tokenizer, or one learned from the training reports."""
    if recipe.text_model is not None:
        return load_tokenizer(recipe.text_model, context_length=recipe.context_length)
    return ReportTokenizer.train(
        train.texts() + list(train.indications),
        vocab_size=recipe.vocab_size,
        context_length=recipe.context_length,
    )


def build_model(
    recipe: PretrainRecipe,
    tokenizer: ReportTokenizer,
    seed: int,
    *,
    device: torch.device | None = None,
    image_init: Path | None = None,
) -> DualEncoder:
    """Both towers: weights of the text model and of `image_init` where named, else what the seed decides.

    Args:
        image_init: package whose image encoder is the start; it must be the recipe's.
    """
    config = DualEncoderConfig(
        image_encoder=recipe.image_encoder,
        embedding_dim=recipe.embedding_dim,
        vocab_size=tokenizer.vocab_size,
        context_length=recipe.context_length,
        text_width=recipe.text_width,
        text_heads=recipe.text_heads,
        text_layers=recipe.text_layers,
        initial_temperature=recipe.temperature,
        hugging_face=None if recipe.text_model is None else text_config(recipe.text_model, tokenizer),
        text_pooling=None if recipe.text_model is None else recipe.text_pooling,
        view_pooling=recipe.view_pooling,
        local=True if recipe.loss == "gloria" else None,
        logit_bias=recipe.logit_bias if recipe.loss == "sigmoid" else None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DualEncoder(build_image_encoder(recipe.image_encoder), config)
    if recipe.text_model is not None and isinstance(model.text_encoder, HuggingFaceText):
        model.text_encoder.load_pretrained(recipe.text_model)
    if image_init is not None and encoder_name(image_init) == recipe.image_encoder:
        load_matching_weights(model.image_encoder, read_tensors(image_init), prefix=ENCODER_PREFIX)
    elif image_init is not None:
        load_matching_weights(model.image_encoder, {}, prefix=ENCODER_PREFIX)  # refuses another encoder
    model.log_logit_scale.requires_grad_(recipe.learn_temperature)
    if recipe.gradient_checkpointing:
        recompute_activations(model)
    return model.to(device or "cpu", memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def recompute_activations(model: DualEncoder) -> None:
    """Both towers keep the input of each block only, and compute the rest again in the backward pass."""
    image: nn.Module = model.image_encoder.network  # type: ignore[assignment]
    image.set_grad_checkpointing(True)  # type: ignore[operator]
    text = model.text_encoder
    if isinstance(text, HuggingFaceText):
        text.transformer.gradient_checkpointing_enable({"use_reentrant": False})
    else:
        text.set_grad_checkpointing(True)  # type: ignore[operator]


def build_optimizer(model: DualEncoder, recipe: PretrainRecipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; no decay of norms, biases and the logit scale.

    The text tower has groups of its own (`TEXT_GROUP`).
    Source: Radford et al. 2021, section 2.5. Lion (Chen et al. 2023, arXiv:2302.06675) is that of timm.
    """
    groups = []
    for text in (False, True):
        learned = [
            value
            for name, value in model.named_parameters()
            if value.requires_grad and name.startswith("text_encoder.") == text
        ]
        decayed = [value for value in learned if value.ndim > 1]
        free = [value for value in learned if value.ndim <= 1]
        groups += [
            {"params": part, "weight_decay": decay, TEXT_GROUP: text}
            for values, decay in ((decayed, recipe.weight_decay), (free, 0.0))
            for part in split_by_division(values)
        ]
    if recipe.optimizer == "lion":
        from timm.optim import Lion

        lion: torch.optim.Optimizer = Lion(groups, lr=recipe.learning_rate, betas=recipe.betas)
        return lion
    fused = model.log_logit_scale.device.type == "cuda"
    return torch.optim.AdamW(
        groups, lr=recipe.learning_rate, betas=recipe.betas, eps=1e-6, fused=True if fused else None
    )
