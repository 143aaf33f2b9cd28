"""The models in production and those in shadow: loaded by alias, replaced when another is promoted."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from osteon.domain import ROLES, OsteonError, Role, Task
from osteon.registry import ALIASES, Promotion, Registry
from services.model_server.answers import HttpError, ServedModel
from services.model_server.loading import LoadedModel, Loader, settle_memory
from services.model_server.metrics import ServerMetrics

if TYPE_CHECKING:
    from osteon.models.engine import EngineName

logger = logging.getLogger("osteon.server")
Models = Mapping[Task, LoadedModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """What is loaded at one moment; replaced as a whole, so that a request sees one state."""

    champion: Models = field(default_factory=lambda: MappingProxyType({}))
    challenger: Models = field(default_factory=lambda: MappingProxyType({}))

    def of(self, role: Role) -> Models:
        """The models of a role, by task."""
        return self.champion if role == "champion" else self.challenger

    def with_model(self, role: Role, task: Task, model: LoadedModel | None) -> Production:
        """The same with another model, or none, in one place."""
        models = {each: one for each, one in self.of(role).items() if each is not task}
        if model is not None:
            models[task] = model
        changed = MappingProxyType(models)
        return replace(self, champion=changed) if role == "champion" else replace(self, challenger=changed)


class Champions:
    """One champion, and perhaps one challenger, per task; a thread looks for new ones.

    A new model is loaded and warmed up beside the old one, then takes its place in one assignment. Requests
    under way keep the model that they began with; when the last of them ends, its memory is given back.
    """

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
    ) -> None:
        self._registry = registry
        self._loader = Loader(
            registry, hmac_key=hmac_key, project=project, site=site, engine=engine, threads=threads
        )
        self._metrics = metrics
        self._production = Production()
        self._holders: Mapping[str, Mapping[Task, Promotion]] = {alias: {} for alias in ALIASES}
        self._refused: dict[tuple[Role, Task], int] = {}
        self._retired: list[weakref.ref[LoadedModel]] = []
        self._unsettled = False
        self._looked = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def production(self) -> Production:
        """Everything loaded; a request takes it once and keeps it."""
        return self._production

    @property
    def current(self) -> Models:
        """Task -> champion."""
        return self._production.champion

    @property
    def are_ready(self) -> bool:
        """Whether every champion of the first look is loaded, and there is one."""
        return self._looked.is_set() and bool(self.current)

    def require(self, task: Task | None) -> list[LoadedModel]:
        """The champion of the task, or every champion in the order of the tasks.

        Raises:
            HttpError: 404 when the task has none, 503 when no task has one, or not all of them are loaded
                yet: some of a picture's answers would look like all of them.
        """
        if not self.are_ready:
            raise HttpError(503, "champions in production", "none, or not all yet", "try again later")
        current = self.current
        found = [current[each] for each in Task if each in current and task in (None, each)]
        if not found:
            raise HttpError(404, "a champion in production", "none", "run `osteon registry promote`")
        return found

    def served(self, role: Role) -> list[ServedModel]:
        """The models of a role as `GET /v1/models` shows them, each with every alias it holds."""
        holders = self._holders
        served = []
        for task, model in self._production.of(role).items():
            version = model.promotion.to_version
            held = [alias for alias in ALIASES if task in holders[alias]]
            served.append(
                model.as_served([alias for alias in held if holders[alias][task].to_version == version])
            )
        return served

    def refresh(self) -> None:
        """Load what was promoted since the last look; what cannot be loaded leaves the old one in place."""
        holders = {alias: self._registry.in_production(alias) for alias in ALIASES}
        champions = holders["champion"]
        challengers = {
            task: promotion
            for task, promotion in holders["challenger"].items()
            if task not in champions or champions[task].digest != promotion.digest
        }
        for role, wanted in zip(ROLES, (champions, challengers), strict=True):
            for task, promotion in wanted.items():
                self._look_at(role, task, promotion)
        for task in set(self._production.challenger) - set(challengers):
            self._put("challenger", task, None)
        self._holders = holders
        if self.current:
            self._looked.set()
        self._free()

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
            except SQLAlchemyError as error:  # the registry is away: what is loaded goes on answering
                logger.warning("registry not reached (%s)", type(error).__name__)
            gc.enable()
            if self._stop.wait(interval_s):
                return

    def _look_at(self, role: Role, task: Task, promotion: Promotion) -> None:
        present = self._production.of(role).get(task)
        if present is not None and present.promotion.id == promotion.id:
            return
        if self._refused.get((role, task)) == promotion.id:
            return
        try:
            model = self._loaded_already(task, promotion) or self._loader.load(promotion)
        except OsteonError as error:
            self._refused[role, task] = promotion.id
            self._metrics.reloads_of(role).labels(task.value, "refused").inc()
            logger.error("%s of %s not loaded (%s): %s", role, task.value, type(error).__name__, error)
            return
        self._put(role, task, model)
        self._metrics.reloads_of(role).labels(task.value, "loaded").inc()
        logger.info("%s of %s is version %s", role, task.value, promotion.to_version)

    def _loaded_already(self, task: Task, promotion: Promotion) -> LoadedModel | None:
        """A challenger that became champion, or the other way round, needs no second copy."""
        for role in ROLES:
            model = self._production.of(role).get(task)
            if model is not None and model.promotion.digest == promotion.digest:
                return LoadedModel(predictor=model.predictor, promotion=promotion)
        return None

    def _put(self, role: Role, task: Task, model: LoadedModel | None) -> None:
        before = self._production.of(role).get(task)
        self._production = self._production.with_model(role, task, model)
        self._metrics.version_of(role).labels(task.value).set(int(model.promotion.to_version) if model else 0)
        self._unsettled = True
        if before is not None:
            self._retired.append(weakref.ref(before))

    def _free(self) -> None:
        """Give memory back once nothing answers with a replaced model any more."""
        under_way = [each for each in self._retired if each() is not None]
        if self._unsettled or len(under_way) < len(self._retired):
            settle_memory()
        self._retired, self._unsettled = under_way, False
