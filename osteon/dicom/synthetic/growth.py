"""Skeletal maturation of the hand and wrist.

Median ages of appearance and fusion follow Greulich and Pyle (Radiographic Atlas of Skeletal
Development of the Hand and Wrist, 1959) and Garn et al. (Med Radiogr Photogr 43, 1967), rounded.
All tables are in the time of boys; girls are moved onto it by `maturity`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_GIRL_MONTHS = (0, 10, 18, 30, 48, 72, 96, 120, 144, 162, 180, 198, 216, 1200)
_BOY_MONTHS = (0, 14, 28, 48, 68, 94, 119, 145, 172, 190, 205, 216, 226, 1210)

CARPAL_APPEARANCE = {
    "capitate": 3.0,
    "hamate": 4.0,
    "triquetrum": 28.0,
    "lunate": 42.0,
    "scaphoid": 66.0,
    "trapezium": 66.0,
    "trapezoid": 70.0,
    "pisiform": 128.0,
}

# (appearance, fusion) in months for rays 1 to 5.
METACARPAL = ((31, 190), (19, 194), (21, 195), (24, 196), (27, 197))
PROXIMAL = ((33, 192), (17, 190), (16, 190), (17, 190), (22, 191))
MIDDLE = ((0, 0), (27, 192), (25, 192), (25, 192), (44, 193))
DISTAL = ((19, 184), (40, 186), (32, 185), (33, 185), (46, 187))
RADIUS = (13, 216)
ULNA = (86, 210)
TIBIA = (6, 202)
FIBULA = (12, 206)


@dataclass(frozen=True, kw_only=True)
class Epiphysis:
    """State of one growth centre."""

    present: bool
    fused: bool
    progress: float
    width: float
    """Width of the ossified epiphysis over that of the metaphysis."""
    height: float
    """Height over its adult height."""
    plate: float
    """Width of the growth plate, mm before scaling."""
    bridge: float
    """Share of the plate already bridged, from its centre."""
    scar: float
    """Strength of the line that stays after fusion."""


def maturity(bone_age_months: float, sex: str) -> float:
    """Skeletal age on the time of boys, months."""
    if sex == "M":
        return bone_age_months
    return float(np.interp(bone_age_months, _GIRL_MONTHS, _BOY_MONTHS))


def epiphysis(months: float, appears: float, fuses: float) -> Epiphysis:
    """State at a skeletal age (boys' time) of a centre that appears and fuses at the given ages."""
    progress = float(np.clip((months - appears) / (fuses - appears), 0.0, 1.0))
    closing = float(np.clip((months - (fuses - 34)) / 34, 0.0, 1.0))
    return Epiphysis(
        present=months >= appears,
        fused=months >= fuses,
        progress=progress,
        width=float(np.interp(progress, (0, 0.12, 0.45, 0.7, 0.9, 1), (0.22, 0.5, 0.86, 0.99, 1.08, 1.05))),
        height=float(np.interp(progress, (0, 0.3, 0.7, 1), (0.35, 0.62, 0.92, 1.0))),
        plate=1.75 - 0.35 * progress - 1.0 * closing,
        bridge=float(np.clip((months - (fuses - 14)) / 14, 0.0, 1.0)),
        scar=float(np.clip(1.0 - (months - fuses) / 30, 0.0, 1.0)) if months >= fuses else 0.0,
    )


def carpal_size(months: float, name: str) -> float:
    """Size of a carpal nucleus over its adult size; 0 before it appears."""
    appears = CARPAL_APPEARANCE[name]
    if months < appears:
        return 0.0
    full = max(appears + 60.0, 162.0)
    progress = (months - appears) / (full - appears)
    return float(np.interp(progress, (0, 0.15, 0.5, 1.0), (0.24, 0.45, 0.76, 1.0)))


def stature(age_months: float, sex: str) -> float:
    """Size of the limb over that of an adult man (smoothed length-for-age)."""
    boys = np.interp(
        age_months,
        (0, 12, 24, 48, 96, 144, 168, 192, 216),
        (0.30, 0.43, 0.49, 0.58, 0.72, 0.84, 0.93, 0.98, 1.0),
    )
    girls = np.interp(
        age_months,
        (0, 12, 24, 48, 96, 132, 156, 180, 216),
        (0.30, 0.42, 0.48, 0.57, 0.71, 0.83, 0.90, 0.92, 0.925),
    )
    return float(boys if sex == "M" else girls)
