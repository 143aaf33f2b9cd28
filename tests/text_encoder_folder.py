"""A tiny text encoder with random weights, as the Hugging Face library saves one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

FAMILIES: dict[str, int] = {"roberta": 1, "camembert": 1, "xlm-roberta": 1, "bert": 0}  # padding number


def write_text_encoder(folder: Path, texts: Sequence[str], *, family: str = "roberta") -> Path:
    """Writes model.safetensors, config.json and the tokenizer's files."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    names = ("<pad>", "<s>", "</s>") if FAMILIES[family] == 0 else ("<s>", "<pad>", "</s>")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer: Any = trainers.BpeTrainer(
        vocab_size=340, special_tokens=list(names), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(sorted(texts), trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", cls_token="<s>"
    )
    fast.save_pretrained(folder)
    config = AutoConfig.for_model(
        family,
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=66,
        type_vocab_size=1,
        pad_token_id=FAMILIES[family],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModel.from_config(config).save_pretrained(folder)
    return folder
