"""What stands before and behind every route: tokens and scopes, and errors without a value in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from osteon.domain.errors import FaultError, OsteonError, RefusedError, UsageError
from services.deid.bodies import TooLarge, TooSlow
from services.deid.callers import AUDIT, DEID, REIDENTIFY, REVIEW
from services.deid.work import HeldBackError, TooBusy, Work

STATUS = {2: 400, 3: 422, 4: 409, 1: 500}
_SCOPE_OF = {"review": REVIEW, "reidentify": REIDENTIFY, "audit": AUDIT}


def add_guards(app: FastAPI, work: Work) -> None:
    """Every /v1 route asks for a token with its scope; every error is the contract's JSON."""

    @app.middleware("http")
    async def authenticate(request: Request, call_next: Callable[[Request], Any]) -> Response:
        parts = request.url.path.split("/")
        if len(parts) > 2 and parts[1] == "v1":
            caller = work.callers.of(request.headers.get("authorization", ""))
            if caller is None:
                error = UsageError("a bearer token", "none, or another", "send Authorization: Bearer TOKEN")
                return JSONResponse(error.as_dict(), 401, headers={"WWW-Authenticate": "Bearer"})
            scope = _SCOPE_OF.get(parts[2], DEID)
            if scope not in caller.scopes:
                error = UsageError(
                    f"a person's token with the scope {scope}", "one without", "ask who keeps the tokens"
                )
                return JSONResponse(error.as_dict(), 403)
            request.state.caller = caller
        response: Response = await call_next(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.exception_handler(OsteonError)
    async def answer(_request: Request, error: OsteonError) -> JSONResponse:
        case = {"case": error.case_id} if isinstance(error, HeldBackError) else {}
        return JSONResponse({**error.as_dict(), **case}, STATUS[error.exit_code])

    @app.exception_handler(TooLarge)
    async def too_large(_request: Request, _error: TooLarge) -> JSONResponse:
        error = RefusedError(
            "a body within the service's limit", "a longer one", "send one instance or note per request"
        )
        return JSONResponse(error.as_dict(), 413)

    @app.exception_handler(TooSlow)
    async def too_slow(_request: Request, _error: TooSlow) -> JSONResponse:
        error = RefusedError(
            "a whole body within the service's time", "a part of one", "send it again, faster"
        )
        return JSONResponse(error.as_dict(), 408, headers={"Connection": "close"})

    @app.exception_handler(TooBusy)
    async def busy(_request: Request, _error: TooBusy) -> JSONResponse:
        error = FaultError("a free place in the queue", "a full queue", "send it again in a few seconds")
        return JSONResponse(error.as_dict(), 503, headers={"Retry-After": "5"})
