"""The text of a report file: plain text, an HL7 message, or a PDF's text layer or scanned pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from osteon.deid.hl7 import ReportMessage, read_report_message
from osteon.deid.pdf_text import read_pdf_text
from osteon.domain.errors import QuarantinedError, RefusedError

MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """A report's text and, where an HL7 message came with it, whose it is."""

    text: str = field(repr=False)
    message: ReportMessage | None = field(default=None, repr=False)


def read_report(paths: list[Path]) -> ReportInput | None:
    """The best text among the files of one report (text, then HL7, then PDF) with the message's identity.

    Raises:
        RefusedError: a file that is too large or cannot be read.
        QuarantinedError: two files of one kind: which one holds, a person must say.
    """
    for path in paths:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RefusedError(
                f"a file of at most {MAX_FILE_BYTES} bytes", "a larger one", "send one report per file"
            )
    if len({path.suffix.lower() for path in paths}) < len(paths):
        raise QuarantinedError(
            "one report of a kind for each study", "several", "keep the one that holds, or join their texts"
        )
    return read_report_files({path.suffix.lower(): path.read_bytes() for path in paths})


def read_report_files(by_suffix: Mapping[str, bytes]) -> ReportInput | None:
    """As `read_report`, of contents by their file's suffix."""
    message = read_report_message(by_suffix[".hl7"]) if ".hl7" in by_suffix else None
    if ".txt" in by_suffix:
        return ReportInput(text=read_text(by_suffix[".txt"]), message=message)
    if message is not None and message.text.strip():
        return ReportInput(text=message.text, message=message)
    if ".pdf" in by_suffix:
        return ReportInput(text=read_pdf_text(by_suffix[".pdf"]), message=message)
    return None


def read_text(content: bytes) -> str:
    """A text in UTF-8 or the Windows code page of older RIS."""
    if len(content) > MAX_TEXT_BYTES:
        raise RefusedError(
            f"a report of at most {MAX_TEXT_BYTES} bytes", "a larger file", "send one report per file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
