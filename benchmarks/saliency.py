"""Whether the served maps point at the drawn fracture, and whether they depend on what the model learned.

    python -m benchmarks.saliency --fracture PACKAGE --pairs PAIRS

Draws broken bones of the synthetic hospitals by a seed that no training used, asks the package, and plays the
pointing game (Zhang et al. 2016) on the maps that `POST /v1/explain` draws: on the pictures that the model
calls broken, since a map of an answer that was not given explains nothing; figures of all are beside them.
Randomises the weights stage by stage, and the labels of a linear head on frozen features (Adebayo et al.
2018); a model trained anew on random labels is not made. Some three minutes on one idle core; a JSON line
last.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from osteon.dicom import Picture
from osteon.dicom.synthetic.picture import draw_view
from osteon.dicom.synthetic.places import fracture_boxes
from osteon.dicom.synthetic.plan import plan_study
from osteon.domain import Task
from osteon.models.engine import TorchEngine, infer_squares
from osteon.models.explanation import answer_maps
from osteon.models.package import Package, load_package
from osteon.models.preprocess import shrink
from osteon.models.saliency import grad_cam, layer_cam
from training.data import prepare_rows
from training.evaluation.probe import fit_probe
from training.evaluation.saliency_checks import (
    Rectangle,
    enlarged,
    in_square,
    make_maps,
    pointing_game,
    randomised,
    rank_check,
)
from training.label_table import read_label_table
from training.packaging import features_of

_SEED = 88_001
_DRAWS = 1000
HITS_AT_LEAST = 0.8
UNLIKE_BELOW = 0.5  # mean rank correlation from which a map would not depend on what was randomised


def broken(count: int) -> tuple[list[Picture], list[list[Rectangle]], list[str], list[str]]:
    """Pictures of broken bones with their boxes in the prepared square, studies and regions."""
    pictures: list[Picture] = []
    boxes: list[list[Rectangle]] = []
    studies: list[str] = []
    regions: list[str] = []
    number = 0
    while len(pictures) < count:
        plan = plan_study(_SEED, number)
        number += 1
        for view in plan.views if plan.fracture else ():
            found = fracture_boxes(plan, view)
            if not found:
                continue
            pixels = shrink(draw_view(plan, view, ()).grey, 256)
            pictures.append(Picture(pixels=pixels))
            boxes.append([in_square((b.x0, b.y0, b.x1, b.y1), *pixels.shape) for b in found])
            studies.append(plan.study_key)
            regions.append(plan.region)
    return pictures, boxes, studies, regions


def maps_of(package: Package, levels_NSS: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The served maps (N, h, w)."""
    return make_maps(answer_maps(package.model, torch.zeros(64, dtype=torch.int64)), levels_NSS)


def weight_checks(package: Package, levels: NDArray[np.uint8], studies: list[str]) -> list[dict[str, Any]]:
    """The maps against those of models whose last stages, or all, have new weights."""
    maps = maps_of(package, levels)
    found = []
    for what, stages in (("the last stage", 1), ("the last two stages", 2), ("all weights", None)):
        model = copy.copy(package.model)
        model._modules = dict(package.model._modules)
        model.image_encoder = randomised(package.model.image_encoder, stages=stages, seed=1)
        strange = make_maps(answer_maps(model, torch.zeros(64, dtype=torch.int64)), levels)
        found.append(asdict(rank_check(what, maps, strange, groups=studies, draws=_DRAWS)))
    return found


def label_check(
    package: Package, pairs: Path, levels: NDArray[np.uint8], studies: list[str]
) -> dict[str, Any]:
    """Maps of a linear head on the frozen features against those of one fitted to shuffled labels."""
    rows = read_label_table(pairs / "labels.csv", Task.FRACTURE).training_rows()
    learned = prepare_rows(rows[:: max(1, len(rows) // 300)], package.preprocess)
    feature_NF = features_of(package.model, learned.levels).astype(np.float64)
    groups = [row.key for row in learned.rows]
    shuffled = np.random.default_rng(0).permutation(learned.label)
    maps = []
    for label_N in (learned.label, shuffled):
        direction_F, _ = fit_probe(Task.FRACTURE, feature_NF, label_N, groups).direction()
        score = partial(_along, weight_F=torch.from_numpy(direction_F).float())
        maps.append(make_maps(layer_cam(package.model.image_encoder, score), levels))
    return asdict(rank_check("labels", maps[0], maps[1], groups=studies, draws=_DRAWS))


def _along(feature_BF: torch.Tensor, *, weight_F: torch.Tensor) -> torch.Tensor:
    return feature_BF @ weight_F


def main() -> None:
    """Measures and prints; exits 1 when a bound is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fracture", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--checked", type=int, default=32, help="pictures of the randomisation checks")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    package = load_package(given.fracture).package
    pictures, boxes, studies, regions = broken(given.pictures)
    levels = np.stack([package.preprocess.prepare_levels(one) for one in pictures])
    squares, sex = levels.astype(np.float32) / np.float32(255), np.zeros(len(levels), dtype=np.int64)
    log_BK, _ = infer_squares(TorchEngine(package.model), squares, sex, batch_size=16)
    yes = package.calibration.probabilities(log_BK)[:, 1] >= package.calibration.threshold
    served = enlarged(maps_of(package, levels), levels.shape[-1])
    last = _last_stage(package, levels)

    def game(maps: NDArray[np.float64], chosen: NDArray[np.bool_]) -> dict[str, Any]:
        index = np.flatnonzero(chosen)
        return asdict(
            pointing_game(
                maps[index], [boxes[k] for k in index], groups=[studies[k] for k in index], draws=_DRAWS
            )
        )

    everything = np.ones(len(yes), dtype=bool)
    by_region = {name: game(served, yes & (np.asarray(regions) == name)) for name in sorted(set(regions))
                 if (yes & (np.asarray(regions) == name)).sum() >= 20}  # fmt: skip
    checks = [
        *weight_checks(package, levels[: given.checked], studies[: given.checked]),
        label_check(package, given.pairs, levels[: given.checked], studies[: given.checked]),
    ]
    called = game(served, yes)
    result: dict[str, Any] = {
        "pointing": {"called_broken": called, "all_broken": game(served, everything)},
        "by_region": by_region,
        "grad_cam_of_one_stage": game(last, yes),
        "called_broken": round(float(yes.mean()), 3),
        "checks": checks,
    }
    met = called["hits"] >= HITS_AT_LEAST and all(one["correlation"] < UNLIKE_BELOW for one in checks)
    print(json.dumps(result, indent=1), file=sys.stderr)
    print(json.dumps({"saliency": result, "met": bool(met)}))
    sys.exit(0 if met else 1)


def _last_stage(package: Package, levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Grad-CAM of the deepest stage of seven places, for the direction that the head has on average.

    What reports compare encoders with; a head with a hidden layer has no single direction, so its gradient at
    the mean feature stands for it.
    """
    mean_1F = torch.from_numpy(features_of(package.model, levels).mean(axis=0))[None].requires_grad_()
    logits = package.model.head(mean_1F, torch.zeros(1, dtype=torch.int64))
    (direction_1F,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), mean_1F)
    return enlarged(
        make_maps(grad_cam(package.model.image_encoder, direction_1F[0]), levels), levels.shape[-1]
    )


if __name__ == "__main__":
    main()
