"""Reports that came as scans."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen import canvas

from osteon.deid import scan
from osteon.deid.report_source import read_pdf_text
from osteon.domain import QuarantinedError, RefusedError

LINES = (
    "Radiographie du genou gauche",
    "Patient : QUENTRELEC Maelys, née le 12/03/1957",
    "Pas de fracture visible. Interligne conservé.",
)


def page_picture(lines=LINES, turned=0, size=(1240, 1754)):
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((110, 150 + 80 * number), line, fill=10, font=ImageFont.load_default(34))
    return image.rotate(turned, expand=True)


def pdf_of(*pages):
    """A PDF; a text becomes a page with a text layer, a picture a scanned one, None a blank one."""
    buffer = BytesIO()
    drawn = canvas.Canvas(buffer, pagesize=(595, 842))
    for page in pages:
        if isinstance(page, str):
            drawn.drawString(72, 700, page)
        elif page is not None:
            stored = BytesIO()
            page.save(stored, "PNG")
            stored.seek(0)
            from reportlab.lib.utils import ImageReader

            drawn.drawImage(ImageReader(stored), 0, 0, 595, 842)
        drawn.showPage()
    drawn.save()
    return buffer.getvalue()


def test_a_scanned_letter_is_read():
    text = read_pdf_text(pdf_of(page_picture()))
    assert "QUENTRELEC" in text
    assert "12/03/1957" in text
    assert "fracture" in text


def test_a_page_scanned_upside_down_is_read():
    assert "QUENTRELEC" in read_pdf_text(pdf_of(page_picture(turned=180)))


def test_a_letter_of_printed_and_scanned_pages_is_read_in_order():
    text = read_pdf_text(pdf_of("Compte rendu imprime.", page_picture()))
    assert text.index("imprime") < text.index("QUENTRELEC")


def test_blank_pages_are_quarantined():
    with pytest.raises(QuarantinedError):
        read_pdf_text(pdf_of(None, None))


def test_a_picture_without_writing_is_quarantined():
    noise = np.random.default_rng(0).integers(0, 255, (1200, 800)).astype(np.uint8)
    with pytest.raises(QuarantinedError):
        read_pdf_text(pdf_of(Image.fromarray(noise)))


def test_too_many_scanned_pages_are_refused_before_any_is_drawn(monkeypatch):
    monkeypatch.setattr(scan, "_drawn", lambda *_: pytest.fail("drawn"))
    with pytest.raises(RefusedError):
        read_pdf_text(pdf_of(*[None] * (scan.MAX_SCANNED_PAGES + 1)))


def test_a_page_of_a_square_kilometre_is_refused():
    buffer = BytesIO()
    drawn = canvas.Canvas(buffer, pagesize=(200_000, 200_000))
    drawn.rect(10, 10, 500, 500, fill=1)
    drawn.showPage()
    drawn.save()
    with pytest.raises(RefusedError):
        read_pdf_text(buffer.getvalue())


def bomb(width, height):
    """A page with one picture of zeros, a few kilobytes for any size."""
    data = zlib.compress(bytes(-(-width // 8) * height), 9)
    image = (
        (
            f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceGray"
            "/BitsPerComponent 1"
            f"/Filter/FlateDecode/Length {len(data)}>>stream\n"
        ).encode()
        + data
        + b"\nendstream"
    )
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
        b"<</Length 27>>stream\n595 0 0 842 0 0 cm /I Do    \nendstream",
        image,
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        out
        + (
            f"xref\n0 6\n0000000000 65535 f \n{table}"
            f"trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
        ).encode()
    )


def test_a_picture_that_is_small_in_the_file_and_huge_when_drawn_is_refused():
    content = bomb(40_000, 40_000)
    assert len(content) < 300_000
    with pytest.raises(RefusedError) as caught:
        scan.read_scanned_pages(content)
    assert "pixels" in caught.value.got


def test_a_broken_pdf_is_refused_without_a_word_of_it():
    with pytest.raises(RefusedError) as caught:
        scan.read_scanned_pages(b"%PDF-1.7 QUENTRELEC")
    assert "QUENTRELEC" not in str(caught.value)


def test_a_drawing_that_takes_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(scan, "DRAW_SECONDS", 0.01)
    with pytest.raises(RefusedError):
        scan.read_scanned_pages(pdf_of(page_picture()))
