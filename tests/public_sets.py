"""Tiny folders in the published layouts of public sets, with drawn pictures."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

MURA_STUDIES = (
    ("train/XR_WRIST/patient00001/study1_positive", 2),
    ("train/XR_HAND/patient00001/study1_negative", 1),
    ("train/XR_HUMERUS/patient00002/study1_negative", 1),
    ("valid/XR_FINGER/patient11185/study1_positive", 1),
    ("valid/XR_FINGER/patient11186/study2_negative", 1),
)
GRAZ_COLUMNS = (
    "filestem", "patient_id", "study_number", "timehash", "gender", "age", "laterality", "projection",
    "initial_exam", "ao_classification", "cast", "diagnosis_uncertain", "osteopenia", "fracture_visible",
    "metal", "pixel_spacing", "device_manufacturer",
)  # fmt: skip
FRACATLAS_COLUMNS = (
    "image_id", "hand", "leg", "hip", "shoulder", "mixed", "hardware", "multiscan", "fractured",
    "fracture_count", "frontal", "lateral", "oblique",
)  # fmt: skip


def draw(path: Path, *, bits: int = 8, level: int = 100, shape: tuple[int, int] = (8, 10)) -> Path:
    """A picture of one gray level with a darker left column."""
    pixels = np.full(shape, level, dtype=np.uint16 if bits == 16 else np.uint8)
    pixels[:, 0] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return path


def table(path: Path, rows: Sequence[Sequence[object]], *, delimiter: str = ",") -> Path:
    """A CSV of these rows, the first of them its header where the set has one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return path


def mura(root: Path) -> Path:
    for split in ("train", "valid"):
        studies, pictures = [], []
        for folder, count in MURA_STUDIES:
            if folder.startswith(split):
                studies.append([f"MURA-v1.1/{folder}/", int(folder.endswith("positive"))])
                for number in range(1, count + 1):
                    draw(root / folder / f"image{number}.png")
                    pictures.append([f"MURA-v1.1/{folder}/image{number}.png"])
        table(root / f"{split}_labeled_studies.csv", studies)
        table(root / f"{split}_image_paths.csv", pictures)
    return root


def fracatlas(root: Path) -> Path:
    rows: list[list[object]] = [list(FRACATLAS_COLUMNS)]
    for number in range(6):
        fractured = int(number < 3)
        name = f"IMG000{number:04d}.jpg"
        draw(root / "images" / ("Fractured" if fractured else "Non_fractured") / name)
        hand, leg = int(number % 2 == 0), int(number % 2 == 1)
        rows.append(
            [name, hand, leg, 0, 0, 0, int(number == 5), 0, fractured, fractured, 1, int(number == 0), 0]
        )
    table(root / "dataset.csv", rows)
    for number, split in enumerate(("train", "valid", "test")):
        table(
            root / "Utilities" / "Fracture Split" / f"{split}.csv",
            [["image_id"], [f"IMG000{number:04d}.jpg"]],
        )
    return root


def graz(root: Path) -> Path:
    rows: list[list[object]] = [list(GRAZ_COLUMNS)]
    for number, (patient, fracture, code) in enumerate(
        ((1, "1", "23r-M/2.1"), (1, "", ""), (2, "", ""), (3, "1", "23-M/3.1"))
    ):
        side, sex = ("L", "R")[number % 2], ("M", "F")[patient % 2]
        stem = f"{patient:04d}_0{number}97860395_01_WRI-{side}{number % 3 + 1}_{sex}011"
        draw(root / f"images_part{number % 2 + 1}" / f"{stem}.png", bits=16, level=40_000)
        rows.append(
            [stem, patient, 1, 97860395, sex, 11.5, side, number % 3 + 1, "", code, "", "", "", fracture,
             "1" if number == 3 else "", 0.144, "Siemens"]
        )  # fmt: skip
    table(root / "dataset.csv", rows)
    return root


def bone_age(root: Path, *, parts: Sequence[str] = ("train", "val", "test"), truth: bool = True) -> Path:
    """The three parts; a number's last digit tells its part, its months follow from it."""
    if "train" in parts:
        names = [1377, 1387]
        for name in names:
            draw(root / "boneage-training-dataset" / f"{name}.png")
        table(
            root / "boneage-training-dataset.csv",
            [["id", "boneage", "male"], *[[name, 180, name == 1377] for name in names]],
        )
    if "val" in parts:
        names = [1386, 1396]
        for place, name in enumerate(names, start=1):
            draw(root / f"boneage-validation-dataset-{place}" / f"{name}.png")
        table(
            root / "Validation Dataset.csv",
            [["Image ID", "male", "Bone Age (months)"], *[[name, "TRUE", 32.5] for name in names]],
        )
    if "test" in parts:
        names = [4360, 4361]
        for name in names:
            draw(root / "Test Set Images" / f"{name}.png")
        if truth:
            table(
                root / "Bone age ground truth.csv",
                [["Case ID", "Sex", "Ground truth bone age (months)"], *[[n, "M", 168.93] for n in names]],
            )
        else:
            table(root / "boneage-test-dataset.csv", [["Case ID", "Sex"], *[[n, "F"] for n in names]])
    return root


def oai(root: Path) -> Path:
    rows: list[list[object]] = [
        ["ID", "SIDE", "READPRJ", "VERSION", "V00XRKL", "V00XRJSM"],
        ["9000099", "1: Right", "15", "0.6", "2: 2", "1"],
        ["9000099", "2: Left", "15", "0.6", "3", "1"],
        ["9000099", "2: Left", "37", "0.6", "4", "1"],
        ["9000296", "1: Right", "37", "0.6", "1.0", "1"],
        ["9000296", "2: Left", "15", "0.6", ".: Missing Form/Incomplete Workbook", "0"],
    ]
    table(root / "kxr_sq_bu00.txt", rows, delimiter="|")
    # Bright on the left half of the picture, where the patient's right knee is.
    film = np.zeros((8, 20), dtype=np.uint8)
    film[:, :10] = 200
    film[0, 0] = 255
    (root / "films").mkdir(parents=True)
    cv2.imwrite(str(root / "films" / "9000099.png"), film)
    draw(root / "crops" / "9000296_V00_R.png")
    draw(root / "crops" / "9000296_00_L.png")
    return root


def knee_folders(root: Path) -> Path:
    for split in ("train", "val", "test", "auto_test"):
        for grade in range(5):
            (root / split / str(grade)).mkdir(parents=True)
    for place in ("train/0/9000001L", "train/2/9000002R", "train/4/9000003L", "val/1/9000004R",
                  "test/3/9000001R", "auto_test/3/9000001R"):  # fmt: skip
        draw(root / f"{place}.png")
    return root


def roco(root: Path) -> Path:
    """Figures 1 and 2 of the training part, 3 of validation, 4 of test; 2 and 4 are of one article."""
    figures = {
        "train": ((1, "PMC1", "Radiograph of the left wrist."), (2, "PMC2", "CT of the knee.\nAxial view.")),
        "validation": ((3, "PMC3", "Chest radiograph."),),
        "test": ((4, "PMC2", "MRI of the knee, sagittal."),),
    }
    concepts = {1: ["C1306645", "C0043262"], 2: ["C0040405", "C0022742"], 3: ["C1306645"], 4: ["C0022742"]}
    for split, entries in figures.items():
        folder = root / "data" / split / "radiology"
        lines: dict[str, list[str]] = {name: [] for name in ("captions", "cuis", "semtypes", "licences")}
        for number, article, caption in entries:
            name = f"ROCO_{number:05d}"
            draw(folder / "images" / f"{name}.jpg")
            lines["captions"].append(f"{name}\t {caption}")
            lines["cuis"].append("\t".join([name, *concepts[number]]))
            lines["semtypes"].append(f"{name}\tT060\tDiagnostic Procedure\tT023\tBody Part")
            lines["licences"].append(f"{name}\t{article}_fig-{number}.jpg\tCC BY-NC 3.0")
        for file, text in lines.items():
            (folder / f"{file}.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    return root


def chexpert(root: Path) -> Path:
    path = "CheXpert-v1.0-small/train/patient{:05d}/study1/view1_frontal.jpg"
    rows: list[list[object]] = [["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", "No Finding", "Fracture"]]
    for number, label in enumerate(((1.0, 0.0), (0.0, 1.0))):
        draw(root / path.format(number))
        rows.append([path.format(number), "Male", 60, "Frontal", "AP", *label])
    table(root / "chexpert_8x200.csv", rows)
    return root


def own_table(root: Path) -> Path:
    draw(root / "images/a.png")
    draw(root / "images/b.png")
    table(
        root / "labels.csv",
        [
            ["file", "patient", "side", "kl_grade"],
            ["images/a.png", "p1", "L", 0],
            ["images/b.png", "p2", "R", ""],
        ],
    )
    return root


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "mura": mura,
    "fracatlas": fracatlas,
    "graz": graz,
    "bone-age": bone_age,
    "oai": oai,
    "knee-folders": knee_folders,
    "roco": roco,
    "chexpert": chexpert,
    "table": own_table,
}
