"""Parts around the gateway in its tests: a model server that fails on demand, and a running gateway."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from pynetdicom import AE, evt
from pynetdicom.sop_class import ComprehensiveSRStorage, Verification

from osteon.domain import Interval, Prediction, Task
from services.gateway.app import create_app
from services.gateway.settings import Settings

CALLER, SITE = "MODALITY1", "chu-a"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prediction(task: str = "fracture", value: float | None = 0.83, **fields: Any) -> Prediction:
    """An answer, or with `value=None` an abstention."""
    answered = value is not None
    return Prediction(
        **{
            "event_id": "0" * 32,
            "task": task,
            "status": "answered" if answered else "abstained",
            "reason": None if answered else "body_part_not_covered",
            "value": value,
            "unit": Task.parse(task).unit,
            "interval": Interval(low=0.7, high=0.9, coverage=0.9) if answered else None,
            "model_version": f"{task}-1",
            "preprocess_version": "p1",
            "input_hmac": "f" * 64,
            "embedding_space": "s1",
            "time_utc": "2026-01-01T00:00:00Z",
            "site": SITE,
            **fields,
        }
    )


class ModelServer:
    """A real HTTP server in the model server's place; `plan` says what it does next."""

    def __init__(self) -> None:
        self.port = free_port()
        self.requests: list[dict[str, Any]] = []
        self.plan: list[Callable[[], Response]] = []
        self.predictions = [prediction(), prediction("knee-oa", None)]
        app = FastAPI()
        app.add_api_route("/v1/predict", self._predict, methods=["POST"])
        app.add_api_route("/v1/pseudonym", self._pseudonym, methods=["POST"])
        self._server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _predict(self, request: Request) -> Any:
        form = await request.form()
        upload: Any = form["files"]
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        self.requests.append(
            {
                "token": request.headers.get("authorization"),
                "filename": upload.filename,
                "bytes": await upload.read(),
                **fields,
            }
        )
        if self.plan:
            return self.plan.pop(0)()
        return {"predictions": [each.as_dict() for each in self.predictions], "research_use_only": True}

    async def _pseudonym(self, request: Request) -> Any:
        asked = await request.json()
        assert asked["patient_id"]
        assert asked["site"]
        return {"pseudonym": "P0123456789ABCDEF"}

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    server = ModelServer()
    server.start()
    yield server
    server.stop()


def wait_until(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("the condition did not come true in time")


def settings_for(folder: Path, model_url: str = "http://127.0.0.1:9", **fields: Any) -> Settings:
    """Settings with every port free and short pauses."""
    token = folder / "server.token"
    token.write_text("server-token predict,embed\n")
    return Settings(
        **{
            "site": "local",
            "state": folder / "state",
            "port": free_port(),
            "token_file": folder / "gateway.token",
            "dicom_port": free_port(),
            "calling_ae_titles": {CALLER: SITE, "OTHER": ""},
            "hl7_port": free_port(),
            "handover": folder / "handover",
            "model_server_url": model_url,
            "model_server_token_file": token,
            "backoff_s": 0.1,
            "max_backoff_s": 0.3,
            "poll_s": 0.05,
            **fields,
        }
    )


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment variables of `python -m services.gateway`."""
    values = settings.model_dump(exclude_none=True, exclude={"calling_ae_titles"})
    found = {f"OSTEON_GATEWAY_{name.upper()}": str(value) for name, value in values.items()}
    titles = ",".join(f"{title}:{site}" for title, site in settings.calling_ae_titles.items())
    return {**os.environ, **found, "OSTEON_GATEWAY_CALLING_AE_TITLES": titles}


class RunningGateway:
    """`python -m services.gateway` as a process of its own."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings = settings
        self.log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.gateway"],
                env=environment(settings),
                stdout=stream,
                stderr=stream,
            )
        wait_until(self._ready, 60)

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-2000:]
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.settings.token_file.read_text().strip()}"}

    def studies(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/v1/studies", headers=self.headers).json()[
            "studies"
        ]
        return found

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)


@contextmanager
def running_gateway(settings: Settings, log: Path) -> Iterator[RunningGateway]:
    gateway = RunningGateway(settings, log)
    try:
        yield gateway
    finally:
        gateway.stop()


class ThreadGateway(RunningGateway):
    """The same service on a thread of this process: starts at once, cannot be killed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        configuration = uvicorn.Config(create_app(settings), port=settings.port, log_level="error")
        self._server = uvicorn.Server(configuration)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)


@contextmanager
def thread_gateway(settings: Settings) -> Iterator[ThreadGateway]:
    gateway = ThreadGateway(settings)
    try:
        yield gateway
    finally:
        gateway.stop()


@contextmanager
def pacs(store: list[Any], port: int, status: list[int] | None = None) -> Iterator[None]:
    """A storage SCP for structured reports; `status` are its first answers."""
    answers = status or []

    def keep(event: Any) -> int:
        code = answers.pop(0) if answers else 0
        if code == 0:
            dataset = event.dataset
            dataset.file_meta = event.file_meta
            store.append(dataset)
        return code

    entity = AE(ae_title="PACS")
    entity.add_supported_context(ComprehensiveSRStorage)
    entity.add_supported_context(Verification)
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    yield
    server.shutdown()
