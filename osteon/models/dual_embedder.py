"""A dual encoder that serves: pictures and sentences into one space, and questions put as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.artefact import read_manifest
from osteon.domain import EmbeddingSpace, RefusedError, Task
from osteon.models.dual_package import DualPackage, load_dual_package
from osteon.models.package_files import WEIGHTS_NAME
from osteon.models.preprocess import HasPixels
from osteon.models.zero_shot import (
    BOTH,
    PROMPTS,
    Ensemble,
    answer_beliefs,
    answer_embeddings,
    embed_levels,
    embed_texts,
    read_prompts,
)

if TYPE_CHECKING:
    from osteon.dicom import Picture
    from osteon.models.explanation import Explanation

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShotAnswer:
    """What a picture answers to a question that was put as sentences.

    Attributes:
        probabilities: by answer, rising; softmax of scaled cosines, not calibrated.
        value: probability of the second of two answers, or the expected grade.
    """

    task: Task
    language: str
    probabilities: Mapping[str, float]
    value: float


class DualEmbedder:
    """A loaded dual encoder; safe to use from several threads.

    Attributes:
        version: of the package, as its weights give it.
        space: of every embedding that it gives.
    """

    def __init__(self, package: DualPackage, version: str, prompts: Path = PROMPTS) -> None:
        self._package = package
        self.version = version
        self.preprocess_version = package.preprocess.version
        self.space: EmbeddingSpace = package.embedding_space
        self._one_map = Lock()  # gradients take memory
        self._scale = float(package.model.logit_scale.detach())
        self._ensembles: dict[tuple[Task, str], tuple[Ensemble, torch.Tensor]] = {
            (one.task, one.language): (one, answer_embeddings(package, one)) for one in read_prompts(prompts)
        }

    @classmethod
    def load(cls, folder: Path, prompts: Path = PROMPTS) -> DualEmbedder:
        """The dual encoder of a folder that `osteon pretrain` wrote, every byte checked."""
        package = load_dual_package(folder)
        version = f"dual-encoder-{read_manifest(folder).outputs[WEIGHTS_NAME][:12]}"
        return cls(package, version, prompts)

    def embed_pictures(self, pictures: Iterable[HasPixels | NDArray[np.floating[Any]]]) -> Vectors:
        """Unit-norm embeddings (N, D), each picture by itself."""
        levels = [self._package.preprocess.prepare_levels(picture) for picture in pictures]
        if not levels:
            return np.zeros((0, self.space.dimensions), dtype=np.float32)
        return np.asarray(embed_levels(self._package, np.stack(levels)).numpy(), dtype=np.float32)

    def embed_texts(self, texts: Iterable[str]) -> Vectors:
        """Unit-norm embeddings (N, D) of sentences, French as the reports are or any other language."""
        lines = list(texts)
        if not lines:
            return np.zeros((0, self.space.dimensions), dtype=np.float32)
        return np.asarray(embed_texts(self._package, lines).numpy(), dtype=np.float32)

    def ask(self, task: Task, picture_D: Vectors, language: str = BOTH) -> ZeroShotAnswer:
        """The task's question to an embedded picture.

        Args:
            language: whose sentences: fr, en, or `all`.

        Raises:
            RefusedError: no sentences for the task in that language.
        """
        found = self._ensembles.get((task, language))
        if found is None:
            known = sorted({f"{each.value} ({language})" for each, language in self._ensembles})
            raise RefusedError(f"a task and language among {', '.join(known)}", "others", "name one of them")
        ensemble, answer_KD = found
        belief_K = answer_beliefs(self._scale, answer_KD, torch.from_numpy(picture_D)[None])[0]
        named = {f"{answer:g}": float(one) for answer, one in zip(ensemble.answers, belief_K, strict=True)}
        value = float(belief_K @ np.asarray(ensemble.answers))
        return ZeroShotAnswer(task=task, language=language, probabilities=named, value=value)

    def explain_phrase(self, picture: Picture, phrase: str) -> Explanation:
        """Where in a picture a phrase is found; see `osteon.models.explanation.explain_phrase`."""
        from osteon.models.explanation import explain_phrase

        with self._one_map:
            return explain_phrase(self._package, picture, phrase)


def mean_direction(vectors_ND: Vectors) -> Vectors:
    """The unit vector (D,) between several: one query for the pictures of a study.

    >>> mean_direction(np.array([[1, 0], [0, 1]], dtype=np.float32)).round(3).tolist()
    [0.7070000171661377, 0.7070000171661377]
    """
    mean = vectors_ND.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
