"""Labelled pictures of the synthetic hospitals: as many of each exam and site as are asked for."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from osteon.artefact import MANIFEST_NAME, atomic_write, read_manifest, sha256_file, write_manifest
from osteon.dicom import read_picture
from osteon.dicom.synthetic import SYNTHETIC_VERSION
from osteon.dicom.synthetic.identity import identity_of
from osteon.dicom.synthetic.instance import encode_instance
from osteon.dicom.synthetic.picture import draw_view
from osteon.dicom.synthetic.plan import StudyPlan, plan_study
from osteon.dicom.synthetic.truth import TRUTH_COLUMNS, truth_row
from osteon.domain import Manifest, Task, is_test_row
from osteon.pairs.cache import cached_levels, encode_png

SIDE = 256  # pixels of a kept picture's long side, as in pairs
TABLE = "labels.csv"
_EXAM = {Task.FRACTURE: "trauma", Task.BONE_AGE: "bone-age", Task.KNEE_OA: "arthrosis"}


def draw_table(
    output: Path,
    task: Task,
    *,
    per_site: Mapping[str, int],
    seed: int,
    learned: bool,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """The label table OUTPUT/labels.csv with its pictures: of each named site as many labelled ones.

    Each picture is written as DICOM, read as serving reads it, and kept as a small PNG. The same arguments
    give the same bytes; a study depends on (seed, number) alone, so other seeds have other patients. A run
    that was stopped goes on with the pictures that it lacks.

    Args:
        learned: the table is to be learned from: patients whose rows no training takes are left out.
    """
    settings = {"task": task.value, "per_site": dict(per_site), "seed": seed, "learned": learned}
    table = output / TABLE
    manifest = Manifest(stage="draw", settings=settings, seed=seed, synthetic_version=SYNTHETIC_VERSION)
    if (output / MANIFEST_NAME).is_file():
        done = read_manifest(output)
        if (dict(done.settings), done.synthetic_version) == (settings, SYNTHETIC_VERSION):
            return table
    views = list(_views(task, per_site, seed, learned))
    rows = []
    for number, (plan, name) in enumerate(views, start=1):
        rows.append(_drawn(output, plan, name))
        if progress is not None:
            progress(number, len(views))
    text = io.StringIO()
    writer = csv.DictWriter(text, TRUTH_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(table, text.getvalue())
    write_manifest(output, replace(manifest, outputs={TABLE: sha256_file(table)}))
    return table


def _views(
    task: Task, per_site: Mapping[str, int], seed: int, learned: bool
) -> Iterator[tuple[StudyPlan, str]]:
    """Views that carry the task's label, in the order of the studies, until each site has its number."""
    missing = Counter(per_site)
    for number in count():
        plan = plan_study(seed, number)
        if plan.exam != _EXAM[task] or (learned and is_test_row(plan.patient_key)):
            continue
        for name in plan.views if task is Task.FRACTURE else plan.views[:1]:
            if missing[plan.hospital.key] > 0:
                missing[plan.hospital.key] -= 1
                yield plan, name
        if not any(left > 0 for left in missing.values()):
            return


def _drawn(output: Path, plan: StudyPlan, name: str) -> dict[str, str]:
    who = identity_of(plan)
    file = f"{SYNTHETIC_VERSION}/{plan.hospital.key}/{plan.study_key}-{name}.png"
    if not (output / file).is_file():
        data, _ = encode_instance(plan, who, draw_view(plan, name, ()), name, SYNTHETIC_VERSION)
        atomic_write(output / file, encode_png(cached_levels(read_picture(data).pixels, SIDE)))
    return truth_row(plan, who, name, file, "")
