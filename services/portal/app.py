"""HTTP face of the portal: a login, the page, and the same content as JSON for programs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    ProcessCollector,
    generate_latest,
)

from services.portal.session import COOKIE, Sessions
from services.portal.settings import Settings
from services.portal.sources import Sources
from services.portal.view import make_view
from services.portal.words import LANGUAGES, WORDS, Language, choose_language

_HERE = Path(__file__).parent
_LANGUAGE_COOKIE = "osteon_language"
_bearer = HTTPBearer(auto_error=False, description="the access token of OSTEON_PORTAL_TOKEN_FILE")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Portal:
    """What the routes share."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        token = settings.access_token()
        self.sessions = Sessions(token, settings.session_hours)
        self.client = httpx.AsyncClient(timeout=settings.timeout_s, transport=transport, trust_env=False)
        self.sources = Sources(settings, self.client, token)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.logins = Counter(
            "osteon_portal_logins", "Logins by outcome", ["outcome"], registry=self.registry
        )
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, request: Request, template: str, status_code: int = 200, **content: Any) -> HTMLResponse:
        """A template in the language of the request."""
        language = language_of(request)
        text = self._templates.get_template(template).render(
            w=WORDS[language],
            language=language,
            languages=[(each, f"?{urlencode({'lang': each})}") for each in LANGUAGES],
            project=self.settings.project,
            **content,
        )
        response = HTMLResponse(text, status_code, headers={"Cache-Control": "no-store"})
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                _LANGUAGE_COOKIE,
                language,
                max_age=31_536_000,
                httponly=True,
                samesite="strict",
                secure=self.settings.secure_cookie,
            )
        return response


def language_of(request: Request) -> Language:
    """The language of a request."""
    asked, kept = request.query_params.get("lang"), request.cookies.get(_LANGUAGE_COOKIE)
    return choose_language(asked, kept, request.headers.get("accept-language"))


def create_app(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The service; `transport` stands in for the network in tests."""
    portal = Portal(settings, transport)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await portal.client.aclose()

    app = FastAPI(title="Osteon portal", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.portal = portal
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    for path, route in (
        ("/healthz", alive),
        ("/readyz", alive),
        ("/metrics", metrics),
        ("/v1/status", status_json),
    ):
        app.add_api_route(path, route, response_model=None)
    app.add_api_route("/", page, include_in_schema=False, response_class=HTMLResponse)
    app.add_api_route("/login", login, methods=["POST"], include_in_schema=False, response_model=None)
    app.add_api_route("/logout", logout, methods=["POST"], include_in_schema=False, response_model=None)

    @app.middleware("http")
    async def harden(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    return app


def _portal(request: Request) -> Portal:
    portal: Portal = request.app.state.portal
    return portal


async def page(request: Request) -> HTMLResponse:
    """The page of what runs, or the login."""
    portal = _portal(request)
    if not portal.sessions.holds(request.cookies.get(COOKIE)):
        return portal.page(request, "login.html", wrong=False)
    view = make_view(await portal.sources.look(), language_of(request))
    return portal.page(request, "status.html", view=view, refresh_s=portal.settings.refresh_s)


async def login(request: Request, token: Annotated[str, Form(max_length=512)]) -> Response:
    """Begin a session for who knows the access token; the token itself never comes back."""
    portal = _portal(request)
    if not portal.sessions.knows(token.strip()):
        portal.logins.labels("refused").inc()
        return portal.page(request, "login.html", status.HTTP_401_UNAUTHORIZED, wrong=True)
    portal.logins.labels("accepted").inc()
    response = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    response.set_cookie(
        COOKIE,
        portal.sessions.begin(),
        max_age=portal.sessions.seconds,
        httponly=True,
        samesite="strict",
        secure=portal.settings.secure_cookie,
    )
    return response


async def logout(_request: Request) -> Response:
    """End the session of this browser."""
    response = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


async def status_json(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> dict[str, Any]:
    """What the page shows, for programs."""
    portal = _portal(request)
    if bearer is None or not portal.sessions.knows(bearer.credentials):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return asdict(await portal.sources.look())


async def metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(_portal(request).registry), media_type=CONTENT_TYPE_LATEST)


async def alive() -> dict[str, str]:
    """200 while the portal answers; what it shows may be down."""
    return {"status": "ready"}
