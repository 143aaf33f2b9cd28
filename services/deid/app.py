"""The de-identification service: identity comes in over HTTP, pseudonyms go out; nothing touches the disk."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from osteon.deid.identity import known_from_keywords
from osteon.deid.instance import deidentify_dicom
from osteon.deid.keys import ProjectKey, load_key
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.domain.errors import FaultError, OsteonError, RefusedError, UsageError
from osteon.domain.identity import OriginalId
from services.deid.metrics import DeidMetrics
from services.deid.settings import Settings

Made = TypeVar("Made")
SITE_HEADER = "X-Osteon-Site"
_SITE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STATUS = {2: 400, 3: 422, 4: 409, 1: 500}
_OUTCOME = {2: "bad_request", 3: "refused", 4: "quarantined", 1: "fault"}
_DICOM_BODY = {
    "content": {"application/dicom": {"schema": {"type": "string", "format": "binary"}}},
    "required": True,
}
_TEXT_BODY = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["note_text"],
                "properties": {
                    "note_id": {"type": "string"},
                    "note_text": {"type": "string"},
                    "patient": {"type": "object", "description": "Known identity as DICOM keywords"},
                },
            }
        }
    },
    "required": True,
}
_PSEUDONYM_BODY = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["patient_id"],
                "properties": {"patient_id": {"type": "string", "minLength": 1}, "site": {"type": "string"}},
            }
        }
    },
    "required": True,
}
_MAX_PSEUDONYM_BYTES = 4096


class _TooBusy(Exception):  # noqa: N818 - a state, answered with 503
    """More requests wait than may."""


class _TooLarge(Exception):  # noqa: N818 - a state, answered with 413
    """The body is longer than the settings admit."""


@dataclass(slots=True)
class _Work:
    """What the handlers share; ready when the text engine is loaded."""

    settings: Settings
    token: str
    policy: Policy
    key: ProjectKey
    metrics: DeidMetrics
    slots: asyncio.Semaphore
    waiting: int = 0
    ready: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def pseudonymiser(self, site: str | None) -> Pseudonymiser:
        """For the site that issued the patient numbers: the request's, else the service's own."""
        if site is not None and not _SITE.fullmatch(site):
            raise UsageError(
                "a site name of letters, digits, . _ -", "another", f"correct {SITE_HEADER} or `site`"
            )
        return Pseudonymiser(self.key, site or self.settings.site)

    async def run(self, kind: str, call: Callable[[], Made]) -> Made:
        """The call on a thread, as many at once as the settings admit."""
        if self.waiting >= self.settings.max_waiting + self.settings.max_concurrent:
            self.metrics.requests.labels(kind, "busy").inc()
            raise _TooBusy
        self.waiting += 1
        try:
            async with self.slots:
                with self.metrics.in_progress.track_inprogress(), self.metrics.seconds.labels(kind).time():
                    made = await asyncio.to_thread(call)
        except OsteonError as error:
            self.metrics.requests.labels(kind, _OUTCOME[error.exit_code]).inc()
            raise
        finally:
            self.waiting -= 1
        self.metrics.requests.labels(kind, "answered").inc()
        return made


def create_app(settings: Settings, metrics: DeidMetrics | None = None) -> FastAPI:
    """The application; the key and the policy are read here, the text engine in the background."""
    work = _Work(
        settings=settings,
        token=settings.bearer_token(),
        policy=Policy.load(settings.policy_file),
        key=load_key(settings.key_file, settings.project),
        metrics=metrics or DeidMetrics(),
        slots=asyncio.Semaphore(settings.max_concurrent),
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
    _add_guards(app, work)
    _add_dicom(app, work)
    _add_text(app, work)
    _add_pseudonym(app, work)
    return app


async def _load_engine(work: _Work) -> None:
    from osteon.deid.text.engine import find_spans

    await asyncio.to_thread(find_spans, "Bonjour.")
    work.ready = True


def _add_health(app: FastAPI, work: _Work) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        return JSONResponse({"status": "ready" if work.ready else "loading"}, 200 if work.ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(work.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _add_guards(app: FastAPI, work: _Work) -> None:
    @app.middleware("http")
    async def authenticate(request: Request, call_next: Callable[[Request], Any]) -> Response:
        if request.url.path.startswith("/v1/"):
            given = request.headers.get("authorization", "").encode()
            wanted = f"Bearer {work.token}".encode()
            if not hmac.compare_digest(given, wanted):
                error = UsageError(
                    "the service's bearer token", "none, or another", "send Authorization: Bearer TOKEN"
                )
                return JSONResponse(error.as_dict(), 401, headers={"WWW-Authenticate": "Bearer"})
        response: Response = await call_next(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.exception_handler(OsteonError)
    async def answer(_request: Request, error: OsteonError) -> JSONResponse:
        return JSONResponse(error.as_dict(), _STATUS[error.exit_code])

    @app.exception_handler(_TooLarge)
    async def too_large(_request: Request, _error: _TooLarge) -> JSONResponse:
        error = RefusedError(
            "a body within the service's limit", "a longer one", "send one instance or note per request"
        )
        return JSONResponse(error.as_dict(), 413)

    @app.exception_handler(_TooBusy)
    async def busy(_request: Request, _error: _TooBusy) -> JSONResponse:
        error = FaultError("a free place in the queue", "a full queue", "send it again in a few seconds")
        return JSONResponse(error.as_dict(), 503, headers={"Retry-After": "5"})


def _add_dicom(app: FastAPI, work: _Work) -> None:
    @app.post(
        "/v1/deid/dicom",
        openapi_extra={"requestBody": _DICOM_BODY},
        responses={200: {"content": {"application/dicom": {}}}, 401: {}, 409: {}, 413: {}, 422: {}, 503: {}},
        response_class=Response,
    )
    async def dicom(request: Request) -> Response:
        """One DICOM instance in, the de-identified instance out."""
        body = await _body(request, work.settings.max_dicom_bytes)
        pseudonymiser = work.pseudonymiser(request.headers.get(SITE_HEADER))
        made = await work.run("dicom", lambda: deidentify_dicom(body, work.policy, pseudonymiser))
        work.metrics.text_boxes.inc(made.report.text_boxes)
        headers = {"X-Osteon-Policy": work.policy.hash, "X-Osteon-Study": made.study.value}
        return Response(made.content, media_type="application/dicom", headers=headers)


def _add_text(app: FastAPI, work: _Work) -> None:
    @app.post(
        "/v1/deid/text",
        openapi_extra={"requestBody": _TEXT_BODY},
        responses={401: {}, 409: {}, 413: {}, 422: {}, 503: {}},
    )
    async def text(request: Request) -> JSONResponse:
        """One note in, its text under surrogates out, with the places that were replaced."""
        note = _note(await _body(request, work.settings.max_text_bytes))
        pseudonymiser = work.pseudonymiser(request.headers.get(SITE_HEADER))
        made = await work.run("text", lambda: _deidentify_note(note, work.policy, pseudonymiser))
        for label, count in made.pop("counts").items():
            work.metrics.spans.labels(label).inc(count)
        return JSONResponse(made, headers={"X-Osteon-Policy": work.policy.hash})


def _add_pseudonym(app: FastAPI, work: _Work) -> None:
    @app.post(
        "/v1/pseudonym", openapi_extra={"requestBody": _PSEUDONYM_BODY}, responses={401: {}, 413: {}, 422: {}}
    )
    async def pseudonym(request: Request) -> dict[str, str]:
        """A patient's pseudonym, for a part that must link its records without the key."""
        asked = _json_object(await _body(request, _MAX_PSEUDONYM_BYTES))
        number, site = asked.get("patient_id"), asked.get("site")
        if not isinstance(number, str) or not number.strip() or not isinstance(site, str | None):
            raise RefusedError(
                "the text `patient_id` and, if any, the text `site`", "another value", "see /openapi.json"
            )
        found = work.pseudonymiser(site).patient(OriginalId(number)).value
        work.metrics.requests.labels("pseudonym", "answered").inc()
        return {"pseudonym": found}


def _deidentify_note(note: dict[str, Any], policy: Policy, pseudonymiser: Pseudonymiser) -> dict[str, Any]:
    from osteon.deid.text.report_text import deidentify_text

    patient = note.get("patient")
    known = known_from_keywords(patient) if patient else None
    number = patient.get("PatientID") if patient else None
    made = deidentify_text(
        note["note_text"],
        known,
        policy=policy,
        pseudonymiser=pseudonymiser,
        patient_id=OriginalId(str(number)) if number else None,
        note_id=str(note.get("note_id", "")),
    )
    return {
        "note_id": note.get("note_id"),
        "note_text": made.text,
        "source_entities": [{"start": s.start, "end": s.end, "label": s.label} for s in made.source_entities],
        "counts": made.replaced,
    }


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError("a JSON object", "other bytes", "see /openapi.json") from None
    if not isinstance(found, dict):
        raise RefusedError("a JSON object", "another value", "see /openapi.json")
    return found


def _note(body: bytes) -> dict[str, Any]:
    note = _json_object(body)
    if not isinstance(note.get("note_text"), str):
        raise RefusedError("an object with the text `note_text`", "another value", "see /openapi.json")
    if not isinstance(note.get("patient", {}), dict | None):
        raise RefusedError(
            "an object of DICOM keywords under `patient`", "another value", "see /openapi.json"
        )
    return note


async def _body(request: Request, limit: int) -> bytes:
    """The whole body in memory, refused as soon as it is longer than the limit."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _TooLarge
        pieces.append(piece)
    return b"".join(pieces)
