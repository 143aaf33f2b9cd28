"""Connections that say nothing, or too much, before their request is there: uvicorn alone keeps them.

Its parser reads a request's head however slowly it comes and however long it is. The body's limits are in
`waiting` and `upload`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 65_536  # what uvicorn's other parser takes


def patient_protocol(limit_s: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol whose connections end when a request's head is not there within `limit_s` seconds.

    A head of more than 64 KiB is answered 400.
    """

    class PatientProtocol(HttpToolsProtocol):
        _head_bytes = 0
        _seen: Any = None
        _look: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._look = self.loop.call_later(limit_s, self._close_if_silent)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._look is not None:
                self._look.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            before, in_body = self.cycle, self._is_under_way() and self.cycle.more_body
            super().data_received(data)
            is_head = not in_body and self.cycle is before
            self._head_bytes = self._head_bytes + len(data) if is_head else 0
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too long.")

        def _is_under_way(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _close_if_silent(self) -> None:
            """No request under way, and none began since the last look."""
            if not self._is_under_way() and self.cycle is self._seen:
                self.transport.close()
                return
            self._seen = self.cycle
            self._look = self.loop.call_later(limit_s, self._close_if_silent)

    return PatientProtocol
