"""Pages without a text layer: drawn by pdfium in its own process, read by tesseract, refused in doubt."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.domain.errors import QuarantinedError, RefusedError

MAX_SCANNED_PAGES = 20
DRAW_SECONDS = 90.0
PAGE_SECONDS = 20.0  # to read one page in, all turns together
_CHILD = Path(__file__).with_name("scan_child.py")
_MAX_SPECKS = 12_000  # separate specks of ink: more than any page has letters
_SURE, _LEAST_CONFIDENCE = 75.0, 55.0  # mean confidence: below the first, other turns are tried
_WHY = {
    "size": "a page that is too large",
    "pictures": "a page with pictures of too many pixels",
    "objects": "a page of too many objects",
}


def read_scanned_pages(content: bytes, pages: Sequence[int] = ()) -> list[str]:
    """The text of the given pages (from 0; none given: of all) as read; empty for a blank page.

    Raises:
        RefusedError: too many pages or pixels, or a PDF that cannot be drawn.
        QuarantinedError: a page that does not read clearly.
    """
    if len(pages) > MAX_SCANNED_PAGES:
        raise _too_many(len(pages))
    return [_read(grey, dpi) for grey, dpi in _drawn(content, pages)]


def _too_many(count: int) -> RefusedError:
    return RefusedError(f"at most {MAX_SCANNED_PAGES} scanned pages", f"{count}", "send one report per file")


def _drawn(content: bytes, pages: Sequence[int]) -> list[tuple[NDArray[np.uint8], int]]:
    """Each page in grey with its dots per inch, by a child that holds little and lives short."""
    numbers = " ".join(str(number) for number in pages)
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_CHILD)],
            input=numbers.encode() + b"\n" + content,
            capture_output=True,
            timeout=DRAW_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RefusedError("pages that can be drawn", "none in time", "print it again") from None
    found, rest = [], done.stdout
    while rest:
        head, _, rest = rest.partition(b"\n")
        told = json.loads(head)
        if "refused" in told:
            got = _WHY.get(told["refused"], f"one that cannot ({told['refused']})")
            raise RefusedError("pages that can be drawn", got, "print it again, on A4")
        size = told["rows"] * told["columns"]
        found.append(
            (np.frombuffer(rest[:size], np.uint8).reshape(told["rows"], told["columns"]), told["dpi"])
        )
        rest = rest[size:]
        if len(found) > MAX_SCANNED_PAGES:
            raise _too_many(len(found))
    if done.returncode != 0 or (pages and len(found) != len(pages)):
        raise RefusedError("pages that can be drawn", "a drawing that broke off", "print it again")
    return found


def _read(page: NDArray[np.uint8], dpi: int) -> str:
    """The page's text in the turn in which it reads best."""
    from osteon.deid.pixels.reading import reader

    if int(page.min()) == int(page.max()):
        return ""
    best, sureness = "", -1.0
    until = time.monotonic() + PAGE_SECONDS
    for quarters in () if _is_speckle(page) else (0, 2, 1, 3):
        left = until - time.monotonic()
        if left <= 0 or sureness >= _SURE:
            break
        text, confidence = reader().read(np.rot90(page, quarters), "page", dpi=dpi, within_s=left)
        if text.strip() and confidence > sureness:
            best, sureness = text, confidence
    if sureness < _LEAST_CONFIDENCE:
        raise QuarantinedError(
            "a scan that reads clearly", "a page that does not", "review it: type the report, or scan it anew"
        )
    return best


def _is_speckle(page: NDArray[np.uint8]) -> bool:
    """True for specks that no page of letters has: their layout would take minutes."""
    ink = cv2.threshold(page, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    return int(cv2.connectedComponents(ink, connectivity=8)[0]) > _MAX_SPECKS
