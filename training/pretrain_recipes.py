"""Named pretraining runs; the command line takes the name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from osteon.domain import UsageError
from osteon.models.encoders import DEFAULT_IMAGE_ENCODER
from osteon.models.text_encoders import TextPooling
from osteon.models.view_pool import ViewPooling
from training.distortion import Distortion
from training.losses import LocalTemperatures
from training.pair_data import TextSampling

# No mirror image (a report says droit or gauche), no inversion and no covered part (it may be the finding).
LATERALITY_SAFE = Distortion(
    rotation_degrees=12.0, flip=False, gamma=0.25, contrast=0.2, brightness=0.08, invert=0.0, erase=0.0
)


Loss = Literal["clip", "sigmoid", "gloria"]


@dataclass(frozen=True, kw_only=True)
class PretrainRecipe:
    """Every setting of one pretraining run.

    Attributes:
        size: side of the prepared pictures.
        start_size, full_size_from: side of the pictures of a batch before that part of the run, 0 for full
            size at once; small pictures cost less, and most is learned later (Touvron et al. 2019,
            arXiv:1906.06423, train small and end at the size that is served).
        text_model: folder or cached name of a Hugging Face text encoder, with its tokenizer and weights; None
            for our own small one, learned from the reports at hand.
        text_pooling: how the tokens of that encoder become one text.
        views: pictures of a study in a batch, at most; several need a `view_pooling`.
        loss: `clip` is the softmax over the batch (ConVIRT's with its weights), `sigmoid` is SigLIP's,
            `gloria` adds the local loss of words and regions to the softmax.
        image_share: weight of the softmax from picture to report.
        temperature: at the start, or all along without `learn_temperature`.
        batch_studies: rows of a batch, over all workers; one text of each study.
        micro_batch: studies of one worker that go through the networks at once; the negatives stay those of
            the whole batch (`training.pretrain_step`).
        epochs: each study once per epoch; a time limit ends the run earlier, on the same schedule.
        warmup_share: part of the run in which the learning rate rises.
        text_still_share: part of the run, from its start, in which the text tower stays as it began. In
            batches of one region the pictures tell nothing at first, and a text tower that moves with them
            answers by making all texts alike: then nothing is left to learn from (ConVIRT keeps the lower
            half of its text tower still; Zhai et al. 2022, arXiv:2111.07991, a whole tower).
        same_region_share: part of the epochs in which a batch holds one body region only.
        mask_repeated_reports: leave equal texts of a batch out of each other's negatives.
        precision: of the networks' arithmetic; `auto` is bfloat16 where it pays.
        gradient_checkpointing: compute activations again in the backward pass rather than keep them.
        shard_parameters: divide parameters, gradients and moments among the workers (FSDP2), for a model that
            does not fit one device; DDP otherwise.
        compile_backend: `inductor` to compile the model; None to run it as it is.
        loader_workers: processes that make batches ahead; 0 makes each when it is wanted.
    """

    name: str
    image_encoder: str = DEFAULT_IMAGE_ENCODER
    size: int = 128
    start_size: int = 0
    full_size_from: float = 0.6
    embedding_dim: int = 128
    vocab_size: int = 2000
    context_length: int = 96
    text_width: int = 128
    text_heads: int = 4
    text_layers: int = 2
    text_model: str | None = None
    text_pooling: TextPooling = "mean"
    views: int = 1
    view_pooling: ViewPooling | None = None
    loss: Loss = "clip"
    image_share: float = 0.5
    temperature: float = 0.07
    learn_temperature: bool = True
    logit_bias: float = -10.0
    local_temperatures: LocalTemperatures = field(default_factory=LocalTemperatures)
    batch_studies: int = 64
    micro_batch: int | None = None
    epochs: int = 40
    optimizer: Literal["adamw", "lion"] = "adamw"
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    max_gradient_norm: float = 1.0
    text_still_share: float = 0.0
    same_region_share: float = 0.5
    mask_repeated_reports: bool = True
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    gradient_checkpointing: bool = False
    shard_parameters: bool = False
    compile_backend: str | None = None
    loader_workers: int = 0
    sampling: TextSampling = field(default_factory=TextSampling)
    distortion: Distortion = LATERALITY_SAFE

    def __post_init__(self) -> None:
        if self.distortion.flip:
            raise UsageError(
                "pretraining without horizontal flips",
                "a recipe that mirrors pictures",
                "set flip=False: the reports say droit and gauche",
            )
        if self.views > 1 and (self.view_pooling is None or self.loss == "gloria"):
            raise UsageError(
                "a view_pooling where a study gives several pictures, and another loss than gloria",
                "a recipe without",
                "set view_pooling to mean or attention, or views to 1",
            )

    def size_at(self, share: float) -> int:
        """Side of the pictures of a batch at `share` of the run."""
        return self.start_size if self.start_size and share < self.full_size_from else self.size


def standard() -> PretrainRecipe:
    """For two cores and some thousand studies."""
    return PretrainRecipe(name="standard", size=160, epochs=40)


def quick() -> PretrainRecipe:
    """For two cores, some hundred studies and some minutes: the recipe of `make up`."""
    return PretrainRecipe(name="quick", epochs=24)


def findings() -> PretrainRecipe:
    """For two cores and some thousand studies: learns the finding, not only region and side."""
    return PretrainRecipe(
        name="findings",
        batch_studies=32,
        epochs=26,
        learning_rate=2e-3,
        text_still_share=0.85,
        same_region_share=0.75,
        sampling=TextSampling(whole_share=0.5, indication_share=0.0, conclusion_share=0.7),
    )


def tiny() -> PretrainRecipe:
    """For tests: seconds on a handful of studies."""
    return PretrainRecipe(
        name="tiny",
        image_encoder="resnet10t-tiny",
        size=32,
        embedding_dim=16,
        vocab_size=400,
        context_length=48,
        text_width=32,
        text_heads=2,
        text_layers=1,
        batch_studies=8,
        epochs=2,
    )


def englebert_2024() -> PretrainRecipe:
    """Englebert et al. 2024 (arXiv:2405.08932): ViT-B/16 at 224, XLM-R, CLIP at temperature 0.1, Lion.

    Three departures, each a fault of the original: no horizontal flip, a batch whose negatives all count
    instead of 4 with plain accumulation, and repeated reports masked. Lion keeps moments of 32 bits where
    the paper's keeps 8.
    """
    return PretrainRecipe(
        name="englebert-2024",
        image_encoder="vit_base_patch16_224",
        size=224,
        embedding_dim=512,
        context_length=128,
        text_model="FacebookAI/xlm-roberta-base",
        temperature=0.1,
        learn_temperature=False,
        batch_studies=1024,
        micro_batch=128,
        epochs=50,
        optimizer="lion",
        learning_rate=1e-5,
        betas=(0.9, 0.99),
        loader_workers=8,
    )


def convirt() -> PretrainRecipe:
    """Zhang et al. 2020 (arXiv:2010.00747): ResNet-50, BERT pooled by maximum, lambda 0.75, tau 0.1.

    Repeated reports are masked and nothing is mirrored; the batch is larger than the paper's 32.
    """
    return PretrainRecipe(
        name="convirt",
        image_encoder="resnet50",
        size=224,
        embedding_dim=512,
        context_length=128,
        text_model="almanach/camembert-base",
        text_pooling="max",
        image_share=0.75,
        temperature=0.1,
        learn_temperature=False,
        batch_studies=256,
        micro_batch=64,
        epochs=50,
        learning_rate=1e-4,
        betas=(0.9, 0.999),
        weight_decay=1e-6,
        sampling=TextSampling(whole_share=0.0, indication_share=0.0),
        loader_workers=8,
    )


def gloria() -> PretrainRecipe:
    """Huang et al. 2021 (ICCV): ResNet-50, global and local contrast of words and regions."""
    return replace(
        convirt(),
        name="gloria",
        loss="gloria",
        image_share=0.5,
        text_pooling="mean",
        learning_rate=5e-5,
        batch_studies=128,
        micro_batch=32,
        sampling=TextSampling(),
    )


def siglip() -> PretrainRecipe:
    """Zhai et al. 2023 (arXiv:2303.15343): ViT-B/16, each pair one question; t = 10, b = -10 at first."""
    return replace(
        englebert_2024(),
        name="siglip",
        loss="sigmoid",
        learn_temperature=True,
        optimizer="adamw",
        learning_rate=1e-4,
        betas=(0.9, 0.95),
    )


PRETRAIN_RECIPES: Mapping[str, Callable[[], PretrainRecipe]] = {
    "standard": standard,
    "quick": quick,
    "findings": findings,
    "tiny": tiny,
    "englebert-2024": englebert_2024,
    "convirt": convirt,
    "gloria": gloria,
    "siglip": siglip,
}


def pretrain_recipe(name: str) -> PretrainRecipe:
    """The recipe of that name; UsageError otherwise."""
    if name not in PRETRAIN_RECIPES:
        raise UsageError(
            f"a pretraining recipe among {', '.join(PRETRAIN_RECIPES)}", "another name", "name one of them"
        )
    return PRETRAIN_RECIPES[name]()
