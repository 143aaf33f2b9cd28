"""From the bytes of a request to recorded predictions: read once, judged by each fitting champion."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from osteon.dicom import Limits, Picture, read_picture
from osteon.dicom.knees import both_knees, split_knees
from osteon.domain import Event, PictureQuality, Prediction, RefusedError, Task
from osteon.models.abstention import JOINT_TASKS, Reason, body_part_reason
from osteon.models.picture_quality import picture_quality
from services.model_server.answers import EmbedAnswer, HttpError, PredictAnswer
from services.model_server.champions import Champions, Models
from services.model_server.loading import LoadedModel
from services.model_server.metrics import ServerMetrics
from services.model_server.recorder import Recorder
from services.model_server.settings import Settings
from services.model_server.shadow import Shadow, ShadowTask
from services.model_server.upload import Upload


class Engine:
    """Reads and infers in threads of its own, so that the event loop only moves bytes."""

    def __init__(
        self,
        settings: Settings,
        champions: Champions,
        recorder: Recorder,
        shadow: Shadow,
        metrics: ServerMetrics,
    ) -> None:
        self._champions = champions
        self._recorder = recorder
        self._shadow = shadow
        self._metrics = metrics
        self._limits = Limits(
            max_bytes=settings.max_file_bytes,
            max_pixels=settings.max_pixels,
            max_inflated_bytes=settings.max_inflated_bytes,
            max_decoded_bytes=settings.max_decoded_bytes,
        )
        self.searchable: Callable[[list[Event], Picture | None], list[Event]] = lambda events, _: events
        self._stale_after_days = settings.stale_after_days
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="engine")

    @property
    def threads(self) -> Executor:
        """Where the work of a request is done."""
        return self._threads

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def predict(self, upload: Upload) -> PredictAnswer:
        """Predictions for every file, recorded before they are returned; challengers are asked afterwards.

        Raises:
            RefusedError: no file of the request can be read.
        """
        with self._shadow.standing_back():
            champions = self._champions.require(upload.task)
            challengers = self._champions.production.challenger
            request_id = uuid.uuid4().hex
            pictures = self._read_all(upload)
            predictions: list[Prediction] = []
            events: list[Event] = []
            shadows: list[ShadowTask] = []
            for data, picture in zip(upload.files, pictures, strict=True):
                own: list[Event] = []
                implant = self._implant(picture, upload)
                quality = cache(_quality)  # the champions share a picture
                for champion, part in judged(champions, picture):
                    _go_on(upload)
                    digest = champion.predictor.input_digest(data)
                    with self._metrics.inference_seconds.labels(champion.promotion.task).time():
                        prediction, embedding = champion.predictor.predict_picture(
                            part,
                            digest=digest,
                            sex=upload.sex,
                            site=upload.site,
                            refuse=self.refusal(champion, implant),
                        )
                    predictions.append(prediction)
                    event = self._recorder.event(
                        upload,
                        part,
                        prediction,
                        embedding,
                        request_id=request_id,
                        quality=quality(part),
                    )
                    own.append(event)
                    shadows += _shadow_of(champion, challengers, upload, part, event)
                events += self.searchable(own, picture)
            _go_on(upload)
            self._recorder.record(events)
        for shadow in shadows:
            self._shadow.offer(shadow)
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
        with self._shadow.standing_back():
            for data in upload.files:
                _go_on(upload)
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

    def refusal(self, champion: LoadedModel, implant: bool = False) -> Reason | None:
        """What the server knows against an answer, beside the picture's own reasons."""
        if self._stale_after_days is not None:
            age = datetime.now(UTC) - datetime.fromisoformat(champion.promotion.time_utc)
            if age > timedelta(days=self._stale_after_days):
                return Reason.STALE
        return Reason.IMPLANT if implant and champion.predictor.task in JOINT_TASKS else None

    def _read_all(self, upload: Upload) -> list[Picture | None]:
        """One picture per file, None for a file that cannot be read; RefusedError when none can."""
        pictures: list[Picture | None] = []
        refusal: RefusedError | None = None
        for data in upload.files:
            _go_on(upload)
            try:
                pictures.append(self.read(data))
            except RefusedError as error:
                refusal = error
                pictures.append(None)
        if refusal is not None and not any(pictures):
            raise refusal
        return pictures

    def read(self, data: bytes) -> Picture:
        """The picture of a file within the server's limits; RefusedError when it is none."""
        try:
            with self._metrics.decode_seconds.time():
                return read_picture(data, limits=self._limits)
        except RefusedError:
            self._metrics.refusals.inc()
            raise


def _go_on(upload: Upload) -> None:
    """Between two steps: end when nobody waits for the answer any more."""
    if upload.abandoned.is_set():
        raise HttpError(499, "a client that waits", "none", "send the request again")


def _shadow_of(
    champion: LoadedModel, challengers: Models, upload: Upload, picture: Picture | None, event: Event
) -> list[ShadowTask]:
    challenger = challengers.get(Task(champion.promotion.task))
    if challenger is None:
        return []
    return [
        ShadowTask(
            challenger=challenger,
            upload=upload,
            picture=picture,
            digest=event.prediction.input_hmac,
            request_id=event.request_id,
            quality=event.quality,
        )
    ]


def fitting(champions: list[LoadedModel], picture: Picture | None) -> list[LoadedModel]:
    """The champions that may judge the body part; all of them when it is unknown or none may."""
    part = picture.body_part if picture else None
    fitting = [each for each in champions if body_part_reason(each.predictor.task, part) is None]
    return fitting or champions


def judged(
    champions: list[LoadedModel], picture: Picture | None
) -> Iterator[tuple[LoadedModel, Picture | None]]:
    """Each fitting champion with what it looks at: of a film of both knees, one knee after the other."""
    for champion in fitting(champions, picture):
        if champion.predictor.task is Task.KNEE_OA and picture is not None and both_knees(picture):
            yield from ((champion, knee) for knee in split_knees(picture))
        else:
            yield champion, picture


def _quality(part: Picture | None) -> PictureQuality | None:
    return None if part is None else picture_quality(part.pixels)
