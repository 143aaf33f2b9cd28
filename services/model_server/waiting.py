"""How long a request is waited for, and by whom: bounded places, time-outs, clients that hung up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from services.model_server.answers import HttpError
from services.model_server.metrics import ServerMetrics
from services.model_server.upload import Upload

Answer = TypeVar("Answer")
Asked = TypeVar("Asked", bound=Upload)


class Places:
    """Requests under way, at most so many; used from the event loop alone."""

    def __init__(self, most: int, metrics: ServerMetrics) -> None:
        self._most = most
        self._taken = 0
        self._metrics = metrics

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place until the block ends; HttpError 429 when there is none."""
        if self._taken >= self._most:
            raise HttpError(429, "a free place", f"{self._taken} requests under way", "try again in a second")
        self._move(1)
        try:
            yield
        finally:
            self._move(-1)

    def _move(self, by: int) -> None:
        self._taken += by
        self._metrics.waiting.set(self._taken)


async def arrived(body: Awaitable[Answer], limit_s: float) -> Answer:
    """The request's body as understood; HttpError 408 when it does not arrive in time."""
    try:
        return await asyncio.wait_for(body, limit_s)
    except TimeoutError:
        raise HttpError(408, f"a request within {limit_s:g} s", "a slower one", "send it faster") from None


async def answered(
    request: Request, upload: Asked, work: Callable[[Asked], Answer], threads: Executor, limit_s: float
) -> Answer:
    """The work's answer, from a thread, while somebody waits for it.

    Work that has not begun never does when the client hangs up or time runs out; work under way is told
    (`upload.abandoned`) and its answer is dropped.

    Raises:
        ClientDisconnect: the client hung up.
        HttpError: 503 when the answer takes longer than `limit_s`.
    """
    answer = asyncio.get_running_loop().run_in_executor(threads, work, upload)
    hung_up = asyncio.ensure_future(_hung_up(request))
    try:
        either: set[asyncio.Future[Any]] = {answer, hung_up}
        await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        if hung_up.done():
            raise ClientDisconnect
        raise HttpError(503, f"an answer within {limit_s:g} s", "a busy server", "try again later")
    finally:
        hung_up.cancel()
        if not answer.done():
            upload.abandoned.set()
            answer.cancel()


async def _hung_up(request: Request) -> None:
    """Returns when the client goes away; the whole body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
