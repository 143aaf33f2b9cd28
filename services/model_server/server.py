"""The server's parts, built once at its start and closed at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from osteon.features.outbox import Outbox
from osteon.registry import Registry
from services.model_server.champions import Champions
from services.model_server.engine import Engine
from services.model_server.explain import Explainer
from services.model_server.metrics import ServerMetrics
from services.model_server.recorder import Recorder
from services.model_server.settings import Settings, read_hmac_key
from services.model_server.tokens import Tokens
from services.model_server.upload import Upload, read_upload

Answer = TypeVar("Answer")


class Server:
    """Settings, tokens, champions, engine: what the routes use."""

    def __init__(self, settings: Settings, metrics: ServerMetrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.tokens = Tokens.load(settings)
        hmac_key = read_hmac_key(settings.hmac_key_file)
        registry = Registry(
            settings.registry_uri,
            settings.project,
            history_url=settings.registry_history_url,
            cache=settings.registry_cache,
            trusted=settings.trusted_signers(),
        )
        self.champions = Champions(
            registry,
            hmac_key=hmac_key,
            project=settings.project,
            site=settings.site,
            metrics=metrics,
            engine=settings.engine,
            threads=settings.torch_threads,
            stale_after_days=settings.stale_after_days,
        )
        recorder = Recorder(Outbox(settings.outbox_url), hmac_key=hmac_key, metrics=metrics)
        self.engine = Engine(settings, self.champions, recorder, metrics)
        self.explainer = Explainer(registry, self.champions, self.engine)

    @property
    def is_ready(self) -> bool:
        """Whether the champions are loaded."""
        return self.champions.are_ready

    def start(self) -> None:
        """Load the champions and watch for new ones."""
        self.champions.watch(self.settings.reload_interval_s)

    def close(self) -> None:
        """Finish what is under way."""
        self.champions.close()
        self.engine.close()

    async def answer(self, request: Request, work: Callable[[Upload], Answer]) -> Answer:
        """The work's answer to a request, within the limits of the server."""
        self.engine.enter()
        try:
            upload = await read_upload(request, self.settings)
            return await self.engine.run(work, upload)
        finally:
            self.engine.leave()
