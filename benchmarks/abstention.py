"""How many pictures that a model must not judge it refuses, and how many of its own.

    python -m benchmarks.abstention --knee-oa PACKAGE --bone-age PACKAGE \
        --fracture PACKAGE --pairs PAIRS --photographs FOLDER --dicom FOLDER --ct PROJECT --mr FILE.nii.gz

Asks each package as the server does (header, looks, features) about picture files without a header. What a
folder is given for is measured; the rest is drawn here. `held_out` says of each kind whether the
recogniser's fit saw its like: false for what the fit's own drawers made with other seeds. Packages made
before the recogniser get its limits from their training pictures first, as `osteon finetune` would have.
Some minutes on one idle core; a JSON line last.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from benchmarks.foreign import drawn, radiographs, real, scans
from benchmarks.foreign.photographs import cut, photographs
from benchmarks.foreign.proper import pair_files, real_files
from osteon.dicom import Picture, read_picture
from osteon.models.engine import OpenedPackage, open_package
from osteon.models.looks import fit_looks
from osteon.models.predictor import Predictor
from osteon.models.recogniser import recognisable, recognise

_SEED = 77_000
_NO_KEY = bytes(16)
_LOOKED_AT = 600
REFUSED_AT_LEAST, PROPER_AT_MOST = 0.99, 0.02
Drawer = Callable[[np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Pictures of one kind, and whether they are like anything that the recogniser was fitted on."""

    name: str
    held_out: bool
    pictures: list[NDArray[np.float32]]
    required: bool = True  # counted against the bound


def foreign_kinds(given: argparse.Namespace) -> Iterator[Kind]:
    """Every kind for which there are pictures."""
    rng = np.random.default_rng(_SEED)

    def draw(drawer: Drawer) -> list[NDArray[np.float32]]:
        return [drawer(rng) for _ in range(given.each)]

    drawers: list[tuple[str, bool, Drawer]] = [
        ("chest films, drawn", False, radiographs.chest),
        ("chest films from the side or clouded, drawn", True, radiographs.other_chest),
        ("CT and MR slices, drawn", False, scans.scan),
        ("documents, drawn", False, drawn.page),
        ("forms and tables, drawn", True, drawn.table),
        ("noise, drawn", False, drawn.noise),
        ("test patterns, drawn", False, drawn.gradient),
        ("empty pictures, drawn", False, drawn.blank),
    ]
    for name, held_out, drawer in drawers:
        yield Kind(name=name, held_out=held_out, pictures=draw(drawer))
    sources = photographs(given.photographs)
    if sources:
        cuts = [cut(sources[k % len(sources)], rng) for k in range(max(given.each, len(sources)))]
        yield Kind(name=f"photographs, cuts of {len(sources)}", held_out=True, pictures=cuts)
    found = real.dicom_pictures(given.dicom)
    yield Kind(name="scans, real DICOM instances", held_out=True, pictures=found["scan"])
    yield Kind(name="chest films, real DICOM instances", held_out=True, pictures=found["chest"])
    if given.ct:
        volume = real.invesalius_volume(given.ct)
        slices = real.ct_slices(volume, given.each, rng)
        yield Kind(name="CT slices of one real head", held_out=True, pictures=slices)
        films = real.skull_films(volume, 40, rng)
        yield Kind(name="skull films computed from it", held_out=True, pictures=films, required=False)
    for path in given.mr:
        slices = real.mr_slices(real.nifti_volume(path), given.each // 2, rng)
        yield Kind(name=f"MR slices of {path.name.partition('.')[0]}", held_out=True, pictures=slices)


def own_pictures(task: str, given: argparse.Namespace) -> dict[str, list[Picture]]:
    """Proper pictures of a task by source; none of them was learned from by recogniser or model."""
    found: dict[str, list[Picture]] = {}
    if task in ("knee-oa", "bone-age"):
        files = real_files("knee" if task == "knee-oa" else "hand", test=True)
        found[f"real {'knees' if task == 'knee-oa' else 'hands'}, test rows"] = _read(files, given.proper)
        return found
    held_out = [path for _, path in pair_files(given.pairs, held_out=True)]
    found["synthetic hospital that no fit saw"] = _read(held_out, given.proper)
    legs = [Picture(pixels=pixels) for pixels in real.dicom_pictures(given.dicom)["limb"]]
    found["real lower legs, DICOM"] = legs
    return found


def _read(files: list[Path], most: int) -> list[Picture]:
    return [read_picture(path) for path in files[:: max(1, len(files) // most)]]


def other_parts(task: str, given: argparse.Namespace) -> dict[str, list[Picture]]:
    """Radiographs of parts that a task does not judge."""
    if task == "knee-oa":
        return {"real hands": _read(real_files("hand", test=True), given.each)}
    if task == "bone-age":
        return {"real knees": _read(real_files("knee", test=True), given.each)}
    return {}


def with_looks(folder: Path, task: str, pairs: Path) -> Predictor:
    """The package as a Predictor; its looks are fitted to its training pictures where it has none."""
    opened = open_package(folder, "auto", threads=1)
    settings = opened.settings
    if settings.familiarity.looks is None:
        if task == "fracture":
            files = [path for _, path in pair_files(pairs)]
        else:
            files = real_files("knee" if task == "knee-oa" else "hand", test=False)
        squares = [recognisable(settings.preprocess.prepare(picture)) for picture in _read(files, _LOOKED_AT)]
        looks = fit_looks(recognise(np.stack(squares)))
        settings = replace(settings, familiarity=replace(settings.familiarity, looks=looks))
    return Predictor(OpenedPackage(settings=settings, engine=opened.engine), hmac_key=_NO_KEY)


def reasons(predictor: Predictor, pictures: list[Picture]) -> Counter[str]:
    """How often each reason was given; "answered" for none. The network runs only where looks let pass."""
    found: Counter[str] = Counter()
    for picture in pictures:
        reason = predictor.refusal(picture, predictor.prepare(picture))
        if reason is None:
            prediction, _ = predictor.predict_picture(picture, digest="")
            found[prediction.reason or "answered"] += 1
        else:
            found[reason.value] += 1
    return found


def figure(found: Counter[str]) -> dict[str, Any]:
    """Share refused with its 95 % Wilson interval, and why."""
    total = found.total()
    refused = total - found["answered"]
    bounds = binomtest(refused, total).proportion_ci(method="wilson")
    return {"pictures": total, "refused": round(refused / total, 4), "low": round(float(bounds.low), 4),
            "high": round(float(bounds.high), 4), "reasons": dict(found.most_common())}  # fmt: skip


def main() -> None:
    """Measures, prints a table and the JSON line; exits 1 when a bound is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for task in ("knee-oa", "bone-age", "fracture"):
        parser.add_argument(f"--{task}", type=Path)
    parser.add_argument("--pairs", type=Path, required=True)
    for name in ("photographs", "dicom", "mr"):
        parser.add_argument(f"--{name}", nargs="*", type=Path, default=[])
    parser.add_argument("--ct", type=Path)
    parser.add_argument("--each", type=int, default=300)
    parser.add_argument("--proper", type=int, default=400)
    given = parser.parse_args()
    kinds = list(foreign_kinds(given))
    result: dict[str, Any] = {}
    met = True
    for task in ("knee-oa", "bone-age", "fracture"):
        folder = getattr(given, task.replace("-", "_"))
        if folder is None:
            continue
        predictor = with_looks(folder, task, given.pairs)
        foreign: dict[str, Any] = {}
        every: Counter[str] = Counter()
        for kind in kinds:
            if kind.pictures:
                found = reasons(predictor, [Picture(pixels=one) for one in kind.pictures])
                foreign[kind.name] = {"held_out": kind.held_out, **figure(found)}
                every += found if kind.required else Counter()
                print(task, kind.name, figure(found), file=sys.stderr, flush=True)
        parts = {name: figure(reasons(predictor, some)) for name, some in other_parts(task, given).items()}
        proper = {name: figure(reasons(predictor, some)) for name, some in own_pictures(task, given).items()}
        for name, one in {**parts, **proper}.items():
            print(task, name, one, file=sys.stderr, flush=True)
        result[task] = {"foreign": foreign, "all": figure(every), "other_parts": parts, "proper": proper}
        met &= all(one["refused"] >= REFUSED_AT_LEAST for one in foreign.values())
        met &= all(one["refused"] <= PROPER_AT_MOST for one in proper.values())
    print(json.dumps({"abstention": result, "met": bool(met)}))
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
