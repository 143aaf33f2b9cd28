"""The network in PyTorch and its fit; `osteon.deid.text.recognisers.learned` runs the same sums in numpy."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.deid_tagger.material import Marked
from osteon.deid.text.recognisers.learned import (
    CLASSES,
    END_ROWS,
    FLAGS,
    SHAPE_ROWS,
    WORD_ROWS,
    encoded,
    rows_of,
    word_key,
)
from osteon.deid.text.span import Span
from osteon.deid.values import fold

Arrays = dict[str, NDArray[np.generic]]
_CLASS_OF = {
    **dict.fromkeys(("PATIENT_NOM", "PATIENT_PRENOM", "NOM_NAISSANCE", "MEDECIN", "PERSONNE", "PROCHE"), 1),
    **dict.fromkeys(("NOM", "PRENOM", "INITIALES"), 1),
    **{"VILLE": 2, "HOPITAL": 3, "UNITE": 3, "ADRESSE": 4},
}
_OTHER, _UNREAD = CLASSES.index("other"), -100
_SEEN_TIMES, _WINDOW, _BATCH, _RATE, _UNKNOWN = 8, 250, 24, 2e-3, 0.08
_RULES_DROPPED = (0.0, 0.15, 0.4, 1.0)
"""Shares of the rules' spans that a reading leaves out, so that the network does not lean on them."""


class Network(nn.Module):
    """Tables of words, ends and shapes, a dense layer, convolutions of reach 1, 2 and 4."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.w, self.a = nn.Embedding(WORD_ROWS, 24), nn.Embedding(END_ROWS, 12)
        self.sh = nn.Embedding(SHAPE_ROWS, 8)
        self.inp = nn.Linear(24 + 3 * 12 + 8 + FLAGS, width)
        self.c = nn.ModuleList([nn.Conv1d(width, width, 3, padding=k, dilation=k) for k in (1, 2, 4)])
        self.out, self.drop = nn.Linear(width, len(CLASSES)), nn.Dropout(0.15)

    def forward(self, ids_BNK: Tensor, flags_BNF: Tensor) -> Tensor:
        """Unnormalised shares of the classes, (B, N, 6)."""
        ends_BNE = self.a(ids_BNK[..., 1:4]).flatten(-2)
        read = (self.w(ids_BNK[..., 0]), ends_BNE, self.sh(ids_BNK[..., 4]), flags_BNF)
        x_BDN = self.drop(torch.relu(self.inp(torch.cat(read, -1)))).transpose(1, 2)
        for layer in self.c:
            x_BDN = x_BDN + torch.relu(layer(x_BDN))
        shares: Tensor = self.out(self.drop(x_BDN.transpose(1, 2)))
        return shares


def fitted(marked: Sequence[Marked], steps: int, seed: int = 0) -> tuple[Network, frozenset[int]]:
    """The network after so many batches, and the words it knows by their CRC-32; one thread repeats it."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    vocabulary = _vocabulary(marked)
    network = Network()
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.01)
    endless = chain.from_iterable(_batches(marked, vocabulary, rng) for _ in count())
    for step, (ids, flags, classes) in enumerate(islice(endless, steps)):
        optimiser.param_groups[0]["lr"] = _RATE * max(0.02, 1 - step / steps)
        loss = nn.functional.cross_entropy(network(ids, flags).flatten(0, 1), classes.flatten())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step}, loss {loss.item():.4f}", flush=True)
    return network.eval(), vocabulary


def stored(network: Network, vocabulary: frozenset[int]) -> Arrays:
    """What the product reads: weights as float16, the vocabulary as uint32."""
    arrays: Arrays = {k: v.numpy().astype(np.float16) for k, v in network.state_dict().items()}
    arrays["vocabulary"] = np.array(sorted(vocabulary), np.uint32)
    return arrays


def _vocabulary(marked: Sequence[Marked]) -> frozenset[int]:
    """Words that stand outside what was planted in many places."""
    seen: Counter[str] = Counter()
    for letter, _ in marked:
        planted = [Span(p.start, p.end, "NOM") for p in letter.planted]
        seen.update(fold(row.text) for row in rows_of(letter.text, planted) if row.text[:1].isalpha())
    return frozenset(word_key(word) for word, times in seen.items() if times >= _SEEN_TIMES)


def _batches(
    marked: Sequence[Marked], vocabulary: frozenset[int], rng: random.Random
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    order = rng.sample(range(len(marked)), len(marked))
    for start in range(0, len(order), _BATCH):
        read = [_window(marked[place], vocabulary, rng) for place in order[start : start + _BATCH]]
        longest = max(len(classes) for _, _, classes in read)
        ids = np.zeros((len(read), longest, 5), np.int64)
        flags = np.zeros((len(read), longest, FLAGS), np.float32)
        classes = np.full((len(read), longest), _UNREAD)
        for row, one in enumerate(read):
            size = len(one[2])
            ids[row, :size], flags[row, :size], classes[row, :size] = one
        yield torch.from_numpy(ids), torch.from_numpy(flags), torch.from_numpy(classes)


def _window(
    one: Marked, vocabulary: frozenset[int], rng: random.Random
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Some rows of a letter with their classes; what is redacted has none, a few words count as unknown."""
    letter, found = one
    dropped = rng.choice(_RULES_DROPPED)
    read = encoded(letter.text, [span for span in found if rng.random() >= dropped], vocabulary)
    planted = np.zeros(len(letter.text) + 1, np.int64)
    for span in letter.planted:
        planted[span.start : span.end] = _CLASS_OF.get(span.label, _OTHER)
    classes = np.array([_UNREAD if row.kind else planted[row.start] for row in read.rows], np.int64)
    begin = rng.randrange(max(1, len(classes) - _WINDOW))
    part = slice(begin, begin + _WINDOW)
    ids = read.ids[part].copy()
    ids[np.array([rng.random() < _UNKNOWN for _ in ids], bool), 0] = 1
    return ids, read.flags[part], classes[part]
