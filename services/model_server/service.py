"""The BentoML service: our routes mounted, its life cycle, health and metrics kept.

No `@bentoml.api` route exists, so that none of BentoML's deserialisers (pickle, files fetched from an
address, uploads written to disk) can be reached; `/schema.json` tells BentoML's client about the mounted
routes instead (docs/decisions/model_server.md).
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")  # read when bentoml is imported

import bentoml
from _bentoml_sdk.service import Service as BentoService  # type: ignore[import-untyped]

from services.model_server.api import build_api
from services.model_server.client_schema import client_schema
from services.model_server.guard import Guard
from services.model_server.metrics import ServerMetrics, process_metrics
from services.model_server.server import Server
from services.model_server.settings import Settings

NAME = "osteon-model-server"
TIMEOUT_S = 120


class MountedService(BentoService):  # type: ignore[misc]
    """A BentoML service whose client schema describes its mounted routes."""

    def schema(self) -> dict[str, Any]:
        """What `bentoml.SyncHTTPClient` reads at its start."""
        return client_schema(self.name)


def build_service(settings: Settings | None = None, metrics: ServerMetrics | None = None) -> Any:
    """The service; settings are read from the environment when it starts, unless given."""
    api = build_api()
    counted = metrics or process_metrics()

    class ModelServer:
        """Predictions about bone radiographs. For research use only."""

        def __init__(self) -> None:
            self.server = Server(settings or Settings(), counted)
            api.state.server = self.server
            self.server.start()

        async def __is_ready__(self) -> bool:
            return self.server.is_ready

        def close(self) -> None:
            """Finish what is under way."""
            self.server.close()

    bentoml.on_shutdown(ModelServer.close)
    configure: Any = bentoml.service(
        name=NAME,
        service_class=MountedService,
        workers=1,
        traffic={"timeout": TIMEOUT_S},
        logging={"access": {"enabled": False}},
        metrics={"enabled": False},  # BentoML's label requests by their path, whatever the path holds
    )
    service = configure(ModelServer)
    service.mount_asgi_app(api, path="/")
    service.add_asgi_middleware(Guard, metrics=counted)
    _trace_nothing()
    return service


def _trace_nothing() -> None:
    """BentoML makes spans for each request and each of its pieces, though nobody collects them."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from opentelemetry.util.http import ExcludeList

    BentoMLContainer.tracing_excluded_urls.set(ExcludeList([".*"]))


def __getattr__(name: str) -> Any:
    """`Service`, built when something asks for it: `bentoml serve services.model_server.service:Service`."""
    if name != "Service":
        raise AttributeError(name)
    globals()["Service"] = build_service()
    return globals()["Service"]
