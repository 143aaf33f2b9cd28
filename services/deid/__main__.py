"""`python -m services.deid`: the service with settings from the environment."""

from __future__ import annotations

import gc

from osteon.connections import serve
from services.deid.app import create_app
from services.deid.settings import Settings


def main() -> None:
    """Serves until it is told to stop."""
    gc.disable()  # imports make millions of lasting objects; `app` switches it on once the engine is loaded
    settings = Settings()
    serve(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
