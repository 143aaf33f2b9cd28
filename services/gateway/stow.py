"""STOW-RS: the body of a request as instances, and the answer as DICOM JSON.

Source: DICOM PS3.18 section 10.5 (Store transaction) and RFC 2387 (multipart/related).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from osteon.dicom import read_dataset
from osteon.dicom.dataset import text_of
from osteon.domain import RefusedError, UsageError

_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of one instance; the UIDs go back to the sender alone."""

    sop_class_uid: str
    sop_instance_uid: str
    failure: int | None = None

    def __repr__(self) -> str:
        return f"Stored(failure={self.failure})"


def split_parts(body: bytes, content_type: str) -> list[bytes]:
    """The instances of a multipart/related body.

    Raises:
        UsageError: another content type, no boundary, or no part.
    """
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/related") or found is None:
        raise UsageError(
            "multipart/related with a boundary", "another Content-Type", "see PS3.18 section 10.5"
        )
    fence = b"\r\n--" + found.group(1).encode("ascii", "ignore")
    sections = (b"\r\n" + body).split(fence)[1:]
    parts = [
        section.partition(b"\r\n\r\n")[2]
        for section in sections
        if not section.startswith(b"--") and b"\r\n\r\n" in section
    ]
    if not parts:
        raise UsageError("at least one part", "none", "send each instance as a part of application/dicom")
    return parts


def outcome(part: bytes, failure: int | None) -> Stored:
    """What to tell the sender about one part."""
    try:
        dataset = read_dataset(part, pixels=False)
    except RefusedError:
        return Stored(sop_class_uid="", sop_instance_uid="", failure=failure or 0xC000)
    return Stored(
        sop_class_uid=text_of(dataset, "SOPClassUID"),
        sop_instance_uid=text_of(dataset, "SOPInstanceUID"),
        failure=failure,
    )


def response_body(results: Iterable[Stored]) -> dict[str, Any]:
    """The store instances response (PS3.18 table I.2-1)."""
    body: dict[str, Any] = {}
    for result in results:
        item: dict[str, Any] = {
            "00081150": {"vr": "UI", "Value": [result.sop_class_uid]},
            "00081155": {"vr": "UI", "Value": [result.sop_instance_uid]},
        }
        tag = "00081199"
        if result.failure is not None:
            tag, item["00081197"] = "00081198", {"vr": "US", "Value": [result.failure]}
        body.setdefault(tag, {"vr": "SQ", "Value": []})["Value"].append(item)
    return body
