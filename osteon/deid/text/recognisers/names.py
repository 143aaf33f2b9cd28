"""Names of people, one span per word, labelled NOM or PRENOM; eponyms and anatomy stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.acts import acting_names
from osteon.deid.text.recognisers.apposed import apposed_names
from osteon.deid.text.recognisers.around_names import (
    bracketed,
    initials_beside,
    particles_after,
    particles_before,
)
from osteon.deid.text.recognisers.courtesies import courtesy_names
from osteon.deid.text.recognisers.cued_names import conjoined, cued_names
from osteon.deid.text.recognisers.introduced_names import introduced_names
from osteon.deid.text.recognisers.lone_names import alone_on_line, before_birth
from osteon.deid.text.recognisers.name_shapes import is_title
from osteon.deid.text.recognisers.names_beside import beside_first_names
from osteon.deid.text.recognisers.unknown_names import is_a_device, is_measured, neighbours, unknown_capitals
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import Token, words

_SURE = 0.8
"""From here on a title, a field or a relation says that a person stands there."""


def find_names(text: str, lex: Lexicon) -> list[Span]:
    """Spans of names, one per word, labelled NOM or PRENOM."""
    tokens = words(text)
    found: dict[int, tuple[float, str]] = {}

    def mark(places: Iterable[int], score: float, rule: str) -> None:
        for place in places:
            if score > found.get(place, (0.0, ""))[0]:
                found[place] = (score, rule)

    sure = (introduced_names, acting_names, courtesy_names, apposed_names, cued_names)
    for places, score, rule in (named for find in sure for named in find(tokens, text, lex)):
        mark(places, score, rule)
    for places in beside_first_names(tokens, text, lex):
        mark(places, 0.75, "first-name")
    for places in alone_on_line(tokens, text, lex):
        mark(places, 0.7, "line")
    for places in before_birth(tokens, text):
        mark(places, 0.6, "above-birth")
    mark(unknown_capitals(tokens, text, lex), 0.4, "unknown")
    mark(neighbours(tokens, text, found, lex), 0.4, "neighbour")
    mark(conjoined(tokens, text, found, lex), 0.4, "conjoined")
    mark(initials_beside(tokens, text, found), 0.4, "initial")
    mark(bracketed(tokens, text, found, lex), 0.4, "bracketed")
    mark(particles_after(tokens, text, found), 0.4, "particle")
    mark(particles_before(tokens, text, found), 0.4, "particle")
    spans = []
    for place, (score, rule) in found.items():
        token = tokens[place]
        if _is_no_name(tokens, place, text, score):
            continue
        label = (
            "PRENOM"
            if lex.is_first_name(token.folded) and not _is_family_place(found, place, tokens)
            else "NOM"
        )
        spans.append(Span(token.start, token.end, label, score, rule))
    return _joined(spans, text)


def _is_no_name(tokens: Sequence[Token], place: int, text: str, score: float) -> bool:
    """A title, a lone small letter, or a device or value where nothing is sure."""
    token, after = tokens[place], text[tokens[place].end : tokens[place].end + 1]
    if len(token.text) == 1:
        return token.text.islower() and after not in {"'", "’"}
    if is_title(token):
        return True
    return score < _SURE and (is_a_device(tokens, place, text) or is_measured(token, text))


def _is_family_place(found: dict[int, tuple[float, str]], place: int, tokens: Sequence[Token]) -> bool:
    """A first name in capitals beside one that is not is a surname (MARTIN Paul)."""
    token = tokens[place]
    around = [tokens[p] for p in (place - 1, place + 1) if p in found]
    return token.is_upper and any(not other.is_upper for other in around)


def _joined(spans: list[Span], text: str) -> list[Span]:
    """Neighbouring words with one label as one span, so that a name of several words stays one."""
    joined: list[Span] = []
    for span in sorted(_with_elision(span, text) for span in spans):
        last = joined[-1] if joined else None
        if (
            last
            and last.label == span.label
            and re.fullmatch(r"[ '’\u00a0-]{1,2}", text[last.end : span.start])
        ):
            joined[-1] = Span(last.start, span.end, span.label, max(last.score, span.score), span.rule)
        else:
            joined.append(span)
    return joined


def _with_elision(span: Span, text: str) -> Span:
    """A surname with the D', O' or 't before it."""
    if text[: span.start][-3:] in {"'t ", "’t "}:
        return Span(span.start - 3, span.end, span.label, span.score, span.rule)
    match = re.search(r"(?:(?<![^\W_])[DOL]|(?:^|(?<=\n))[dl])['’]$", text[: span.start][-3:])
    return (
        Span(span.start - 2, span.end, span.label, span.score, span.rule)
        if match and span.label == "NOM"
        else span
    )
