"""Starts the gateway: `python -m services.gateway`."""

import logging
import os

from osteon.connections import serve
from services.gateway.app import create_app
from services.gateway.settings import Settings
from services.gateway.transport import quieten_libraries


def main() -> None:
    """Read the settings, serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    quieten_libraries()
    os.umask(0o077)  # whatever this process writes holds names
    settings = Settings()
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
