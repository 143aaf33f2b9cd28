"""Events of a new model on studies it never learned from: what its production is compared with."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitoring.alterations import ALTERATIONS
from monitoring.windows import QUALITY
from osteon.dicom import Picture, read_picture
from osteon.domain import RefusedError, Task, age_band, is_test_row, sha256_text
from osteon.models.picture_quality import picture_quality
from osteon.models.preprocess import shrink

if TYPE_CHECKING:
    from osteon.models.predictor import Predictor

MOST_PER_SITE = 400
MOST_ALTERED = 40
_ALTERED_SIDE = (
    768  # longest side, in pixels; a cause's direction needs no more, and whole pictures take minutes
)


def reference_events(
    predictor: "Predictor",
    studies: Path,
    *,
    most_per_site: int = MOST_PER_SITE,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """One row per picture, with the columns of the feature repository, read as the server reads them.

    Args:
        studies: a de-identified folder with its `instances.csv`; hospitals become sites.
        most_per_site: pictures per site, drawn by the hash of their names: the same ones every time.
    Raises:
        RefusedError: the folder has no picture that this model may judge.
    """
    rows = _rows(studies, predictor, most_per_site)
    labels = _labels(studies, predictor.task)
    events = []
    for done, row in enumerate(rows):
        content = (studies / row["file"]).read_bytes()
        picture = _picture(content)
        prediction, embedding = predictor.predict_picture(
            picture, digest=predictor.input_digest(content), site=row["hospital"]
        )
        events.append(
            {
                "event_id": sha256_text(f"{predictor.model_version} {row['file']}"),
                "time_utc": prediction.time_utc,
                "site": row["hospital"],
                "device": "unknown",  # the server's label of a device is keyed; strata by device start later
                "view": prediction.view,
                "body_part": prediction.body_part,
                "age_band": age_band(float(row["age_years"]) if row.get("age_years") else None),
                "sex": row.get("sex") or "unknown",
                "model_version": prediction.model_version,
                "task": prediction.task,
                "status": prediction.status,
                "value": prediction.value,
                "label": labels.get(row["file"]),
                "embedding": [] if embedding is None else embedding.tolist(),
                "embedding_space": prediction.embedding_space,
                **_quality_columns(picture),
            }
        )
        if progress:
            progress(done + 1, len(rows))
    found = pd.DataFrame(events)
    return found.astype({"label": "float64"}) if labels else found.drop(columns="label")


def _labels(studies: Path, task: Task) -> dict[str, float]:
    """File -> answer, where the de-identified folder has labels of the task."""
    table = studies / "labels.csv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as stream:
        cells = {row["file"]: (row.get(task.label_column) or "").strip() for row in csv.DictReader(stream)}
    return {file: float(cell) for file, cell in cells.items() if cell}


def altered_pictures(
    predictor: "Predictor", studies: Path, *, most: int = MOST_ALTERED, seed: int = 0
) -> pd.DataFrame:
    """What each known cause of drift does to this model's embeddings, and to the quality of pictures.

    Columns are `cause`, `before`, `after`, `quality_before` and `quality_after`.

    Reference pictures are altered as `monitoring.alterations` says and read again by the model.

    Args:
        most: pictures; a cause's direction is a mean over them.
    """
    found = []
    for row in _rows(studies, predictor, most)[:most]:
        content = (studies / row["file"]).read_bytes()
        picture, digest = read_picture(content), predictor.input_digest(content)
        picture = replace(picture, pixels=shrink(picture.pixels, _ALTERED_SIDE))
        _, before = predictor.predict_picture(picture, digest=digest)
        for number, (cause, alter) in enumerate(sorted(ALTERATIONS.items())):
            rng = np.random.default_rng([seed, number, int(sha256_text(row["file"])[:8], 16)])
            changed = replace(picture, pixels=alter(picture.pixels, rng))
            _, after = predictor.predict_picture(changed, digest=digest)
            if before is not None and after is not None:
                found.append(
                    {
                        "cause": cause, "before": before.tolist(), "after": after.tolist(),
                        "quality_before": _quality(picture), "quality_after": _quality(changed),
                    }
                )  # fmt: skip
    return pd.DataFrame(found, columns=["cause", "before", "after", "quality_before", "quality_after"])


def _picture(content: bytes) -> Picture | None:
    try:
        return read_picture(content)
    except RefusedError:
        return None


def _quality(picture: Picture | None) -> list[float]:
    """Its numbers; empty for a picture that has none."""
    quality = None if picture is None else picture_quality(picture.pixels)
    return [] if quality is None else list(quality.values)


def _quality_columns(picture: Picture | None) -> dict[str, float | None]:
    return dict(zip(QUALITY, _quality(picture) or (None,) * len(QUALITY), strict=True))


def _rows(studies: Path, predictor: "Predictor", most_per_site: int) -> list[dict[str, str]]:
    with (studies / "instances.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    parts = predictor.task.body_parts
    fitting = [row for row in rows if is_test_row(row["patient"]) and row.get("region") in parts]
    if not fitting:
        raise RefusedError(
            "pictures of patients that no model learned from",
            "a folder without one that this task may judge",
            "de-identify more studies",
        )
    kept: list[dict[str, str]] = []
    seen: Counter[str] = Counter()
    for row in sorted(fitting, key=lambda row: sha256_text(row["file"])):
        seen[row["hospital"]] += 1
        if seen[row["hospital"]] <= most_per_site:
            kept.append(row)
    return kept
