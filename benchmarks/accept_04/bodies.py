"""Bodies that no server should like, and the status that each is promised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.radiographs import cr_bytes, deflated_bomb, png_bomb

_MIB = 2**20
_FORM: Final = "multipart/form-data; boundary=x"

Content = bytes | AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Body:
    """One kind of bad request."""

    name: str
    statuses: tuple[int, ...]
    content: Callable[[], Content]
    route: str = "predict"
    media_type: str = _FORM


def _part(name: str, data: bytes, file: bool = True) -> bytes:
    file_name = '; filename="a"' if file else ""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def _form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


async def _endless() -> AsyncIterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    for _ in range(12):
        yield b"\0" * _MIB


@cache
def bombs() -> tuple[bytes, bytes]:
    """A picture's and a deflated instance's, as forms; the second takes seconds to make."""
    return _form(_part("files", png_bomb(12_000))), _form(_part("files", deflated_bomb()))


BAD_FORMS: Final = (
    Body("no picture", (422,), lambda: _form(_part("files", b"no picture"))),
    Body("no form", (422,), lambda: b"\0\xff" * 500),
    Body("no files", (422,), lambda: _form(_part("site", b"lyon", file=False))),
    Body("form cut short", (422,), lambda: _form(_part("files", cr_bytes(1)))[:-20_000]),
    Body("picture cut short", (422,), lambda: _form(_part("files", cr_bytes(1)[:5000]))),
    Body(
        "unknown task",
        (422,),
        lambda: _form(_part("files", cr_bytes(1)), _part("task", b"elbow", file=False)),
    ),
    Body("17 files", (422,), lambda: _form(*(_part("files", b"x") for _ in range(17)))),
    Body("picture bomb", (422,), lambda: bombs()[0]),
    Body("deflated bomb", (422,), lambda: bombs()[1]),
    Body("bomb to search", (422,), lambda: bombs()[0], route="search"),
    Body("file too large", (413,), lambda: _form(_part("files", b"\0" * (5 * _MIB)))),
    Body("endless body", (413,), _endless),
    Body("pickle", (415,), lambda: b"\x80\x04]\x94K\x01a.", media_type="application/vnd.bentoml+pickle"),
    Body("JSON", (415,), lambda: b"{}", media_type="application/json"),
)
