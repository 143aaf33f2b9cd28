"""Starts the portal: `python -m services.portal`."""

import logging

from osteon.connections import serve
from services.portal.app import create_app
from services.portal.settings import Settings


def main() -> None:
    """Read the settings, serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings()
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
