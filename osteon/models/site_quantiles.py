"""Conformal quantiles of one site: its pictures and patients are not those of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.models.conformal import Quantiles
from osteon.models.grade_bounds import Bounds

LEAST_ROWS = 50  # a quantile of fewer rows moves by more than it corrects


@dataclass(frozen=True, kw_only=True)
class SiteQuantiles:
    """What a site's own calibration rows say.

    Attributes:
        interval_quantile: as `Calibration.interval_quantile`, of this site; None for a yes/no task.
        class_quantiles, class_bounds: as those of `Calibration`; None where the site has too few of a class:
            what all sites say stands then.
        rows: how many rows they come from.
    """

    interval_quantile: float | None
    class_quantiles: Quantiles = ()
    class_bounds: Bounds = ()
    rows: int

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> SiteQuantiles:
        """What `dataclasses.asdict` gave; TypeError or KeyError for other fields."""
        return cls(
            **{
                **fields,
                "class_quantiles": tuple(fields["class_quantiles"]),
                "class_bounds": bounds_from_json(fields.get("class_bounds", ())),
            }
        )


def bounds_from_json(found: Sequence[Any]) -> Bounds:
    """Bounds of grades from lists of two numbers or None; TypeError or ValueError for something else."""
    return tuple(None if one is None else (float(one[0]), float(one[1])) for one in found)


def fit_sites(
    sites: Sequence[str], quantiles_of: Callable[[NDArray[np.bool_]], SiteQuantiles]
) -> dict[str, SiteQuantiles]:
    """Quantiles of each site with LEAST_ROWS rows or more, where there are two sites at least.

    Args:
        sites: of each row; empty where it is not known.
        quantiles_of: what the chosen rows say.
    """
    site_B = np.asarray(sites, dtype=object)
    names = sorted({one for one in sites if one})
    if len(names) < 2:
        return {}
    own = {name: site_B == name for name in names}
    return {name: quantiles_of(rows) for name, rows in own.items() if rows.sum() >= LEAST_ROWS}
