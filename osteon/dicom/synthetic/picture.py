"""One view of one study as grey levels: anatomy, finding, exposure, processing, markers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from osteon.dicom.synthetic import ankle, fracture, growth, hand, knee, marker
from osteon.dicom.synthetic.ankle_profile import ankle_profile
from osteon.dicom.synthetic.exposure import anatomy_range, detect, recognised_range, signal
from osteon.dicom.synthetic.forearm import forearm
from osteon.dicom.synthetic.implant import add_pins, add_plate
from osteon.dicom.synthetic.knee_profile import knee_profile
from osteon.dicom.synthetic.physique import physique
from osteon.dicom.synthetic.plan import SITES, StudyPlan
from osteon.dicom.synthetic.processing import collimate, render_look
from osteon.dicom.synthetic.projection import Frame, Map, project
from osteon.dicom.synthetic.scene import Cast, Scene
from osteon.dicom.synthetic.wear import wear

# Canonical scenes show the left hand, and the right side of everything else.
_DRAWN_SIDE = {"hand": "L", "knee": "R", "forearm": "R", "ankle": "R"}
_CAST_SPAN = {"hand": (-80.0, 26.0), "forearm": (-70.0, 190.0), "ankle": (-60.0, 160.0)}
_GAMMA_SPREAD = 0.18
"""Of the tone curve's exponent between pictures (log)."""
_TURN_DEGREES = 7.0
"""Spread of the limb's turn on the detector."""
_WORK = 2
"""The anatomy is drawn at one half of the picture's resolution."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A finished picture before it becomes an instance."""

    grey: Map
    """(H, W) in [0, 1], bone bright."""
    spacing_mm: float
    kvp: int
    mas: float
    burned: tuple[str, ...]


def draw_view(plan: StudyPlan, view: str, burned: tuple[str, ...]) -> View:
    """Render one view of the study."""
    number = plan.views.index(view)
    rng = plan.stream(1, number)
    scene = build_scene(plan, view)
    frame, shape, adult_mm = _frame(plan, scene, view, rng)
    size = growth.stature(plan.age_months, plan.sex)
    spacing = round(adult_mm * size, 4)
    maps = project(scene, frame, rng)
    build = physique(plan)
    maps.soft *= np.float32(size * build.soft)
    maps.bone *= np.float32(size * build.mineral)
    device = plan.device
    exposure = replace(
        device.exposure, photons=device.exposure.photons * float(2 ** rng.normal(0, device.spread))
    )
    optical = signal(maps, exposure, resin=plan.cast == "resin", scale=frame.scale)
    grey = detect(optical, shape, exposure, rng)
    look = replace(
        device.look,
        gamma=device.look.gamma * float(np.exp(rng.normal(0, _GAMMA_SPREAD))),
        high=device.look.high * float(rng.normal(1, 0.02)),
    )
    grey = render_look(grey, recognised_range(anatomy_range(optical, maps), rng), look, adult_mm)
    low, high = device.collimation
    margins = tuple(float(m) for m in rng.uniform(low, high, 4) * (rng.random(4) < 0.75))
    grey = collimate(
        grey, (margins[0], margins[1], margins[2], margins[3]), float(rng.normal(0, 0.9)), look.shutter, rng
    )
    _mark(grey, plan, burned, rng)
    np.clip(grey, 0.0, 1.0, out=grey)
    kvp = {"hand": 50, "forearm": 54, "ankle": 57, "knee": 65}[plan.region] + int(rng.integers(-2, 4))
    return View(
        grey=grey, spacing_mm=spacing, kvp=kvp, mas=round(float(rng.uniform(1.2, 6.5)), 1), burned=burned
    )


def view_frame(plan: StudyPlan, scene: Scene, view: str) -> Frame:
    """The working frame in which `draw_view` places the scene of that view."""
    return _frame(plan, scene, view, plan.stream(1, plan.views.index(view)))[0]


def build_scene(plan: StudyPlan, view: str) -> Scene:
    """Anatomy and finding of one view, in adult millimetres."""
    anatomy = plan.anatomy()
    scene = _region(plan, view, anatomy)
    x0, y0, x1, y1 = scene.window
    pixel_mm = max(x1 - x0, y1 - y0) * 1.08 / 256
    if plan.exam != "trauma":
        return scene
    # The finding is drawn from the patient too: the same in every view and at each visit.
    finding = np.random.default_rng([plan.seed, plan.root, 103])
    names = plan.fracture.bones if plan.fracture else _spots(plan, finding)
    level = plan.fracture.level if plan.fracture else float(finding.uniform(0.42, 0.86))
    if plan.old_fracture:
        fracture.heal(
            scene,
            names[0] if plan.fracture is None else _other(plan, names),
            fracture.level_on(scene.bone(names[0]), level, 0),
            finding,
        )
    metal_at = fracture.level_on(scene.bone(names[0]), level, 0)
    fracture.add_distractors(scene, _distracted(plan.region), finding)
    if plan.fracture is not None:
        hidden = plan.region == "ankle" and view == "profil"
        fracture.break_bones(scene, plan.fracture, pixel_mm, finding, hidden=hidden)
    scene.settle()
    if plan.implant == "plate":
        add_plate(scene, scene.bone(names[0]), metal_at, finding, on_edge=view == "profil")
    elif plan.implant == "pins":
        add_pins(scene, scene.bone(names[0]), metal_at, finding)
    if plan.cast is not None:
        cast = plan.stream(2)
        low, high = _CAST_SPAN[plan.region]
        scene.cast = Cast(
            low=low,
            high=high + float(cast.normal(0, 6)),
            thickness=float(cast.uniform(3.5, 6)),
            resin=plan.cast == "resin",
        )
    return scene


def _spots(plan: StudyPlan, rng: np.random.Generator) -> tuple[str, ...]:
    names, shares = zip(*SITES[plan.region], strict=True)
    return tuple(str(names[int(rng.choice(len(names), p=shares))]).split("+"))


def _other(plan: StudyPlan, broken: tuple[str, ...]) -> str:
    return next(name for name in _distracted(plan.region)[::-1] if name not in broken or len(broken) > 1)


def _distracted(region: str) -> tuple[str, ...]:
    return {
        "hand": ("radius", "metacarpal-3", "metacarpal-2"),
        "forearm": ("radius", "ulna"),
        "ankle": ("tibia", "fibula"),
    }[region]


def _region(plan: StudyPlan, view: str, rng: np.random.Generator) -> Scene:
    if plan.region == "hand":
        pose = plan.stream(3)
        scene = hand.hand(
            plan.maturity_months,
            rng,
            spread=float(pose.uniform(0.85, 1.3)),
            reach=float(pose.uniform(38, 62)),
        )
        if view == "oblique":
            hand.turn_oblique(scene)
        return scene
    if plan.region == "knee":
        state = wear(plan.kl_grade or 0, rng)
        return knee.knee(state, rng) if view == "face" else knee_profile(state, rng)
    if plan.region == "forearm":
        return forearm(plan.maturity_months, rng, profile=view == "profil")
    return (
        ankle.ankle(plan.maturity_months, rng) if view == "face" else ankle_profile(plan.maturity_months, rng)
    )


def _frame(
    plan: StudyPlan, scene: Scene, view: str, rng: np.random.Generator
) -> tuple[Frame, tuple[int, int], float]:
    """Place the scene on the detector: working frame, full shape, adult millimetres per full pixel."""
    x0, y0, x1, y1 = scene.window
    margin = rng.uniform(0.0, 0.07, 4) * (y1 - y0)
    # A hand is shown to its finger tips; the other limbs go on beyond the picture.
    above = (0.5 * margin[3] + 0.045 * (y1 - y0)) if plan.region == "hand" else 0.5 * margin[3]
    x0, y0, x1, y1 = x0 - margin[0], y0 - margin[1] * 0.3, x1 + margin[2], y1 + above
    aspect = (x1 - x0) / (y1 - y0)
    if aspect < 0.64:
        grow = (0.64 * (y1 - y0) - (x1 - x0)) / 2
        x0, x1 = x0 - grow, x1 + grow
    long_side = int(rng.integers(*plan.device.long_side))
    scale = long_side / max(x1 - x0, y1 - y0) / _WORK
    height, width = round((y1 - y0) * scale), round((x1 - x0) * scale)
    mirror = -1.0 if plan.laterality != _DRAWN_SIDE[plan.region] else 1.0
    angle = np.deg2rad(float(np.clip(rng.normal(0, _TURN_DEGREES), -16, 16)))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * np.diag([1.0, -1.0]) @ turn @ np.diag([mirror, 1.0])
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    offset = np.array([width / 2, height / 2]) - linear @ centre
    frame = Frame(
        matrix=np.concatenate([linear, offset[:, None]], axis=1), shape=(height, width), scale=scale
    )
    del view
    return frame, (height * _WORK, width * _WORK), 1.0 / (scale * _WORK)


def _mark(grey: Map, plan: StudyPlan, burned: tuple[str, ...], rng: np.random.Generator) -> None:
    style = plan.hospital.style
    if rng.random() < 0.94:
        marker.side_marker(grey, style.markers[0 if plan.laterality == "R" else 1], rng, lead=style.lead)
    if plan.region in {"knee", "ankle"} and rng.random() < 0.35:
        marker.annotation(grey, style.annotations[int(rng.integers(len(style.annotations)))], rng)
    if burned:
        marker.burn_lines(grey, list(burned), rng)
