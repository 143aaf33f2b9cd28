"""Challengers answer the champions' traffic in shadow: beside it, never in front of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from osteon.dicom import Picture
from services.model_server.loading import LoadedModel
from services.model_server.metrics import ServerMetrics
from services.model_server.recorder import Recorder
from services.model_server.upload import Upload

logger = logging.getLogger("osteon.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTask:
    """A picture that a champion has judged and a challenger is to judge.

    Attributes:
        picture: None for an input that could not be read.
        digest: `input_hmac` of the champion's prediction.
        upload: the request's fields; its files are not kept.
    """

    challenger: LoadedModel
    upload: Upload
    picture: Picture | None
    digest: str
    request_id: str

    @property
    def bytes(self) -> int:
        """What the picture takes while it waits."""
        return 0 if self.picture is None else int(self.picture.pixels.nbytes)


class Shadow:
    """One thread that asks challengers while no champion is at work; its queue is bounded.

    What finds no room is dropped and counted: a challenger may miss pictures, a champion never waits. Queued
    pictures are in memory only, and go with the process.
    """

    def __init__(
        self, recorder: Recorder, metrics: ServerMetrics, *, most_waiting: int, most_bytes: int
    ) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._most_waiting, self._most_bytes = most_waiting, most_bytes
        self._queue: deque[ShadowTask] = deque()
        self._bytes = 0
        self._champions_at_work = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._thread = threading.Thread(target=self._loop, name="shadow", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Finish the picture under way and drop what waits."""
        with self._changed:
            self._closed = True
            for task in self._queue:
                self._count(task, "dropped")
            self._queue.clear()
            self._metrics.shadow_waiting.set(0)
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    @contextmanager
    def standing_back(self) -> Iterator[None]:
        """No challenger begins while this is open."""
        with self._changed:
            self._champions_at_work += 1
        try:
            yield
        finally:
            with self._changed:
                self._champions_at_work -= 1
                self._changed.notify_all()

    def offer(self, task: ShadowTask) -> None:
        """Queue a picture, or drop it where there is no room; returns at once."""
        task = replace(task, upload=replace(task.upload, files=()))
        with self._changed:
            full = len(self._queue) >= self._most_waiting or self._bytes + task.bytes > self._most_bytes
            if full or self._closed:
                self._count(task, "dropped")
                return
            self._queue.append(task)
            self._bytes += task.bytes
            self._metrics.shadow_waiting.set(len(self._queue))
            self._changed.notify_all()

    def _loop(self) -> None:
        while (task := self._next()) is not None:
            self._ask(task)
            del task  # its model may be waiting to be freed

    def _next(self) -> ShadowTask | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (self._queue and not self._champions_at_work))
            if self._closed:
                return None
            task = self._queue.popleft()
            self._bytes -= task.bytes
            self._metrics.shadow_waiting.set(len(self._queue))
            return task

    def _ask(self, task: ShadowTask) -> None:
        upload = task.upload
        try:
            prediction, embedding = task.challenger.predictor.predict_picture(
                task.picture, digest=task.digest, sex=upload.sex, site=upload.site
            )
            event = self._recorder.event(
                upload, task.picture, prediction, embedding, request_id=task.request_id, role="challenger"
            )
            self._recorder.record([event])
        except Exception as error:  # noqa: BLE001  a challenger may fail in any way; champions go on
            self._count(task, "failed")
            logger.warning(
                "challenger of %s failed (%s)", task.challenger.promotion.task, type(error).__name__
            )
            return
        self._count(task, "recorded")

    def _count(self, task: ShadowTask, outcome: str) -> None:
        self._metrics.shadows.labels(task.challenger.promotion.task, outcome).inc()
