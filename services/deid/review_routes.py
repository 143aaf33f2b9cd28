"""The review queue, re-identification and the audit trail, for persons with their own tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response

from osteon.deid import review
from osteon.deid.cases import STATES, Case
from osteon.deid.reidentification import reidentify
from osteon.domain.errors import RefusedError, UsageError
from services.deid.bodies import json_body, json_object, text_field
from services.deid.callers import Caller
from services.deid.work import Work

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {} for code in (400, 401, 403, 408, 409, 413, 422, 500)}
_REASON = {"reason": {"type": "string", "minLength": 8, "maxLength": 300}}
_BOXES = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}
_CORRECTION = {**_REASON, "text": {"type": "string"}, "boxes": _BOXES}
_MAX_BYTES = 4096


def add_review_routes(app: FastAPI, work: Work) -> None:
    """The routes under /v1/review, /v1/reidentify and /v1/audit."""
    _add_reading(app, work)
    _add_decisions(app, work)
    _add_reidentification(app, work)


def _add_reading(app: FastAPI, work: Work) -> None:
    @app.get("/v1/review/cases", responses=_ANSWERS)
    async def cases(state: str = "waiting") -> list[dict[str, Any]]:
        """Cases of one state, or `all`, oldest first; no value of a data set."""
        if state not in {*STATES, "all"}:
            raise UsageError(f"one of {', '.join(STATES)}, all", "another", "correct `state`")
        found = await work.run("review", lambda: _listed(work, state))
        return [asdict(case) for case in found]

    @app.get("/v1/review/cases/{case_id}", responses=_ANSWERS)
    async def case(case_id: str) -> dict[str, Any]:
        """One case; no value of a data set."""
        return asdict(await work.run("review", lambda: work.opened_vault().cases.get(case_id)))

    @app.post(
        "/v1/review/cases/{case_id}/content",
        openapi_extra=json_body(_REASON, ["reason"]),
        responses={200: {"content": {"application/octet-stream": {}}}, **_ANSWERS},
        response_class=Response,
    )
    async def content(case_id: str, request: Request) -> Response:
        """What was held back, identity and all; that it was looked at stands in the audit trail."""
        person, asked = await _asked(work, request, _MAX_BYTES)
        reason = text_field(asked, "reason")
        _, held = await work.run(
            "review", lambda: review.look(work.opened_vault(), case_id, person=person, reason=reason)
        )
        suffix, data = held.files[0]
        media = "application/dicom" if suffix in {".dcm", ""} else "application/octet-stream"
        return Response(data, media_type=media)


def _listed(work: Work, state: str) -> list[Case]:
    return work.opened_vault().cases.listed(None if state == "all" else state)


def _add_decisions(app: FastAPI, work: Work) -> None:
    only_reason = json_body(_REASON, ["reason"])
    made_of: dict[int | str, dict[str, Any]] = {200: {"content": {"application/dicom": {}}}, **_ANSWERS}

    @app.post(
        "/v1/review/cases/{case_id}/approve",
        openapi_extra=only_reason,
        responses=made_of,
        response_class=Response,
    )
    async def approve(case_id: str, request: Request) -> Response:
        """Lets the case through although of its reason, where the policy admits that; answers the output."""
        person, asked = await _asked(work, request, _MAX_BYTES)
        reason = text_field(asked, "reason")
        made = await work.run(
            "review",
            lambda: review.approve(work.opened_vault(), case_id, work.policy, person=person, reason=reason),
        )
        return Response(made.output, media_type=made.media_type)

    @app.post(
        "/v1/review/cases/{case_id}/correct",
        openapi_extra=json_body(_CORRECTION, ["reason"]),
        responses=made_of,
        response_class=Response,
    )
    async def correct(case_id: str, request: Request) -> Response:
        """Takes a corrected text, or boxes to black out; answers the output, made under every rule."""
        person, asked = await _asked(work, request, work.settings.max_text_bytes)
        reason, boxes = text_field(asked, "reason"), _boxes(asked.get("boxes"))
        text = text_field(asked, "text") if "text" in asked else None
        made = await work.run(
            "review",
            lambda: review.correct(
                work.opened_vault(),
                case_id,
                work.policy,
                person=person,
                reason=reason,
                text=text,
                boxes=boxes,
            ),
        )
        return Response(made.output, media_type=made.media_type)

    @app.post("/v1/review/cases/{case_id}/reject", openapi_extra=only_reason, responses=_ANSWERS)
    async def reject(case_id: str, request: Request) -> dict[str, Any]:
        """Keeps the case out for good and deletes what is kept of it."""
        person, asked = await _asked(work, request, _MAX_BYTES)
        reason = text_field(asked, "reason")
        case = await work.run(
            "review", lambda: review.reject(work.opened_vault(), case_id, person=person, reason=reason)
        )
        return asdict(case)


def _add_reidentification(app: FastAPI, work: Work) -> None:
    @app.post(
        "/v1/reidentify",
        openapi_extra=json_body({**_REASON, "pseudonym": {"type": "string"}}, ["pseudonym", "reason"]),
        responses=_ANSWERS,
    )
    async def answer(request: Request) -> dict[str, Any]:
        """What a pseudonym stands for; recorded with the person's name before it is answered."""
        person, asked = await _asked(work, request, _MAX_BYTES, "reidentify")
        pseudonym, reason = text_field(asked, "pseudonym"), text_field(asked, "reason")
        found = await work.run(
            "reidentify", lambda: reidentify(work.opened_vault(), pseudonym, person=person, reason=reason)
        )
        return {"kind": found.kind, "original": found.original.value, "site": found.site}

    @app.get("/v1/audit", responses=_ANSWERS)
    async def audit() -> dict[str, Any]:
        """Whether the audit trail is whole, how long it is and its head."""
        return asdict(await work.run("audit", lambda: work.opened_vault().audit.verify()))


async def _asked(
    work: Work, request: Request, limit: int, kind: str = "review"
) -> tuple[str, dict[str, Any]]:
    """The person whose token it is, and what was asked."""
    caller: Caller = request.state.caller
    return caller.person, json_object(await work.body(request, limit, kind))


def _boxes(value: Any) -> list[tuple[int, int, int, int]]:
    if value is None:
        return []
    try:
        found = [(a, b, c, d) for a, b, c, d in value]
    except (TypeError, ValueError):
        found = [("", "", "", "")]
    if not all(type(number) is int for box in found for number in box):
        raise RefusedError("boxes of four whole numbers", "another value", "see /openapi.json")
    return found
