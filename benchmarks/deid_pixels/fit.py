"""Fits the detector's two judges on generated scenes; the acceptance runs on other seeds.

    python -m benchmarks.deid_pixels.fit --first 1000000 --count 200

Writes osteon/deid/pixels/data/{line,ink}.npz. Fonts in HELD_OUT are not learned from.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier

from benchmarks.deid_pixels.pictures import metal_picture
from benchmarks.deid_pixels.placements import Scene, make_scene
from osteon.deid.pixels.candidates import FIRST_LEAST, plausible
from osteon.deid.pixels.grey import grey_of
from osteon.deid.pixels.judge import Judge, load_judge
from osteon.deid.pixels.lines import lines_of
from osteon.deid.pixels.look import look_at
from osteon.deid.pixels.strokes import stroke_components

HELD_OUT = ("DejaVuSerif", "FreeSans", "Vera", "cmr10", "hershey2", "LiberationMono-Regular")
_OUT = Path("osteon/deid/pixels/data")


def label_of(box: NDArray[np.float32], scene: Scene) -> int:
    """1: text that is learned; 0: no ink at all; -1: neither (a part of a marker, a held-out font, a rim)."""
    left, top, right, bottom = box
    area = max(1.0, float((right - left) * (bottom - top)))
    found = 0
    for p in scene.placements:
        height, width = p.ink.shape
        wide = min(right, p.left + width) - max(left, p.left)
        tall = min(bottom, p.top + height) - max(top, p.top)
        if wide <= 0 or tall <= 0:
            continue
        inside, cover = wide * tall / area, wide * tall / (height * width)
        if (
            inside > 0.4
            and cover > 0.25
            and p.kind in {"identity", "word"}
            and not p.font.startswith(HELD_OUT)
        ):
            return 1
        found = -1
    # Small real hands carry letters of their own, which nobody has marked.
    return -1 if found or scene.origin == "hand" else 0


def gather(seeds: range, shared: Path | None, known: Judge | None) -> dict[str, NDArray[Any]]:
    """Measures of every plausible line, its label, and the closer look; scenes by turns of three kinds.

    With `known`, only what the first judge lets through: what the second one will see.
    """
    rows: list[NDArray[np.float32]] = []
    labels: list[int] = []
    looks: list[list[float]] = []
    for seed in seeds:
        if seed % 20 == 0:
            print(f"scene {seed}, {len(rows)} lines", flush=True)
        metal = metal_picture(seed % 100_000) if seed % 4 == 0 else None
        scene = make_scene(seed, shared, identities=9 if seed % 2 else 0, markers=seed % 3, base=metal)
        grey = grey_of(scene.frame)
        ends = (int(scene.frame.min()), int(scene.frame.max()))
        for lines in lines_of(stroke_components(grey)):
            which = np.flatnonzero(plausible(lines))
            odds = known(lines.features[which]) if known else np.zeros(len(which), np.float32)
            for k, odd in zip(which.tolist(), odds.tolist(), strict=True):
                label = label_of(lines.box[k], scene)
                if label < 0 or odd < FIRST_LEAST:
                    continue
                rows.append(lines.features[k])
                labels.append(label)
                looks.append(look_at(grey, scene.frame, lines, k, ends))
    return {"lines": np.array(rows), "labels": np.array(labels), "looks": np.array(looks, np.float32)}


def fit(
    measures: NDArray[np.float32], labels: NDArray[np.int_], name: str, *, trees: int, depth: int
) -> None:
    """Boosted trees, written as plain arrays."""
    use = labels >= 0
    model = GradientBoostingClassifier(
        n_estimators=trees,
        max_depth=depth,
        subsample=0.5,
        learning_rate=0.12,
        min_samples_leaf=15,
        random_state=0,
    ).fit(measures[use], labels[use])
    nodes = max(tree.tree_.node_count for (tree,) in model.estimators_)
    shape = (len(model.estimators_), nodes)
    feature, below, above = (np.zeros(shape, np.int16) for _ in range(3))
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for t, (tree,) in enumerate(model.estimators_):
        inner = tree.tree_
        leaf, own = inner.children_left < 0, np.arange(inner.node_count)
        feature[t, own] = np.where(leaf, 0, inner.feature)
        threshold[t, own] = inner.threshold
        below[t, own] = np.where(leaf, own, inner.children_left)
        above[t, own] = np.where(leaf, own, inner.children_right)
        value[t, own] = np.where(leaf, inner.value[:, 0, 0] * model.learning_rate, 0)
    prior = model._raw_predict_init(measures[:1])[0, 0]
    _OUT.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        _OUT / f"{name}.npz", feature=feature, threshold=threshold, below=below, above=above, value=value,
        start=np.float32(prior), depth=np.int16(depth),
    )  # fmt: skip
    load_judge.cache_clear()
    ours = load_judge(name)(measures[:500])
    if not np.allclose(ours, model.decision_function(measures[:500]), atol=1e-2):
        raise SystemExit("the written trees do not give the fitted verdict")


def main() -> None:
    """Gather, fit the first judge, then the second on what the first lets through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1_000_000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--second", action="store_true", help="fit the second judge alone")
    parser.add_argument(
        "--gathered", type=Path, help="keep the measures here, and add to those that are here"
    )
    given = parser.parse_args()
    cv2.setNumThreads(1)
    folder = Path(os.environ.get("OSTEON_SHARED_DATA", "../shared/data"))
    shared = folder if (folder / "README.md").is_file() else None
    known = load_judge("line") if given.second else None
    data = gather(range(given.first, given.first + given.count), shared, known) if given.count else {}
    if given.gathered:
        if given.gathered.is_file():
            with np.load(given.gathered, allow_pickle=False) as old:
                data = {n: np.concatenate([old[n], data[n]]) if n in data else old[n] for n in old.files}
        np.savez_compressed(given.gathered, allow_pickle=False, **data)
    labels = data["labels"]
    print({int(v): int(np.count_nonzero(labels == v)) for v in np.unique(labels)})
    if not given.second:
        fit(data["lines"], labels, "line", trees=80, depth=4)
    first = load_judge("line")(data["lines"])
    passed = first >= FIRST_LEAST
    both = np.concatenate([data["lines"], data["looks"]], 1).astype(np.float32)
    for value in (0, 1):
        at = labels == value
        print(
            f"label {value}: {np.count_nonzero(at & passed)} of {np.count_nonzero(at)} pass the first judge"
        )
    fit(both[passed], labels[passed], "ink", trees=150, depth=4)


if __name__ == "__main__":
    main()
