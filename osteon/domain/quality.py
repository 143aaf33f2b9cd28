"""How a picture was taken, in a few numbers that monitoring charts and no model sees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

from osteon.domain.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureQuality:
    """Numbers of a picture at the scale that models see; `osteon.models.picture_quality` computes them.

    Attributes:
        exposure: mean grey level, 0 (black) to 1 (white, bone).
        contrast: standard deviation of the grey levels.
        clipped: share of pixels that are black, to a 255th.
        noise: logarithm to base 10 of the standard deviation of the noise between neighbours.
        sharpness: logarithm of the detail of about a pixel over that of about two.
        detail: the same of two pixels over four.
    """

    exposure: float
    contrast: float
    clipped: float
    noise: float
    sharpness: float
    detail: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in self.values):
            raise UsageError("finite numbers of quality", "others", "leave the quality out")

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers in the order of `QUALITIES`."""
        return astuple(self)


QUALITIES = tuple(field.name for field in fields(PictureQuality))


def quality_from_dict(numbers: Mapping[str, float] | None) -> PictureQuality | None:
    """The quality whose fields these are; None for none."""
    if numbers is None:
        return None
    try:
        return PictureQuality(**{name: float(value) for name, value in numbers.items()})
    except (TypeError, ValueError):
        raise UsageError(
            f"the numbers {', '.join(QUALITIES)}", "others", "see osteon/domain/quality.py"
        ) from None
