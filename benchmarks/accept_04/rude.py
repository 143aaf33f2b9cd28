"""Rude clients: slow, broken, greedy, or gone before the answer. Each has one promised outcome."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from benchmarks.accept_04.bodies import BAD_FORMS, Body, bombs
from benchmarks.accept_04.ledger import Reply
from benchmarks.accept_04.load import Asking, new_client
from benchmarks.accept_04.material import Asked
from benchmarks.accept_04.plan import CUT
from benchmarks.accept_04.processes import (
    GREEDY_TOKEN,
    READ_ONLY_TOKEN,
    REQUESTS_BURST,
    TOKENS,
    UPLOAD_TIMEOUT_S,
)

_TOKEN = TOKENS[-1]  # rude ones share it: their rate touches no proper client
_PATIENCE_S = 40.0
_WAVES = 20
_PAUSE_S = 0.3  # before another try where nobody listens


class Rude:
    """All manners of rudeness against one server."""

    def __init__(self, asking: Asking, host: str, port: int, seed: int) -> None:
        self._asking, self._host, self._port = asking, host, port
        self._ledger = asking.checks.ledger
        self._chance = random.Random(f"rude-{seed}")
        bombs()  # made before anybody waits
        self._manners: list[Callable[[], Awaitable[None]]] = [
            self.trickles_in_time,
            self.trickles_too_slowly,
            self.hangs_up_in_the_body,
            self.hangs_up_before_the_answer,
            self.says_nothing,
            self.never_ends_its_head,
            self.speaks_no_http,
            self.has_no_right,
            *(self._sender(body) for body in BAD_FORMS),
        ]

    async def go_on(self, stop: asyncio.Event) -> None:
        """One rudeness after another, all of them in turn, until told to stop."""
        while not stop.is_set():
            for manner in self._chance.sample(self._manners, len(self._manners)):
                if stop.is_set():
                    return
                await manner()

    async def trickles_in_time(self) -> None:
        """A slow sender within the limit is answered like any other."""
        asked = self._asking.prediction(self._chance, 1)
        raw = _raw(asked, self._asking)
        reply = await self._exchange(raw, pieces=20, over_s=UPLOAD_TIMEOUT_S / 3)
        self._asking.checks.check(asked, reply)
        self._ledger.rude["trickled in time", reply.status] += 1

    async def trickles_too_slowly(self) -> None:
        """A slower one is told so, and gives its place back."""
        asked = self._asking.prediction(self._chance, 1)
        raw = _raw(asked, self._asking)
        reply = await self._exchange(raw[:-1], pieces=30, over_s=UPLOAD_TIMEOUT_S * 1.5)
        self._expect("trickled too slowly", reply, 408)

    async def hangs_up_in_the_body(self) -> None:
        """Nothing is judged, nothing recorded."""
        asked = self._asking.prediction(self._chance, 2)
        raw = _raw(asked, self._asking)
        await self._exchange(raw[: len(raw) // 2], wait=False)
        self._ledger.rude["hung up in the body", CUT] += 1

    async def hangs_up_before_the_answer(self) -> None:
        """Whole or not at all is it recorded: nobody was told."""
        asked = self._asking.prediction(self._chance, 3)
        reply = await self._exchange(_raw(asked, self._asking), wait=False)
        self._ledger.owe(asked, reply, [])
        self._ledger.rude["hung up before the answer", CUT] += 1

    async def says_nothing(self) -> None:
        """Connections without a request, or with half of its head, are closed by the server in time."""
        half = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nX-Long: "
        replies = await asyncio.gather(*(self._exchange(half * (n % 2)) for n in range(10)))
        for reply in replies:
            self._ledger.rude["said nothing", reply.status] += 1
            if reply.status != CUT or reply.ended - reply.began > _PATIENCE_S - 1:
                self._ledger.fail("silent connection kept", f"{reply.ended - reply.began:.0f} s")

    async def never_ends_its_head(self) -> None:
        """A head that grows for ever is refused before it takes memory."""
        head = b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 2**21
        self._expect("never ended its head", await self._exchange(head), 400, CUT)

    async def speaks_no_http(self) -> None:
        """Whatever it is, it is no request."""
        noise = bytes(self._chance.randbytes(400)) + b"\r\n\r\n"
        self._expect("spoke no HTTP", await self._exchange(noise), 400, CUT)

    async def has_no_right(self) -> None:
        """A wrong token, or one without the scope."""
        async with new_client() as client:
            for token, status in (("no-token-of-this-server", 401), (READ_ONLY_TOKEN, 403)):
                asked = self._asking.prediction(self._chance, 1)
                reply = await self._asking.send(client, asked, token)
                self._expect("had no right", reply, status)

    async def asks_too_fast(self) -> int:
        """Far more than its rate with one token: some are told to come back, others do not notice."""
        asked = Asked(route="models")
        async with new_client() as client:
            told = 0
            for _ in range(_WAVES):
                sends = (self._asking.send(client, asked, GREEDY_TOKEN) for _ in range(REQUESTS_BURST))
                replies = await asyncio.gather(*sends)
                for reply in replies:
                    self._expect("asked too fast", reply, 200, 429)
                told += sum(reply.status == 429 for reply in replies)
                if told > REQUESTS_BURST:
                    break
        return told

    def _sender(self, body: Body) -> Callable[[], Awaitable[None]]:
        async def send() -> None:
            async with new_client() as client:
                began = time.monotonic()
                try:
                    response = await client.post(
                        f"{self._asking.url}/v1/{body.route}",
                        content=body.content(),
                        headers={"Authorization": f"Bearer {_TOKEN}", "Content-Type": body.media_type},
                    )
                    status, headers, content = response.status_code, response.headers, response.content
                except Exception as error:  # noqa: BLE001  any way of being cut off
                    reply = Reply(CUT, {}, type(error).__name__.encode(), began, time.monotonic())
                else:
                    reply = Reply(status, dict(headers), content, began, time.monotonic())
            self._expect(body.name, reply, *body.statuses)
            if reply.status == CUT:
                await asyncio.sleep(_PAUSE_S)

        return send

    def _expect(self, manner: str, reply: Reply, *statuses: int) -> None:
        self._ledger.rude[manner, reply.status] += 1
        self._ledger.require_retry_after(manner, reply)
        if reply.status in statuses:
            return
        if not self._ledger.timeline.excuses("predict", reply.status, reply.began, reply.ended):
            self._ledger.fail(
                f"{manner}: {reply.status or 'nothing'}", f"not {statuses}: {reply.content[:200]!r}"
            )

    async def _exchange(
        self, raw: bytes, *, pieces: int = 1, over_s: float = 0.0, hold_s: float = 0.0, wait: bool = True
    ) -> Reply:
        """Send bytes over a bare connection, in pieces over a time; the reply, or CUT."""
        began, answer = time.monotonic(), bytearray()
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            await asyncio.sleep(_PAUSE_S)
            return _parsed(b"", began)
        # Read from the start: who is refused in the middle of sending is told then, not at the end.
        reading = asyncio.create_task(_collect(reader, answer))
        step = -(-len(raw) // pieces) or 1
        with suppress(OSError, TimeoutError):
            for start in range(0, len(raw), step):
                writer.write(raw[start : start + step])
                await writer.drain()
                if pieces > 1:
                    await asyncio.sleep(over_s / pieces)
            await asyncio.sleep(hold_s)
        if wait:
            with suppress(TimeoutError):
                await asyncio.wait_for(reading, _PATIENCE_S)
        reading.cancel()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return _parsed(bytes(answer) if wait else b"", began)


async def _collect(reader: asyncio.StreamReader, answer: bytearray) -> None:
    """Everything that comes until the connection ends, in whatever way."""
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            answer += chunk


def _raw(asked: Asked, asking: Asking) -> bytes:
    """A request as its bytes on the wire, the connection closed after the answer."""
    form = asked.form(asking.material)
    head = (
        f"{form.method} {form.url.path} HTTP/1.1\r\nHost: server\r\nConnection: close\r\n"
        f"Authorization: Bearer {_TOKEN}\r\nContent-Type: {form.headers['content-type']}\r\n"
        f"Content-Length: {len(form.content)}\r\n\r\n"
    )
    return head.encode() + form.content


def _parsed(answer: bytes, began: float) -> Reply:
    """A reply from its bytes on the wire; CUT unless it is whole."""
    head, _, content = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    fields = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    whole = len(words) > 1 and words[1].isdigit() and len(content) >= int(headers.get("content-length", 0))
    return Reply(int(words[1]) if whole else CUT, headers, content, began, time.monotonic())
