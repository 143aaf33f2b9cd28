"""What each version answers, from the bare predictor before the server starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accept_04.material import TASKS, TEXTS, Material, file_of
from benchmarks.accept_04.models import Served
from osteon.dicom import Picture, read_picture
from osteon.domain import FaultError, RefusedError, Task
from osteon.features.index import EmbeddingIndex, Hit, SearchFilter, open_index
from osteon.models import Predictor
from osteon.models.abstention import body_part_reason
from osteon.models.dual_embedder import DualEmbedder, mean_direction
from tests.model_packages import HMAC_KEY

SEXES = (None, "M")
TOLERANCE = 1e-5
_APART = 100 * TOLERANCE  # two versions that answer more alike could not be told apart
PROJECT = frozenset({"osteon"})
MOST_HITS = 5

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class References:
    """Right answers.

    Attributes:
        predictions: (version's name, picture's name, sex) -> the fields of its prediction.
        embeddings: (version's name, picture's name) -> unit vector.
        fitting: picture's name -> tasks that answer for it when none is asked for.
        found: (kind, text or picture's name) -> keys and scores of the nearest entries.
        zero_shot: (task, picture's name) -> value.
        drafts: picture's name -> sentences.
    """

    predictions: Mapping[tuple[str, str, str | None], Fields]
    embeddings: Mapping[tuple[str, str], NDArray[np.float32]]
    fitting: Mapping[str, tuple[str, ...]]
    found: Mapping[tuple[str, str], list[tuple[str, float]]]
    zero_shot: Mapping[tuple[str, str], float]
    drafts: Mapping[str, frozenset[str]]


def make_references(served: Served, material: Material) -> References:
    """Every answer that a right server can give about the material.

    Raises:
        FaultError: two versions answer alike, so that a wrong one would not be seen.
    """
    names = [*material.names, "broken"]
    pictures = {name: _picture(file_of(material, name)) for name in names}
    predictions: dict[tuple[str, str, str | None], Fields] = {}
    embeddings: dict[tuple[str, str], NDArray[np.float32]] = {}
    for version in served.versions:
        predictor = Predictor.load(version.folder, hmac_key=HMAC_KEY, threads=1)
        for name in names:
            for sex in SEXES:
                answer, vector = predictor.predict_one(file_of(material, name), sex=sex)
                predictions[version.name, name, sex] = answer.as_dict()
            if vector is not None:
                embeddings[version.name, name] = vector
    _require_apart(served, material, predictions)
    search = _Searched(DualEmbedder.load(served.dual), open_index(str(served.index)))
    return References(
        predictions=predictions,
        embeddings=embeddings,
        fitting={name: _fitting(picture) for name, picture in pictures.items()},
        found=dict(search.all_found(pictures)),
        zero_shot={
            (task, name): search.embedder.ask(Task(task), vector, "fr").value
            for name, vector in search.vectors(pictures)
            for task in ("fracture", "knee-oa")
        },
        drafts={name: search.sentences(vector) for name, vector in search.vectors(pictures)},
    )


def _picture(data: bytes) -> Picture | None:
    try:
        return read_picture(data)
    except RefusedError:
        return None


def _fitting(picture: Picture | None) -> tuple[str, ...]:
    """Tasks whose models cover the body part; all of them where it is unknown or none does."""
    part = picture.body_part if picture else None
    ordered = [task.value for task in Task if task.value in TASKS]
    covering = tuple(task for task in ordered if body_part_reason(Task(task), part) is None)
    return covering or tuple(ordered)


def _require_apart(served: Served, material: Material, predictions: Mapping[Any, Fields]) -> None:
    for task, versions in served.champions.items():
        own = [*versions, *([served.challenger] if served.challenger.task == task else [])]
        for name in material.names:
            answers = [predictions[each.name, name, None] for each in own]
            numbers = [_numbers(each) for each in answers if each["value"] is not None]
            if any(np.abs(one - other).max() < _APART for one, other in combinations(numbers, 2)):
                raise FaultError("versions that answer apart", f"two alike of {task}", "take other seeds")


def _numbers(prediction: Fields) -> NDArray[np.float64]:
    return np.asarray([prediction["value"], *prediction["probabilities"].values()])


class _Searched:
    """The dual encoder and its index, asked directly."""

    def __init__(self, embedder: DualEmbedder, index: EmbeddingIndex) -> None:
        self.embedder = embedder
        self._index = index

    def vectors(self, pictures: Mapping[str, Picture | None]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        for name, picture in pictures.items():
            if picture is not None:
                yield name, mean_direction(self.embedder.embed_pictures([picture]))

    def all_found(
        self, pictures: Mapping[str, Picture | None]
    ) -> Iterator[tuple[tuple[str, str], list[tuple[str, float]]]]:
        for text in TEXTS:
            yield ("text", text), self._nearest("picture", self.embedder.embed_texts([text])[0])
        for name, vector in self.vectors(pictures):
            yield ("picture", name), self._nearest("picture", vector)

    def sentences(self, vector: NDArray[np.float32]) -> frozenset[str]:
        """Texts among the nearest sentences; a draft quotes distinct ones of them."""
        return frozenset(hit.text or "" for hit in self._hits("sentence", vector, 100))

    def _nearest(self, kind: str, vector: NDArray[np.float32]) -> list[tuple[str, float]]:
        return [(hit.key, hit.score) for hit in self._hits(kind, vector, MOST_HITS)]

    def _hits(self, kind: str, vector: NDArray[np.float32], most: int) -> list[Hit]:
        narrow = SearchFilter(projects=PROJECT)
        return self._index.search("sentence" if kind == "sentence" else "picture", vector, most, narrow)
