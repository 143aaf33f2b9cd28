"""Places and patience: a flood is told to come back, and work that nobody waits for is not done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect, Request

from services.model_server.answers import HttpError, error_response
from services.model_server.metrics import ServerMetrics
from services.model_server.upload import Upload
from services.model_server.waiting import Places, answered, arrived


@pytest.fixture
def one_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


def upload() -> Upload:
    return Upload(files=(b"",), task=None, sex=None, site="lyon", subject=None)


def request_that(hangs_up_after_s: float) -> Request:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(hangs_up_after_s)
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


def outcome(
    threads: ThreadPoolExecutor,
    work: Callable[[Upload], Any],
    one: Upload,
    *,
    hangs_up_after_s: float = 60,
    limit_s: float = 60,
) -> Any:
    return asyncio.run(answered(request_that(hangs_up_after_s), one, work, threads, limit_s))


def test_more_requests_than_places_are_told_to_come_back() -> None:
    places = Places(2, ServerMetrics(CollectorRegistry()))
    with places.one(), places.one(), pytest.raises(HttpError) as refused, places.one():
        pass
    response = error_response(refused.value)
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    with places.one(), places.one():
        pass


def test_the_answer_of_a_client_that_waits_is_given(one_thread: ThreadPoolExecutor) -> None:
    assert outcome(one_thread, lambda one: one.site, upload()) == "lyon"


def test_an_error_of_the_work_reaches_the_client(one_thread: ThreadPoolExecutor) -> None:
    def work(_: Upload) -> None:
        raise HttpError(404, "a champion", "none", "promote one")

    with pytest.raises(HttpError, match="champion"):
        outcome(one_thread, work, upload())


def test_work_of_a_client_that_hung_up_never_begins(one_thread: ThreadPoolExecutor) -> None:
    release, begun, abandoned = threading.Event(), threading.Event(), upload()
    one_thread.submit(release.wait)
    with pytest.raises(ClientDisconnect):
        outcome(one_thread, lambda _: begun.set(), abandoned, hangs_up_after_s=0.05)
    release.set()
    one_thread.submit(int).result(timeout=10)
    assert abandoned.abandoned.is_set()
    assert not begun.is_set()


def test_work_under_way_is_told_that_nobody_waits_and_time_out_is_503(one_thread: ThreadPoolExecutor) -> None:
    one, told = upload(), threading.Event()

    def work(this: Upload) -> None:
        if this.abandoned.wait(30):
            told.set()

    with pytest.raises(HttpError) as late:
        outcome(one_thread, work, one, limit_s=0.1)
    assert error_response(late.value).headers["retry-after"] == "1"
    assert late.value.status == 503
    assert told.wait(10)


def test_a_body_that_does_not_arrive_is_408() -> None:
    async def never() -> None:
        await asyncio.sleep(60)

    with pytest.raises(HttpError) as late:
        asyncio.run(arrived(never(), 0.05))
    assert late.value.status == 408
