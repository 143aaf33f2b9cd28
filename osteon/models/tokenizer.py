"""A byte-pair tokenizer learned from a hospital's own French reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osteon.domain.errors import RefusedError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

PAD_TOKEN, START_TOKEN, END_TOKEN = "<pad>", "<s>", "</s>"
PAD_ID, START_ID, END_ID = 0, 1, 2


@dataclass(frozen=True)
class ReportTokenizer:
    """Text to token numbers: NFC, lower case, byte-level pairs, so that no character is unknown.

    Sennrich et al. 2016, arXiv:1508.07909 (byte pairs); the byte alphabet is that of GPT-2.
    """

    tokenizer: Tokenizer
    context_length: int

    @classmethod
    def train(cls, texts: Iterable[str], *, vocab_size: int, context_length: int) -> ReportTokenizer:
        """Learn the pairs from training reports; the order of the texts changes nothing."""
        from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            # A pair seen once is a name, a date or a slip of typing: nothing to learn from.
            min_frequency=2,
            special_tokens=[PAD_TOKEN, START_TOKEN, END_TOKEN],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(sorted(texts), trainer)
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{START_TOKEN} $A {END_TOKEN}",
            special_tokens=[(START_TOKEN, START_ID), (END_TOKEN, END_ID)],
        )
        tokenizer.enable_truncation(context_length)
        tokenizer.enable_padding(pad_id=PAD_ID, pad_token=PAD_TOKEN)
        return cls(tokenizer, context_length)

    @classmethod
    def load(cls, path: Path) -> ReportTokenizer:
        """Read ``tokenizer.json`` as ``save`` wrote it."""
        from tokenizers import Tokenizer

        if not path.is_file():
            raise RefusedError(
                need="a tokenizer.json beside the dual encoder",
                got="none in the folder",
                next_step="point to a package written by `osteon pretrain`",
            )
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        truncation = tokenizer.truncation
        if tokenizer.padding is None or truncation is None:
            raise RefusedError(
                need="a tokenizer with a padding token and a truncation length",
                got="another tokenizer",
                next_step="use the tokenizer.json that `osteon pretrain` wrote",
            )
        return cls(tokenizer, int(truncation["max_length"]))

    def save(self, path: Path) -> None:
        """Write the tokenizer as JSON (the format of the ``tokenizers`` library)."""
        path.write_text(self.tokenizer.to_str(pretty=True), encoding="utf-8")

    @property
    def pad_id(self) -> int:
        """Number of the padding token."""
        return int((self.tokenizer.padding or {"pad_id": PAD_ID})["pad_id"])

    @property
    def vocab_size(self) -> int:
        """Number of tokens, special ones included."""
        return int(self.tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Token numbers (B, L) of a batch, padded to its longest text, L <= context_length."""
        import torch

        return torch.tensor([row.ids for row in self.tokenizer.encode_batch(list(texts))], dtype=torch.long)

    def encode_words(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """`encode`, and for each token the position of its word in the text, -1 where there is none."""
        import torch

        rows = self.tokenizer.encode_batch(list(texts))
        words = [[-1 if word is None else word for word in row.word_ids] for row in rows]
        return torch.tensor([row.ids for row in rows], dtype=torch.long), torch.tensor(
            words, dtype=torch.long
        )

    def decode(self, token_L: Sequence[int]) -> str:
        """The lower-case text of one row, without special tokens."""
        return str(self.tokenizer.decode(list(token_L), skip_special_tokens=True)).strip()
