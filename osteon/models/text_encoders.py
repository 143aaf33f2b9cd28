"""Text encoders of the Hugging Face library as the text side of a dual encoder.

Shapes: B texts, L tokens, H hidden width, D embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import torch
from torch import Tensor, nn

from osteon.domain import RefusedError, UsageError
from osteon.models.tokenizer import ReportTokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TextPooling = Literal["cls", "mean", "max"]
_NEED = "a Hugging Face text encoder: a local folder, or a name in the cache"


class HuggingFaceText(nn.Module):
    """A transformer with random weights, and the projection of its hidden states to the shared space.

    Args:
        config: the library's own configuration as plain values (`text_config`).
        pooling: what stands for the text: the first token, or the mean or maximum over all its tokens.
    """

    def __init__(self, config: Mapping[str, Any], pooling: TextPooling, embedding_dim: int) -> None:
        super().__init__()
        if pooling not in get_args(TextPooling):
            raise UsageError("a text pooling among cls, mean, max", "another", "name one of them")
        from transformers import AutoConfig

        fields = dict(config)
        self.transformer = _without_pooler(AutoConfig.for_model(fields.pop("model_type"), **fields))
        self.pooling = pooling
        self.pad_id = int(fields["pad_token_id"])
        hidden = int(cast(Any, self.transformer.config).hidden_size)
        self.projection = nn.Sequential(
            nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, embedding_dim)
        )

    def forward(self, token_BL: Tensor) -> tuple[Tensor, Tensor]:
        """The text in the shared space (B, D), not normalised, and the hidden states (B, L, H)."""
        kept_BL = token_BL != self.pad_id
        output: Any = self.transformer(input_ids=token_BL, attention_mask=kept_BL.long())
        hidden_BLH: Tensor = output.last_hidden_state
        kept_BL1 = kept_BL.unsqueeze(-1)
        if self.pooling == "cls":
            pooled_BH = hidden_BLH[:, 0]
        elif self.pooling == "max":
            pooled_BH = hidden_BLH.masked_fill(~kept_BL1, float("-inf")).amax(dim=1)
        else:
            pooled_BH = (hidden_BLH * kept_BL1).sum(dim=1) / kept_BL1.sum(dim=1)
        return self.projection(pooled_BH), hidden_BLH

    def load_pretrained(self, source: str | Path) -> None:
        """Takes the weights of a local folder or a cached name; only safetensors are read.

        Raises:
            RefusedError: none there, or only a pickle.
        """
        from transformers import AutoModel

        try:
            weights = AutoModel.from_pretrained(str(source), use_safetensors=True).state_dict()
        except (OSError, ValueError) as error:
            raise RefusedError(
                f"{_NEED}, with model.safetensors",
                "none that can be read",
                "fetch it first, or save it with save_pretrained(safe_serialization=True)",
            ) from error
        own = self.transformer.state_dict()
        self.transformer.load_state_dict({name: weights[name] for name in own})


def text_config(source: str | Path, tokenizer: ReportTokenizer) -> dict[str, Any]:
    """The configuration of a local folder or cached name as plain values that fit the tokenizer.

    Raises:
        RefusedError: no configuration, or one for another vocabulary, padding or shorter texts.
    """
    from transformers import AutoConfig

    try:
        fields: dict[str, Any] = AutoConfig.from_pretrained(str(source)).to_dict()
    except (OSError, ValueError) as error:
        raise RefusedError(_NEED, "none that can be read", "fetch it first, or name its folder") from error
    pad_id = int(fields.get("pad_token_id") or 0)
    # RoBERTa counts positions from the padding number on.
    longest = int(fields.get("max_position_embeddings", tokenizer.context_length)) - pad_id - 1
    if tokenizer.pad_id != pad_id or tokenizer.vocab_size > int(fields["vocab_size"]):
        raise RefusedError(
            "a tokenizer made for its text encoder", "one of another", "keep the files of one folder together"
        )
    if tokenizer.context_length > longest:
        raise RefusedError(
            f"a context length of at most {longest}",
            f"{tokenizer.context_length}",
            "shorten context_length in the recipe",
        )
    kept = {name: value for name, value in fields.items() if not name.startswith("_")}
    return kept | {"pad_token_id": pad_id}


def load_tokenizer(source: str | Path, *, context_length: int) -> ReportTokenizer:
    """The fast tokenizer of a local folder or cached name, cut and padded for `context_length`.

    Raises:
        RefusedError: none, or one that exists in Python only.
    """
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    try:
        theirs: Any = AutoTokenizer.from_pretrained(str(source))
        tokenizer = Tokenizer.from_str(theirs.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError, ImportError) as error:
        raise RefusedError(
            f"{_NEED}, with a fast tokenizer",
            "none that can be read",
            "fetch it first, or name its folder with --text-model (save_pretrained writes what is needed)",
        ) from error
    if theirs.pad_token_id is None:
        raise RefusedError(
            "a tokenizer with a padding token", "one without", "choose an encoder, not a decoder"
        )
    tokenizer.enable_truncation(context_length)
    tokenizer.enable_padding(pad_id=int(theirs.pad_token_id), pad_token=str(theirs.pad_token))
    return ReportTokenizer(tokenizer, context_length)


def _without_pooler(config: Any) -> PreTrainedModel:
    """The network of a configuration without its pooler, which would get no gradient."""
    from transformers import AutoModel

    config.return_dict = True
    try:
        return AutoModel.from_config(config, add_pooling_layer=False, dtype=torch.float32)
    except TypeError:
        return AutoModel.from_config(config, dtype=torch.float32)
