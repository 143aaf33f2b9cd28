"""The routes under /v1, as a FastAPI application that BentoML mounts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from osteon.domain import OsteonError, Task
from services.model_server.answers import (
    ERRORS,
    EmbedAnswer,
    HttpError,
    ModelsAnswer,
    PredictAnswer,
    error_response,
)
from services.model_server.bearer import BEARER
from services.model_server.explain import add_explain
from services.model_server.page import PAGE
from services.model_server.references import REFERENCES_PATTERN
from services.model_server.search_routes import add_search_routes
from services.model_server.server import Server
from services.model_server.upload import SUBJECT_PATTERN

_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "anyOf": [{"required": ["files"]}, {"required": ["dicomweb"]}],
    "additionalProperties": False,
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "DICOM instances (any transfer syntax), PNG, JPEG or TIFF pictures of one study.",
        },
        "task": {
            "type": "string",
            "enum": [task.value for task in Task],
            "description": "Only this task; every task that fits the body part when left out.",
        },
        "sex": {
            "type": "string",
            "enum": ["M", "F"],
            "description": "What a DICOM header says when left out.",
        },
        "site": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9._-]{0,63}$", "description": "Known site."},
        "subject": {
            "type": "string",
            "pattern": SUBJECT_PATTERN,
            "description": "Pseudonym of the patient, never a number of the hospital.",
        },
        "dicomweb": {
            "type": "string",
            "pattern": REFERENCES_PATTERN,
            "maxLength": 4096,
            "description": "Instances that the server fetches from the hospital's PACS and judges behind the "
            "files: STUDY or STUDY/SERIES/INSTANCE by their UIDs, between commas; never an address.",
        },
    },
}
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM_SCHEMA}}}
}
_MODELS_ERRORS: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (401, 403, 429)}


def build_api() -> FastAPI:
    """The application; `app.state.server` is set when the service starts."""
    app = FastAPI(
        title="Osteon model server",
        version="1",
        description="Predictions about bone radiographs. For research use only.",
        docs_url=None,  # its pages ask a content network for scripts
        redoc_url=None,
    )
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/metrics", _metrics, include_in_schema=False)
    app.add_api_route("/v1/models", models, responses=_MODELS_ERRORS, response_model=ModelsAnswer)
    for path, route, answer in (("predict", predict, PredictAnswer), ("embed", embed, EmbedAnswer)):
        app.add_api_route(
            f"/v1/{path}",
            route,
            methods=["POST"],
            responses=ERRORS,
            response_model=answer,
            openapi_extra=_BODY,
            operation_id=path,
        )
    add_search_routes(app)
    add_explain(app, _require("predict"), _BODY)
    app.add_exception_handler(OsteonError, _osteon_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _gone)
    return app


def _server(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


def _require(scope: str) -> Any:
    async def check(  # not in a thread: that costs more than the check
        request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> Server:
        server = _server(request)
        server.admit(bearer.credentials if bearer else None, scope)
        return server

    return Depends(check)


async def predict(request: Request, server: Annotated[Server, _require("predict")]) -> JSONResponse:
    """Answer, or abstain with a reason, for each file and each task that fits its body part."""
    return JSONResponse(asdict(await server.answer(request, server.remote.fetching(server.engine.predict))))


async def embed(request: Request, server: Annotated[Server, _require("embed")]) -> JSONResponse:
    """Give the unit-norm embedding of each file, by the task's champion."""
    return JSONResponse(asdict(await server.answer(request, server.remote.fetching(server.engine.embed))))


async def models(server: Annotated[Server, _require("models")]) -> JSONResponse:
    """Say which model of each task is in production or in shadow, since when, and who approved it."""
    return JSONResponse(asdict(server.models()))


def _metrics() -> Response:
    """Ours alone: one process, or all that `bentoml serve` started."""
    from bentoml._internal.configuration.containers import BentoMLContainer

    client = BentoMLContainer.metrics_client.get()
    return Response(client.generate_latest(), media_type=client.CONTENT_TYPE_LATEST)


async def _page() -> HTMLResponse:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": policy})


async def _osteon_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OsteonError)
    return error_response(error)


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    """Starlette's own errors (unknown path, wrong method) in the form of all others."""
    assert isinstance(error, HTTPException)
    response = error_response(
        HttpError(error.status_code, "a route and method of this server", "another", "see /openapi.json")
    )
    response.headers.update(error.headers or {})
    return response


async def _invalid(_: Request, __: Exception) -> JSONResponse:
    return error_response(HttpError(422, "a request as /openapi.json says", "another", "see /openapi.json"))


async def _gone(_: Request, __: Exception) -> JSONResponse:
    """Nobody reads this; it is counted under the status that nginx gives a client that hung up."""
    return error_response(HttpError(499, "a client that waits", "none", "send the request again"))
