"""Conformal quantiles of one site: its pictures and patients are not those of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.models.conformal import conformal_quantile

Floats = NDArray[np.float64]
QuantilesOf = Callable[[NDArray[np.bool_]], tuple[float | None, ...]]
LEAST_ROWS = 50  # a quantile of fewer rows moves by more than it corrects


@dataclass(frozen=True, kw_only=True)
class SiteQuantiles:
    """What a site's own calibration rows say.

    Attributes:
        interval_quantile: as `Calibration.interval_quantile`, of this site; None for a yes/no task.
        class_quantiles: as `Calibration.class_quantiles`; None where the site has too few of a class: the
            quantile of all sites stands then.
        rows: how many rows they come from.
    """

    interval_quantile: float | None
    class_quantiles: tuple[float | None, ...]
    rows: int

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> SiteQuantiles:
        """What `dataclasses.asdict` gave; TypeError or KeyError for other fields."""
        return cls(**{**fields, "class_quantiles": tuple(fields["class_quantiles"])})


def fit_sites(
    sites: Sequence[str], scores_B: Floats | None, class_quantiles_of: QuantilesOf | None
) -> dict[str, SiteQuantiles]:
    """Quantiles of each site with LEAST_ROWS rows or more, where there are two sites at least.

    Args:
        sites: of each row; empty where it is not known.
        scores_B: conformity scores of intervals; None for a task without.
        class_quantiles_of: the quantiles of each class from the rows that are given; None for a measure.
    """
    site_B = np.asarray(sites, dtype=object)
    names = sorted({one for one in sites if one})
    if len(names) < 2:
        return {}
    found = {}
    for name in names:
        own = site_B == name
        if own.sum() < LEAST_ROWS:
            continue
        found[name] = SiteQuantiles(
            interval_quantile=None if scores_B is None else conformal_quantile(scores_B[own]),
            class_quantiles=() if class_quantiles_of is None else class_quantiles_of(own),
            rows=int(own.sum()),
        )
    return found
