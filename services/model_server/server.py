"""The server's parts, built once at its start and closed at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request

from osteon.features.outbox import Outbox
from osteon.registry import Registry
from services.model_server.answers import ModelsAnswer
from services.model_server.champions import Champions
from services.model_server.engine import Engine
from services.model_server.explain import Explainer
from services.model_server.metrics import ServerMetrics
from services.model_server.recorder import Recorder
from services.model_server.remote import Remote
from services.model_server.search import Search
from services.model_server.settings import Settings, read_hmac_key
from services.model_server.shadow import Shadow
from services.model_server.tokens import Tokens
from services.model_server.upload import Upload, read_upload
from services.model_server.waiting import Places, answered, arrived

Answer = TypeVar("Answer")
Asked = TypeVar("Asked", bound=Upload)


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
        )
        recorder = Recorder(Outbox(settings.outbox_url), hmac_key=hmac_key, metrics=metrics)
        self.remote = Remote(settings)
        self._shadow = Shadow(
            recorder, metrics, most_waiting=settings.shadow_waiting, most_bytes=settings.shadow_bytes
        )
        self._places = Places(settings.max_waiting, metrics)
        self.engine = Engine(settings, self.champions, recorder, self._shadow, metrics)
        self.search = Search(settings, hmac_key, self.engine.read)
        self.engine.searchable = self.search.with_vector
        self.explainer = Explainer(registry, self.champions, self.engine)

    @property
    def is_ready(self) -> bool:
        """Whether the champions are loaded."""
        return self.champions.are_ready

    def start(self) -> None:
        """Load the champions and watch for new ones."""
        self._shadow.start()
        self.champions.watch(self.settings.reload_interval_s)

    def close(self) -> None:
        """Finish what is under way."""
        self.champions.close()
        self.engine.close()
        self.remote.close()
        self._shadow.close()

    def models(self) -> ModelsAnswer:
        """What is in production and in shadow."""
        return ModelsAnswer(
            models=self.champions.served("champion"),
            challengers=self.champions.served("challenger"),
            project=self.settings.project,
        )

    async def answer(
        self,
        request: Request,
        work: Callable[[Asked], Answer],
        read: Callable[[Request, Settings], Awaitable[Asked]] = read_upload,  # type: ignore[assignment]
    ) -> Answer:
        """The work's answer to a request, within the limits of the server.

        Raises:
            HttpError: 408, 413, 415, 422, 429, or 503 when the answer takes too long.
            ClientDisconnect: nobody waits for the answer any more.
        """
        settings = self.settings
        with self._places.one():
            upload = await arrived(read(request, settings), settings.upload_timeout_s)
            return await answered(request, upload, work, self.engine.threads, settings.request_timeout_s)
