"""The tubular bones of the hand with their growth centres."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import Vector, ellipse, heading, tube
from osteon.dicom.synthetic.scene import Bone


class HandBuilder:
    """Collects the bones of one hand at one maturity."""

    def __init__(self, months: float, rng: np.random.Generator) -> None:
        self.months = months
        self.rng = rng
        self.bones: list[Bone] = []
        self.robust = float(rng.normal(1.0, 0.05))

    def segment(
        self,
        name: str,
        start: Vector,
        lean: float,
        length: float,
        widths: tuple[float, float, float],
        ages: tuple[float, float],
        *,
        distal_plate: bool,
        height: float,
        tuft: bool = False,
    ) -> None:
        """Add one tubular bone with its growth centre; `widths` are half-widths of base, shaft, head."""
        base, shaft, head = (w * self.robust for w in widths)
        direction = heading(lean)
        state = growth.epiphysis(self.months, *ages)
        room = 0.0 if state.fused else height + max(state.plate, 0.0)
        stations = _stations(base, shaft, head, tuft)
        cortex = ((0.0, 0.5), (0.2, 1.0), (0.5, 0.36 * shaft), (0.8, 1.0), (1.0, 0.5))
        if state.fused:
            outline = tube(start, direction, length, stations, caps=(-0.3, 0.28 * head))
            origin, used = start, length
        else:
            flat = _flat(stations, at_head=distal_plate)
            origin = start if distal_plate else start + room * direction
            used = length - room
            caps = (-0.2, 0.5) if distal_plate else (0.5, 0.25 * head)
            outline = tube(origin, direction, used, flat, caps=caps)
        bone = Bone(
            name=name,
            outline=outline,
            origin=origin,
            direction=direction,
            length=used,
            half_depth=1.25 * shaft + 0.3 * base,
            cortex=cortex,
        )
        plate_at = used if distal_plate else 0.0
        if not state.fused:
            bone.bands.append((plate_at, 0.8, 0.5))
        elif state.scar > 0:
            bone.bands.append((length - height if distal_plate else height, 0.55, 0.75 * state.scar))
        self.bones.append(bone)
        if state.present and not state.fused:
            self._epiphysis(
                name, start, direction, length, state, head if distal_plate else base, height, distal_plate
            )

    def _epiphysis(
        self,
        name: str,
        start: Vector,
        direction: Vector,
        length: float,
        state: growth.Epiphysis,
        half_width: float,
        height: float,
        distal: bool,
    ) -> None:
        thick = height * state.height
        along = length - height + thick / 2 + 0.3 if distal else height - thick / 2 - 0.3
        centre = start + along * direction
        squareness = 2.0 + 1.0 * state.progress
        outline = ellipse(centre, thick / 2, half_width * state.width, direction, squareness=squareness)
        self.bones.append(
            Bone(
                name=f"{name}-epiphysis",
                outline=outline,
                origin=centre - thick / 2 * direction,
                direction=direction,
                length=thick,
                half_depth=min(half_width * state.width, 6.0),
                cortex=((0, 0.55), (1, 0.55)),
                trabecular=0.36,
                follows=name if distal else None,
            )
        )
        if state.bridge > 0:
            edge = start + (length - height if distal else height) * direction
            plate = ellipse(edge, 0.5 + state.plate / 2, half_width * state.bridge, direction, squareness=3.0)
            self.bones.append(
                Bone(
                    name=f"{name}-bridge",
                    outline=plate,
                    origin=edge - direction,
                    direction=direction,
                    length=2.0,
                    half_depth=4.0,
                    cortex=((0, 0.3), (1, 0.3)),
                    trabecular=0.42,
                )
            )


def _stations(base: float, shaft: float, head: float, tuft: bool) -> list[tuple[float, float, float]]:
    table: tuple[tuple[float, float], ...]
    if tuft:
        table = (
            (0, base * 0.92),
            (0.1, base),
            (0.3, shaft * 1.1),
            (0.6, shaft * 0.85),
            (0.84, head),
            (0.95, head * 0.95),
            (1, head * 0.55),
        )
    else:
        table = (
            (0, base * 0.88),
            (0.08, base),
            (0.24, shaft * 1.18),
            (0.5, shaft),
            (0.74, shaft * 1.1),
            (0.9, head),
            (0.97, head * 0.92),
            (1, head * 0.62),
        )
    return [(t, w, w) for t, w in table]


def _flat(stations: list[tuple[float, float, float]], *, at_head: bool) -> list[tuple[float, float, float]]:
    widest = max(w for t, w, _ in stations if (t > 0.7 if at_head else t < 0.3))
    kept = [row for row in stations if (row[0] < 0.86 if at_head else row[0] > 0.14)]
    end = (1.0 if at_head else 0.0, widest, widest)
    return [*kept, end] if at_head else [end, *kept]
