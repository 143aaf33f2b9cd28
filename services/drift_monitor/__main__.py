"""Starts the drift monitor: `python -m services.drift_monitor`."""

import logging

from osteon.connections import serve
from services.drift_monitor.app import create_app
from services.drift_monitor.settings import Settings


def main() -> None:
    """Read the settings, serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = Settings()
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
