"""Identity in, pseudonyms out: DICOM instances, notes, patient numbers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from osteon.deid.identity import known_from_keywords
from osteon.deid.instance import DeidentifiedInstance, deidentify_dicom
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.domain.errors import QuarantinedError, RefusedError
from osteon.domain.identity import OriginalId
from services.deid.bodies import json_body, json_object, note_of
from services.deid.work import SITE_HEADER, Work

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {} for code in (400, 401, 403, 408, 409, 413, 422, 503)}
_DICOM = {
    "requestBody": {
        "content": {"application/dicom": {"schema": {"type": "string", "format": "binary"}}},
        "required": True,
    }
}
_NOTE = json_body(
    {
        "note_id": {"type": "string"},
        "note_text": {"type": "string"},
        "patient": {"type": "object", "description": "Known identity as DICOM keywords"},
    },
    ["note_text"],
)
_NUMBER = json_body(
    {"patient_id": {"type": "string", "minLength": 1}, "site": {"type": "string"}}, ["patient_id"]
)
_MAX_PSEUDONYM_BYTES = 4096


def add_deid_routes(app: FastAPI, work: Work) -> None:
    """/v1/deid/dicom, /v1/deid/text and /v1/pseudonym."""
    _add_dicom(app, work)
    _add_text(app, work)
    _add_pseudonym(app, work)


def _add_dicom(app: FastAPI, work: Work) -> None:
    @app.post(
        "/v1/deid/dicom",
        openapi_extra=_DICOM,
        responses={200: {"content": {"application/dicom": {}}}, **_ANSWERS},
        response_class=Response,
    )
    async def dicom(request: Request) -> Response:
        """One DICOM instance in, the de-identified instance out."""
        body = await work.body(request, work.settings.max_dicom_bytes, "dicom")
        pseudonymiser = work.pseudonymiser(request.headers.get(SITE_HEADER))
        made = await work.run("dicom", lambda: _instance(work, body, pseudonymiser))
        work.metrics.text_boxes.inc(made.report.text_boxes)
        headers = {"X-Osteon-Policy": work.policy.hash, "X-Osteon-Study": made.study.value}
        return Response(made.content, media_type="application/dicom", headers=headers)


def _add_text(app: FastAPI, work: Work) -> None:
    @app.post("/v1/deid/text", openapi_extra=_NOTE, responses=_ANSWERS)
    async def text(request: Request) -> JSONResponse:
        """One note in, its text under surrogates out, with the places that were replaced."""
        note = note_of(await work.body(request, work.settings.max_text_bytes, "text"))
        pseudonymiser = work.pseudonymiser(request.headers.get(SITE_HEADER))
        made = await work.run("text", lambda: _note(work, note, pseudonymiser))
        for label, count in made.pop("counts").items():
            work.metrics.spans.labels(label).inc(count)
        return JSONResponse(made, headers={"X-Osteon-Policy": work.policy.hash})


def _add_pseudonym(app: FastAPI, work: Work) -> None:
    @app.post("/v1/pseudonym", openapi_extra=_NUMBER, responses=_ANSWERS)
    async def pseudonym(request: Request) -> dict[str, str]:
        """A patient's pseudonym, for a part that must link its records without the key."""
        asked = json_object(await work.body(request, _MAX_PSEUDONYM_BYTES, "pseudonym"))
        number, site = asked.get("patient_id"), asked.get("site")
        if not isinstance(number, str) or not number.strip() or not isinstance(site, str | None):
            raise RefusedError(
                "the text `patient_id` and, if any, the text `site`", "another value", "see /openapi.json"
            )
        maker = work.pseudonymiser(site)
        return await work.run("pseudonym", lambda: _pseudonym(work, maker, number))


def _instance(work: Work, body: bytes, pseudonymiser: Pseudonymiser) -> DeidentifiedInstance:
    try:
        made = deidentify_dicom(body, work.policy, pseudonymiser)
    except QuarantinedError as error:
        raise work.held("image", body, ".dcm", pseudonymiser.site, error) from None
    work.kept(pseudonymiser)
    return made


def _pseudonym(work: Work, maker: Pseudonymiser, number: str) -> dict[str, str]:
    found = maker.patient(OriginalId(number)).value
    work.kept(maker)
    return {"pseudonym": found}


def _note(work: Work, note: dict[str, Any], pseudonymiser: Pseudonymiser) -> dict[str, Any]:
    from osteon.deid.text.report_text import deidentify_text

    patient = note.get("patient")
    known = known_from_keywords(patient) if patient else None
    number = patient.get("PatientID") if patient else None
    try:
        made = deidentify_text(
            note["note_text"],
            known,
            policy=work.policy,
            pseudonymiser=pseudonymiser,
            patient_id=OriginalId(str(number)) if number else None,
            note_id=str(note.get("note_id", "")),
        )
    except QuarantinedError as error:
        content = note["note_text"].encode("utf-8", "surrogatepass")
        site, patient_id = pseudonymiser.site, str(number) if number else None
        raise work.held("report", content, ".txt", site, error, known, patient_id) from None
    work.kept(pseudonymiser)
    return {
        "note_id": note.get("note_id"),
        "note_text": made.text,
        "source_entities": [{"start": s.start, "end": s.end, "label": s.label} for s in made.source_entities],
        "counts": made.replaced,
    }
