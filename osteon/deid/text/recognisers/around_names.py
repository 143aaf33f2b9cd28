"""What belongs to a name beside it: an initial, a name in brackets, particles."""

from __future__ import annotations

from collections.abc import Container, Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, FUNCTION_WORDS, PARTICLES, is_heading
from osteon.deid.text.tokens import Token

_ARTICLES = frozenset(["LE", "LA", "LES", "DES"])
_SHORTEST_BRACKETED = 3


def initials_beside(tokens: Sequence[Token], text: str, found: Container[int]) -> list[int]:
    """A capital before or after a name: `U. Leblond`, `Gaborit M.`, `GABORIT M`, `Gaborit (M.)`."""
    places = []
    for place, token in enumerate(tokens):
        if (
            place in found
            or len(token.text) != 1
            or not token.is_capitalised
            or text[: token.start][-1:] == "/"
        ):
            continue
        dotted = text[token.end : token.end + 1] == "."
        gap = text[token.end : tokens[place + 1].start] if place + 1 < len(tokens) else "\n"
        before = dotted and place + 1 in found and gap in {". ", ".", ".-", ".\n"} and token.folded != "M"
        title = token.folded == "M" and gap == ". " and tokens[place + 1].is_capitalised
        title = title and tokens[place + 1].folded not in FUNCTION_WORDS
        if before or (place - 1 in found and not title and _follows_name(tokens[place - 1], token, text)):
            places.append(place)
    return places


def bracketed(tokens: Sequence[Token], text: str, found: Container[int], lex: Lexicon) -> list[int]:
    """A name in brackets after a name, and the first name after it: `Yao (Paul) Ida`."""
    places: list[int] = []
    for place in range(1, len(tokens)):
        token = tokens[place]
        if place in found or place - 1 not in found or len(token.text) < _SHORTEST_BRACKETED:
            continue
        if text[tokens[place - 1].end : token.start] != " (" or text[token.end : token.end + 1] != ")":
            continue
        named = lex.is_first_name(token.folded) or token.folded in lex.surnames or token.folded in lex.towns
        if not token.is_capitalised or token.folded in ACRONYMS or is_heading(token):
            continue
        if named or lex.is_rare_word(token.folded):
            places.append(place)
            after = tokens[place + 1] if place + 1 < len(tokens) else None
            if after and text[token.end : after.start] == ") " and after.is_capitalised:
                places += [place + 1] if lex.is_first_name(after.folded) else []
    return places


def _follows_name(name: Token, token: Token, text: str) -> bool:
    """An initial after a surname: dotted, in brackets, or bare after a surname in capitals."""
    gap, after = text[name.end : token.start], text[token.end : token.end + 4]
    if gap == " (":
        return after[:1] in {".", ")"}
    if gap != " ":
        return False
    bare = name.is_upper and not after[:1].isalnum() and after[:1] not in {"'", "’", "°", "-"}
    spoken = token.folded in {"A", "Y", "L", "D"} and after[:1] == " " and after[1:2].isalpha()
    spoken = spoken and after.lower() != " et " and (after[1:2].islower() or after[1:3].isupper())
    return after[:1] == "." or (bare and not spoken)


def particles_before(tokens: Sequence[Token], text: str, found: Container[int]) -> list[int]:
    """Particles that belong to the name after them: the outermost is capitalised, foreign or opens a line."""
    places: list[int] = []
    for place in range(1, len(tokens)):
        if place not in found or place - 1 in found:
            continue
        run: list[int] = []
        back = place - 1
        while (
            back >= 0
            and text[tokens[back].end : tokens[back + 1].start] in {" ", "-", "'", "’"}
            and tokens[back].folded in PARTICLES
            and tokens[back].folded not in {"N", "O", "L"}
        ):
            run.append(back)
            back -= 1
        while run and not _opens_name(tokens[run[-1]], text):
            run.pop()
        places += run
    return places


def particles_after(tokens: Sequence[Token], text: str, found: Container[int]) -> list[int]:
    """The rest of a name that goes on after a particle: `Fernández de Castro`."""
    places: list[int] = []
    for place in range(1, len(tokens) - 1):
        particle, last = tokens[place], tokens[place + 1]
        elided = (
            particle.folded == "D" and text[particle.end : last.start] in {"'", "’"} and last.is_capitalised
        )
        if elided and place - 1 in found and text[tokens[place - 1].end : particle.start] == " ":
            places += [place, place + 1]
            continue
        if (
            place - 1 in found
            and place not in found
            and particle.folded in PARTICLES
            and len(particle.text) > 1
            and (particle.folded not in _ARTICLES or particle.is_capitalised)
            and last.is_capitalised
            and len(last.text) > 2
            and text[tokens[place - 1].end : particle.start] == " " == text[particle.end : last.start]
        ):
            places += [place, place + 1]
    return places


def _opens_name(token: Token, text: str) -> bool:
    return token.is_capitalised or token.folded in _FOREIGN or _starts_line(text, token)


def _starts_line(text: str, token: Token) -> bool:
    return not text[: token.start].rsplit("\n", 1)[-1].strip(" \t-•*")


_FOREIGN = frozenset(
    ["VAN", "VON", "DEN", "DER", "BEN", "EL", "AL", "BOU", "AIT", "OULD", "DOS", "DELLA", "ABDEL"]
)
