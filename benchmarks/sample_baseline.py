"""Is the fracture label a give-away? A baseline on pixel statistics alone, on the held-out hospital.

    python -m benchmarks.sample_baseline SAMPLE_DIR

Gradient boosting on the histogram, the moments and the gradient energy of each picture at 256 px, and
on the table's side facts (cast, implant, burned-in text, age, device, region, view); the held-out
fracture AUROC of either has to stay below 0.70. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from osteon.dicom import read_picture

LIMIT = 0.70
SIDE = 256


def statistics(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Histogram, moments and gradient statistics of one picture."""
    scale = SIDE / max(pixels.shape)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    histogram, _ = np.histogram(small, bins=32, range=(0, 1), density=True)
    gx, gy = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    energy = np.hypot(gx, gy)
    laplace = np.abs(cv2.Laplacian(small, cv2.CV_32F))
    moments = [small.mean(), small.std(), *np.percentile(small, (1, 10, 50, 90, 99))]
    edges = [
        energy.mean(),
        energy.std(),
        *np.percentile(energy, (50, 90, 99)),
        np.square(gx).mean(),
        np.square(gy).mean(),
        laplace.mean(),
        laplace.std(),
    ]
    directions, _ = np.histogram(
        np.arctan2(gy, gx), bins=12, range=(-np.pi, np.pi), weights=energy, density=True
    )
    return np.concatenate([histogram, moments, edges, directions, small.shape])


def side_facts(row: dict[str, str]) -> list[float]:
    """What the table says apart from the label."""
    names = ("hand", "forearm", "ankle"), ("face", "profil", "oblique")
    return [
        float(row["cast"]),
        float(row["implant"]),
        float(row["burned_in"]),
        float(row["age_years"]),
        float(row["sex"] == "F"),
        float(row["laterality"] == "L"),
        float(names[0].index(row["region"])),
        float(names[1].index(row["view"])),
        float(row["device"].endswith("cr1")),
    ]


def held_out_auroc(
    features: NDArray[np.float64], labels: NDArray[np.int64], held_out: NDArray[np.bool_]
) -> float:
    """Fit on the hospitals that are in, score on the one that is held out."""
    model = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.06, random_state=0)
    model.fit(features[~held_out], labels[~held_out])
    return float(roc_auc_score(labels[held_out], model.predict_proba(features[held_out])[:, 1]))


def measure(sample: Path) -> dict[str, float | int]:
    """Both baselines on one sample."""
    with (sample / "truth.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["fracture"]]
    labels = np.array([int(row["fracture"]) for row in rows])
    held_out = np.array([row["split_hint"] == "held_out" for row in rows])
    pixels = np.stack([statistics(read_picture(sample / row["file"]).pixels) for row in rows])
    table = np.array([side_facts(row) for row in rows])
    return {
        "pixel_statistics_auroc": round(held_out_auroc(pixels, labels, held_out), 3),
        "side_facts_auroc": round(held_out_auroc(table, labels, held_out), 3),
        "images": len(rows),
        "held_out": int(held_out.sum()),
        "prevalence": round(float(labels.mean()), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    figures = measure(parser.parse_args().sample)
    print(json.dumps({"benchmark": "sample_baseline", "limit": LIMIT, **figures}))


if __name__ == "__main__":
    main()
