"""Telephone numbers, mail addresses and web addresses.

Source of the number forms: ARCEP numbering plan (FR), BIPT (BE), OFCOM (CH).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from osteon.deid.text.languages import forms
from osteon.deid.text.searches import anywhere, at_digits, at_words, places_of
from osteon.deid.text.span import Span

_MAIL = re.compile(
    r"[\w.%+'-]+(?:\s?@\s?|\s?\[at\]\s?|\s?\(at\)\s?)[\w-]+(?:\s?\.\s?[\w-]+)*\.[A-Za-z]{2,}", re.IGNORECASE
)
_URL = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"')]+|\b[\w-]+(?:\.[\w-]+)*\.(?:fr|be|ch|com|org|net|"
    r"eu)(?:/[^\s<>\"')]*)?\b",
    re.IGNORECASE,
)
_SEP = r"[ .\-/\u00a0\u202f]?"
_PHONES = (
    re.compile(
        rf"(?<![\d.,/-])(?:\+|00)\s?(?:33|32|41|352|377|213|216|"
        rf"212){_SEP}(?:\(0\){_SEP})?(?:\d{_SEP}){{8,9}}(?![\d])"
    ),
    re.compile(rf"(?<![\d.,/-])\(?\+?\(?(?:33|32|41|26[0-9]?|\d{{2}})\)\s?0\s?(?:\d{_SEP}){{8,9}}(?!\d)"),
    re.compile(rf"(?<![\d.,/-])0{_SEP}[1-9]{_SEP}(?:\d{_SEP}){{7}}\d(?![\d])"),
    re.compile(r"(?<![\d.,/-])0\s?[1-9](?:\s?[-.]\s?\d){8}(?!\d)"),
    re.compile(
        r"(?<![\d.,/-])0\d{1,2}[ ./]{1,3}\d{2,3}(?:[ .]\d{2}){2}(?!\d)"
    ),  # Belgium: 02/555.12.34, 0475 12 34 56
    re.compile(r"(?<![\d.,/-])04\d{2}[ ./]{0,3}\d{2}[ .]?\d{2}[ .]?\d{2}(?!\d)"),
    re.compile(r"(?<![\d.,/-])0(?:\s?[-./]?\s?\d){9}(?!\d)"),
    re.compile(r"(?<!\w)(?:\+?1[ .-]?)?\(\d{3}\)\s?\d{3}[ .-]?\d{4}(?!\d)"),  # North America: (514) 555-0123
    re.compile(rf"(?<![\w+])\+\d{{2,3}}{_SEP}(?:\(0\){_SEP})?(?:\d{_SEP}){{6,10}}\d(?!\d)"),
)


@cache
def _labelled(code: str) -> re.Pattern[str]:
    more = forms("phones", code)
    return re.compile(
        r"\b(?:t[ée]l(?:[ée]phone)?|fax|portable|gsm|mobile|poste|bip|dect|standard|ligne "
        rf"directe|joignable au|num[ée]ro{'|' + more if more else ''})\b\.?\s*(?:n°|:|au|est le)?\s*"
        r"(?P<value>\+?\(?\d[\d .()/-]{2,18}\d)",
        re.IGNORECASE,
    )


_IN_URLS = ("://", "www.", ".fr", ".be", ".ch", ".com", ".org", ".net", ".eu")


def _addresses(text: str) -> Iterator[re.Match[str]]:
    """Web addresses, looked for on the lines that hold a part of one: none goes over a line's end."""
    small = text.lower()
    if len(small) != len(text):
        yield from _URL.finditer(text)
        return
    line_end = -1
    for place in sorted(place for part in _IN_URLS if part in small for place in places_of(part, small)):
        if place > line_end:
            line, line_end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
            line_end = len(text) if line_end < 0 else line_end
            yield from _URL.finditer(text, line, line_end)


def find_contacts(text: str, code: str = "fr") -> list[Span]:
    """Mail, web and telephone spans of the text."""
    mailed = (
        "@" in text or "at]" in text.lower() or "at)" in text.lower()
    )  # the pattern is slow where none is
    spans = [Span(m.start(), m.end(), "MAIL", 0.99, "mail") for m in (_MAIL.finditer(text) if mailed else ())]
    spans += [Span(m.start(), m.end(), "URL", 0.9, "url") for m in _addresses(text)]
    for pattern in _PHONES:
        digits = pattern.pattern.startswith(r"(?<![\d.,/-])0")
        for match in at_digits(pattern, text) if digits else anywhere(pattern, text):
            end = match.start() + len(match.group().rstrip(" .-/\u00a0\u202f"))
            spans.append(Span(match.start(), end, "TEL", 0.95, "phone"))
    spans += [Span(*m.span("value"), "TEL", 0.9, "labelled-phone") for m in at_words(_labelled(code), text)]
    return spans
