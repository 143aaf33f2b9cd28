"""Studies of a PACS over DICOMweb: found by QIDO-RS, fetched by WADO-RS, one at a time.

Source: DICOM PS3.18 sections 10.4 (retrieve), 10.6 (search), 8.6 (multipart).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from osteon.domain.errors import FaultError, RefusedError, UsageError

_PAGE = 200
_INSTANCE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_MAX_JSON_BYTES = 64 * 2**20
_STUDY, _SERIES, _OBJECT = "0020000D", "0020000E", "00080018"
_FILTERS = frozenset(
    {
        "StudyDate",
        "ModalitiesInStudy",
        "PatientID",
        "AccessionNumber",
        "StudyInstanceUID",
        "BodyPartExamined",
        "InstitutionName",
        "StudyDescription",
    }
)


@dataclass(frozen=True, slots=True)
class InstanceAddress:
    """Where one instance is; identifying, so `repr` shows nothing."""

    study: str = field(repr=False)
    series: str = field(repr=False)
    instance: str = field(repr=False)


class TooLongError(RefusedError):
    """One answer is above the limit; others of the service may not be."""


class DicomWeb:
    """A DICOMweb service; errors never carry its address, a query or an answer."""

    def __init__(self, client: httpx.Client, max_instance_bytes: int) -> None:
        self.client, self.max_instance_bytes = client, max_instance_bytes

    def studies(self, filters: Mapping[str, str]) -> list[str]:
        """The study instance UIDs that the filters match, in a stable order.

        Raises:
            UsageError: a filter that is no attribute of a study query.
        """
        unknown = sorted(set(filters) - _FILTERS)
        if unknown:
            raise UsageError(
                f"filters of {', '.join(sorted(_FILTERS))}", "another", "see osteon deid dicomweb --help"
            )
        return sorted({_value(row, _STUDY) for row in self._search("studies", filters)} - {""})

    def instances(self, study: str) -> list[InstanceAddress]:
        """Every instance of a study, in a stable order."""
        rows = self._search(f"studies/{_uid(study)}/instances", {})
        found = {(_value(row, _SERIES), _value(row, _OBJECT)) for row in rows}
        return [InstanceAddress(study, *place) for place in sorted(found) if all(place)]

    def fetch(self, place: InstanceAddress) -> bytes:
        """The instance as a DICOM file.

        Raises:
            TooLongError: a file above the limit.
            RefusedError: no file came.
        """
        path = f"studies/{_uid(place.study)}/series/{_uid(place.series)}/instances/{_uid(place.instance)}"
        body, kind = self._get(path, {}, _INSTANCE, self.max_instance_bytes + 2**16)
        return _first_part(body, kind)

    def _search(self, path: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Every row. A service may give fewer at a time than it is asked for, or all each time it is asked
        (PS3.18 8.3.4.4): it is asked on until it tells nothing new.
        """
        told: set[tuple[str, ...]] = set()
        offset = 0
        while True:
            page = {**filters, "limit": str(_PAGE), "offset": str(offset)}
            body, _ = self._get(path, page, "application/dicom+json", _MAX_JSON_BYTES)
            try:
                rows = json.loads(body) if body else []
            except (ValueError, RecursionError):
                rows = None
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise RefusedError(
                    "a list of DICOM JSON objects", "another answer", "check the DICOMweb address"
                )
            before = len(told)
            for row in rows:
                place = tuple(_value(row, tag) for tag in (_STUDY, _SERIES, _OBJECT))
                if place not in told:
                    told.add(place)
                    yield row
            if len(told) == before:
                return
            offset += len(rows)

    def _get(self, path: str, query: Mapping[str, str], accept: str, limit: int) -> tuple[bytes, str]:
        try:
            with self.client.stream("GET", path, params=dict(query), headers={"Accept": accept}) as answer:
                if answer.status_code == 204:
                    return b"", ""
                if answer.status_code != 200:
                    raise RefusedError(
                        "an answer of the DICOMweb service", f"status {answer.status_code}",
                        "check the address and the token",
                    )  # fmt: skip
                pieces, size = [], 0
                for piece in answer.iter_bytes():
                    size += len(piece)
                    if size > limit:
                        raise TooLongError(f"at most {limit} bytes", "a longer answer", "fetch it in parts")
                    pieces.append(piece)
                return b"".join(pieces), answer.headers.get("content-type", "")
        except httpx.HTTPError as error:
            kind = type(error).__name__
            raise FaultError(
                "a DICOMweb service that answers", f"none ({kind})", "check the address; run again to go on"
            ) from None


@contextmanager
def dicomweb(
    url: str, token: str | None = None, max_instance_bytes: int = 256 * 2**20, timeout_s: float = 60
) -> Iterator[DicomWeb]:
    """The service at an address such as `https://pacs/dicom-web`; a token goes into a header.

    Raises:
        UsageError: not an HTTP address, or one with a password in it.
    """
    parsed = httpx.URL(url)
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise UsageError(
            "an address such as https://pacs/dicom-web, without a password",
            "another",
            "use --token-file",
        )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    base = str(parsed).rstrip("/") + "/"
    with httpx.Client(base_url=base, headers=headers, timeout=timeout_s, trust_env=False) as client:
        yield DicomWeb(client, max_instance_bytes)


def read_filters(texts: list[str]) -> dict[str, str]:
    """Filters from texts of the form KEYWORD=VALUE.

    >>> read_filters(["StudyDate=20240101-20240131"])
    {'StudyDate': '20240101-20240131'}
    """
    pairs = [text.partition("=") for text in texts]
    if not all(keyword and sign and value for keyword, sign, value in pairs):
        raise UsageError(
            "filters of the form KEYWORD=VALUE", "another form", "for example StudyDate=20240101-"
        )
    return {keyword: value for keyword, _, value in pairs}


def _uid(value: str) -> str:
    """A UID that may stand in a path."""
    if not value or len(value) > 64 or not set(value) <= set("0123456789."):
        raise RefusedError("a UID of digits and dots", "another text", "check the PACS")
    return value


def _value(row: Mapping[str, Any], tag: str) -> str:
    entry = row.get(tag)
    values = entry.get("Value") if isinstance(entry, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _first_part(body: bytes, kind: str) -> bytes:
    """The first part of a multipart answer; the body itself where the service sends it bare."""
    if kind.split(";")[0].strip().lower() == "application/dicom":
        return body
    found = [
        p.split("=", 1)[1].strip('" ') for p in kind.split(";") if p.strip().lower().startswith("boundary=")
    ]
    if not found:
        raise RefusedError(
            "a multipart answer with DICOM files", "another answer", "check the DICOMweb address"
        )
    mark = b"--" + found[0].encode()
    start = body.find(mark)
    head = body.find(b"\r\n\r\n", start)
    end = body.find(b"\r\n" + mark, head + 4)
    if start < 0 or head < 0 or end <= head:
        raise RefusedError("a whole multipart answer", "one that breaks off", "run again")
    return body[head + 4 : end]
