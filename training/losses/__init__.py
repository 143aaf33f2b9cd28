"""Losses of vision-language pretraining; each is tested against its paper's formula."""

from __future__ import annotations

from training.losses.local import LocalTemperatures, local_contrast, local_contrast_part
from training.losses.repeats import repeated_reports, report_groups
from training.losses.sigmoid import siglip
from training.losses.softmax import info_nce, info_nce_part

__all__ = [
    "LocalTemperatures",
    "info_nce",
    "info_nce_part",
    "local_contrast",
    "local_contrast_part",
    "repeated_reports",
    "report_groups",
    "siglip",
]
