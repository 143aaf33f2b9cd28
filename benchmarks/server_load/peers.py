"""The same model on other servers: `python -m benchmarks.server_load.peers fastapi|litserve PACKAGE PORT`.

Each takes a picture in a POST, reads and prepares it with our code, and answers from eager torch, as
somebody would who writes such a server in an afternoon.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.server_load.package import HMAC_KEY


def _predictor(package: Path) -> Any:
    from osteon.models import Predictor

    return Predictor.load(package, hmac_key=HMAC_KEY, engine="torch", threads=1)


def serve_fastapi(package: Path, port: int) -> None:
    """FastAPI and torch."""
    import uvicorn
    from fastapi import FastAPI, Request
    from starlette.concurrency import run_in_threadpool

    app, predictor = FastAPI(), _predictor(package)

    async def predict(request: Request) -> dict[str, Any]:
        data = await request.body()
        prediction, _ = await run_in_threadpool(predictor.predict_one, data)
        return {"value": prediction.value}

    async def ready() -> dict[str, bool]:
        return {"ready": True}

    # Annotations are text here and `Request` is local: FastAPI is told what the parameter is.
    predict.__annotations__ = {"request": Request}
    app.add_api_route("/predict", predict, methods=["POST"])
    app.add_api_route("/health", ready)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def serve_litserve(package: Path, port: int) -> None:
    """LitServe (Lightning AI), one worker, no batching."""
    from benchmarks.server_load.litserve_api import Api, litserve

    server = litserve.LitServer(Api(package), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


def main() -> None:
    name, package, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    {"fastapi": serve_fastapi, "litserve": serve_litserve}[name](package, port)


if __name__ == "__main__":
    main()
