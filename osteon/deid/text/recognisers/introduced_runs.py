"""The words of a name after a title, a field or a role."""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_shapes import PARTICLES, is_heading, is_namelike, is_title
from osteon.deid.text.tokens import Token

_DATE_NEXT = re.compile(r"\s*:?\s*(?:\d|(?:lun|mar|mercre|jeu|vendre|same)di\b|dimanche\b)", re.IGNORECASE)


def is_near(text: str, end: int, start: int, strength: int) -> bool:
    """True where nothing but a blank, a colon or a line's end stands between a title and its name."""
    gap = text[end:start]
    return (
        not gap.strip(
            " .:,\t\u00a0\n" if strength == 3 else " :,(\t\u00a0" if strength == 1 else " :,\t\u00a0"
        )
        and gap.count("\n") <= 1
        and len(gap) <= 6
    )


def name_after(tokens: Sequence[Token], start: int, text: str, lex: Lexicon, strength: int) -> list[int]:
    """Places of the words from `start` that make one name: initials, particles, first names, surnames."""
    run: list[int] = []
    place, pending = start, list[int]()
    while place < len(tokens) and len(run) < 6:
        token = tokens[place]
        gap = text[tokens[place - 1].end : token.start] if place > start else ""
        if place > start and not _joins(gap, token, run, lex):
            break
        labels = is_heading(token) and text[token.end : token.end + 2].lstrip()[:1] == ":"
        labels = labels or (bool(pending) and is_heading(token) and not token.is_upper)
        if labels or (not run and token.folded in {"LE", "LA", "LES"} and _DATE_NEXT.match(text, token.end)):
            break
        if not run and token.folded in PARTICLES and re.match(r"\s\d", text[token.end : token.end + 2]):
            break  # `RX genou dr. du 14.06.2023`
        if gap.startswith(".") and len(tokens[place - 1].text) > 3:
            break  # a sentence ends there, no initial
        if (
            token.folded in PARTICLES
            and (not run or token.folded not in {"LA", "LE"} or token.is_capitalised or bool(pending))
            and _particle_ok(tokens, place, text, lex)
        ):
            pending.append(place)
        elif is_namelike(tokens, place, text, lex, strength, first=not run):
            run += [*pending, place]
            pending = []
        elif strength == 3 and pending and token.is_capitalised and not is_title(token):
            run += [*pending, place]  # a particle makes a name of any word: de La Tour
            pending = []
        elif strength == 3 and len(run) == 1 and token.folded in PARTICLES and token.text.istitle():
            run.append(place)  # a surname that ends in one: Vo Van
        else:
            break
        place += 1
    if (
        run
        and strength == 3
        and pending
        and place == pending[-1] + 1
        and tokens[pending[0]].start - tokens[run[-1]].end == 1
    ):
        stops = place == len(tokens) or bool(text[tokens[pending[-1]].end : tokens[place].start].strip(" "))
        ends = stops or all(tokens[p].is_capitalised for p in pending)
        return [*run, *pending] if ends else run
    dated = _DATE_NEXT.match(text, tokens[pending[-1]].end) if pending else None
    if not run and strength == 3 and pending and not dated and all(tokens[p].is_capitalised for p in pending):
        return pending  # a surname that is a particle by itself: Vo Van
    return run


def _particle_ok(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    if place + 1 >= len(tokens):
        return False
    following = tokens[place + 1]
    return text[tokens[place].end : following.start] in {" ", "'", "’", "-"} and (
        following.is_capitalised or lex.is_rare_word(following.folded) or following.folded in PARTICLES
    )


def _joins(gap: str, token: Token, run: list[int], lex: Lexicon) -> bool:
    """Words of one name are joined by blanks, a dot after an initial, or a comma before a first name."""
    if not gap.strip(" \t\u00a0") or gap in {"'", "’", ". ", ".", "-", ".-", " - "}:
        return True
    if gap.strip() == "," and run:
        return lex.is_first_name(token.folded) or (token.is_capitalised and lex.is_rare_word(token.folded))
    return (
        gap.count("\n") == 1
        and not gap.strip()
        and token.is_capitalised
        and bool(run)
        and (lex.is_rare_word(token.folded) and (token.is_upper or lex.is_first_name(token.folded)))
    )
