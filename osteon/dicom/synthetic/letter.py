"""The report as a PDF letter."""

from __future__ import annotations

import io
import textwrap

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas


def letter_pdf(text: str, title: str) -> bytes:
    """Set the report's lines on A4 pages; byte-identical for equal input."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    y = A4[1] - 50
    canvas.setFont("Helvetica", 10)
    for line in text.split("\n"):
        for piece in textwrap.wrap(line, 95) or [""]:
            if y < 50:
                canvas.showPage()
                canvas.setFont("Helvetica", 10)
                y = A4[1] - 50
            canvas.drawString(50, y, piece)
            y -= 13.5
    canvas.save()
    return buffer.getvalue()
