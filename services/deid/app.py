"""The de-identification service: identity comes in over HTTP, pseudonyms go out; no plaintext on the disk."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from osteon.deid.keys import load_key
from osteon.deid.policy import Policy
from osteon.deid.vault import Vault, VaultPlace
from services.deid.callers import Callers
from services.deid.deid_routes import add_deid_routes
from services.deid.guards import add_guards
from services.deid.metrics import DeidMetrics
from services.deid.review_routes import add_review_routes
from services.deid.settings import Settings
from services.deid.work import Work


def create_app(settings: Settings, metrics: DeidMetrics | None = None) -> FastAPI:
    """The application; key, policy and vault are opened here, the text engine in the background."""
    work = Work(
        settings=settings,
        callers=Callers(settings.bearer_token(), settings.people()),
        policy=Policy.load(settings.policy_file),
        key=load_key(settings.key_file, settings.project),
        metrics=metrics or DeidMetrics(),
        slots=asyncio.Semaphore(settings.max_concurrent),
        vault=_vault(settings),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_load_engine(work))
        work.tasks.add(task)
        yield
        task.cancel()

    app = FastAPI(
        title="Osteon de-identification", version="1", lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.work = work
    _add_health(app, work)
    add_guards(app, work)
    add_deid_routes(app, work)
    if work.vault is not None:
        add_review_routes(app, work)
    return app


def _vault(settings: Settings) -> Vault | None:
    if settings.vault is None:
        return None
    place = VaultPlace.of(
        settings.vault, settings.key_file, settings.project, settings.vault_url.get_secret_value()
    )
    return Vault.open(place)


async def _load_engine(work: Work) -> None:
    from osteon.deid.text.engine import find_spans

    await asyncio.to_thread(find_spans, "Bonjour.")
    if not gc.isenabled():  # a process of its own, see __main__
        gc.freeze()  # the engine stays for good: the collector need not walk it again
        gc.enable()
    work.ready = True


def _add_health(app: FastAPI, work: Work) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", responses={503: {}})
    async def readyz() -> JSONResponse:
        return JSONResponse({"status": "ready" if work.ready else "loading"}, 200 if work.ready else 503)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        if work.vault is not None:
            counts = await asyncio.to_thread(work.vault.cases.counts)
            work.metrics.cases_waiting.set(counts["waiting"])
        return Response(generate_latest(work.metrics.registry), media_type=CONTENT_TYPE_LATEST)
