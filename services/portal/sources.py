"""What the services say about themselves, asked all at once; a silent one leaves the others standing."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.portal.settings import Settings

State = Literal["ready", "not_ready", "unreachable"]


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """One service as the portal sees it."""

    name: str
    state: State
    answer_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything the page shows, at one moment; None where the service did not tell."""

    services: tuple[ServiceState, ...]
    models: list[dict[str, Any]] | None
    predictions: dict[str, dict[str, int]] | None
    received: dict[str, int] | None
    drift: dict[str, Any] | None
    requests: dict[str, int] | None


class Sources:
    """Asks the services; the client is passed in and closed by its owner."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._bearer = {"Authorization": f"Bearer {token}"}
        self._urls = {
            "model_server": settings.model_server_url,
            "gateway": settings.gateway_url,
            "deid": settings.deid_url,
            "drift_monitor": settings.drift_monitor_url,
        }

    async def look(self) -> Snapshot:
        """The present state of every service and what they report."""
        states, models, drift, *metrics = await asyncio.gather(
            asyncio.gather(*(self._state(name) for name in self._urls)),
            self._json("model_server", "/v1/models"),
            self._json("drift_monitor", "/v1/drift"),
            self._metric("model_server", "osteon_server_predictions_total", ("task", "status")),
            self._metric("gateway", "osteon_gateway_queue_items", ("state",)),
            self._metric("drift_monitor", "osteon_drift_retraining_requests_total", ("task",)),
        )
        predictions, received, requests = metrics
        by_task: dict[str, dict[str, int]] = {}
        for (task, status), number in (predictions or {}).items():
            by_task.setdefault(task, {})[status] = number
        return Snapshot(
            services=tuple(states),
            models=models.get("models") if models else None,
            predictions=None if predictions is None else by_task,
            received=None if received is None else {key: number for (key,), number in received.items()},
            drift=drift,
            requests=None if requests is None else {key: number for (key,), number in requests.items()},
        )

    async def _state(self, name: str) -> ServiceState:
        started = time.perf_counter()
        try:
            answer = await self._client.get(self._urls[name] + "/readyz")
        except httpx.HTTPError:
            return ServiceState(name=name, state="unreachable")
        return ServiceState(
            name=name,
            state="ready" if answer.is_success else "not_ready",
            answer_ms=(time.perf_counter() - started) * 1000,
        )

    async def _json(self, name: str, path: str) -> dict[str, Any] | None:
        try:
            answer = await self._client.get(self._urls[name] + path, headers=self._bearer)
            found = answer.json() if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    async def _metric(
        self, name: str, sample_name: str, labels: tuple[str, ...]
    ) -> dict[tuple[str, ...], int] | None:
        """Sum of a metric's samples by some of its labels."""
        try:
            answer = await self._client.get(self._urls[name] + "/metrics")
            families = list(text_string_to_metric_families(answer.text)) if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            return None
        if families is None:
            return None
        sums: Counter[tuple[str, ...]] = Counter()
        for family in families:
            for sample in family.samples:
                if sample.name == sample_name:
                    sums[tuple(sample.labels.get(label, "") for label in labels)] += int(sample.value)
        return dict(sums)
