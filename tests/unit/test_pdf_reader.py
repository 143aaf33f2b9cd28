"""The reader of PDFs after something went wrong: its next answer is of the next letter."""

import io

import pytest
from reportlab.pdfgen.canvas import Canvas

from osteon.deid import pdf_text
from osteon.deid.pdf_text import Reader


def letter(text):
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    canvas.drawString(50, 700, text)
    canvas.save()
    return buffer.getvalue()


def test_what_takes_too_long_is_told_apart_from_what_takes_too_much_memory(monkeypatch):
    monkeypatch.setattr(pdf_text, "WALL_SECONDS", 0.0)
    assert Reader().read(letter("Pas de fracture.")) == {"refused": "time"}


def test_a_request_that_broke_off_leaves_no_answer_for_the_next_one(monkeypatch):
    reader, exactly = Reader(), pdf_text._exactly

    def no_memory(descriptor, count, deadline):
        raise MemoryError

    monkeypatch.setattr(pdf_text, "_exactly", no_memory)
    with pytest.raises(MemoryError):
        reader.read(letter("of the first patient"))
    monkeypatch.setattr(pdf_text, "_exactly", exactly)
    assert "of the second patient" in str(reader.read(letter("of the second patient")))
