"""HTTP face of the drift monitor: the newest report as JSON, and the metrics."""

import hmac
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

from monitoring.metrics import DriftMetrics
from monitoring.policy import load_policy
from monitoring.probation import Probation
from monitoring.references import References
from monitoring.retraining import RequestFolder
from monitoring.windows import READ_COLUMNS
from osteon.domain import FaultError, OsteonError
from osteon.features import FeatureRepository
from osteon.features.labels import LabelStore
from osteon.registry import Promotion, Registry
from services.drift_monitor.alerts import AlertMessage
from services.drift_monitor.monitor import Monitor
from services.drift_monitor.settings import Settings

_bearer = HTTPBearer(auto_error=False, description="the token of OSTEON_DRIFT_TOKEN or _TOKEN_FILE")


def create_app(settings: Settings) -> FastAPI:
    """The service with its loop in a thread of its own, started and stopped with the server."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    monitor = _monitor(settings, registry)
    token = settings.bearer_token()
    stop = threading.Event()
    loop = threading.Thread(
        target=monitor.run, args=(stop, settings.interval_s), name="drift-monitor", daemon=True
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loop.start()
        yield
        stop.set()
        loop.join(timeout=30)

    def authorise(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        if given is None or not hmac.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})

    # Its pages of documentation ask an outside address for scripts: they stay off.
    app = FastAPI(title="Osteon drift monitor", docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.exception_handler(OsteonError)
    def _error(_request: Request, error: OsteonError) -> JSONResponse:
        return JSONResponse(error.as_dict(), status.HTTP_503_SERVICE_UNAVAILABLE)

    @app.get("/v1/drift", dependencies=[Depends(authorise)])
    def drift() -> dict[str, Any]:
        """The newest drift report: a verdict per site, then every stream with its statistics."""
        if monitor.report is None:
            raise FaultError("a drift report", "none yet", "ask again after one interval")
        return monitor.report.as_dict()

    @app.post("/v1/alerts", dependencies=[Depends(authorise)])
    def alerts(message: AlertMessage) -> dict[str, Any]:
        """Alertmanager's webhook: retraining is requested where a drift fires; told twice, requested once."""
        return {"filed": [one.deduplication_key for one in monitor.request(message.drifts())]}

    @app.get("/metrics")
    def metrics() -> Response:
        """Metrics for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/healthz")
    def healthz(response: Response) -> dict[str, str]:
        """200 while the loop lives."""
        return _state(response, ok=loop.is_alive(), words=("alive", "the loop ended"))

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, str]:
        """200 once the events were looked at."""
        return _state(response, ok=monitor.looked, words=("ready", "looking at the events"))

    return app


def _state(response: Response, *, ok: bool, words: tuple[str, str]) -> dict[str, str]:
    response.status_code = status.HTTP_200_OK if ok else status.HTTP_503_SERVICE_UNAVAILABLE
    return {"status": words[0] if ok else words[1]}


def _monitor(settings: Settings, registry: CollectorRegistry) -> Monitor:
    repository = FeatureRepository(settings.features, settings.project)
    policy = load_policy(settings.policy)
    labels = LabelStore(settings.labels_url, settings.project).answers if settings.labels_url else None
    probation = None
    if settings.registry_uri and labels:
        versions = Registry(settings.registry_uri, settings.project)
        probation = Probation(versions, policy, lambda _task, row: _event_version(versions, row))
    return Monitor(
        lambda since, until: repository.history(since=since, until=until, columns=READ_COLUMNS),
        References(settings.references),
        policy,
        DriftMetrics(registry, settings.sites),
        vectors=repository.vectors,
        requests=RequestFolder(settings.requests) if settings.requests else None,
        on_alert=settings.requests_on == "alert",
        labels=labels,
        probation=probation,
        history_days=settings.history_days,
        seed=settings.seed,
        project=settings.project,
    )


def _event_version(registry: Registry, promotion: Promotion) -> str:
    """The version as the model's events name it."""
    from osteon.models.package_files import version_of

    return version_of(promotion.task, registry.fetch(promotion).manifest)
