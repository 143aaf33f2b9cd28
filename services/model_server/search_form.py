"""Reading a search request: pictures or a text, and what narrows the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request

from osteon.domain import Task, UsageError
from osteon.features.index.entry import KINDS, Kind
from services.model_server.answers import HttpError
from services.model_server.settings import Settings
from services.model_server.upload import (
    SUBJECT_PATTERN,
    Upload,
    form_files,
    form_subject,
    form_text,
    read_form,
)

FIELDS = ("text", "kind", "k", "sites", "body_parts", "since", "until", "subject", "task", "language")
LANGUAGES = ("fr", "en", "all")
MOST_RESULTS = 100
_DEFAULT_RESULTS = 10
_MOST_NAMES = 32
_DAY = r"^\d{4}-\d{2}-\d{2}$"
FORM_SCHEMA: dict[str, Any] = {
    "files": {
        "type": "array",
        "items": {"type": "string", "format": "binary"},
        "description": "One picture for a search, the pictures of one study for a draft.",
    },
    "text": {"type": "string", "minLength": 1, "description": "French or English, up to 4,096 bytes."},
    "kind": {"type": "string", "enum": list(KINDS), "description": "What to find; picture when left out."},
    "k": {"type": "integer", "minimum": 1, "maximum": MOST_RESULTS},
    "sites": {"type": "string", "description": "Sites, separated by commas."},
    "body_parts": {"type": "string", "description": "Body parts, separated by commas."},
    "since": {"type": "string", "pattern": _DAY, "description": "First day, YYYY-MM-DD."},
    "until": {"type": "string", "pattern": _DAY, "description": "Last day, YYYY-MM-DD."},
    "subject": {
        "type": "string",
        "pattern": SUBJECT_PATTERN,
        "description": "Pseudonym of the asking patient, whose own entries are left out.",
    },
    "task": {"type": "string", "enum": [task.value for task in Task]},
    "language": {"type": "string", "enum": list(LANGUAGES), "description": "Of the prompts; all by default."},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchUpload(Upload):
    """A search request as it was understood; `repr` shows no content."""

    text: str | None
    kind: Kind
    k: int
    sites: frozenset[str]
    body_parts: frozenset[str]
    since: str | None
    until: str | None
    language: str

    def __repr__(self) -> str:
        return f"SearchUpload({len(self.files)} files)"


async def read_search(request: Request, settings: Settings) -> SearchUpload:
    """The pictures and fields of a search.

    Raises:
        HttpError: 413 too large, 415 not multipart, 422 not what the contract says.
    """
    form = await read_form(request, settings, FIELDS)
    try:
        task = form_text(form, "task")
        return SearchUpload(
            files=await form_files(form, settings),
            task=Task.parse(task) if task else None,
            sex=None,
            site=settings.site,
            subject=form_subject(form),
            text=form_text(form, "text"),
            kind=_kind(form_text(form, "kind")),
            k=_count(form_text(form, "k")),
            sites=_names(form, "sites"),
            body_parts=_names(form, "body_parts"),
            since=form_text(form, "since"),
            until=form_text(form, "until"),
            language=_language(form_text(form, "language")),
        )
    finally:
        await form.close()


def _kind(kind: str | None) -> Kind:
    for each in KINDS:
        if each == (kind or "picture"):
            return each
    raise UsageError(f"a kind among {', '.join(KINDS)}", "another", "name one of them")


def _count(text: str | None) -> int:
    if text is None:
        return _DEFAULT_RESULTS
    if not (text.isascii() and text.isdigit()) or len(text) > 4 or not 1 <= int(text) <= MOST_RESULTS:
        raise UsageError(f"k from 1 to {MOST_RESULTS}", "another", "ask for fewer results")
    return int(text)


def _names(form: FormData, field: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in (form_text(form, field) or "").split(",") if name.strip())
    if len(names) > _MOST_NAMES:
        raise HttpError(422, f"at most {_MOST_NAMES} names in {field}", f"{len(names)}", "name fewer")
    return names


def _language(language: str | None) -> str:
    if language not in (None, *LANGUAGES):
        raise UsageError(f"a language among {', '.join(LANGUAGES)}", "another", "name one of them")
    return language or "all"
