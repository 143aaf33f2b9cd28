"""Which sign of lambda, and which sharpness, the self-alignment of a text encoder needs.

The paper's sentence on hard triplets and the code published with it differ (docs/decisions/public-sets.md).
Three seeds of each on a made-up French table; accuracy is of concepts that were not learned from.

    python -m benchmarks.sap_mining
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.synonyms import synonym_table
from training.sap import SapRecipe, SmallText, align

SEEDS = (0, 1, 2)
BASE = SapRecipe(
    epochs=5,
    batch_pairs=48,
    learning_rate=3e-3,
    small=SmallText(vocab_size=400, width=32, layers=1, heads=2),
)
FORMS: dict[str, dict[str, Any]] = {
    "code's mining, paper's formula": {},
    "paper's sentence, paper's formula": {"margin": -0.2},
    "code's mining, code's formula": {"alpha": 50.0, "beta": 2.0, "epsilon": 0.5},
}


def main() -> None:
    """Prints a row for each form, and one JSON line last."""
    record: dict[str, Any] = {"benchmark": "sap_mining", "seeds": len(SEEDS)}
    for name, settings in FORMS.items():
        figures = []
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                recipe = replace(BASE, **settings)
                figures.append(
                    align(synonym_table(), "small", Path(folder) / "o", recipe=recipe, seed=seed).figures
                )
        record[name] = {
            f"{when}_acc_{rank}": [round(one[when][f"acc_{rank}"], 3) for one in figures]
            for when in ("before", "after")
            for rank in (1, 5)
        }
        record["chance_1"] = round(figures[0]["after"]["chance_1"], 4)
        print(name, record[name])
    print(json.dumps(record))


if __name__ == "__main__":
    main()
