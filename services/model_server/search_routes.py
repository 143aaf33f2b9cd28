"""The routes of a dual encoder: `/v1/search`, `/v1/zeroshot`, `/v1/report-draft`, `/v1/explain-phrase`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials

from services.model_server.answers import ERRORS, ErrorAnswer
from services.model_server.bearer import BEARER
from services.model_server.explain import (
    DICOM,
    MAP_ERRORS,
    OVERLAY,
    accepted,
    encoded,
    overlay_response,
    require_dicom,
    require_torch,
)
from services.model_server.search_answers import ReportDraft, SearchAnswer, ZeroShotAnswers
from services.model_server.search_form import FORM_SCHEMA, SearchUpload, read_search
from services.model_server.server import Server
from services.model_server.tokens import Grant

SEARCH_ROUTES = ("/v1/search", "/v1/zeroshot", "/v1/report-draft", "/v1/explain-phrase")
_NARROWING = ("k", "sites", "body_parts", "since", "until", "subject")
_FORMS = {
    "search": (("files", "text", "kind", *_NARROWING), ()),
    "zeroshot": (("files", "task", "language"), ("files", "task")),
    "report-draft": (("files", *_NARROWING), ("files",)),
    "explain-phrase": (("files", "text"), ("files", "text")),
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    **{status: ERRORS[status] for status in (401, 403, 413, 415, 422, 429)},
    409: {"model": ErrorAnswer, "description": "No dual encoder, or no index of its embedding space"},
    503: {"model": ErrorAnswer, "description": "The audit record could not be written"},
}


@dataclass(frozen=True, slots=True)
class Granted:
    """The server, and what the request's token allows."""

    server: Server
    grant: Grant


def add_search_routes(app: FastAPI) -> None:
    """Put the routes into the application."""
    for name, route, answer in (
        ("search", _search, SearchAnswer),
        ("zeroshot", _zero_shot, ZeroShotAnswers),
        ("report-draft", _draft, ReportDraft),
    ):
        app.add_api_route(
            f"/v1/{name}",
            route(_granted(name)),
            methods=["POST"],
            responses=_ERRORS,
            response_model=answer,
            openapi_extra=_body(*_FORMS[name]),
            operation_id=name.replace("-", "_"),
        )
    app.add_api_route(
        "/v1/explain-phrase",
        _explain_phrase(_granted("explain-phrase")),
        methods=["POST"],
        responses={**_ERRORS, **MAP_ERRORS, 200: OVERLAY},
        response_class=Response,
        openapi_extra=_body(*_FORMS["explain-phrase"]),
        operation_id="explain_phrase",
    )


def _granted(scope: str) -> Any:
    async def check(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> Granted:
        server: Server = request.app.state.server
        return Granted(server, server.admit(given.credentials if given else None, scope))

    return Depends(check)


def _search(granted: Any) -> Callable[..., Any]:
    async def search(request: Request, asked: Granted = granted) -> JSONResponse:
        """Find the nearest pictures or report sentences to one picture or one text.

        Only entries of the token's projects are found; those of the asking patient are left out.
        """
        work = partial(asked.server.search.search, asked.grant)
        return JSONResponse(asdict(await asked.server.answer(request, work, read_search)))

    return search


def _zero_shot(granted: Any) -> Callable[..., Any]:
    async def zero_shot(request: Request, asked: Granted = granted) -> JSONResponse:
        """Answer a task by the sentences that lie nearest to each picture; no label took part."""
        work = partial(asked.server.search.zero_shot, asked.grant)
        return JSONResponse(asdict(await asked.server.answer(request, work, read_search)))

    return zero_shot


def _draft(granted: Any) -> Callable[..., Any]:
    async def draft(request: Request, asked: Granted = granted) -> JSONResponse:
        """Quote the sentences of the project's own reports that lie nearest to the pictures of a study."""
        work = partial(asked.server.search.draft, asked.grant)
        return JSONResponse(asdict(await asked.server.answer(request, work, read_search)))

    return draft


def _explain_phrase(granted: Any) -> Callable[..., Any]:
    async def explain_phrase(request: Request, asked: Granted = granted) -> Response:
        """Show where one picture matches a French or English phrase, for research only.

        The map says where the phrase lies nearest, not that what it says is there.
        """
        require_torch()
        media_type = accepted(request.headers.get("accept", ""))
        work = partial(_phrase_overlay, asked, media_type == DICOM)
        return overlay_response(await asked.server.answer(request, work, read_search), media_type)

    return explain_phrase


def _phrase_overlay(asked: Granted, dicom: bool, upload: SearchUpload) -> bytes:
    from osteon.models.explanation import overlay

    picture, found, words = asked.server.search.explain_phrase(asked.grant, upload)
    require_dicom(picture, dicom)
    return encoded(overlay(picture, found, words), upload.files[0], words, dicom=dicom)


def _body(fields: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: FORM_SCHEMA[name] for name in fields},
    }
    if required:
        schema["required"] = list(required)
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
