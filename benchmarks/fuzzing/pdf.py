"""PDF letters: seeds with a text layer, broken in their objects, tables and streams, and bombs."""

from __future__ import annotations

import io
import random
import re
import zlib

from benchmarks.fuzzing.faults import cut, doubling, insertion, with_faults

SLOWEST = "a million operators"  # takes all the time that a reader is given: for the tests of that limit
_TOKENS = (
    b"<<",
    b">>",
    b"[",
    b"]",
    b"(",
    b")",
    b"endobj",
    b"endstream",
    b"stream\n",
    b"1 0 R",
    b"999999 0 R",
    b"/Kids",
    b"/Parent 1 0 R",
    b"/Length 99999999",
    b"/Filter [/FlateDecode /FlateDecode /FlateDecode]",
    b"/Filter /LZWDecode",
    b"/Filter /ASCII85Decode",
    b"/Type /Pages",
    b"/Count 2147483647",
    b"/Encrypt 1 0 R",
    b"xref\n0 99999999\n",
    b"/Prev 0",
    b"startxref\n0\n",
    b"\x00",
    b"(" * 2000,
    b"[" * 2000,
    b"<<" * 2000,
    b"-1",
    b"1e308",
    b"/W [9 9 9]",
)


def seeds() -> list[bytes]:
    """Letters by reportlab, compressed and not, of several pages; and bombs written by hand."""
    return [
        _letter(1, compressed=True),
        _letter(3, compressed=False),
        _letter(60, compressed=True),
        *(bomb for name, bomb in bombs().items() if name != SLOWEST),
    ]


def bombs() -> dict[str, bytes]:
    """Name -> a small file that asks for very much."""
    text = b"BT /F1 9 Tf 10 10 Td (A) Tj ET\n"
    inner = zlib.compress(b"0" * (200 << 20), 9)
    cycle = _by_hand([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"])
    deep = b"[" * 60_000 + b"]" * 60_000
    return {
        "one stream of 200 MiB": _page(_stream(zlib.compress(b" " * (200 << 20), 9), b"/FlateDecode")),
        "a stream in a stream": _page(_stream(zlib.compress(inner, 9), b"[/FlateDecode /FlateDecode]")),
        SLOWEST: _page(_stream(zlib.compress(text * 1_000_000, 9), b"/FlateDecode")),
        "pages that hold themselves": cycle,
        "arrays in arrays": _by_hand(
            [b"<< /Type /Catalog /Pages 2 0 R /X " + deep + b" >>", b"<< /Type /Pages >>"]
        ),
        "a hundred thousand pages": _by_hand(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Count 100000 /Kids [" + b"3 0 R " * 100_000 + b"] >>",
                b"<< /Type /Page /Parent 2 0 R >>",
            ]
        ),
    }


def mutated(draw: random.Random, whole: list[bytes]) -> bytes:
    """A file with one to eight faults in tokens, numbers, references and streams."""
    return with_faults(draw, whole, _FAULTS, 8)


def run(content: bytes) -> str:
    """Reads the letter as the product does; the project's own errors are answers, any other is a finding."""
    from osteon.deid.pdf_text import read_pdf_text

    read_pdf_text(content)
    return "read"


def _letter(pages: int, *, compressed: bool) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=int(compressed))
    for page in range(pages):
        canvas.drawString(50, 700, f"Compte rendu {page} : Radiographie du genou gauche, pas de fracture.")
        canvas.drawString(50, 680, "Docteur Vercautrin, le 04/03/2024")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _stream(content: bytes, filters: bytes) -> bytes:
    return b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(content), filters, content)


def _page(stream: bytes) -> bytes:
    return _by_hand(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            stream,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
    )


def _by_hand(objects: list[bytes]) -> bytes:
    """The objects as a PDF with its cross-reference table."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randint(1, 20) if data else 0):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _number(data: bytes, draw: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+", data[:200_000]))
    if not found:
        return data
    match = draw.choice(found)
    new = draw.choice((b"0", b"1", b"-1", b"3", b"65536", b"4294967295", b"99999999999999999999"))
    return data[: match.start()] + new + data[match.end() :]


def _swap(data: bytes, draw: random.Random) -> bytes:
    objects = re.split(rb"(?<=endobj\n)", data)
    draw.shuffle(objects)
    return b"".join(objects)


def _repack(data: bytes, draw: random.Random) -> bytes:
    """The first compressed stream with other content in it."""
    match = re.search(rb"stream\r?\n(.*?)endstream", data, re.S)
    if match is None:
        return data
    content = draw.choice(
        (b"[" * 50_000, b"(" * 50_000, b"BT " * 50_000, b"\x00" * 1_000_000, b"q " * 100_000)
    )
    return data[: match.start(1)] + zlib.compress(content) + data[match.end(1) :]


_token, _double = insertion(_TOKENS), doubling(5000, (1, 3, 100))
_FAULTS = (cut, _flip, _flip, _token, _token, _number, _number, _double, _swap, _repack)
