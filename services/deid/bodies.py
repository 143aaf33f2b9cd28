"""Request bodies: read in pieces within a limit, in memory only, and checked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import Request

from osteon.domain.errors import RefusedError


class TooLarge(Exception):  # noqa: N818 - a state, answered with 413
    """The body is longer than the settings admit."""


class TooSlow(Exception):  # noqa: N818 - a state, answered with 408
    """The body did not come within the settings' time."""


async def body_of(request: Request, limit: int, timeout_s: float) -> bytes:
    """The whole body in memory, refused as soon as it is longer than the limit or late."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _whole(request, limit)
    except TimeoutError:
        raise TooSlow from None


async def _whole(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, with whole characters only; RefusedError for anything else."""
    try:
        found = json.loads(body)
        json.dumps(
            found, ensure_ascii=False
        ).encode()  # half a surrogate pair can be neither kept nor answered
    except (ValueError, RecursionError):
        raise RefusedError("a JSON object", "other bytes", "see /openapi.json") from None
    if not isinstance(found, dict):
        raise RefusedError("a JSON object", "another value", "see /openapi.json")
    return found


def note_of(body: bytes) -> dict[str, Any]:
    """A note: the text `note_text` and, if any, DICOM keywords under `patient`."""
    note = json_object(body)
    if not isinstance(note.get("note_text"), str):
        raise RefusedError("an object with the text `note_text`", "another value", "see /openapi.json")
    if not isinstance(note.get("patient", {}), dict | None):
        raise RefusedError(
            "an object of DICOM keywords under `patient`", "another value", "see /openapi.json"
        )
    return note


def text_field(asked: dict[str, Any], name: str, *, required: bool = True) -> str:
    """A text of the object, not blank where it is required; RefusedError otherwise."""
    value = asked.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise RefusedError(f"the text `{name}`", "another value", "see /openapi.json")
    return value


def json_body(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """The request body of a route in OpenAPI's words."""
    schema = {"type": "object", "required": required, "properties": properties}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}, "required": True}}
