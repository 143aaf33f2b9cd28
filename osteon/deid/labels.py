"""What of a hospital's table of answers may leave: answers, never words."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import source_mark
from osteon.domain.errors import RefusedError

_NUMBER = re.compile(r"-?\d{1,3}(?:[.,]\d{1,3})?")
_SPLIT = re.compile(r"in|held_out|train|val|test")
ANSWERS = {
    "split_hint": _SPLIT,
    **dict.fromkeys(
        ("fracture", "bone_age_months", "kl_grade", "abnormal", "implant", "cast", "burned_in"), _NUMBER
    ),
}
FACTS = ("region", "view", "laterality", "device", "sex", "age_years")  # as the policy let them out
LABEL_COLUMNS = ("file", "hospital", "patient", "study_key", *FACTS, *ANSWERS)


def label_rows(
    truth: Path, images: Mapping[str, Mapping[str, Any]], pseudonymiser: Pseudonymiser
) -> tuple[list[dict[str, Any]], int]:
    """The table's rows under pseudonyms, and how many cells stayed behind because they are no answer.

    Answers are numbers and names of splits; everything else about a picture comes from its own de-identified
    header, since a free cell may hold a name.

    Args:
        truth: CSV with a column `file`, relative to the input folder.
        images: what came out, by the mark of the source file.
    Raises:
        RefusedError: no column `file`.
    """
    rows, left_out = [], 0
    with truth.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if "file" not in (reader.fieldnames or ()):
            raise RefusedError(
                "a truth table with a column `file`", "one without", "see the layout of osteon sample"
            )
        for row in reader:
            image = images.get(source_mark(row["file"] or "", pseudonymiser))
            if image is None:
                continue
            given = {name: (row.get(name) or "").strip() for name in ANSWERS}
            answers = {name: cell for name, cell in given.items() if ANSWERS[name].fullmatch(cell)}
            left_out += sum(1 for name, cell in given.items() if cell and name not in answers)
            known = ("file", "hospital", "patient", "study_key", *FACTS)
            rows.append({**answers, **{name: image.get(name, "") for name in known}})
    return rows, left_out
