"""A text encoder of the Hugging Face library, read from and written to the library's own folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from osteon.domain import RefusedError
from osteon.models.tokenizer import END_TOKEN, PAD_ID, PAD_TOKEN, START_TOKEN, ReportTokenizer

Pooling = Literal["cls", "mean"]


@dataclass(frozen=True, kw_only=True)
class SmallText:
    """Shape of a text encoder made here, for two cores and for tests.

    Attributes:
        longest: tokens that it has places for: reports, which it reads later, are longer than names.
    """

    vocab_size: int = 4000
    width: int = 128
    layers: int = 2
    heads: int = 4
    longest: int = 128


@dataclass(frozen=True, kw_only=True)
class NameEncoder:
    """Names to vectors.

    Attributes:
        model: a transformer of the library, without any head.
        tokenizer: its tokenizer.
        pooling: the first token's state, as the paper has it, or the mean over tokens.
        max_tokens: a longer name loses its end.
    """

    model: Any
    tokenizer: Any
    pooling: Pooling
    max_tokens: int

    def encode(self, names: Sequence[str]) -> Tensor:
        """Unit-norm vectors (B, H) of names."""
        batch = self.tokenizer(
            list(names), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self.model.device)
        state_BLH: Tensor = self.model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).last_hidden_state
        if self.pooling == "cls":
            return F.normalize(state_BLH[:, 0].float(), dim=-1)
        kept_BL1 = batch["attention_mask"].unsqueeze(-1).to(state_BLH.dtype)
        return F.normalize(((state_BLH * kept_BL1).sum(dim=1) / kept_BL1.sum(dim=1)).float(), dim=-1)

    @torch.inference_mode()
    def encode_all(self, names: Sequence[str], *, batch: int = 256) -> Tensor:
        """The same for any number of names, on the CPU, the model as it answers (no dropout)."""
        self.model.eval()
        return torch.cat(
            [self.encode(names[start : start + batch]).cpu() for start in range(0, len(names), batch)]
        )

    def save(self, folder: Path) -> None:
        """Writes the library's own files, weights as safetensors."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def load_encoder(folder: Path, *, pooling: Pooling = "cls", max_tokens: int = 25) -> NameEncoder:
    """The encoder of a local folder; nothing is fetched, and no weights but safetensors are read.

    Raises:
        RefusedError: the folder lacks configuration, tokenizer or safetensors.
    """
    from transformers import AutoTokenizer

    try:
        if not Path(folder).is_dir():
            raise OSError
        model = _transformer(folder)
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError):
        raise RefusedError(
            "a local folder of a text encoder (config.json, model.safetensors and tokenizer)",
            "a folder without, or none",
            "save one with save_pretrained, or start from `small`",
        ) from None
    return NameEncoder(model=model, tokenizer=tokenizer, pooling=pooling, max_tokens=max_tokens)


def _transformer(folder: Path) -> Any:
    """The network without its pooler, which nothing trains here and which a folder may lack."""
    from transformers import AutoModel

    settings: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    try:
        return AutoModel.from_pretrained(str(folder), add_pooling_layer=False, **settings)
    except TypeError:  # a network that never has one
        return AutoModel.from_pretrained(str(folder), **settings)


def small_encoder(
    names: Iterable[str], shape: SmallText, *, seed: int, pooling: Pooling = "mean", max_tokens: int = 25
) -> NameEncoder:
    """An encoder with random weights that the seed decides, and a tokenizer learned from the names."""
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    learned = ReportTokenizer.train(names, vocab_size=shape.vocab_size, context_length=shape.longest)
    # Padding and length are given with each call; the reports' own settings must not stand against it.
    learned.tokenizer.no_padding()
    learned.tokenizer.no_truncation()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=learned.tokenizer,
        pad_token=PAD_TOKEN,
        bos_token=START_TOKEN,
        eos_token=END_TOKEN,
        cls_token=START_TOKEN,
        sep_token=END_TOKEN,
        model_max_length=shape.longest,
    )
    config = RobertaConfig(
        vocab_size=learned.vocab_size,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=shape.longest + PAD_ID + 2,
        pad_token_id=PAD_ID,
        bos_token_id=1,
        eos_token_id=2,
        type_vocab_size=1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RobertaModel(config, add_pooling_layer=False)
    return NameEncoder(model=model, tokenizer=tokenizer, pooling=pooling, max_tokens=max_tokens)
