"""A small synthetic hospital: people and headers of the large one, pictures of a limb drawn in a blink.

The large hospital's pictures take minutes to de-identify; here a model learns a broken bone in seconds.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.artefact import sha256_file, write_manifest
from osteon.dicom.synthetic import SYNTHETIC_VERSION
from osteon.dicom.synthetic.hospital import Device
from osteon.dicom.synthetic.identity import identity_of
from osteon.dicom.synthetic.instance import encode_instance
from osteon.dicom.synthetic.picture import View
from osteon.dicom.synthetic.plan import Fracture, StudyPlan, plan_study
from osteon.dicom.synthetic.truth import TRUTH_COLUMNS, truth_row
from osteon.domain import Manifest

Grey = NDArray[np.float32]
SIDE = 128
SITES = ("nord", "sud")
CHANGED_SITE = SITES[0]
NEW_DEVICE = "nord-dx9"
_REGION = "forearm"


@dataclass(frozen=True, kw_only=True)
class DrawnStudy:
    """One study as it leaves the device: identified."""

    number: int
    site: str
    patient: str
    fracture: int
    row: dict[str, str]
    dicom: bytes


def studies(
    count: int, seed: int, *, sites: tuple[str, ...] = SITES, new: bool = False
) -> Iterator[DrawnStudy]:
    """`count` trauma studies of one view, half of them broken; the same arguments give the same bytes.

    Args:
        new: taken by the device that is switched on in the demo.
    """
    number, made = -1, 0
    while made < count:
        number += 1
        plan = _plan(seed, number, new=new)
        if plan.hospital.key not in sites:
            continue
        made += 1
        rng = np.random.default_rng([seed, number])
        grey = limb(rng, broken=plan.fracture is not None)
        grey = new_device(grey, rng) if new else usual_device(grey, plan.device.key, rng)
        view = View(grey=grey, spacing_mm=1.2, kvp=54, mas=2.0, burned=())
        who = identity_of(plan)
        dicom, sop_uid = encode_instance(plan, who, view, "face", SYNTHETIC_VERSION)
        file = f"{plan.hospital.key}/dicom/{plan.study_key}/1.dcm"
        yield DrawnStudy(
            number=number, site=plan.hospital.key, patient=who.ipp,
            fracture=int(plan.fracture is not None), row=truth_row(plan, who, "face", file, sop_uid),
            dicom=dicom,
        )  # fmt: skip


def export(folder: Path, drawn: Iterator[DrawnStudy]) -> int:
    """The studies lie in the folder as a PACS exports them, beside those that were there; how many came."""
    rows = _rows(folder)
    known = {row["file"] for row in rows}
    came = 0
    for study in drawn:
        path = folder / study.row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(study.dicom)
        if study.row["file"] not in known:
            rows.append(study.row)
            came += 1
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, TRUTH_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    outputs = {"truth.csv": sha256_file(folder / "truth.csv")}
    figures = {"studies": len(rows)}
    write_manifest(
        folder, Manifest(stage="sample", settings={"demo": True}, outputs=outputs, figures=figures)
    )
    return came


def limb(rng: np.random.Generator, *, broken: bool) -> Grey:
    """A forearm in [0, 1], bone bright: two bones in soft tissue, one of them interrupted where broken."""
    grey = np.zeros((SIDE, SIDE), np.float32)
    middle, width = SIDE / 2 + rng.normal(0, 4), rng.uniform(26, 34)
    across = np.abs(np.arange(SIDE, dtype=np.float32)[None, :] - middle)
    grey += 0.3 * np.clip((width - across) / 6, 0, 1)
    for side in (-1, 1):
        centre, half = middle + side * rng.uniform(9, 13), rng.uniform(4, 6)
        grey += 0.45 * np.clip((half - np.abs(np.arange(SIDE)[None, :] - centre)) / 2 + 0.5, 0, 1).astype(
            np.float32
        )
    if broken:
        _break(grey, middle, rng)
    turned = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(rng.normal(0, 5)), 1.0)
    grey = cv2.warpAffine(grey, turned, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(grey, 0, 1), np.float32)


def _break(grey: Grey, middle: float, rng: np.random.Generator) -> None:
    """A gap through one bone, its lower part moved aside."""
    row, gap, step = int(rng.integers(40, 88)), int(rng.integers(4, 8)), int(rng.integers(4, 7))
    left = rng.random() < 0.5
    columns = slice(0, round(middle)) if left else slice(round(middle), SIDE)
    grey[row:, columns] = np.roll(grey[row:, columns], step if left else -step, axis=1)
    grey[row : row + gap, columns] = np.minimum(grey[row : row + gap, columns], 0.3)


def usual_device(grey: Grey, device: str, rng: np.random.Generator) -> Grey:
    """What the devices of before make of it: each its own tone curve, and noise."""
    gamma = 0.9 + 0.2 * (sum(device.encode()) % 5) / 4
    return _limited(grey**gamma + rng.normal(0, 0.015, grey.shape))


def new_device(grey: Grey, rng: np.random.Generator) -> Grey:
    """What the new one makes of it: a hard tone curve, strong edges, noise."""
    curved = np.power(grey, 0.4, dtype=np.float32)
    sharp = curved + 2.5 * (curved - cv2.GaussianBlur(curved, (0, 0), 3.0))
    return _limited(sharp + rng.normal(0, 0.015, grey.shape))


def _plan(seed: int, number: int, *, new: bool) -> StudyPlan:
    """A trauma study of a forearm, every second one broken, no patient seen twice."""
    plan = plan_study(seed, number)
    broken = Fracture(bones=("radius",), kind="displaced", level=0.5, severity=0.8) if number % 2 else None
    plan = replace(
        plan, root=number, visit=0, region=_REGION, exam="trauma", views=("face",), fracture=broken,
        bone_age_months=None, kl_grade=None, cast=None, implant=None, burned_in=False, old_fracture=False,
    )  # fmt: skip
    return replace(plan, device=_switched_on(plan.device)) if new else plan


def _switched_on(device: Device) -> Device:
    return replace(
        device, key=NEW_DEVICE, modality="DX", manufacturer="Novalux", model="Clarity 3", serial="NV-0301",
        station="DXSALLE9", bits=14, monochrome1=False, window=False, syntaxes=(),
    )  # fmt: skip


def _limited(grey: NDArray[np.floating]) -> Grey:
    return np.asarray(np.clip(grey, 0, 1), np.float32)


def _rows(folder: Path) -> list[dict[str, str]]:
    try:
        with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except FileNotFoundError:
        return []
