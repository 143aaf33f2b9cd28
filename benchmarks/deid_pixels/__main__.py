"""Burned-in text: what the product removes, keeps and alters, on generated scenes.

    python -m benchmarks.deid_pixels --count 10000 --json
    python -m benchmarks.deid_pixels --seed 1234          # one scene again, written to DIR with --look DIR
    python -m benchmarks.deid_pixels --count 10000 --resume FILE --seconds 1800    # again, until it is done

Three kinds of scene by turns: identities and markers; markers alone (clean); bare radiographs (clean).
Each error is listed with its seed; `--resume FILE` keeps what was scored and goes on from there, as long as
the product is the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.deid_pixels.placements import Scene, make_scene
from benchmarks.deid_pixels.score import is_kept, is_removed, residue
from osteon.deid.pixels import clean_pixels
from osteon.domain.errors import QuarantinedError

FIRST_SEED = 7_000_000
_KINDS = ((12, 2), (12, 2), (0, 1), (12, 2), (0, 0))  # identities and markers of a scene, by its seed


def scene_of(seed: int, shared: Path | None) -> Scene:
    """The scene of a seed, as this program scores it."""
    identities, markers = _KINDS[seed % len(_KINDS)]
    return make_scene(seed, shared, identities=identities, markers=markers)


def score_scene(seed: int, shared: Path | None) -> dict[str, Any]:
    """What happened to one scene, as JSON values."""
    scene = scene_of(seed, shared)
    identities = [p for p in scene.placements if p.kind == "identity"]
    row: dict[str, Any] = {
        "seed": seed, "origin": scene.origin, "bits": scene.bits, "clean": _KINDS[seed % len(_KINDS)][0] == 0,
        "pixels": scene.frame.size, "identities": len(identities), "missed": [], "markers": {}, "lost": [],
    }  # fmt: skip
    started = time.process_time()
    try:
        made = clean_pixels(scene.frame, most=1.0)
    except QuarantinedError:
        return {
            **row,
            "quarantined": True,
            "seconds": time.process_time() - started,
            "read": 0,
            "altered": True,
        }
    row |= {
        "quarantined": False, "seconds": time.process_time() - started, "read": made.read,
        "altered": bool(made.removed),
    }  # fmt: skip
    for p in scene.placements:
        if p.kind == "identity":
            if not is_removed(p, scene.frame, made.frame):
                row["missed"].append({**p.facts(), "residue": round(residue(p, scene.frame, made.frame), 3)})
        else:
            good = is_kept(p, scene.frame, made.frame)
            name = f"{p.kind}_{'kept' if good else 'lost'}"
            row["markers"][name] = row["markers"].get(name, 0) + 1
            if not good:
                row["lost"].append(p.facts())
    return row


def code_of_product() -> str:
    """A short hash of the finder's code and networks: rows of two of them are no one figure."""
    found = hashlib.sha256()
    folder = Path(str(files("osteon.deid.pixels")))
    for path in sorted([*folder.glob("*.py"), *(folder / "data").glob("*.onnx")]):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:12]


def wilson(hits: int, of: int) -> list[float]:
    """The 95 % Wilson interval of a share."""
    if not of:
        return [0.0, 1.0]
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return [round(max(0.0, middle - half), 5), round(min(1.0, middle + half), 5)]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of all scenes; a quarantined picture counts as removed, and is counted."""
    placed = sum(r["identities"] for r in rows)
    missed = sum(len(r["missed"]) for r in rows)
    markers: Counter[str] = Counter()
    for r in rows:
        markers.update(r["markers"])
    clean = [r for r in rows if r["clean"] and r["origin"] != "hand"]
    real_text = [r for r in rows if r["clean"] and r["origin"] == "hand"]
    altered = [r for r in clean if r["altered"]]
    figures: dict[str, Any] = {
        "scenes": len(rows), "placements": placed, "missed": missed,
        "recall": round(1 - missed / max(1, placed), 5), "recall_95": wilson(placed - missed, placed),
        "quarantined_scenes": sum(r["quarantined"] for r in rows),
        "clean_pictures": len(clean), "clean_altered": len(altered),
        "clean_altered_share": round(len(altered) / max(1, len(clean)), 4),
        "clean_altered_95": wilson(len(altered), len(clean)),
        "hands_with_letters_of_their_own": len(real_text),
        "of_those_altered": sum(r["altered"] for r in real_text),
        "clean_read_share": round(sum(r["read"] > 0 for r in clean) / max(1, len(clean)), 4),
        "read_share": round(sum(r["read"] > 0 for r in rows) / max(1, len(rows)), 4),
        "reads_per_scene": round(sum(r["read"] for r in rows) / max(1, len(rows)), 2),
        "images_per_cpu_second": round(len(rows) / max(1e-9, sum(r["seconds"] for r in rows)), 2),
        "clean_images_per_cpu_second": round(len(clean) / max(1e-9, sum(r["seconds"] for r in clean)), 2),
        "megapixels": round(sum(r["pixels"] for r in rows) / max(1, len(rows)) / 1e6, 2),
    }  # fmt: skip
    for kind in ("letter", "word", "shape"):
        kept, lost = markers[f"{kind}_kept"], markers[f"{kind}_lost"]
        figures[f"{kind}s_kept"] = round(kept / max(1, kept + lost), 4)
        figures[f"{kind}s_kept_95"] = wilson(kept, kept + lost)
        figures[f"{kind}s"] = kept + lost
    return figures


def main() -> None:
    """Score as many scenes as hold the placements asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="placements of identities")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--look", type=Path, help="write the one scene of --seed before and after")
    parser.add_argument("--resume", type=Path, help="rows of an earlier run, JSON lines; appended to")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no scene after so many")
    parser.add_argument("--json", action="store_true", help="the figures and errors as one JSON object")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    folder = Path(os.environ.get("OSTEON_SHARED_DATA", "../shared/data"))
    shared = folder if (folder / "README.md").is_file() else None
    if given.look:
        look(given.seed, shared, given.look)
        return
    rows = _scored(given.resume, parser)
    seed = max([given.seed, *(r["seed"] + 1 for r in rows)])
    code, end = code_of_product(), time.monotonic() + given.seconds
    while sum(r["identities"] for r in rows) < given.count and time.monotonic() < end:
        rows.append({**score_scene(seed, shared), "code": code})
        if given.resume:
            with given.resume.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(rows[-1]) + "\n")
        seed += 1
    report = {
        "benchmark": "deid_pixels",
        "code": code,
        "last_seed": seed - 1,
        "first_seed": given.seed,
        **summary(rows),
    }
    errors = [
        {"seed": r["seed"], "missed": r["missed"], "lost": r["lost"]}
        for r in rows
        if r["missed"] or r["lost"]
    ]
    errors += [
        {"seed": r["seed"], "origin": r["origin"], "altered": True}
        for r in rows
        if r["clean"] and r["altered"]
    ]
    if not given.json:
        for error in errors:
            print(json.dumps(error, ensure_ascii=False))
        print(json.dumps(report))
    else:
        print(json.dumps({**report, "errors": errors}, ensure_ascii=False))


def _scored(path: Path | None, parser: argparse.ArgumentParser) -> list[dict[str, Any]]:
    """The rows of an earlier run with the same product; one that was cut off is scored again."""
    if path is None or not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    path.write_text(text := text[: text.rfind("\n") + 1], encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    if any(row.get("code") != code_of_product() for row in rows):
        parser.error(f"--resume needs rows of the finder as it is now, got others in {path}; name a new file")
    return rows


def look(seed: int, shared: Path | None, folder: Path) -> None:
    """The scene before and after, as PNG."""
    scene = scene_of(seed, shared)
    made = clean_pixels(scene.frame, most=1.0)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (("before", scene.frame), ("after", made.frame)):
        grey = frame.astype(np.float32) * np.float32(255 / ((1 << scene.bits) - 1))
        cv2.imwrite(str(folder / f"{seed}-{name}.png"), grey.astype(np.uint8))
    print(json.dumps([[b.top, b.left, b.bottom, b.right] for b in made.removed]))


if __name__ == "__main__":
    main()
