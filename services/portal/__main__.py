"""Starts the portal: `python -m services.portal`."""

import logging

import uvicorn

from services.portal.app import create_app
from services.portal.settings import Settings


def main() -> None:
    """Read the settings, serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings()
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, access_log=False, server_header=False
    )


if __name__ == "__main__":
    main()
