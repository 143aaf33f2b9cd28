"""What is known of the patient from elsewhere, found however it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from osteon.deid.identity import KnownIdentity
from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.dates import read_dates
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import Token, words
from osteon.deid.values import fold, parse_da

_MIN_FUZZY = 5
# Compiled here: re's own cache is emptied by the patterns of each study's numbers.
_BREAKS, _SPACES = re.compile(r"[\s'’-]+"), re.compile(r"\s+")
_NO_DIGITS, _NO_CHARACTERS = re.compile(r"[^0-9]+"), re.compile(r"[^0-9A-Za-z]+")
_SEPARATORS = r"[\s.\-/_\u00a0\u202f]{0,2}"


@dataclass(frozen=True, slots=True)
class _Known:
    parts: frozenset[str]
    family: frozenset[str]
    given: frozenset[str]
    all_parts: frozenset[str]


def find_known(text: str, known: KnownIdentity, lex: Lexicon) -> list[Span]:
    """Spans of known names, numbers, dates and addresses: typos, missing accents, any case or order."""
    spans = _known_names(text, known, lex)
    digits = _NO_DIGITS.sub("", text)
    for value in known.numbers:
        spans += _literal(text, digits, value, "IPP", minimum=4)
    for value in known.phones:
        spans += _literal(text, digits, value, "TEL", minimum=6)
    for value in known.mails:
        spans += [
            Span(m.start(), m.end(), "MAIL", 1.0, "known")
            for m in re.finditer(re.escape(value), text, re.IGNORECASE)
        ]
    for value in filter(text.__contains__, known.uids):
        spans += [Span(m.start(), m.end(), "ID", 1.0, "known") for m in re.finditer(re.escape(value), text)]
    births = {parse_da(value) for value in known.birth_dates} - {None}
    for found in read_dates(text, lex.language):
        if found.as_date() in births:
            spans.append(Span(found.span.start, found.span.end, "DATE_NAISSANCE", 1.0, "known"))
    for value in (*known.addresses, *known.institutions):
        label = "ADRESSE" if value in known.addresses else "HOPITAL"
        spans += _phrase(text, value, label, lex) + _whole_phrase(text, value, label)
    return spans


def _known_names(text: str, known: KnownIdentity, lex: Lexicon) -> list[Span]:
    people = [_parts_of(name) for name in (*known.names, *known.people)]
    tokens = words(text)
    hits: dict[int, str] = {}
    for person in people:
        for place, token in enumerate(tokens):
            if _is_part(token, person, lex, tokens, place):
                hits[place] = "PRENOM" if token.folded in person.given else "NOM"
        for place in list(hits):
            for other in (place - 1, place + 1):
                if (
                    0 <= other < len(tokens)
                    and other not in hits
                    and _is_initial(text, tokens, place, other, person)
                ):
                    hits[other] = "PRENOM"
        _add_particles(text, tokens, hits, person)
    spans = [Span(tokens[p].start, tokens[p].end, label, 1.0, "known") for p, label in sorted(hits.items())]
    return spans + _whole_names(text, known) + _bare_initials(text, known)


def _add_particles(text: str, tokens: Sequence[Token], hits: dict[int, str], person: _Known) -> None:
    """The particles of the person's own name beside its other parts: `Van den Haegen`, `L'Hermitte`."""
    grown = True
    while grown:
        grown = False
        for place in list(hits):
            for other in (place - 1, place + 1):
                if not 0 <= other < len(tokens) or other in hits:
                    continue
                low, high = sorted((place, other))
                gap = text[tokens[low].end : tokens[high].start]
                folded = tokens[other].folded
                elided = len(folded) == 1 and other < place and gap in {"'", "’"}
                if (folded in person.all_parts and gap in {" ", "-", "'", "’", "\n"}) or elided:
                    hits[other], grown = "NOM", True


def _whole_names(text: str, known: KnownIdentity) -> list[Span]:
    """Family names of several words as a whole, whatever their words mean by themselves."""
    values = {name[0] for name in (*known.names, *known.people) if name and re.search(r"[\s'’-]", name[0])}
    return [span for value in sorted(values) for span in _whole_phrase(text, value, "NOM")]


def _whole_phrase(text: str, value: str, label: str) -> list[Span]:
    """All words of the value in their order, in any case, with or without accents, over line ends."""
    wanted = [t.folded for t in words(value.replace("-", " "))]
    if len(wanted) < 2 and not (wanted and len(wanted[0]) > 4):
        return []
    flat = [(piece, t) for t in words(text) for piece in t.folded.split("-")]
    spans = []
    for place in range(len(flat) - len(wanted) + 1):
        if flat[place][0] == wanted[0] and [p for p, _ in flat[place : place + len(wanted)]] == wanted:
            first, last = flat[place][1], flat[place + len(wanted) - 1][1]
            if last.end - first.start <= 2 * len(value) + 4 and (first.is_capitalised or len(wanted) > 2):
                spans.append(Span(first.start, last.end, label, 1.0, "known"))
    return spans


def _parts_of(name: tuple[str, ...]) -> _Known:
    def split(value: str) -> set[str]:
        folded = fold(value)
        pieces = {p for p in _BREAKS.split(folded) if len(p) > 1}
        whole = _SPACES.sub("-", folded.strip())
        return pieces | {whole, folded.replace("-", "").replace(" ", "").replace("'", "")}

    family = frozenset(p for p in split(name[0]) if len(p) > 1)
    given = frozenset(p for part in name[1:] for p in split(part) if len(p) > 1)
    return _Known(
        family | given,
        family,
        given,
        frozenset(p for part in name for p in _BREAKS.split(fold(part)) if p),
    )


_PARTICLES = word_class("particles_no_name_by_themselves")


def _is_part(token: Token, person: _Known, lex: Lexicon, tokens: Sequence[Token], place: int) -> bool:
    """A word of the language counts only where it is written as a name or stands beside another part."""
    if token.folded in _PARTICLES or len(token.folded) < 2:
        return False
    pieces = set(token.folded.split("-")) | {token.folded, token.folded.replace("-", "")}
    exact = bool(pieces & person.parts - _PARTICLES)
    if not exact and not any(_alike(piece, part) for piece in pieces for part in person.parts):
        return False
    if not exact and (lex.is_word(token.folded) or pieces & lex.protected):
        return False
    if not lex.is_word(token.folded) or token.is_upper:
        return True
    beside = [tokens[p].folded for p in (place - 1, place + 1) if 0 <= p < len(tokens)]
    return any(other in person.parts for other in beside) or (token.is_capitalised and place > 0)


def _alike(written: str, part: str) -> bool:
    """One slip in five letters, two in eight (insertion, deletion, swap, replacement)."""
    if len(part) < _MIN_FUZZY or len(written) < _MIN_FUZZY - 1:
        return False
    allowed = 1 if len(part) < 8 else 2
    return OSA.distance(written, part, score_cutoff=allowed) <= allowed


def _is_initial(text: str, tokens: Sequence[Token], place: int, other: int, person: _Known) -> bool:
    token = tokens[other]
    if len(token.text) != 1 or not token.is_capitalised:
        return False
    low, high = sorted((place, other))
    gap = text[tokens[low].end : tokens[high].start]
    return gap.strip(" .-") == "" and any(part[0] == token.folded for part in person.parts)


def _bare_initials(text: str, known: KnownIdentity) -> list[Span]:
    """`M. D.` or `D.M.` for the patient's own initials, written with dots."""
    spans = []
    for name in dict.fromkeys((*known.names, *known.people)):
        if len(name) < 2 or not name[0] or not name[1]:
            continue
        found = _initials(fold(name[1])[0], fold(name[0])[0]).finditer(text)
        spans += [Span(m.start(), m.end(), "NOM", 0.95, "known-initials") for m in found]
    return spans


@lru_cache(maxsize=1024)
def _initials(given: str, family: str) -> re.Pattern[str]:
    first, last = re.escape(given), re.escape(family)
    return re.compile(
        rf"(?<![\w.])(?:{first}\.\s?{last}\.|{last}\.\s?{first}\.|{first}\.{last}|{last}\.{first})(?!\w)"
    )


def _literal(text: str, digits: str, value: str, label: str, *, minimum: int) -> list[Span]:
    """A number with whatever stands between its characters; `digits` are those of the text."""
    characters = _NO_CHARACTERS.sub("", value)
    if len(characters) < minimum or _NO_DIGITS.sub("", characters) not in digits:
        return []  # no pattern is made for a number whose digits do not even follow each other in the text
    pattern = _SEPARATORS.join(re.escape(c) for c in characters)
    return [
        Span(m.start(), m.end(), label, 1.0, "known")
        for m in re.finditer(rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])", text, re.IGNORECASE)
    ]


def _phrase(text: str, value: str, label: str, lex: Lexicon) -> list[Span]:
    """The longest runs of the value's words: an address may be written in another order or on two lines."""
    wanted = [t.folded for t in words(value) if len(t.folded) > 2]
    distinctive = {w for w in wanted if not lex.is_word(w)} - {"SAINT", "SAINTE"}
    tokens = words(text)
    spans = []
    town = wanted[-1] if wanted and label == "ADRESSE" else ""
    small = text.islower()

    def is_town(token: Token) -> bool:
        """An address ends with its town, which may be a word: `Orange`, `Trois-Ponts`."""
        return token.folded == town and (small or token.is_capitalised)

    for place, token in enumerate(tokens):
        if token.folded in distinctive or is_town(token):
            spans.append(Span(token.start, token.end, label, 0.99, "known"))
        elif token.folded in wanted and place + 1 < len(tokens) and tokens[place + 1].folded in wanted:
            spans.append(Span(token.start, tokens[place + 1].end, label, 0.99, "known"))
    return spans
