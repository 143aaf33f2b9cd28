"""From a row of the registry's history to a model that answers, warmed up; and its memory given back."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteon.registry import Promotion, Registry
from services.model_server.answers import ServedModel

if TYPE_CHECKING:
    from osteon.models import Predictor
    from osteon.models.engine import EngineName


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class LoadedModel:
    """A model on this machine and the promotion that gave it its alias."""

    predictor: Predictor
    promotion: Promotion

    def as_served(self, aliases: Sequence[str]) -> ServedModel:
        """The model as `GET /v1/models` shows it."""
        return ServedModel(
            task=self.promotion.task,
            aliases=tuple(aliases),
            version=self.promotion.to_version,
            model_version=self.predictor.model_version,
            preprocess_version=self.predictor.preprocess_version,
            embedding_space=self.predictor.embedding_space.name,
            digest=self.promotion.digest,
            since_utc=self.promotion.time_utc,
            approved_by=self.promotion.actor,
            reason=self.promotion.reason,
        )


class Loader:
    """Loads packages of the registry, all with the same key, site, engine and threads."""

    def __init__(
        self,
        registry: Registry,
        *,
        hmac_key: bytes,
        project: str,
        site: str,
        engine: EngineName = "auto",
        threads: int = 1,
    ) -> None:
        self._registry = registry
        self._hmac_key, self._project, self._site = hmac_key, project, site
        self._engine: EngineName = engine
        self._threads = threads

    def load(self, promotion: Promotion) -> LoadedModel:
        """The model of one promotion, warmed up: its first answer is as fast as the others."""
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
        )
        ramp = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
        prepared = predictor.prepare(Picture(pixels=ramp))
        predictor.answer(prepared[None], np.zeros(1, dtype=np.int64))
        return LoadedModel(predictor=predictor, promotion=promotion)


def settle_memory() -> None:
    """Garbage is gone, freed pages are the system's again, and what stays is kept from the collector.

    Weights stay for days: walking them in the middle of a request would cost time, so they are frozen. A
    frozen model that was replaced would stay for ever where it is part of a cycle, hence the thaw.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
