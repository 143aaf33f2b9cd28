"""The card of an encoder that never saw a report."""

from __future__ import annotations

from collections.abc import Mapping

from training.image_only.recipes import ImageOnlyRecipe

_HOW = {
    "simclr": "Trained by SimCLR (Chen et al. 2020): two changed views of a picture against all others of "
    "the batch. No report and no label took part.",
    "random": "Never trained: random weights, kept as the floor that any pretraining has to beat.",
    "weights": "Never trained here: weights brought from elsewhere, in this project's package form.",
}


def image_only_card(
    recipe: ImageOnlyRecipe, method: str, figures: Mapping[str, float], validation: Mapping[str, float]
) -> str:
    """What the package is, in Markdown; counts and measures only."""
    return f"""# Image encoder ({method})

{_HOW[method]}

Recipe `{recipe.name}` ({recipe.image_encoder}, {recipe.size} pixels), {figures["steps"]:.0f} steps on
{figures["pictures"]:.0f} pictures; `manifest.json` names the data, the code and the seed. Use it as
`osteon finetune --init`. It is a baseline: its features mean nothing beyond
the pictures they were learned from.

A changed view of a validation picture lies nearest to that picture for {validation["view_r1"]:.3f} of
{validation["pictures"]:.0f} (chance {validation["chance_r1"]:.3f}).

Research use only until a hospital's own validation says otherwise. Augmentation never mirrors a picture.
"""
