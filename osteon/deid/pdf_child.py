"""The program that reads PDFs: alone in a process with little memory, little time and no way to write.

Run as a script by `osteon.deid.pdf_text`, with nothing of this project imported. It reads requests (length,
bytes) from its input and answers each with (length, JSON) on its output, until the input ends.
"""

import io
import json
import logging
import resource
import signal
import sys
from types import FrameType
from typing import BinaryIO

MEMORY_BYTES = 1 << 30
MAX_PAGES = 50
MAX_CHARACTERS = 2_000_000


class _OutOfTime(BaseException):
    """Not an Exception: no handler of a library may swallow it."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _OutOfTime


def read_text(content: bytes, cpu_seconds: float) -> dict[str, object]:
    """`pages`, or `refused` with a word that says why; no word of the content in it."""
    from pypdf import PdfReader

    signal.setitimer(signal.ITIMER_PROF, cpu_seconds, 1.0)
    try:
        reader = PdfReader(io.BytesIO(content))
        pages: list[str] = []
        for page in reader.pages:
            if len(pages) >= MAX_PAGES:
                return {"refused": "pages"}
            pages.append(page.extract_text())
            if sum(map(len, pages)) > MAX_CHARACTERS:
                return {"refused": "characters"}
        return {"pages": pages}
    except _OutOfTime:
        return {"refused": "time"}
    except MemoryError:
        return {"refused": "memory"}
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes the library raise
        return {"refused": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def answer(stream: BinaryIO, output: BinaryIO, cpu_seconds: float) -> bool:
    """Answers one request; False at the end of the input."""
    header = stream.read(8)
    if len(header) < 8:
        return False
    try:
        made = read_text(stream.read(int.from_bytes(header, "big")), cpu_seconds)
    except _OutOfTime:  # a second alarm during the first one's clean-up
        made = {"refused": "time"}
    data = json.dumps(made).encode()
    output.write(len(data).to_bytes(8, "big") + data)
    output.flush()
    return True


def main() -> None:
    """Limits itself, then answers; its one argument is the processor time for each request in seconds."""
    import pypdf  # before the limits: its own files are opened here

    del pypdf
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _stop)
    while answer(sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[1])):
        pass


if __name__ == "__main__":
    main()
