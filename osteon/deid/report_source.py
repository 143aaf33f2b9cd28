"""The text of a report file: plain text, an HL7 message, or the text layer of a PDF."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from osteon.deid.hl7 import ReportMessage, read_report_message
from osteon.deid.letterhead import letter_body
from osteon.domain.errors import QuarantinedError, RefusedError

MAX_PDF_BYTES = 32 * 1024 * 1024
MAX_PDF_PAGES = 50
MAX_TEXT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """A report's text and, where an HL7 message came with it, whose it is."""

    text: str = field(repr=False)
    message: ReportMessage | None = field(default=None, repr=False)


def read_report(paths: list[Path]) -> ReportInput | None:
    """The best text among the files of one report (text, then HL7, then PDF) with the message's identity."""
    by_suffix = {path.suffix.lower(): path for path in paths}
    message = read_report_message(by_suffix[".hl7"].read_bytes()) if ".hl7" in by_suffix else None
    if ".txt" in by_suffix:
        return ReportInput(text=read_text(by_suffix[".txt"]), message=message)
    if message is not None and message.text.strip():
        return ReportInput(text=message.text, message=message)
    if ".pdf" in by_suffix:
        return ReportInput(text=read_pdf_text(by_suffix[".pdf"].read_bytes()), message=message)
    return None


def read_text(path: Path) -> str:
    """A text file in UTF-8 or the Windows code page of older RIS."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise RefusedError(
            f"a report of at most {MAX_TEXT_BYTES} bytes", "a larger file", "send one report per file"
        )
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_pdf_text(content: bytes) -> str:
    """The text layer of a PDF letter, without its letterhead, page headers and footers.

    Raises:
        RefusedError: too large, too many pages or not a PDF.
        QuarantinedError: no text layer: a scan may be identity as a whole.
    """
    if len(content) > MAX_PDF_BYTES:
        raise RefusedError(
            f"a PDF of at most {MAX_PDF_BYTES} bytes", "a larger one", "send one report per file"
        )
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        pages = PdfReader(BytesIO(content)).pages
        if len(pages) > MAX_PDF_PAGES:
            raise RefusedError(f"at most {MAX_PDF_PAGES} pages", f"{len(pages)}", "send one report per file")
        text = letter_body([page.extract_text() for page in pages])
    except (
        PyPdfError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        RecursionError,
        OverflowError,
    ) as error:
        raise RefusedError(
            "a PDF that can be read", f"one that cannot ({type(error).__name__})", "print it again"
        ) from None
    if not text.strip():
        raise QuarantinedError("a PDF with a text layer", "a scan", "review it: it is not read here yet")
    return text
