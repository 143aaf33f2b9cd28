"""The Python client and the examples of docs/model-server.md against a running server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest

from osteon.client import ModelServer
from osteon.domain import FaultError, RefusedError, Task, UsageError
from tests.model_packages import make_model_package, promote_package
from tests.radiographs import cr_bytes, png_bytes
from tests.server_process import READ_ONLY_TOKEN, TOKEN, RunningServer, running_server, server_registry
from tests.server_requests import predict

PAGE = Path(__file__).parents[2] / "docs" / "model-server.md"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("server")
    registry = server_registry(home)
    for task in ("fracture", "bone-age"):
        promote_package(registry, make_model_package(home / task, task), task)
    with running_server(home) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hand.dcm").write_bytes(cr_bytes(1))
    (tmp_path / "wrist.png").write_bytes(png_bytes(2))
    return tmp_path


def test_the_client_gives_what_the_server_says(running: RunningServer, folder: Path) -> None:
    with ModelServer(running.url, TOKEN) as server:
        found = server.predict([folder / "hand.dcm", png_bytes(2)], task=Task.BONE_AGE, sex="F", site="lyon")
        vectors = server.embed([folder / "hand.dcm", png_bytes(2)], task="fracture")
        models = {each.task: each for each in server.models()}
    asked = predict(running, cr_bytes(1), task="bone-age", sex="F", site="lyon").json()["predictions"][0]
    assert [each.task for each in found] == ["bone-age", "bone-age"]
    assert (found[0].value, found[0].interval.low) == (asked["value"], asked["interval"]["low"])
    assert found[0].site == "lyon"
    np.testing.assert_allclose(np.linalg.norm(vectors.vectors, axis=1), 1.0, atol=1e-5)
    assert vectors.embedding_space == models["fracture"].embedding_space
    assert (models["fracture"].role, models["fracture"].approved_by) == ("champion", "tests")


def test_errors_say_what_to_do_and_repeat_nothing(running: RunningServer) -> None:
    with ModelServer(running.url, TOKEN) as server:
        with pytest.raises(RefusedError):
            server.predict([b"no picture"])
        with pytest.raises(RefusedError) as refused:
            server.predict([cr_bytes(1)], subject="DUPONT^MARIE")
        assert "DUPONT" not in str(refused.value)
        with pytest.raises(UsageError):
            server.predict([])
        with pytest.raises(UsageError):
            server.predict(["absent.dcm"])
        with pytest.raises(UsageError):
            server.predict([cr_bytes(1)], task="knee-oa")  # no champion
        assert TOKEN not in repr(server)
    with ModelServer(running.url, READ_ONLY_TOKEN) as server, pytest.raises(UsageError):
        server.predict([cr_bytes(1)])
    with ModelServer("http://127.0.0.1:9", TOKEN, timeout_s=2) as nobody, pytest.raises(FaultError):
        nobody.models()


def answering(*responses: httpx.Response) -> tuple[httpx.MockTransport, list[float]]:
    """A remote that answers so, one after the other, and when it was asked."""
    asked: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        asked.append(time.monotonic())
        return responses[min(len(asked), len(responses)) - 1]

    return httpx.MockTransport(answer), asked


BUSY = httpx.Response(
    429, headers={"Retry-After": "1"}, json={"error": {"need": "a", "got": "b", "next": "c"}}
)
NONE = httpx.Response(200, json={"models": [], "challengers": [], "project": "osteon"})


def test_a_busy_server_is_asked_again_after_the_pause_it_names() -> None:
    transport, asked = answering(BUSY, httpx.Response(503, headers={"Retry-After": "1"}), NONE)
    with ModelServer("http://server", TOKEN, transport=transport) as server:
        assert server.models() == []
    assert len(asked) == 3
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(asked))


def test_patience_ends_and_no_other_error_is_tried_again() -> None:
    transport, asked = answering(BUSY)
    with ModelServer("http://server", TOKEN, transport=transport, patience_s=0) as server:
        with pytest.raises(FaultError):
            server.models()
        assert len(asked) == 1
    for status in (400, 401, 404, 408, 413, 500):
        transport, asked = answering(httpx.Response(status), NONE)
        with ModelServer("http://server", TOKEN, transport=transport) as server:
            with pytest.raises((FaultError, RefusedError, UsageError)):
                server.models()
            assert len(asked) == 1, status


@pytest.mark.parametrize("body", [b"", b"[]", b'{"predictions": [{"task": "x"}]}', b'{"predictions": 3}'])
def test_an_answer_that_is_not_of_the_contract_is_a_fault(body: bytes) -> None:
    transport, _ = answering(httpx.Response(200, content=body))
    with ModelServer("http://server", TOKEN, transport=transport) as server, pytest.raises(FaultError):
        server.predict([b"x"])
    with ModelServer("http://server", TOKEN, transport=transport) as server, pytest.raises(FaultError):
        server.explain_phrase(b"x", "fracture")  # no picture


def examples() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if "curl" in block]


@pytest.mark.parametrize("number", range(len(examples())))
def test_each_curl_example_of_the_page_is_answered(running: RunningServer, folder: Path, number: int) -> None:
    environment = {**os.environ, "URL": running.url, "TOKEN": TOKEN, "no_proxy": "*"}
    command = ["bash", "-ec", examples()[number]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    answer, _ = json.JSONDecoder().raw_decode(done.stdout)
    assert {"predictions", "embeddings", "models"} & set(answer)


def test_the_python_example_of_the_page_runs(
    running: RunningServer, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(folder)
    exec(compile(block, str(PAGE), "exec"), {"URL": running.url, "TOKEN": TOKEN})
    assert capsys.readouterr().out.count("months") == 2
