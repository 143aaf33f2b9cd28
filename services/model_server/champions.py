"""The models in production: loaded by alias from the registry, replaced when another is promoted."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from osteon.domain import OsteonError, Task
from osteon.registry import Promotion, Registry
from services.model_server.answers import HttpError, ServedModel
from services.model_server.metrics import ServerMetrics

if TYPE_CHECKING:
    from osteon.models import Predictor
    from osteon.models.engine import EngineName

logger = logging.getLogger("osteon.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """A model in production and the promotion that put it there."""

    predictor: Predictor
    promotion: Promotion

    def as_served(self) -> ServedModel:
        """The champion as `GET /v1/models` shows it."""
        return ServedModel(
            task=self.promotion.task,
            alias=self.promotion.alias,
            version=self.promotion.to_version,
            model_version=self.predictor.model_version,
            preprocess_version=self.predictor.preprocess_version,
            embedding_space=self.predictor.embedding_space.name,
            digest=self.promotion.digest,
            since_utc=self.promotion.time_utc,
        )


class Champions:
    """One champion per task; a thread looks for new ones, and requests go on with the old one meanwhile."""

    def __init__(
        self,
        registry: Registry,
        *,
        hmac_key: bytes,
        project: str,
        site: str,
        metrics: ServerMetrics,
        engine: EngineName = "auto",
        threads: int = 1,
        stale_after_days: float | None = None,
    ) -> None:
        self._registry = registry
        self._hmac_key, self._project, self._site = hmac_key, project, site
        self._metrics = metrics
        self._engine: EngineName = engine
        self._threads = threads
        self._stale_after_days = stale_after_days
        self._current: Mapping[Task, Champion] = MappingProxyType({})
        self._refused: dict[Task, int] = {}
        self._looked = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> Mapping[Task, Champion]:
        """Task -> champion; a request takes it once and keeps it."""
        return self._current

    @property
    def are_ready(self) -> bool:
        """Whether every champion of the first look is loaded, and there is one."""
        return self._looked.is_set() and bool(self._current)

    def require(self, task: Task | None) -> list[Champion]:
        """The champion of the task, or every champion in the order of the tasks.

        Raises:
            HttpError: 404 when the task has none, 503 when no task has one.
        """
        current = self._current
        found = [current[each] for each in Task if each in current and task in (None, each)]
        if not found:
            status = 404 if current else 503
            raise HttpError(status, "a champion in production", "none", "run `osteon registry promote`")
        return found

    def refresh(self) -> None:
        """Load what was promoted since the last look; what cannot be loaded leaves the old one in place."""
        wanted = self._registry.in_production()
        for task, promotion in wanted.items():
            present = self._current.get(task)
            if present is not None and present.promotion.id == promotion.id:
                continue
            if self._refused.get(task) == promotion.id:
                continue
            try:
                champion = self._load(promotion)
            except OsteonError as error:
                self._refused[task] = promotion.id
                self._metrics.reloads.labels(task.value, "refused").inc()
                logger.error("champion of %s not loaded (%s): %s", task.value, type(error).__name__, error)
                continue
            self._current = MappingProxyType({**self._current, task: champion})
            self._metrics.reloads.labels(task.value, "loaded").inc()
            self._metrics.champions.labels(task.value).set(int(promotion.to_version))
            logger.info("champion of %s is version %s", task.value, promotion.to_version)
            gc.collect()
            gc.freeze()  # the weights stay: keep the collector from walking them in the middle of a request

    def watch(self, interval_s: float) -> None:
        """Look again every `interval_s` until `close`."""
        self._thread = threading.Thread(target=self._loop, args=(interval_s,), name="champions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _loop(self, interval_s: float) -> None:
        while True:
            try:
                self.refresh()
                if self._current:
                    self._looked.set()
            except SQLAlchemyError as error:  # the registry is away: what is loaded goes on answering
                logger.warning("registry not reached (%s)", type(error).__name__)
            gc.enable()
            if self._stop.wait(interval_s):
                return

    def _load(self, promotion: Promotion) -> Champion:
        """The predictor of one promotion, warmed up: its first answer is as fast as the others."""
        import numpy as np

        from osteon.dicom import Picture
        from osteon.models import Predictor

        model = self._registry.fetch(promotion)
        predictor = Predictor.load(
            model.path,
            hmac_key=self._hmac_key,
            project=self._project,
            site=self._site,
            engine=self._engine,
            threads=self._threads,
            valid_until=self._valid_until(promotion),
        )
        ramp = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
        prepared = predictor.prepare(Picture(pixels=ramp))
        predictor.answer(prepared[None], np.zeros(1, dtype=np.int64))
        return Champion(predictor=predictor, promotion=promotion)

    def _valid_until(self, promotion: Promotion) -> datetime | None:
        """When the promotion's validation is too old, if the hospital has set an age."""
        if self._stale_after_days is None:
            return None
        return datetime.fromisoformat(promotion.time_utc) + timedelta(days=self._stale_after_days)
