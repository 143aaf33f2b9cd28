"""The text layer of a PDF, read in a process of its own: a bomb takes that process, and nothing else.

The content goes through a pipe; nothing of it touches the disk. One reader serves this process and is
started again after it was ended.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

from osteon.deid.letterhead import letter_body
from osteon.deid.scan import read_scanned_pages
from osteon.domain.errors import QuarantinedError, RefusedError

MAX_PDF_BYTES = 32 * 1024 * 1024
CPU_SECONDS, WALL_SECONDS = 4.0, 60.0
_CHILD = Path(__file__).with_name("pdf_child.py")
_WHY = {
    "pages": ("a letter of at most 50 pages", "a longer one"),
    "characters": ("a letter of at most 2,000,000 characters", "a longer one"),
    "time": ("a PDF that is read within seconds", "one that takes too long"),
    "memory": ("a PDF that is read within 1 GiB", "one that takes more"),
}


def read_pdf_text(content: bytes) -> str:
    """The text of a PDF letter without letterhead, page headers and footers; pages without text by OCR.

    Raises:
        RefusedError: too large, too many pages, not a PDF, or one that takes too much memory or time.
        QuarantinedError: nothing on its pages, or a scan that does not read clearly.
    """
    if len(content) > MAX_PDF_BYTES:
        raise RefusedError(
            f"a PDF of at most {MAX_PDF_BYTES} bytes", "a larger one", "send one report per file"
        )
    answer = _reader.read(content)
    refused = answer.get("refused")
    if refused is not None:
        need, got = _WHY.get(str(refused), ("a PDF that can be read", f"one that cannot ({refused})"))
        raise RefusedError(need, got, "print it again, one report per file")
    texts = [str(text) for text in cast(list[object], answer["pages"])]
    blank = [number for number, text in enumerate(texts) if not text.strip()]
    if blank:
        for number, text in zip(blank, read_scanned_pages(content, blank), strict=True):
            texts[number] = text
    if not any(text.strip() for text in texts):
        raise QuarantinedError("a PDF with text", "blank pages", "review it")
    return letter_body(texts)


class Reader:
    """The child process, started when it is first needed; one request at a time."""

    def __init__(self, cpu_seconds: float = CPU_SECONDS) -> None:
        self._cpu_seconds = cpu_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def read(self, content: bytes) -> dict[str, object]:
        """The child's answer; that it was ended is one too."""
        with self._lock:
            process = self._started()
            try:
                return self._ask(process, content)
            except TimeoutError:  # an OSError too
                self._end(process)
                return {"refused": "time"}
            except (OSError, ValueError, EOFError):
                self._end(process)
                return {"refused": "memory"}
            except BaseException:  # its answer would be taken for the next letter's
                self._end(process)
                raise

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None or self._owner != os.getpid():
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_CHILD), str(self._cpu_seconds)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], content: bytes) -> dict[str, object]:
        assert process.stdin is not None  # both are pipes
        assert process.stdout is not None
        process.stdin.write(len(content).to_bytes(8, "big") + content)
        process.stdin.flush()
        deadline = time.monotonic() + WALL_SECONDS
        length = int.from_bytes(_exactly(process.stdout.fileno(), 8, deadline), "big")
        answer: dict[str, object] = json.loads(_exactly(process.stdout.fileno(), length, deadline))
        return answer

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self._process = None


def _exactly(descriptor: int, count: int, deadline: float) -> bytes:
    """That many bytes, or TimeoutError at the deadline, EOFError where the child ended."""
    pieces: list[bytes] = []
    while count:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(descriptor, min(count, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


_reader = Reader()
