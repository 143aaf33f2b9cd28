"""What one run of the evaluation suite is told."""

from __future__ import annotations

from dataclasses import dataclass

from osteon.domain import UsageError


@dataclass(frozen=True, kw_only=True)
class SuiteSettings:
    """How much is measured, and how finely.

    Attributes:
        fractions: parts of the training patients whose labels a linear head sees, rising, ending at 1.
        label_seeds: samples of labels drawn for each part.
        resamples: draws of patients and samples behind every interval.
        ranks: how many neighbours precision is counted over.
        least_rows, least_of_class: a subgroup with fewer rows, or fewer of either answer, gets no figure.
        scatter_points: pictures in the t-SNE plot.
        saliency_pictures: pictures whose maps are checked.
        saliency_shown: of them, how many the report shows.
    """

    fractions: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    label_seeds: int = 8
    resamples: int = 400
    ranks: tuple[int, ...] = (1, 5, 10)
    least_rows: int = 20
    least_of_class: int = 5
    scatter_points: int = 800
    saliency_pictures: int = 64
    saliency_shown: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.fractions, self.fractions[1:], strict=False))
        if not rising or not self.fractions or self.fractions[0] <= 0 or self.fractions[-1] != 1:
            raise UsageError(
                "label fractions above 0 that rise to 1", "others", "give fractions such as 0.01, 0.1, 1"
            )
        if min(self.label_seeds, self.resamples, self.least_rows) < 2:
            raise UsageError("at least two seeds, resamples and rows", "fewer", "raise them")


def quick() -> SuiteSettings:
    """For tests: seconds."""
    return SuiteSettings(
        fractions=(0.1, 0.5, 1.0),
        label_seeds=3,
        resamples=40,
        least_rows=4,
        least_of_class=2,
        scatter_points=120,
        saliency_pictures=8,
        saliency_shown=3,
    )
