"""How every service is served: uvicorn, and an end to connections that say nothing, or too much.

uvicorn's parser reads a request's head however slowly it comes and however long it is. The body's limits are
each service's own.
"""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 65_536  # what uvicorn's other parser takes
HEAD_LIMIT_S = 30.0
_STALL_S = 1.0


def serve(app: Any, *, host: str, port: int, head_limit_s: float = HEAD_LIMIT_S, **options: Any) -> None:
    """Serves until told to stop; no access log, since a path may tell of whom a request is.

    Args:
        app: ASGI application.
        head_limit_s: seconds in which the head of a request has to arrive, or the connection is closed.
        options: of `uvicorn.run`, beside these.
    """
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=patient_protocol(head_limit_s),
        access_log=False,
        server_header=False,
        **options,
    )


def patient_protocol(limit_s: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol whose connections end when a request's head is not there within `limit_s` seconds.

    A head of more than 64 KiB is answered 400.
    """
    return type("PatientProtocol", (_PatientProtocol,), {"limit_s": limit_s})


class _PatientProtocol(HttpToolsProtocol):
    limit_s: float
    _in_head, _head_is_new, _head_bytes = False, False, 0
    _seen: Any = None
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._in_head, self._head_is_new, self._head_bytes = True, True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        self._head_is_new = False
        super().data_received(data)
        if self._in_head and not self._head_is_new:  # all of the data was head
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too long.")

    def _look_later(self) -> None:
        self._look = self.loop.call_later(
            self.limit_s, self._close_if_silent, self.loop.time() + self.limit_s
        )

    def _close_if_silent(self, due_s: float) -> None:
        """No request under way, and none began since the last look; a server that stalled looks again.

        After a stall a request may lie unread.
        """
        under_way = self.cycle is not None and not self.cycle.response_complete
        stalled = self.loop.time() - due_s > _STALL_S
        if not stalled and not under_way and self.cycle is self._seen:
            self.transport.close()
            return
        self._seen = self.cycle
        self._look_later()
