"""Two towers, one for pictures and one for French reports, that meet in one embedding space."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Protocol, cast

import torch
import torch.nn.functional as F
from open_clip.transformer import TextTransformer
from torch import Tensor, nn

from osteon.models.tokenizer import END_ID, PAD_ID

MAX_LOGIT_SCALE = 100.0


@dataclass(frozen=True, kw_only=True)
class DualEncoderConfig:
    """Shape of a dual encoder; stands in ``config.json`` of its package."""

    image_encoder: str
    embedding_dim: int = 128
    vocab_size: int = 2000
    context_length: int = 96
    text_width: int = 192
    text_heads: int = 4
    text_layers: int = 4
    # Temperature 0.07 at the start, as in CLIP (Radford et al. 2021, section 2.5).
    initial_temperature: float = 0.07

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class ImageEncoder(Protocol):
    """What the image side must offer: features before any projection."""

    feature_dim: int

    def encode(self, image_BCHW: Tensor) -> Tensor:
        """Features (B, F)."""
        ...


class DualEncoder(nn.Module):
    """CLIP with a picture encoder of ours and open_clip's text transformer, both trained from scratch.

    Radford et al. 2021, arXiv:2103.00020; the small projection head before the shared space follows
    ConVIRT (Zhang et al. 2020, arXiv:2010.00747, section 3.2), which keeps the features themselves
    better for other tasks.

    Shapes: B studies, L tokens, W text width, F image features, D embedding.
    """

    def __init__(self, image_encoder: nn.Module, config: DualEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = image_encoder
        feature_dim = cast(ImageEncoder, image_encoder).feature_dim
        self.projection_head = nn.Sequential(
            nn.Linear(feature_dim, feature_dim), nn.GELU(), nn.Linear(feature_dim, config.embedding_dim)
        )
        self.text_encoder = TextTransformer(
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
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(1 / config.initial_temperature)))

    @property
    def logit_scale(self) -> Tensor:
        """Exp of the learned log scale, in (0, 100]: open_clip's bound, without which training diverges."""
        return self.log_logit_scale.clamp(max=math.log(MAX_LOGIT_SCALE)).exp()

    def encode_image(self, image_BCHW: Tensor) -> Tensor:
        """Unit-norm embeddings (B, D) of prepared pictures (B, 1, S, S)."""
        features_BF = cast(ImageEncoder, self.image_encoder).encode(image_BCHW)
        return F.normalize(self.projection_head(features_BF), dim=-1)

    def encode_text(self, token_BL: Tensor) -> Tensor:
        """Unit-norm embeddings (B, D) of token rows; padding neither attends nor counts."""
        token_BLD = self.text_encoder(token_BL)
        kept_BL1 = (token_BL != PAD_ID).unsqueeze(-1).to(token_BLD.dtype)
        mean_BD = (token_BLD * kept_BL1).sum(dim=1) / kept_BL1.sum(dim=1)
        return F.normalize(mean_BD, dim=-1)

    def forward(self, image_BCHW: Tensor, token_BL: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Image embeddings, text embeddings and the logit scale, as ``info_nce`` takes them."""
        return self.encode_image(image_BCHW), self.encode_text(token_BL), self.logit_scale
