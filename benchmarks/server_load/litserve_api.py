"""The LitServe peer's API: in a module of its own, because LitServe sends it to its worker by name."""

# No `from __future__ import annotations`: LitServe looks at the parameter's type to hand over the body.
import base64
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import Request

from benchmarks.server_load.package import HMAC_KEY

litserve: Any = import_module("litserve")


class Api(litserve.LitAPI):  # type: ignore[misc]
    """One picture at a time."""

    def __init__(self, package: Path) -> None:
        super().__init__()
        self.package = package

    def setup(self, device: str) -> None:  # noqa: ARG002
        from osteon.models import Predictor

        self.predictor = Predictor.load(self.package, hmac_key=HMAC_KEY, engine="torch", threads=1)

    def decode_request(self, request: Request) -> bytes:
        return base64.b64decode(request["picture"])  # it hands over a body as parsed JSON

    def predict(self, data: bytes) -> Any:
        return self.predictor.predict_one(data)[0].value

    def encode_response(self, value: Any) -> dict[str, Any]:
        return {"value": value}
