"""Whether the served maps point at the drawn fracture, and whether they depend on what the model learned.

    python -m benchmarks.saliency --fracture PACKAGE --pairs PAIRS [--permuted PACKAGE]

Draws broken bones of the synthetic hospitals by a seed that no training used, asks the package, and plays the
pointing game (Zhang et al. 2016) on the maps that `POST /v1/explain` draws: on the pictures that the model
calls broken, since a map of an answer that was not given explains nothing; figures of all are beside them.

Randomises after Adebayo et al. 2018, over several draws of new weights: the head, then with it the stages
from the last to the first (cascading, section 3.1); the last stage alone under the learned head
(independent); and the labels (section 3.2): a linear head on frozen features learns shuffled ones, and with
`--permuted` a package that was fine-tuned whole on permuted labels. A map has changed where the rank
correlation of its places, with or without its sign, is below 0.5 in the mean over pictures and draws.
`answers` is the rank correlation of the log-odds themselves: how much there was to see. The last residual
block alone is reported and does not count: its shortcut leaves the network much as it was. A JSON line last.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import nn

from osteon.dicom import Picture
from osteon.dicom.synthetic.picture import draw_view
from osteon.dicom.synthetic.places import fracture_boxes
from osteon.dicom.synthetic.plan import plan_study
from osteon.domain import Task
from osteon.models.engine import TorchEngine, infer_squares
from osteon.models.explanation import answer_maps
from osteon.models.package import Package, load_package
from osteon.models.preprocess import shrink
from osteon.models.saliency import grad_cam, hires_cam
from osteon.models.task_model import TaskModel
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
_WEIGHT_SEEDS = (1, 2, 3)
_ZERO_SEX = torch.zeros(64, dtype=torch.int64)


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


@dataclass(frozen=True, eq=False)
class Shown:
    """The pictures that are looked at, and how the package answers and explains them."""

    levels: NDArray[np.uint8]
    studies: list[str]
    maps: NDArray[np.float64]
    log_odds: NDArray[np.float64]

    @classmethod
    def of(cls, model: TaskModel, levels: NDArray[np.uint8], studies: list[str]) -> Shown:
        """What a model makes of pictures."""
        return cls(levels, studies, maps_of(model, levels), log_odds(model, levels))

    def against(self, what: str, others: Sequence[TaskModel], *, counts: bool = True) -> dict[str, Any]:
        """The rank check of these maps with those of other models, all draws together."""
        maps = np.concatenate([maps_of(one, self.levels) for one in others])
        odds = [log_odds(one, self.levels) for one in others]
        check = rank_check(
            what,
            np.concatenate([self.maps] * len(others)),
            maps,
            groups=self.studies * len(others),
            draws=_DRAWS,
        )
        answers = float(np.mean([_ranks_alike(self.log_odds, one) for one in odds]))
        return {**asdict(check), "draws": len(others), "answers": answers, "counts": counts}


def maps_of(model: TaskModel, levels_NSS: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The served maps (N, h, w)."""
    return make_maps(answer_maps(model, _ZERO_SEX), levels_NSS)


def log_odds(model: TaskModel, levels_NSS: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Of yes, (N,), as served before calibration."""
    squares, sex = levels_NSS.astype(np.float32) / np.float32(255), np.zeros(len(levels_NSS), dtype=np.int64)
    log_BK, _ = infer_squares(TorchEngine(model), squares, sex, batch_size=16)
    return np.asarray(log_BK[:, 1] - log_BK[:, 0])


def weight_checks(model: TaskModel, shown: Shown) -> list[dict[str, Any]]:
    """The cascade from the head down, the last stage alone, and its last block."""
    cascade = [("the head", 0), *((f"the head and {n} of the last stages", n) for n in range(1, 5))]
    found = []
    for what, stages in (*cascade, ("the head and all of the encoder", None)):
        strange = [_new_weights(model, head=True, stages=stages, seed=seed) for seed in _WEIGHT_SEEDS]
        found.append(shown.against(what, strange))
    alone = [_new_weights(model, head=False, stages=1, seed=seed) for seed in _WEIGHT_SEEDS]
    found.append(shown.against("the last stage alone", alone))
    every = [_new_weights(model, head=False, stages=None, seed=seed) for seed in _WEIGHT_SEEDS]
    found.append(shown.against("the encoder alone", every))
    blocks = [_new_last_block(model, seed=seed) for seed in _WEIGHT_SEEDS]
    found.append(shown.against("the last residual block alone", blocks, counts=False))
    return found


def _new_weights(model: TaskModel, *, head: bool, stages: int | None, seed: int) -> TaskModel:
    """A copy of the model with new weights in its last stages, and in its head if so asked."""
    other = _copied(model)
    other.image_encoder = randomised(model.image_encoder, stages=stages, seed=seed)
    if head:
        other.head = copy.deepcopy(model.head)
        _renew(other.head, seed)
    return other.eval()


def _new_last_block(model: TaskModel, *, seed: int) -> TaskModel:
    other = _copied(model)
    other.image_encoder = copy.deepcopy(model.image_encoder)
    stages = list(other.image_encoder.network.children())
    last = next(stage for stage in reversed(stages) if any(True for _ in stage.parameters()))
    _renew(list(last.children())[-1], seed)
    return other.eval()


def _copied(model: TaskModel) -> TaskModel:
    other = copy.copy(model)
    other._modules = dict(model._modules)
    return other


def _renew(part: nn.Module, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in part.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()


def _ranks_alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(spearmanr(one, other).statistic)


def label_check(package: Package, pairs: Path, shown: Shown) -> dict[str, Any]:
    """Maps of a linear head on the frozen features against those of heads fitted to shuffled labels."""
    rows = read_label_table(pairs / "labels.csv", Task.FRACTURE).training_rows()
    learned = prepare_rows(rows[:: max(1, len(rows) // 300)], package.preprocess)
    feature_NF = features_of(package.model, learned.levels).astype(np.float64)
    groups = [row.key for row in learned.rows]
    shuffles = [np.random.default_rng(seed).permutation(learned.label) for seed in _WEIGHT_SEEDS]
    maps = []
    for label_N in (learned.label, *shuffles):
        direction_F, _ = fit_probe(Task.FRACTURE, feature_NF, label_N, groups).direction()
        score = partial(_along, weight_F=torch.from_numpy(direction_F).float())
        maps.append(make_maps(hires_cam(package.model.image_encoder, score), shown.levels))
    check = rank_check(
        "labels of a linear head",
        np.concatenate(maps[:1] * len(shuffles)),
        np.concatenate(maps[1:]),
        groups=shown.studies * len(shuffles),
        draws=_DRAWS,
    )
    return {**asdict(check), "draws": len(shuffles), "counts": True}


def _along(feature_BF: torch.Tensor, *, weight_F: torch.Tensor) -> torch.Tensor:
    return feature_BF @ weight_F


def main() -> None:
    """Measures and prints; exits 1 when a bound is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fracture", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--permuted", type=Path, help="package fine-tuned on permuted labels")
    parser.add_argument("--pictures", type=int, default=200)
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
    served = enlarged(maps_of(package.model, levels), levels.shape[-1])
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
    shown = Shown.of(package.model, levels[: given.checked], studies[: given.checked])
    checks = [*weight_checks(package.model, shown), label_check(package, given.pairs, shown)]
    if given.permuted:
        other = load_package(given.permuted).package.model
        checks.append(shown.against("labels of the whole training", [other]))
    called = game(served, yes)
    result: dict[str, Any] = {
        "pointing": {"called_broken": called, "all_broken": game(served, everything)},
        "by_region": by_region,
        "grad_cam_of_one_stage": game(last, yes),
        "called_broken": round(float(yes.mean()), 3),
        "checks": checks,
    }
    met = called["hits"] >= HITS_AT_LEAST and all(
        max(one["correlation"], one["magnitude"]) < UNLIKE_BELOW for one in checks if one["counts"]
    )
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
