"""`python -m services.deid`: the service with settings from the environment."""

from __future__ import annotations

import gc

import uvicorn

from services.deid.app import create_app
from services.deid.settings import Settings


def main() -> None:
    """Serves until it is told to stop; no access log, because a URL may say who asked for whom."""
    gc.disable()  # imports make millions of lasting objects; `app` switches it on once the engine is loaded
    settings = Settings()
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main()
