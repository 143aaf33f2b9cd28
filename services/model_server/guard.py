"""The outermost layer: no pickle, counted requests, and failures that tell nothing of their content."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.model_server.answers import HttpError, error_response
from services.model_server.metrics import ServerMetrics
from services.model_server.search_routes import SEARCH_ROUTES

logger = logging.getLogger("osteon.server")
ROUTES = ("/v1/predict", "/v1/embed", "/v1/models", "/v1/explain", *SEARCH_ROUTES)
_PICKLE = b"pickle"


class Guard:
    """ASGI middleware around the whole service.

    BentoML reads pickles between its own services (CVE-2025-27520, CVE-2025-32375); here no media type that
    names one gets past this layer, whatever the route.
    """

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in ROUTES else "other"
        status: dict[str, int] = {}

        async def counted_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status["code"] = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            if _names_pickle(dict(scope["headers"])):
                error = HttpError(415, "a media type without code in it", "pickle", "send a form or JSON")
                await error_response(error)(scope, receive, counted_send)
            else:
                await self._app(scope, receive, counted_send)
        except Exception as error:  # noqa: BLE001  the last resort: the type and place are logged, never the text
            _log_fault(error)
            if not status:
                fault = HttpError(
                    500, "an answer", "a fault of the server", "report the time to its operator"
                )
                await error_response(fault)(scope, receive, counted_send)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.requests.labels(route, str(status.get("code", 499))).inc()
            self._metrics.request_seconds.labels(route).observe(seconds)
            if route != "other":
                logger.info("%s %s %.0f ms", route, status.get("code", 499), seconds * 1000)


def _names_pickle(headers: Mapping[bytes, bytes]) -> bool:
    return any(_PICKLE in headers.get(name, b"").lower() for name in (b"content-type", b"accept"))


def _log_fault(error: Exception) -> None:
    """Type and place of an error; its text may hold a value."""
    places = " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-4:])
    )
    logger.error("fault %s at %s", type(error).__name__, places)
