"""Self-alignment pretraining of a text encoder on a synonym table (Liu et al. 2021, arXiv:2010.11784).

Read from the top: `align` is the whole run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from osteon.artefact import read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import Manifest, RefusedError
from osteon.models.package import package_folder
from training.sap.accuracy import synonym_accuracy
from training.sap.encoder import NameEncoder, Pooling, SmallText, load_encoder, small_encoder
from training.sap.loss import hard_pairs, multi_similarity
from training.sap.synonyms import SynonymTable

SMALL = "small"
SETTINGS_NAME, METRICS_NAME, CARD_NAME = "sap.json", "metrics.json", "MODEL_CARD.md"


@dataclass(frozen=True, kw_only=True)
class SapRecipe:
    """Every setting of one run; margin, alpha, beta and epsilon as in `training.sap.loss`.

    Attributes:
        batch_pairs: pairs of names in a batch: twice as many names (the paper's 512).
        pairs_per_concept: at most so many pairs of a concept in an epoch, drawn anew in each.
        pooling: None for the first token of an encoder that is brought, the mean of one made here.
        small: shape of an encoder made here.
    """

    margin: float = 0.2
    alpha: float = 2.0
    beta: float = 50.0
    epsilon: float = 1.0
    batch_pairs: int = 256
    pairs_per_concept: int = 50
    epochs: int = 1
    learning_rate: float = 2e-5
    weight_decay: float = 0.01
    max_tokens: int = 25
    pooling: Pooling | None = None
    small: SmallText = field(default_factory=SmallText)


def align(
    table: SynonymTable,
    init: str | Path,
    output: Path,
    *,
    recipe: SapRecipe | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Aligns a text encoder with a synonym table; writes a folder of the Hugging Face library.

    A fifth of the concepts (fold 0) is never learned from: accuracy before and after is of them, and stands
    in `metrics.json`. The same table, encoder, recipe and seed give the same weights on one machine.

    Args:
        init: `small` for one with random weights, or a local folder (configuration, safetensors, tokenizer).
        output: folder to write: `config.json`, `model.safetensors` and tokenizer, with `sap.json` (pooling,
            max_tokens), `metrics.json`, `MODEL_CARD.md` and `manifest.json`.
        progress: called with (steps done, steps in all).
    Raises:
        RefusedError: fewer than two concepts to learn from have two names.
    """
    recipe = recipe or SapRecipe()
    learned, measured = table.learned(), table.held_out()
    if sum(len(names) > 1 for names in learned.names.values()) < 2:
        raise RefusedError(
            "two concepts with two names each to learn from", "fewer", "bring a larger synonym table"
        )
    encoder = _encoder(init, learned, recipe, seed)
    if torch.cuda.is_available():
        encoder.model.to("cuda")
    before = synonym_accuracy(encoder, measured, learned)
    curve = _learn(encoder, learned, recipe, seed, progress)
    after = synonym_accuracy(encoder, measured, learned)
    metrics = {"before": before, "after": after, "curve": curve}
    manifest = Manifest(
        stage="sap",
        inputs={"synonyms": table.digest, "init": _init_digest(init)},
        settings={"recipe": asdict(recipe)},
        figures={
            "concepts_learned": len(learned),
            "concepts_measured": len(measured),
            "before": before,
            "after": after,
        },
        seed=seed,
    )
    return _write(Path(output), encoder, metrics, manifest)


def _encoder(init: str | Path, learned: SynonymTable, recipe: SapRecipe, seed: int) -> NameEncoder:
    if str(init) == SMALL:
        names = [name for own in learned.names.values() for name in own]
        pooling = recipe.pooling or "mean"
        return small_encoder(names, recipe.small, seed=seed, pooling=pooling, max_tokens=recipe.max_tokens)
    return load_encoder(Path(init), pooling=recipe.pooling or "cls", max_tokens=recipe.max_tokens)


def _learn(
    encoder: NameEncoder,
    table: SynonymTable,
    recipe: SapRecipe,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> list[float]:
    """Runs the epochs; gives the mean loss of each."""
    optimizer = torch.optim.AdamW(
        encoder.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    random = np.random.default_rng(seed)
    curve: list[float] = []
    done = 0
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for epoch in range(recipe.epochs):
            pairs = draw_pairs(table, recipe.pairs_per_concept, random)
            batches = list(_batches(pairs, recipe.batch_pairs))
            losses = []
            for batch in batches:
                losses.append(_step(encoder, optimizer, batch, recipe))
                done += 1
                if progress is not None:
                    progress(done, max(done, (recipe.epochs - epoch - 1) * len(batches) + done))
            curve.append(float(np.mean(losses)))
    return curve


def draw_pairs(table: SynonymTable, most: int, random: np.random.Generator) -> list[tuple[int, str, str]]:
    """(number of the concept, two of its names), at most so many of a concept, in a random order."""
    pairs: list[tuple[int, str, str]] = []
    for number, names in enumerate(table.names.values()):
        own = list(combinations(range(len(names)), 2))
        if len(own) > most:
            own = [own[place] for place in sorted(random.choice(len(own), size=most, replace=False))]
        pairs += [(number, names[first], names[second]) for first, second in own]
    return [pairs[place] for place in random.permutation(len(pairs))]


def _batches(pairs: list[tuple[int, str, str]], size: int) -> Iterator[list[tuple[int, str, str]]]:
    """Batches of so many pairs; the last one may be smaller, but never of one pair alone."""
    for start in range(0, len(pairs), size):
        batch = pairs[start : start + size]
        if len(batch) > 1:
            yield batch


def _step(
    encoder: NameEncoder,
    optimizer: torch.optim.Optimizer,
    batch: list[tuple[int, str, str]],
    recipe: SapRecipe,
) -> float:
    encoder.model.train()
    vector_BH = encoder.encode([pair[1] for pair in batch] + [pair[2] for pair in batch])
    concept_B = torch.tensor([pair[0] for pair in batch] * 2, device=vector_BH.device)
    similarity_BB = vector_BH @ vector_BH.T
    positive_BB, negative_BB = hard_pairs(similarity_BB, concept_B, margin=recipe.margin)
    loss = multi_similarity(
        similarity_BB, positive_BB, negative_BB, alpha=recipe.alpha, beta=recipe.beta, epsilon=recipe.epsilon
    )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def _write(output: Path, encoder: NameEncoder, metrics: Mapping[str, object], manifest: Manifest) -> Manifest:
    with package_folder(output) as folder:
        encoder.save(folder)
        settings = {"pooling": encoder.pooling, "max_tokens": encoder.max_tokens}
        for name, value in ((SETTINGS_NAME, settings), (METRICS_NAME, metrics)):
            (folder / name).write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (folder / CARD_NAME).write_text(_card(manifest, encoder.pooling), encoding="utf-8")
        files = [path.name for path in folder.iterdir() if path.is_file()]
        write_manifest(folder, replace(manifest, outputs=sha256_files(folder, files)))
    return read_manifest(output)


def _init_digest(init: str | Path) -> str:
    return SMALL if str(init) == SMALL else sha256_file(Path(init) / "model.safetensors")


def _card(manifest: Manifest, pooling: Pooling) -> str:
    before, after = manifest.figures["before"], manifest.figures["after"]
    return f"""# Text encoder aligned with synonyms

Self-alignment (Liu et al. 2021, arXiv:2010.11784) on {manifest.figures["concepts_learned"]} concepts;
`manifest.json` names the table by its hash, the encoder it began from, and the seed. A name's vector is its
{pooling} pooling, unit norm.

Synonym retrieval on {manifest.figures["concepts_measured"]} concepts that were not learned from:

| | acc@1 | acc@5 | chance@1 |
|---|---|---|---|
| before | {before["acc_1"]:.3f} | {before["acc_5"]:.3f} | {before["chance_1"]:.4f} |
| after | {after["acc_1"]:.3f} | {after["acc_5"]:.3f} | {after["chance_1"]:.4f} |

The terms of the synonym table (such as the UMLS's licence) say who may use these weights.
"""
