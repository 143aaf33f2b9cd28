"""Reading a multipart request into memory, within limits.

Starlette and BentoML write uploads to temporary files, and BentoML fetches a file field that holds an address
(CVE-2025-54381); a radiograph carries a name, so here it stays in memory and nothing is fetched.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from osteon.domain import Task, UsageError
from services.model_server.answers import HttpError
from services.model_server.references import read_references
from services.model_server.settings import Settings

FORM_FIELDS = ("task", "sex", "site", "subject", "dicomweb")
_MAX_FIELD_BYTES = 4096
# What the pseudonymisation gives a patient: a letter and sixteen characters of Crockford's base 32.
SUBJECT_PATTERN = r"^P[0-9A-HJKMNP-TV-Z]{16}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A request as it was understood; `repr` shows no content.

    Attributes:
        references: instances of the hospital's PACS that stand behind the files.
        abandoned: set when nobody waits for the answer any more; work under way then ends at its next step.
    """

    files: tuple[bytes, ...]
    task: Task | None
    sex: str | None
    site: str
    subject: str | None
    references: tuple[str, ...] = ()
    abandoned: threading.Event = field(default_factory=threading.Event, compare=False)

    def __repr__(self) -> str:
        return f"Upload({len(self.files)} files, {len(self.references)} references)"


class _MemoryParser(MultiPartParser):
    """Starlette's parser that never spools to the disk: the stream is bounded before it comes here."""

    spool_max_size = 0  # SpooledTemporaryFile: 0 means that it never rolls over


async def read_upload(request: Request, settings: Settings) -> Upload:
    """The files and fields of a request.

    Raises:
        HttpError: 413 too large, 415 not multipart, 422 not what the contract says.
    """
    form = await read_form(request, settings, FORM_FIELDS)
    try:
        return await _understand(form, settings)
    finally:
        await form.close()


async def read_form(request: Request, settings: Settings, fields: tuple[str, ...]) -> FormData:
    """A multipart form with files in `files` and no fields but those named, held in memory; close it.

    Raises:
        HttpError: 413 too large, 415 not multipart, 422 not such a form.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise HttpError(415, "multipart/form-data", "another media type", "send the files as a form")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > settings.max_request_bytes:
        raise _too_large("request", settings.max_request_bytes)
    stream = _bounded(request.stream(), settings.max_request_bytes)
    form = await _parse(request.headers, stream, settings, fields)
    if {name for name, _ in form.multi_items()} - {"files", *fields}:
        await form.close()
        raise HttpError(422, f"fields files, {', '.join(fields)}", "another", "see /openapi.json")
    return form


async def _parse(
    headers: Headers, stream: AsyncGenerator[bytes, None], settings: Settings, fields: tuple[str, ...]
) -> FormData:
    parser = _MemoryParser(
        headers,
        stream,
        max_files=settings.max_files,
        max_fields=len(fields),
        max_part_size=_MAX_FIELD_BYTES,
    )
    try:
        return await parser.parse()
    except (MultiPartException, FormParserError, KeyError, ValueError):
        raise HttpError(
            422,
            f"a form of at most {settings.max_files} files and the fields {', '.join(fields)}",
            "another form",
            "see /openapi.json",
        ) from None


async def _bounded(stream: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > limit:
            raise _too_large("request", limit)
        yield chunk


async def _understand(form: FormData, settings: Settings) -> Upload:
    files = await form_files(form, settings)
    references = read_references(form_text(form, "dicomweb"))
    if not files and not references:
        raise HttpError(422, "at least one file in the field files", "none", "send one DICOM, PNG or JPEG")
    task = form_text(form, "task")
    return Upload(
        files=files,
        task=Task.parse(task) if task else None,
        sex=_sex(form_text(form, "sex")),
        site=settings.known_site(form_text(form, "site")),
        subject=form_subject(form),
        references=references,
    )


async def form_files(form: FormData, settings: Settings) -> tuple[bytes, ...]:
    """The bytes of every file of the form."""
    files: list[bytes] = []
    for each in form.getlist("files"):
        if not isinstance(each, UploadFile):
            raise HttpError(422, "files with a file name", "a text field", "send `files` as file parts")
        if (each.size or 0) > settings.max_file_bytes:
            raise _too_large("file", settings.max_file_bytes)
        files.append(await each.read())
    return tuple(files)


def form_text(form: FormData, name: str) -> str | None:
    """A form field's text; BentoML's client sends fields as JSON ("fracture" with its quotes, or null)."""
    values = form.getlist(name)
    if not values:
        return None
    if len(values) > 1 or not isinstance(values[0], str):
        raise HttpError(422, f"one text field {name}", "several, or a file", "send it once")
    text = values[0].strip()
    if text == "null" or not text:
        return None
    if text.startswith('"'):
        try:
            text = str(json.loads(text))
        except ValueError:
            raise HttpError(422, f"a text field {name}", "broken JSON", "send plain text") from None
    return text or None


def _sex(sex: str | None) -> str | None:
    if sex is not None and sex not in {"M", "F"}:
        raise UsageError("a sex of M or F", "another value", "leave it out when it is not known")
    return sex


def form_subject(form: FormData) -> str | None:
    """A pseudonym, never a hospital's own number: refused by its form."""
    subject = form_text(form, "subject")
    if subject is not None and not re.match(SUBJECT_PATTERN, subject):
        raise UsageError(
            "a subject that the de-identification gave (P and 16 characters)",
            "another text",
            "send the pseudonym, or leave it out",
        )
    return subject


def _too_large(what: str, limit: int) -> HttpError:
    return HttpError(413, f"a {what} of at most {limit} bytes", "a larger one", "send fewer or smaller files")
