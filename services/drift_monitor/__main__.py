"""Starts the drift monitor: `python -m services.drift_monitor`."""

import logging

import uvicorn

from services.drift_monitor.app import create_app
from services.drift_monitor.settings import Settings


def main() -> None:
    """Read the settings, serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = Settings()
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, access_log=False)


if __name__ == "__main__":
    main()
