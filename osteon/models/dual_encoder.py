"""Two towers, one for pictures and one for French reports, that meet in one embedding space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol, cast

import torch
import torch.nn.functional as F
from open_clip.transformer import TextTransformer
from torch import Tensor, nn

from osteon.models.text_encoders import HuggingFaceText, TextPooling
from osteon.models.tokenizer import END_ID, PAD_ID
from osteon.models.view_pool import ViewPool, ViewPooling

MAX_LOGIT_SCALE = 100.0


@dataclass(frozen=True, kw_only=True)
class DualEncoderConfig:
    """Shape of a dual encoder; stands in ``config.json`` of its package.

    Attributes:
        hugging_face: configuration of the library's text encoder in place of our own small one, whose
            width, heads and layers then count for nothing.
        text_pooling: how its tokens become one text; mean without it.
        view_pooling: how several pictures of a study become one; None takes one picture per study.
        local: heads for the regions of pictures and the words of texts, which GLoRIA compares.
        logit_bias: start of the learned bias that SigLIP adds to each logit; None for no bias.
    """

    image_encoder: str
    embedding_dim: int = 128
    vocab_size: int = 2000
    context_length: int = 96
    text_width: int = 192
    text_heads: int = 4
    text_layers: int = 4
    # Temperature 0.07 at the start, as in CLIP (Radford et al. 2021, section 2.5).
    initial_temperature: float = 0.07
    hugging_face: Mapping[str, Any] | None = None
    text_pooling: TextPooling | None = None
    view_pooling: ViewPooling | None = None
    local: bool | None = None
    logit_bias: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON, without the parts that the model does not have."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class ImageEncoder(Protocol):
    """What the image side must offer: features before any projection."""

    feature_dim: int
    region_dim: int

    def encode(self, image_BCHW: Tensor) -> Tensor:
        """Features (B, F)."""
        ...

    def encode_regions(self, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, F) and those of the regions (B, R, G)."""
        ...


class LocalEmbedding(NamedTuple):
    """Unit-norm regions (B, R, D) and words (B, W, D), and where there is a word (B, W)."""

    regions: Tensor
    words: Tensor
    word_mask: Tensor


class Embedded(NamedTuple):
    """What the losses take: unit-norm embeddings (B, D), the logit scale, and what only some losses use."""

    image: Tensor
    text: Tensor
    logit_scale: Tensor
    logit_bias: Tensor | None = None
    local: LocalEmbedding | None = None


class DualEncoder(nn.Module):
    """CLIP with a picture encoder of timm and a text encoder of open_clip or Hugging Face.

    Radford et al. 2021, arXiv:2103.00020; the small projection head before the shared space follows
    ConVIRT (Zhang et al. 2020, arXiv:2010.00747, section 3.2), which keeps the features themselves
    better for other tasks.

    Shapes: B studies, P pictures, V places for pictures of a study, L tokens, W words, F image features,
    D embedding.
    """

    def __init__(self, image_encoder: nn.Module, config: DualEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = image_encoder
        feature_dim = cast(ImageEncoder, image_encoder).feature_dim
        self.projection_head = nn.Sequential(
            nn.Linear(feature_dim, feature_dim), nn.GELU(), nn.Linear(feature_dim, config.embedding_dim)
        )
        self.text_encoder = _text_encoder(config)
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(1 / config.initial_temperature)))
        self.logit_bias: nn.Parameter | None = None
        if config.logit_bias is not None:
            self.logit_bias = nn.Parameter(torch.tensor(config.logit_bias))
        if config.view_pooling is not None:
            self.view_pool = ViewPool(config.view_pooling, feature_dim)
        if config.local:
            region_dim = cast(ImageEncoder, image_encoder).region_dim
            self.region_head = nn.Linear(region_dim, config.embedding_dim)

    @property
    def logit_scale(self) -> Tensor:
        """Exp of the learned log scale, in (0, 100]: open_clip's bound, without which training diverges."""
        return self.log_logit_scale.clamp(max=math.log(MAX_LOGIT_SCALE)).exp()

    def encode_image(self, image_PCHW: Tensor, view_BV: Tensor | None = None) -> Tensor:
        """Unit-norm embeddings (B, D) of prepared pictures (P, 1, S, S); one a study without `view_BV`."""
        return self._project_image(cast(ImageEncoder, self.image_encoder).encode(image_PCHW), view_BV)

    def encode_text(self, token_BL: Tensor) -> Tensor:
        """Unit-norm embeddings (B, D) of token rows; padding neither attends nor counts."""
        return F.normalize(self._read(token_BL)[0], dim=-1)

    def encode_words(self, token_BL: Tensor, word_BL: Tensor, words: int) -> tuple[Tensor, Tensor, Tensor]:
        """`encode_text`, with unit-norm embeddings of the words (B, W, D) and where there is one (B, W).

        The parts of a word are added, as in GLoRIA (Huang et al. 2021, section 3).

        Args:
            word_BL: position of each token's word in its text, -1 for none.
            words: W, the words of the longest text.
        """
        text_BD, hidden_BLH = self._read(token_BL)
        token_BLD = (
            self.text_encoder.projection(hidden_BLH)
            if isinstance(self.text_encoder, HuggingFaceText)
            else hidden_BLH
        )
        owner_BLW = F.one_hot(word_BL + 1, words + 1)[..., 1:].to(token_BLD.dtype)
        word_BWD = torch.einsum("blw,bld->bwd", owner_BLW, token_BLD)
        return F.normalize(text_BD, dim=-1), F.normalize(word_BWD, dim=-1), owner_BLW.any(dim=1)

    def forward(
        self,
        image_PCHW: Tensor,
        token_BL: Tensor,
        view_BV: Tensor | None = None,
        word_BL: Tensor | None = None,
        words: int = 0,
    ) -> Embedded:
        """Both sides of a batch, as the losses take them; `word_BL` asks for the local embeddings too."""
        if word_BL is None:
            image_BD, text_BD = self.encode_image(image_PCHW, view_BV), self.encode_text(token_BL)
            return Embedded(image_BD, text_BD, self.logit_scale, self.logit_bias)
        feature_PF, region_BRG = cast(ImageEncoder, self.image_encoder).encode_regions(image_PCHW)
        text_BD, word_BWD, word_mask_BW = self.encode_words(token_BL, word_BL, words)
        region_BRD = F.normalize(self.region_head(region_BRG), dim=-1)
        local = LocalEmbedding(region_BRD, word_BWD, word_mask_BW)
        image_BD = self._project_image(feature_PF, view_BV)
        return Embedded(image_BD, text_BD, self.logit_scale, self.logit_bias, local)

    def _project_image(self, feature_PF: Tensor, view_BV: Tensor | None) -> Tensor:
        feature_BF = feature_PF if view_BV is None else self.view_pool(feature_PF, view_BV)
        return F.normalize(self.projection_head(feature_BF), dim=-1)

    def _read(self, token_BL: Tensor) -> tuple[Tensor, Tensor]:
        """The text (B, D), and its tokens: our own in the shared space, the library's hidden states."""
        if isinstance(self.text_encoder, HuggingFaceText):
            text_BD, hidden_BLH = self.text_encoder(token_BL)
            return text_BD, hidden_BLH
        token_BLD = self.text_encoder(token_BL)
        kept_BL1 = (token_BL != PAD_ID).unsqueeze(-1).to(token_BLD.dtype)
        return (token_BLD * kept_BL1).sum(dim=1) / kept_BL1.sum(dim=1), token_BLD


def _text_encoder(config: DualEncoderConfig) -> nn.Module:
    if config.hugging_face is not None:
        return HuggingFaceText(config.hugging_face, config.text_pooling or "mean", config.embedding_dim)
    return TextTransformer(  # type: ignore[no-any-return]
        context_length=config.context_length,
        vocab_size=config.vocab_size,
        width=config.text_width,
        heads=config.text_heads,
        layers=config.text_layers,
        output_dim=config.embedding_dim,
        no_causal_mask=True,
        use_pad_mask=True,
        pad_id=PAD_ID,
        eos_id=END_ID,
        pool_type="none",
    )
