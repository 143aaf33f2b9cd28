"""The pictures that an evaluation looks at: rows of a label table with what is known beside the label."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from osteon.domain import RefusedError, Task, UsageError, age_band, is_test_row
from training.label_table import LabelRow

# Fact -> columns that may hold it; the first that is there counts.
_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "study": ("study", "study_key"),
        "region": ("region", "body_part"),
        "view": ("view",),
        "side": ("laterality", "side"),
        "sex": ("sex",),
        "site": ("site", "hospital"),
        "device": ("device",),
    }
)
# A bone age is no finding: every child has one.
_FINDINGS = (Task.FRACTURE.label_column, Task.KNEE_OA.label_column, Task.ABNORMALITY.label_column)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One picture.

    Attributes:
        key: patient, else file: what splits and resampling go by.
        facts: study, region, view, side, sex, age_band, site, device, finding; empty where not known.
    """

    path: Path
    key: str
    facts: Mapping[str, str]

    def row(self) -> LabelRow:
        """As training reads a picture; without a label."""
        return LabelRow(number=0, path=self.path, key=self.key, label=float("nan"), sex=self.facts["sex"])


def read_cases(table: Path) -> dict[Path, Case]:
    """Every picture of a label table by its path, whether it has a label or not.

    Raises:
        UsageError: no such table.
        RefusedError: it has no column `file`.
    """
    try:
        text = Path(table).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError("a label table (CSV)", "no file at that path", "check the path") from None
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=header.count))
    columns = [name.strip() for name in reader.fieldnames or []]
    if "file" not in columns:
        raise RefusedError("a label table with the column file", "one without", "add the column")
    cases = {}
    for record in reader:
        cells = {(name or "").strip(): (value or "").strip() for name, value in record.items() if name}
        path = Path(table).parent / cells["file"]
        cases[path] = Case(path=path, key=cells.get("patient") or cells["file"], facts=_facts(cells))
    return cases


def _facts(cells: Mapping[str, str]) -> dict[str, str]:
    facts = {
        fact: next((cells[name] for name in names if cells.get(name)), "") for fact, names in _COLUMNS.items()
    }
    facts["age_band"] = _age_band(cells)
    stated = [f"{name}={cells[name]}" for name in _FINDINGS if cells.get(name)]
    return facts | {"finding": " ".join(stated)}


def _age_band(cells: Mapping[str, str]) -> str:
    if cells.get("age_band"):
        return cells["age_band"]
    try:
        return age_band(float(cells.get("age_years", "")))
    except ValueError:
        return ""


def test_cases(cases: Mapping[Path, Case]) -> list[Case]:
    """Those of the project's own test rows."""
    return [case for case in cases.values() if is_test_row(case.key)]


def fact_of(cases: Sequence[Case], fact: str) -> list[str]:
    """One fact of every case, in their order."""
    return [case.facts[fact] for case in cases]
