"""The program that draws a PDF's pages: alone in a process with little memory, little time, no way to write.

Run as a script by `osteon.deid.scan`, with nothing of this project imported. Input: the page numbers on one
line, then the PDF. Output: one line of JSON per page, followed by its grey pixels; a refusal ends it.
"""

import io
import json
import resource
import sys
from typing import Any, BinaryIO

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 40
DPI, LEAST_DPI = 250, 100
MAX_PAGE_PIXELS = 24_000_000  # an A4 page at 300 dpi has 8.7 million
MAX_PICTURE_PIXELS = 80_000_000  # of the pictures inside one page, before they are drawn
MAX_OBJECTS = 20_000


class Refused(Exception):  # noqa: N818 - an answer, no fault
    """The page is more than may be drawn; says why, in one word."""


def dots_per_inch(width_in: float, height_in: float) -> int:
    """The finest drawing of a page within the limit of pixels.

    Raises:
        Refused: not even the coarsest is.
    """
    if not (0 < width_in < 1e5 and 0 < height_in < 1e5):
        raise Refused("size")
    dpi = min(DPI, int((MAX_PAGE_PIXELS / (width_in * height_in)) ** 0.5))
    if dpi < LEAST_DPI:
        raise Refused("size")
    return dpi


def check_objects(page: Any) -> None:
    """Refuses pictures that are small in the file and huge once drawn, before they are."""
    from pypdfium2 import raw

    pixels = 0
    for count, item in enumerate(page.get_objects(max_depth=4), 1):
        if count > MAX_OBJECTS:
            raise Refused("objects")
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            wide, tall = item.get_px_size()
            pixels += int(wide) * int(tall)
            if pixels > MAX_PICTURE_PIXELS:
                raise Refused("pictures")


def draw(content: bytes, pages: list[int], output: BinaryIO) -> None:
    """Writes each page; all of them where no number is given."""
    import pypdfium2

    document = pypdfium2.PdfDocument(io.BytesIO(content))
    for number in pages or range(len(document)):
        page = document[number]
        width, height = page.get_size()
        check_objects(page)
        dpi = dots_per_inch(width / 72, height / 72)
        bitmap = page.render(scale=dpi / 72, grayscale=True)
        grey = bitmap.to_numpy()
        grey = grey.reshape(bitmap.height, -1)[:, :: max(1, bitmap.n_channels)]
        head = {"rows": int(grey.shape[0]), "columns": int(grey.shape[1]), "dpi": dpi}
        output.write(json.dumps(head).encode() + b"\n" + grey.tobytes())
        bitmap.close()
        page.close()


def main() -> None:
    """Answers one request."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    output = sys.stdout.buffer
    first, _, content = sys.stdin.buffer.read().partition(b"\n")
    try:
        draw(content, [int(number) for number in first.split()], output)
    except Refused as reason:
        output.write(json.dumps({"refused": str(reason)}).encode() + b"\n")
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes the library raise
        output.write(json.dumps({"refused": type(error).__name__}).encode() + b"\n")


if __name__ == "__main__":
    main()
