"""French sentences for the labels of a table: data, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from osteon.domain import RefusedError
from training.datasets.picture_row import LABEL_COLUMNS, PictureRow

PHRASES = Path(__file__).with_name("label_phrases.yaml")
TELLABLE = ("region", "laterality", "sex", *LABEL_COLUMNS)
_REGION_OF = {"kl_grade": "knee", "bone_age_months": "hand"}  # labels that only one body part has
_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Interchangeable sentences for one label, in a range or for certain values."""

    label: str
    sentences: tuple[str, ...]
    values: tuple[str | float, ...] = ()
    low: float = -np.inf
    high: float = np.inf

    def tells(self, value: str | float) -> bool:
        """Whether the sentences are true of a value of the label."""
        if self.values:
            return value in self.values
        return not isinstance(value, float) or self.low <= value < self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Everything that can be said of a row, label by label.

    Attributes:
        regions: body part -> what stands in `{region}`; another part gives no sentence of its region.
    """

    regions: Mapping[str, str]
    phrases: tuple[Phrase, ...]

    def caption(self, row: PictureRow, tell: Sequence[str], random: np.random.Generator) -> str:
        """One sentence of each group that is true of the row, of the labels in `tell` alone; may be empty."""
        facts = facts_of(row)
        lines = []
        for phrase in self.phrases:
            if phrase.label not in tell or phrase.label not in facts:
                continue
            value = facts[phrase.label]
            if phrase.tells(value) and (phrase.label != "region" or value in self.regions):
                chosen = phrase.sentences[int(random.integers(len(phrase.sentences)))]
                lines.append(chosen.format(**self._slots(phrase.label, value)))
        return " ".join(lines)

    def _slots(self, label: str, value: str | float) -> dict[str, object]:
        if isinstance(value, str):
            return {"region": self.regions.get(value, "")} if label == "region" else {}
        months = round(value)
        return {"years": months // _YEAR, "rest": months % _YEAR, "total": months}


def facts_of(row: PictureRow) -> dict[str, str | float]:
    """What is known of a row, by name of the label; what is not known is absent."""
    region = row.region or next((part for name, part in _REGION_OF.items() if name in row.labels), "")
    words = {"region": region, "laterality": row.laterality, "sex": row.sex}
    return {name: word for name, word in words.items() if word} | {
        name: float(value) for name, value in row.labels.items()
    }


def read_phrases(path: Path = PHRASES) -> Phrases:
    """The phrases of a file.

    Raises:
        RefusedError: not YAML, an unknown label, key or slot, or a group without sentences.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if set(content) != {"regions", "phrases"}:
            raise ValueError
        regions = {str(part): str(words) for part, words in content["regions"].items()}
        phrases = tuple(_phrase(each) for each in content["phrases"])
    except (OSError, yaml.YAMLError, AttributeError, TypeError, KeyError, IndexError, ValueError):
        raise RefusedError(
            "a phrases file: regions, and phrases of a label with sentences",
            "another file",
            "start from training/datasets/label_phrases.yaml",
        ) from None
    return Phrases(regions=regions, phrases=phrases)


def _phrase(fields: Mapping[str, Any]) -> Phrase:
    sentences = tuple(str(one) for one in fields["sentences"])
    if set(fields) - {"label", "is", "low", "high", "sentences"} or fields["label"] not in TELLABLE:
        raise ValueError
    slots = {"region": ""} if fields["label"] == "region" else {"years": 0, "rest": 0, "total": 0}
    if not sentences or not all(one.format(**slots).strip() for one in sentences):
        raise ValueError
    return Phrase(
        label=fields["label"],
        sentences=sentences,
        values=tuple(one if isinstance(one, str) else float(one) for one in fields.get("is", ())),
        low=float(fields.get("low", -np.inf)),
        high=float(fields.get("high", np.inf)),
    )
