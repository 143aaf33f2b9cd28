"""What lies between the tube and the detector: bones, soft tissue, casts, metal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from osteon.dicom.synthetic.outline import Points, Vector, rigid


@dataclass(kw_only=True)
class Cut:
    """A fracture plane through one bone, in the bone's own (u along, v across) millimetres."""

    at: float
    slope: float
    zigzag: NDArray[np.float64]
    """Offsets along u, mm, at equal steps over v in [-span, span]."""
    span: float
    gap: float
    ragged: NDArray[np.float64] | None = None
    """Further offsets of the distal edge, so that the two edges do not fit like a saw cut."""
    shift: float = 0.0
    turn_degrees: float = 0.0
    softness: float = 0.5
    depth: float = 1.0
    """Share of the section that is broken: 1 is complete, less leaves the far cortex whole."""
    partial_from: float | None = None
    """For an incomplete line: the v beyond which the bone is whole."""


@dataclass(kw_only=True)
class Bone:
    """One bone or fragment of ossified bone, projected as a corticated pillow."""

    name: str
    outline: Points
    origin: Vector
    direction: Vector
    length: float
    half_depth: float
    cortex: tuple[tuple[float, float], ...] = ((0.0, 0.6), (1.0, 0.6))
    """(fraction of the length, cortical thickness in mm)."""
    trabecular: float = 0.30
    density: float = 1.0
    bands: list[tuple[float, float, float]] = field(default_factory=list)
    """(u in mm, spread in mm, gain): denser or lighter cross bands."""
    canals: list[tuple[Vector, Vector, float]] = field(default_factory=list)
    """Thin lucent lines (nutrient canals): start, end, strength."""
    blobs: list[tuple[Vector, float, float, float]] = field(default_factory=list)
    """(centre, spread across, spread along, gain): sclerosis (> 0) or cysts (< 0)."""
    cuts: list[Cut] = field(default_factory=list)
    extras: list[Points] = field(default_factory=list)
    """Further outlines that belong to the same body (osteophytes, spines, styloids)."""
    follows: str | None = None
    """Name of the bone whose distal fragment carries this one."""


@dataclass(kw_only=True)
class Limb:
    """A chain of soft tissue: a polyline with a radius at each point."""

    points: Points
    radii: NDArray[np.float64]


@dataclass(kw_only=True)
class Cast:
    """A shell around the limb between two levels of y."""

    low: float
    high: float
    thickness: float
    resin: bool


@dataclass(kw_only=True)
class Metal:
    """One metal part: a polygon, its thickness in mm, and holes."""

    outline: Points
    thickness: float
    holes: list[tuple[Vector, float]] = field(default_factory=list)


@dataclass(kw_only=True)
class Scene:
    """A view of one limb, in millimetres."""

    bones: list[Bone] = field(default_factory=list)
    limbs: list[Limb] = field(default_factory=list)
    soft_half_depth: float = 15.0
    fat: float = 3.0
    metals: list[Metal] = field(default_factory=list)
    cast: Cast | None = None
    window: tuple[float, float, float, float] = (-50.0, -50.0, 50.0, 50.0)
    """Field of view: x0, y0, x1, y1."""

    def bone(self, name: str) -> Bone:
        """Return the bone of that name."""
        return next(bone for bone in self.bones if bone.name == name)

    def settle(self) -> None:
        """Carry along what hangs on a displaced distal fragment."""
        for broken in [bone for bone in self.bones if bone.cuts]:
            normal = np.array([broken.direction[1], -broken.direction[0]])
            for cut in broken.cuts:
                pivot = broken.origin + cut.at * broken.direction
                shift = cut.gap * broken.direction + cut.shift * normal
                self._carry(broken.name, pivot, cut.turn_degrees, shift)

    def _carry(self, name: str, pivot: Vector, turn_degrees: float, shift: Vector) -> None:
        for bone in self.bones:
            if bone.follows == name:
                bone.outline = rigid(bone.outline, pivot, turn_degrees, shift)
                bone.origin = rigid(bone.origin[None], pivot, turn_degrees, shift)[0]
