"""Answers for pictures: the one path that the command line, the server and evaluation share."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.dicom import Picture, read_picture
from osteon.domain import FaultError, Kind, Prediction, RefusedError, UsageError, input_hmac
from osteon.models.abstention import Reason, body_part_reason, modality_reason, picture_reason
from osteon.models.calibration import expectation_and_spread
from osteon.models.engine import Answering, EngineName, infer_squares, open_package
from osteon.models.pooling import pool_studies
from osteon.models.recogniser import recognisable, recognise
from osteon.models.task_config import sex_code

Source = str | PathLike[str] | bytes
Sexes = str | None | Sequence[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A model's calibrated belief about a batch of prepared pictures, or about the studies they make up.

    Attributes:
        value: probability of yes, a measure, or KL grade, by the task, (B,), or (S,) for studies; so are
            expectation and spread.
        probability: over the task's values, (B, K) or (S, K).
        embedding: unit-norm features of the encoder, float32, (B, D); of pictures also where studies are
            answered for, as `features` are.
    """

    value: NDArray[np.float64]
    expectation: NDArray[np.float64]
    spread: NDArray[np.float64]
    probability: NDArray[np.float64]
    embedding: NDArray[np.float32]
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One source on its way: what was read of it, and why the model must abstain, if so."""

    picture: Picture | None
    prepared: NDArray[np.float32] | None
    sex: int
    reason: Reason | None
    digest: str


class Predictor:
    """A loaded package that reads pictures and answers with the Prediction contract.

    Each picture goes through the network alone, so that an answer does not depend on its neighbours.
    """

    def __init__(
        self,
        loaded: Answering,
        *,
        hmac_key: bytes,
        project: str = "osteon",
        site: str = "local",
    ) -> None:
        if len(hmac_key) < 16:
            raise UsageError(
                "a key of at least 16 bytes for input digests", "a shorter one", "make a new random key"
            )
        self._package, self._engine = loaded.settings, loaded.engine
        self._hmac_key = hmac_key
        self.task = self._package.task
        self.config = self._package.config
        self.level = self.config.level
        self.model_version = self._package.version
        self.preprocess_version = self._package.preprocess.version
        self.embedding_space = self._package.embedding_space
        self.metrics = self._package.metrics
        self._project, self._site = project, site
        self._values = np.asarray(self.task.values)

    @classmethod
    def load(
        cls,
        folder: str | PathLike[str],
        *,
        hmac_key: bytes,
        project: str = "osteon",
        site: str = "local",
        engine: EngineName = "auto",
        threads: int | None = None,
    ) -> Predictor:
        """The package of a folder, its bytes checked.

        Args:
            hmac_key: the project's key for `input_hmac`, at least 16 bytes; not the pseudonymisation key.
            engine, threads: see `open_package`.
        """
        opened = open_package(Path(folder), engine, threads=threads)
        return cls(opened, hmac_key=hmac_key, project=project, site=site)

    def predict(
        self, sources: Sequence[Source], *, sex: Sexes = None, site: str | None = None
    ) -> list[Prediction]:
        """One prediction per source, in order: an answer, or an abstention with its reason.

        Args:
            sex: M or F for all sources, or one per source; None takes what the DICOM header says.
                A model that was trained with sex answers without it too, less exactly.
        """
        return [
            self.predict_one(source, sex=one, site=site)[0]
            for source, one in zip(sources, _each(sex, len(sources)), strict=True)
        ]

    def predict_one(
        self, source: Source, *, sex: str | None = None, site: str | None = None
    ) -> tuple[Prediction, NDArray[np.float32] | None]:
        """A prediction with the embedding of the same pass; None when the picture could not be read."""
        data = source if isinstance(source, bytes) else _bytes_of(Path(source))
        return self.predict_picture(_picture_of(data), digest=self.input_digest(data), sex=sex, site=site)

    def predict_picture(
        self,
        picture: Picture | None,
        *,
        digest: str,
        sex: str | None = None,
        site: str | None = None,
        refuse: Reason | None = None,
    ) -> tuple[Prediction, NDArray[np.float32] | None]:
        """As `predict_one`, for a picture that was read already and that several models may share.

        Args:
            picture: None when the input could not be read.
            digest: `input_digest` of the bytes that the picture was read from.
            refuse: a reason that others found, as an implant over the joint; the picture's own come first.
        """
        read = self._look(picture, digest, sex)
        if read.prepared is None:
            return self._abstention(read, Reason.UNREADABLE, site), None
        answers = self.answer(read.prepared[None], np.asarray([read.sex]))
        reason = read.reason or self._package.familiarity.reasons(answers.features)[0] or refuse
        if reason is not None:
            return self._abstention(read, reason, site), answers.embedding[0]
        return self._answered(read, answers, site), answers.embedding[0]

    def predict_study(
        self, sources: Sequence[Source], *, sex: str | None = None, site: str | None = None
    ) -> Prediction:
        """One prediction for the views of one study, from those that can be judged.

        An abstention gives the first view's reason when none can.

        Raises:
            UsageError: no source.
        """
        if not sources:
            raise UsageError("the views of a study", "none", "send at least one")
        datas = [source if isinstance(source, bytes) else _bytes_of(Path(source)) for source in sources]
        digest = self.input_digest(b"".join(hashlib.sha256(data).digest() for data in datas))
        kept: list[_Read] = []
        refused: list[tuple[_Read, Reason]] = []
        for data in datas:
            read = self._look(_picture_of(data), digest, sex)
            reason = read.reason
            if reason is None and read.prepared is not None:
                answers = self.answer(read.prepared[None], np.asarray([read.sex]))
                reason = self._package.familiarity.reasons(answers.features)[0]
            if reason is None:
                kept.append(read)
            else:
                refused.append((read, reason))
        if not kept:
            return self._abstention(*refused[0], site)
        squares = np.stack([read.prepared for read in kept if read.prepared is not None])
        codes = np.asarray([read.sex for read in kept])
        together = self.answer(squares, codes, studies=np.zeros(len(kept), dtype=np.int64))
        return self._answered(kept[0], together, site)

    def input_digest(self, data: bytes) -> str:
        """Keyed digest of an input's bytes: `input_hmac` of its predictions."""
        return input_hmac(self._hmac_key, data)

    def embed(self, sources: Sequence[Source]) -> NDArray[np.float32]:
        """Unit-norm embeddings of pictures, float32 (N, D); vectors compare within `embedding_space` only.

        Raises:
            RefusedError: a source is not a picture.
        """
        embeddings = [
            self.answer(self.prepare(read_picture(source))[None], np.zeros(1, dtype=np.int64)).embedding
            for source in sources
        ]
        if not embeddings:
            return np.zeros((0, self.embedding_space.dimensions), dtype=np.float32)
        return np.concatenate(embeddings)

    def prepare(self, picture: Picture) -> NDArray[np.float32]:
        """The prepared square (S, S) of a picture, as training prepared its own."""
        return self._package.preprocess.prepare(picture)

    def answer(
        self,
        prepared: NDArray[np.float32],
        sex: NDArray[np.int64],
        *,
        studies: NDArray[np.int64] | None = None,
        answer_views: int | None = None,
        batch_size: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> Answers:
        """Belief about prepared squares (B, S, S) and sex codes (B,); no abstention here.

        Args:
            studies: number of each picture's study, 0 to S - 1; the views of one are then answered for
                together.
            answer_views: instead of the package's own; see `TaskModelConfig`.
        """
        log_BK, feature_BF = infer_squares(
            self._engine,
            prepared,
            sex,
            answer_views=answer_views or self.config.answer_views,
            batch_size=batch_size,
            progress=progress,
        )
        if studies is not None:
            log_BK = pool_studies(log_BK, studies, self.task.kind)
        return self._calibrated(log_BK, feature_BF)

    def _calibrated(self, log_BK: NDArray[np.float64], feature_BF: NDArray[np.float32]) -> Answers:
        calibration = self._package.calibration
        probability = calibration.probabilities(log_BK)
        expectation, spread = expectation_and_spread(probability, self._values)
        value = expectation
        if self.task.kind is Kind.ORDINAL:
            value = np.asarray([float(calibration.grade(one)) for one in expectation])
        norm = np.maximum(np.linalg.norm(feature_BF, axis=1, keepdims=True), 1e-12)
        return Answers(
            value=value,
            expectation=expectation,
            spread=spread,
            probability=probability,
            embedding=np.asarray(feature_BF / norm, dtype=np.float32),
            features=feature_BF,
        )

    def _look(self, picture: Picture | None, digest: str, sex: str | None) -> _Read:
        if picture is None:
            return _Read(picture=None, prepared=None, sex=0, reason=Reason.UNREADABLE, digest=digest)
        prepared = self.prepare(picture)
        return _Read(
            picture=picture,
            prepared=prepared,
            sex=sex_code(sex or picture.sex),
            reason=self.refusal(picture, prepared),
            digest=digest,
        )

    def refusal(self, picture: Picture, prepared: NDArray[np.float32]) -> Reason | None:
        """Why not to judge a prepared picture, from its header and looks alone, cheapest first."""
        reason = (
            modality_reason(picture.modality)
            or body_part_reason(self.task, picture.body_part)
            or picture_reason(picture.pixels, prepared)
        )
        looks = self._package.familiarity.looks
        if reason is not None or looks is None:
            return reason
        # The prepared square, as the limits were fitted: no large picture is shrunk twice.
        return looks.reasons(recognise(recognisable(prepared)[None]))[0]

    def finds(self, prediction: Prediction) -> bool:
        """Whether a yes/no model answered yes, by the threshold of its calibration."""
        return prediction.value is not None and prediction.value >= self._package.calibration.threshold

    def _answered(self, read: _Read, answers: Answers, site: str | None) -> Prediction:
        value = float(answers.value[0])
        if not np.isfinite(value):
            raise FaultError(
                "a finite answer", "none from the network", "report the model's version, and roll it back"
            )
        interval = self._package.calibration.interval(
            float(answers.expectation[0]),
            float(answers.spread[0]),
            probability_K=answers.probability[0],
            site=site or self._site,
        )
        probabilities = {}
        if self.task.kind is not Kind.REGRESSION:
            probabilities = {
                f"{one:g}": float(p) for one, p in zip(self._values, answers.probability[0], strict=True)
            }
        return Prediction(
            status="answered",
            reason=None,
            value=value,
            interval=interval,
            probabilities=probabilities,
            **self._context(read, site),
        )

    def _abstention(self, read: _Read, reason: Reason, site: str | None) -> Prediction:
        return Prediction(
            status="abstained", reason=reason.value, value=None, interval=None, **self._context(read, site)
        )

    def _context(self, read: _Read, site: str | None) -> dict[str, Any]:
        picture = read.picture
        return {
            "event_id": str(uuid.uuid4()),
            "task": self.task.value,
            "unit": self.task.unit,
            "body_part": picture.body_part if picture else "unknown",
            "view": picture.view if picture else "unknown",
            "laterality": picture.laterality if picture else "unknown",
            "model_version": self.model_version,
            "preprocess_version": self.preprocess_version,
            "input_hmac": read.digest,
            "embedding_space": self.embedding_space.name,
            "time_utc": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "project": self._project,
            "site": site or self._site,
        }


def _picture_of(data: bytes) -> Picture | None:
    try:
        return read_picture(data)
    except RefusedError:
        return None


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise UsageError("a picture file that can be read", "none at that path", "check the path") from None


def _each(sex: Sexes, count: int) -> Sequence[str | None]:
    if sex is None or isinstance(sex, str):
        return [sex] * count
    if len(sex) != count:
        raise UsageError(
            "one sex for all pictures or one for each",
            f"{len(sex)} for {count} pictures",
            "give as many as pictures",
        )
    return sex
