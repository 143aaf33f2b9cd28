"""The report of a run as one page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from osteon.domain import Manifest
from training.evaluation.section import Plot, Section

_HERE = Path(__file__).parent
_DROPPED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>", re.DOTALL)


def report_page(manifest: Manifest, sections: Sequence[Section], cards: Sequence[tuple[str, str]]) -> str:
    """The page as HTML: what was run, each section, the cards of the encoders.

    Args:
        cards: name of each encoder and its card in Markdown; HTML in a card is shown, never obeyed.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=select_autoescape(), undefined=StrictUndefined
    )
    environment.filters["drawing"] = _drawing
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return environment.get_template("page.html").render(
        manifest=manifest,
        sections=sections,
        cards=[(name, Markup(markdown.render(card or _NO_CARD))) for name, card in cards],
        headlines=_headlines(manifest.figures),
    )


_NO_CARD = "Random weights of the first package's network; never trained."


def _headlines(figures: Any) -> list[tuple[str, str, str]]:
    rows = []
    for name, one in figures.items():
        if one["value"] is not None:
            bounds = "" if one["low"] is None else f"{one['low']:.3f} to {one['high']:.3f}"
            rows.append((name, f"{one['value']:.3f}", bounds))
    return rows


def _drawing(plot: Plot) -> Markup:
    """An SVG in the page itself, a PNG as a data address; ids are made the plot's own."""
    if plot.kind == "png":
        data = base64.b64encode(plot.data).decode()
        return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(data, plot.alt)
    svg = _DROPPED.sub("", plot.data.decode()).strip()
    for name in set(re.findall(r'\bid="([^"]+)"', svg)):
        own = f"{plot.name}-{name}"
        svg = svg.replace(f'id="{name}"', f'id="{own}"')
        svg = svg.replace(f'"#{name}"', f'"#{own}"').replace(f"url(#{name})", f"url(#{own})")
    return Markup('<div role="img" aria-label="{}">').format(plot.alt) + Markup(svg) + Markup("</div>")
