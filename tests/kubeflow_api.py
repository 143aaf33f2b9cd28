"""A stand-in for the API of Kubeflow Pipelines 2, as far as submitting a run goes: no cluster is at hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_ROOT = "/apis/v2beta1"


class KubeflowApi:
    """Keeps experiments and runs, finds them by name; remembers the bearer tokens it saw.

    Attributes:
        dies_after_taking: the next run is kept, and the connection ends before the answer.
    """

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.experiments: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        self.dies_after_taking = False
        self.host = ""

    def get(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """What a list has under the name that the filter asks for."""
        if path == f"{_ROOT}/healthz":
            return {"multi_user": False}
        kind = path.removeprefix(f"{_ROOT}/")
        found = {"runs": self.runs, "experiments": self.experiments}[kind]
        for predicate in json.loads(query.get("filter", ["{}"])[0]).get("predicates", ()):
            name = predicate.get("stringValue", predicate.get("string_value"))
            found = [one for one in found if one["display_name"] == name]
        return {kind: found}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The thing as it was taken, with an identifier."""
        kind = path.removeprefix(f"{_ROOT}/")
        kept = {"runs": self.runs, "experiments": self.experiments}[kind]
        kept.append({**body, f"{kind[:-1]}_id": f"{kind[:-1]}-{len(kept) + 1}"})
        return kept[-1]


def _handler(api: KubeflowApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            self._answer(api.get(address.path, parse_qs(address.query)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = api.post(urlsplit(self.path).path, body)
            if api.dies_after_taking and self.path.startswith(f"{_ROOT}/runs"):
                api.dies_after_taking = False
                self.close_connection = True
                return
            self._answer(answer)

        def _answer(self, answer: dict[str, Any]) -> None:
            api.tokens.add(self.headers.get("Authorization"))
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler


@contextmanager
def kubeflow_api() -> Iterator[KubeflowApi]:
    """The API on a free port of this machine."""
    api = KubeflowApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    api.host = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
