"""The gateway as one process: HTTP face, DICOM and HL7 listeners, and the workers behind them."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

from osteon.domain import OsteonError, RefusedError, UsageError
from services.gateway.intake import Intake
from services.gateway.listener import Listener
from services.gateway.metrics import GatewayMetrics, QueueCollector
from services.gateway.outbox import Outbox
from services.gateway.queue import Backoff, Queue
from services.gateway.receiver import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, Receiver
from services.gateway.settings import Settings, read_secret
from services.gateway.shadow import load_live_models
from services.gateway.spool import Spool
from services.gateway.stow import outcome, response_body, split_parts
from services.gateway.studies import summarise
from services.gateway.summary import RESEARCH_ONLY_ENGLISH
from services.gateway.worker import Worker

_LOG = logging.getLogger(__name__)
_JOIN_S = 10.0
_bearer = HTTPBearer(auto_error=False, description="the token of OSTEON_GATEWAY_TOKEN_FILE")


class Gateway:
    """The parts of a running gateway."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        load_live_models(settings.live_models)  # a mistake in the list stops the start
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        backoff = Backoff(
            first_s=settings.backoff_s, longest_s=settings.max_backoff_s, max_attempts=settings.max_attempts
        )
        self.queue = Queue(settings.queue_url, settings.project, backoff, settings.lease_s)
        self.registry.register(QueueCollector(self.queue))
        self.metrics = GatewayMetrics(self.registry)
        self.spool = Spool(settings.state / "spool")
        self.intake = Intake(self.queue, self.spool, self.metrics, key_file=settings.state / "opaque.key")
        self.receiver = Receiver(settings, self.intake, self.metrics)
        self.listener = Listener(settings, self.intake, self.metrics)
        self.token = read_secret(settings.token_file)
        self._stop = threading.Event()
        outbox = Outbox(settings.state / "outbox", ae_title=settings.ae_title)
        self._threads = [
            threading.Thread(
                target=Worker(settings, self.queue, self.spool, outbox, self.metrics).run,
                args=(self._stop,),
                name=f"gateway-worker-{number}",
                daemon=True,
            )
            for number in range(settings.workers)
        ]

    async def start(self) -> None:
        """Start listeners and workers."""
        self.spool.sweep(self.queue.spooled())
        for thread in self._threads:
            thread.start()
        self.receiver.start()
        await self.listener.start()
        _LOG.info("DICOM on port %d, HL7 on port %d", self.receiver.port, self.listener.port)

    async def stop(self) -> None:
        """Stop listening, then let the workers finish what they hold."""
        await self.listener.stop()
        await run_in_threadpool(self.receiver.stop)
        self._stop.set()
        for thread in self._threads:
            await run_in_threadpool(thread.join, _JOIN_S)

    @property
    def alive(self) -> bool:
        """Whether every worker lives."""
        return all(thread.is_alive() for thread in self._threads)


def create_app(settings: Settings) -> FastAPI:
    """The service; listeners and workers live as long as it does."""
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await gateway.start()
        yield
        await gateway.stop()

    # Its pages of documentation ask an outside address for scripts: they stay off.
    app = FastAPI(
        title="Osteon gateway",
        description=RESEARCH_ONLY_ENGLISH,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.gateway = gateway
    app.add_exception_handler(OsteonError, _osteon_error)
    for path, route in (
        ("/healthz", healthz),
        ("/readyz", readyz),
        ("/metrics", metrics),
        ("/v1/studies", studies),
    ):
        app.add_api_route(path, route, response_model=None)
    app.add_api_route("/v1/studies/{study}/retry", retry, methods=["POST"], response_model=None)
    for path in ("/dicom-web/studies", "/dicom-web/studies/{study}"):
        app.add_api_route(path, store, methods=["POST"], response_model=None)
    return app


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


def _authorised(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Gateway:
    gateway = _gateway(request)
    if given is None or not hmac.compare_digest(given.credentials.encode(), gateway.token.encode()):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return gateway


async def _osteon_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OsteonError)
    refused = isinstance(error, UsageError | RefusedError)
    code = status.HTTP_400_BAD_REQUEST if refused else status.HTTP_503_SERVICE_UNAVAILABLE
    return JSONResponse(error.as_dict(), code)


async def healthz(request: Request, response: Response) -> dict[str, str]:
    """200 while every worker lives."""
    return _state(response, ok=_gateway(request).alive, words=("alive", "a worker ended"))


async def readyz(request: Request, response: Response) -> dict[str, str]:
    """200 while the queue answers and both listeners listen."""
    gateway = _gateway(request)
    try:
        await run_in_threadpool(gateway.queue.counts)
    except sa.exc.SQLAlchemyError:
        return _state(response, ok=False, words=("", "the queue does not answer"))
    listening = gateway.receiver.listening and gateway.listener.port > 0
    return _state(response, ok=listening and gateway.alive, words=("ready", "starting or stopping"))


def _state(response: Response, *, ok: bool, words: tuple[str, str]) -> dict[str, str]:
    response.status_code = status.HTTP_200_OK if ok else status.HTTP_503_SERVICE_UNAVAILABLE
    return {"status": words[0] if ok else words[1]}


def metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(_gateway(request).registry), media_type=CONTENT_TYPE_LATEST)


def studies(gateway: Annotated[Gateway, Depends(_authorised)]) -> dict[str, Any]:
    """Studies under opaque ids, newest first, with how far they are."""
    return {"studies": summarise(gateway.queue.items()), "research_use_only": True}


def retry(study: str, gateway: Annotated[Gateway, Depends(_authorised)]) -> dict[str, int]:
    """Take up what failed in a study (its opaque id) again."""
    return {"taken_up": gateway.queue.requeue(study)}


async def store(
    request: Request, gateway: Annotated[Gateway, Depends(_authorised)], site: str | None = None
) -> Response:
    """STOW-RS: store instances; 200 all, 202 some, 409 none (PS3.18 section 10.5.3)."""
    body = await _bounded_body(request, gateway.settings.max_instance_bytes)
    parts = split_parts(body, request.headers.get("content-type", ""))
    known = {gateway.settings.site, *gateway.settings.calling_ae_titles.values()}
    if site is not None and site not in known:
        raise UsageError("a site of this gateway", "another", "name none, or one of its sites")
    results = await run_in_threadpool(_store_parts, gateway, parts, site or gateway.settings.site)
    failed = sum(result.failure is not None for result in results)
    code = (
        status.HTTP_200_OK
        if not failed
        else status.HTTP_202_ACCEPTED
        if failed < len(results)
        else status.HTTP_409_CONFLICT
    )
    return JSONResponse(response_body(results), code, media_type="application/dicom+json")


def _store_parts(gateway: Gateway, parts: list[bytes], site: str) -> list[Any]:
    results = []
    for part in parts:
        failure: int | None = None
        try:
            gateway.intake.take_instance(part, site, "stow", gateway.settings.max_instance_bytes)
        except RefusedError:
            failure = CANNOT_UNDERSTAND
        except (OSError, sa.exc.SQLAlchemyError) as error:
            _LOG.error("an instance could not be stored: %s", type(error).__name__)
            gateway.metrics.refused.labels("stow", "not_stored").inc()
            failure = OUT_OF_RESOURCES
        results.append(outcome(part, failure))
    return results


async def _bounded_body(request: Request, limit: int) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise HTTPException(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    return bytes(received)
