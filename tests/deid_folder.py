"""A small folder as the de-identification writes it, for tests that begin after it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np

from osteon.artefact import write_manifest
from osteon.domain import Manifest

REGIONS = ("hand", "knee", "forearm")
SIDES = {"L": "gauche", "R": "droit"}
SPOTS = {"hand": (0.3, 0.3), "knee": (0.5, 0.5), "forearm": (0.7, 0.7)}


def write_deid_folder(
    folder: Path, studies: int, *, images_per_study: int = 2, held_out_every: int = 5
) -> Path:
    """Pictures with a bright spot whose place says the region and whose size says a fracture."""
    random = np.random.default_rng(0)
    instances, labels, reports = [], [], []
    for number in range(studies):
        region, side = REGIONS[number % 3], ("L", "R")[number % 2]
        fracture = int(random.random() < 0.5)
        hospital = "south" if number % held_out_every == 0 else "north"
        study, patient = f"2.25.{1000 + number}", f"P{number // 2:04d}-{hospital}"
        for position in range(images_per_study):
            file = f"{hospital}/dicom/{study}/{position}.png"
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), _picture(random, region, fracture))
            row = {
                "file": file,
                "patient": patient,
                "study_key": study,
                "hospital": hospital,
                "region": region,
                "view": "AP",
                "laterality": side,
                "sex": "F",
            }
            instances.append(row)
            split_hint = "held_out" if hospital == "south" else "in"
            labels.append(
                row | {"split_hint": split_hint, "fracture": str(fracture), "abnormal": str(fracture)}
            )
        text = _report(region, SIDES[side], fracture)
        reports.append({"study": study, "patient": patient, "hospital": hospital, "text": text})
    _write_csv(folder / "instances.csv", instances)
    _write_csv(folder / "labels.csv", labels)
    lines = "".join(json.dumps(report, ensure_ascii=False) + "\n" for report in reports)
    (folder / "reports.jsonl").write_text(lines, encoding="utf-8")
    write_manifest(folder, Manifest(stage="deid", seed=0))
    return folder


def _picture(random: np.random.Generator, region: str, fracture: int) -> np.ndarray:
    picture = random.integers(0, 60, (120, 90)).astype(np.uint8)
    across, down = SPOTS[region]
    cv2.circle(picture, (int(90 * across), int(120 * down)), 18 if fracture else 9, 230, -1)
    return picture


def _report(region: str, side: str, fracture: int) -> str:
    names = {"hand": "de la main", "knee": "du genou", "forearm": "de l'avant-bras"}
    finding = "Fracture nette." if fracture else "Pas de fracture."
    return (
        "CENTRE HOSPITALIER\nPatiente : MARTIN Jeanne\n\n"
        f"INDICATION : douleur {side}.\nTECHNIQUE : face.\n"
        f"RÉSULTAT :\nRadiographie {names[region]} {side}. {finding}\nCONCLUSION :\n{finding}\n\nDr Durand"
    )


def _write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
