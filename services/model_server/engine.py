"""From the bytes of a request to recorded predictions: read once, judged by each fitting champion."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from osteon.dicom import Limits, Picture, read_picture
from osteon.domain import Event, Prediction, RefusedError, Task
from osteon.models.abstention import JOINT_TASKS, Reason, body_part_reason
from services.model_server.answers import EmbedAnswer, HttpError, PredictAnswer
from services.model_server.champions import Champion, Champions
from services.model_server.metrics import ServerMetrics
from services.model_server.recorder import Recorder
from services.model_server.settings import Settings
from services.model_server.upload import Upload

Answer = TypeVar("Answer")


class Engine:
    """Reads and infers in threads of its own, so that the event loop only moves bytes."""

    def __init__(
        self, settings: Settings, champions: Champions, recorder: Recorder, metrics: ServerMetrics
    ) -> None:
        self._champions = champions
        self._recorder = recorder
        self._metrics = metrics
        self._limits = Limits(
            max_bytes=settings.max_file_bytes,
            max_pixels=settings.max_pixels,
            max_inflated_bytes=settings.max_inflated_bytes,
            max_decoded_bytes=settings.max_decoded_bytes,
        )
        self._max_waiting = settings.max_waiting
        self._waiting = 0
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="engine")

    async def run(self, work: Callable[[Upload], Answer], upload: Upload) -> Answer:
        """The work's result, from a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, upload)

    def enter(self) -> None:
        """Take a place among the requests under way; HttpError 429 when there is none."""
        if self._waiting >= self._max_waiting:
            raise HttpError(
                429, "a free place", f"{self._waiting} requests under way", "try again in a second"
            )
        self._waiting += 1
        self._metrics.waiting.set(self._waiting)

    def leave(self) -> None:
        """Give the place back."""
        self._waiting -= 1
        self._metrics.waiting.set(self._waiting)

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def predict(self, upload: Upload) -> PredictAnswer:
        """Predictions for every file, recorded before they are returned.

        Raises:
            RefusedError: no file of the request can be read.
        """
        champions = self._champions.require(upload.task)
        request_id = uuid.uuid4().hex
        pictures = self._read_all(upload)
        predictions: list[Prediction] = []
        events: list[Event] = []
        for data, picture in zip(upload.files, pictures, strict=True):
            implant = self._implant(picture, upload)
            for champion in fitting(champions, picture):
                digest = champion.predictor.input_digest(data)
                refuse = Reason.IMPLANT if implant and champion.predictor.task in JOINT_TASKS else None
                with self._metrics.inference_seconds.labels(champion.promotion.task).time():
                    prediction, embedding = champion.predictor.predict_picture(
                        picture, digest=digest, sex=upload.sex, site=upload.site, refuse=refuse
                    )
                predictions.append(prediction)
                events.append(
                    self._recorder.event(upload, picture, prediction, embedding, request_id=request_id)
                )
        self._recorder.record(events)
        for prediction in predictions:
            self._metrics.predictions.labels(
                prediction.task, prediction.status, prediction.reason or "none"
            ).inc()
        return PredictAnswer(predictions=predictions)

    def embed(self, upload: Upload) -> EmbedAnswer:
        """Embeddings of every file by the task's champion, or by the first one.

        Raises:
            RefusedError: a file cannot be read.
        """
        predictor = self._champions.require(upload.task)[0].predictor
        embeddings: list[list[float]] = []
        for data in upload.files:
            prepared = predictor.prepare(self.read(data))
            answers = predictor.answer(prepared[None], np.zeros(1, dtype=np.int64))
            embeddings.append(answers.embedding[0].tolist())
        return EmbedAnswer(
            embeddings=embeddings,
            embedding_space=predictor.embedding_space.name,
            dimensions=predictor.embedding_space.dimensions,
            model_version=predictor.model_version,
            preprocess_version=predictor.preprocess_version,
        )

    def _implant(self, picture: Picture | None, upload: Upload) -> bool:
        """Whether the implant champion, where there is one, sees metal in the picture."""
        champion = self._champions.current.get(Task.IMPLANT)
        if champion is None or upload.task not in (None, *JOINT_TASKS):
            return False
        prediction, _ = champion.predictor.predict_picture(picture, digest="", sex=upload.sex)
        return champion.predictor.finds(prediction)

    def _read_all(self, upload: Upload) -> list[Picture | None]:
        """One picture per file, None for a file that cannot be read; RefusedError when none can."""
        pictures: list[Picture | None] = []
        refusal: RefusedError | None = None
        for data in upload.files:
            try:
                pictures.append(self.read(data))
            except RefusedError as error:
                refusal = error
                pictures.append(None)
        if refusal is not None and not any(pictures):
            raise refusal
        return pictures

    def read(self, data: bytes) -> Picture:
        """The picture of a file, within the server's limits; RefusedError when there is none."""
        try:
            with self._metrics.decode_seconds.time():
                return read_picture(data, limits=self._limits)
        except RefusedError:
            self._metrics.refusals.inc()
            raise


def fitting(champions: list[Champion], picture: Picture | None) -> list[Champion]:
    """The champions that may judge the body part; all of them when it is unknown or none may."""
    part = picture.body_part if picture else None
    fitting = [each for each in champions if body_part_reason(each.predictor.task, part) is None]
    return fitting or champions
