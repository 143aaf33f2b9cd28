"""`python -m services.model_server`: the BentoML service in one process.

`bentoml serve services.model_server.service:Service` serves the same application under a supervisor.
"""

from __future__ import annotations

import argparse
import gc
import logging
import signal

from services.model_server.settings import Settings

_KEEP_ALIVE_S = 75  # longer than clients keep one (httpx: 5 s), or a request meets a connection that closes


def main() -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is under way."""
    gc.disable()  # imports make millions of lasting objects: 15 % of a start; on again once models are loaded
    parser = argparse.ArgumentParser(prog="services.model_server", description="Osteon's model server.")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(**given)

    # uvicorn stops gracefully and then raises the signal again: this makes the end of it exit status 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    from osteon.connections import serve
    from services.model_server.service import build_service

    _count_in_this_process()
    application = build_service(settings).to_asgi(is_main=False)
    for name in ("bentoml", "httpx", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.WARNING)
    serve(
        application,
        host=settings.host,
        port=settings.port,
        head_limit_s=settings.upload_timeout_s,
        timeout_keep_alive=_KEEP_ALIVE_S,
        log_config=None,
        timeout_graceful_shutdown=30,
    )


def _count_in_this_process() -> None:
    """BentoML shares metrics between processes through files; one process needs none."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.server.metrics.prometheus import PrometheusClient

    BentoMLContainer.metrics_client.set(PrometheusClient(multiproc=False))


if __name__ == "__main__":
    main()
