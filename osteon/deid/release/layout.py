"""How a statement looks: Markdown for a repository, PDF for a signature."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from osteon.deid.release.statement import Block

_INK, _LINE, _SHADE = "#1b2733", "#9aa7b4", "#eef2f5"


def as_markdown(blocks: Sequence[Block]) -> str:
    """The statement as GitHub-flavoured Markdown."""
    parts = []
    for block in blocks:
        if block.kind == "title":
            parts.append(f"# {block.text}")
        elif block.kind == "heading":
            parts.append(f"## {block.text}")
        elif block.kind == "text":
            parts.append(block.text)
        elif block.kind == "signature":
            title = f"**{block.text}**\n\n" if block.text else ""
            parts.append(title + "\n\n".join(f"{row[0]}: ____________________________" for row in block.rows))
        else:
            parts.append(_markdown_table(block))
    return "\n\n".join(parts) + "\n"


def _markdown_table(block: Block) -> str:
    rows = block.rows if block.kind == "table" else ((block.text, ""), *block.rows)
    lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def as_pdf(blocks: Sequence[Block], name: str) -> bytes:
    """The statement as A4 pages; the same blocks give the same bytes."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    buffer = BytesIO()
    title = next((block.text for block in blocks if block.kind == "title"), "")
    document = SimpleDocTemplate(
        buffer, pagesize=A4, invariant=1, title=title, author="Osteon",
        leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
    )  # fmt: skip

    def footer(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 7.5)
        canvas.setFillColor(_LINE)
        canvas.drawString(20 * mm, 10 * mm, f"Osteon  {name}")
        canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    document.build(list(_flowables(blocks, document.width)), onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def _flowables(blocks: Sequence[Block], width: float) -> list[Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.enums import TA_LEFT
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import CondPageBreak, KeepTogether, Paragraph, Spacer

    body = ParagraphStyle(
        "body",
        fontName="Helvetica",
        fontSize=9,
        leading=12.5,
        textColor=HexColor(_INK),
        spaceAfter=5,
        alignment=TA_LEFT,
    )
    styles = {
        "title": ParagraphStyle(
            "title", body, fontName="Helvetica-Bold", fontSize=16, leading=20, spaceAfter=6
        ),
        "heading": ParagraphStyle(
            "heading", body, fontName="Helvetica-Bold", fontSize=11.5, leading=15, spaceBefore=9
        ),
        "text": body,
    }
    made: list[Any] = []
    last = 0
    for block in blocks:
        if block.kind in styles:
            if block.kind == "heading":
                made.append(CondPageBreak(70))
            made.append(Paragraph(escape(block.text), styles[block.kind]))
        elif block.kind == "signature":
            made += _signature(block, body, width)
        else:
            made += [_table(block, body, width), Spacer(1, 6)]
        if block.kind == "heading":
            last = len(made) - 2
    return [*made[:last], KeepTogether(made[last:])]  # the decision is signed on one page


def _table(block: Block, body: Any, width: float) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Table

    small = ParagraphStyle("cell", body, fontSize=8, leading=10, spaceAfter=0, wordWrap="CJK")
    bold = ParagraphStyle("head", small, fontName="Helvetica-Bold")
    facts = block.kind == "facts"
    rows = [
        [
            Paragraph(escape(cell), bold if (facts and not place) or (not facts and not number) else small)
            for place, cell in enumerate(row)
        ]
        for number, row in enumerate(block.rows)
    ]
    columns = len(block.rows[0])
    first = 0.32 if facts else 0.78 if columns == 2 else 0.36
    widths = [width * first] + [width * (1 - first) / (columns - 1)] * (columns - 1)
    table = Table(rows, colWidths=widths, repeatRows=0 if facts else 1)
    style: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(_LINE)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    shaded = ("BACKGROUND", (0, 0), (0, -1)) if facts else ("BACKGROUND", (0, 0), (-1, 0))
    table.setStyle([*style, (*shaded, HexColor(_SHADE))])
    return table


def _signature(block: Block, body: Any, width: float) -> list[Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Paragraph, Spacer, Table

    title = [Paragraph(f"<b>{escape(block.text)}</b>", body)] if block.text else []
    rows = [[Paragraph(escape(row[0]), body), ""] for row in block.rows]
    table = Table(rows, colWidths=[width * 0.2, width * 0.8], rowHeights=20)
    table.setStyle(
        [("LINEBELOW", (1, 0), (1, -1), 0.6, HexColor(_INK)), ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]
    )
    return [*title, table, Spacer(1, 10)]
