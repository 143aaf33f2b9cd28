"""Lines that a mail program, a terminal or a scanner broke where the width ended, and how they read unbroken.

A break belongs to the width and not to the writer when the next word would not have fitted on the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_WIDEST, _NARROWEST, _FEWEST = 110, 34, 2
_FIELD = re.compile(r"[> \t]*[^\W\d_][^\n:=<>.,;]{1,28}?[ \t]?[:=]")
_ABBREVIATED = re.compile(
    r"(?:\b[^\W\d_]|\b(?:Dr|Pr|Mme|av|bd|bld|boul|janv|f[ée]vr|avr|juil|sept|oct|nov|d[ée]c))\.$"
)
_WORD = re.compile(r"[>\s]*(\S+)")


def wrapped_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Each line that the width broke, with the line after it as one: where it begins, its length, the text.

    Of the same length as in the text, so that places in it are places in the text.

    >>> list(wrapped_lines("short"))
    []
    """
    lines = text.splitlines(keepends=True)
    width = max((len(line.rstrip()) for line in lines), default=0)
    if not _NARROWEST <= width <= _WIDEST:
        return
    broken, position = [], 0
    for line, following in pairwise(lines):
        bare, word = line.rstrip(), _WORD.match(following)
        full = bool(bare) and word is not None and len(bare) + 1 + len(word[1]) > width
        if full and not _FIELD.match(following) and (bare[-1] not in ".:;!?" or _ABBREVIATED.search(bare)):
            broken.append((position, line, following))
        position += len(line)
    if len(broken) < _FEWEST:
        return
    for begin, line, following in broken:
        yield begin, len(line.rstrip("\r\n")), _unbroken(line, following)


def _unbroken(line: str, following: str) -> str:
    """Both lines as one; a quote's sign before the second is a blank as well."""
    bare = line.rstrip("\r\n")
    quote = re.match(r"[> \t]*", following)
    signs = quote.end() if quote else 0
    return bare + " " * (len(line) - len(bare) + signs) + following[signs:].rstrip("\r\n")
