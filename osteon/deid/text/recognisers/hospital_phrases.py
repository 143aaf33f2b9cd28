"""The whole phrase that names a house of care: what kind, of what sort, of which site, of whom."""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.hospital_ends import closes, is_place
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, FUNCTION_WORDS, HEADINGS, TITLES
from osteon.deid.text.tokens import Token, first_at

_LINKS = frozenset(["D", "DE", "DES", "DU", "L", "LA", "LE", "LES", "SOUS", "SUR"])
_JOINERS = frozenset(["A", "AU", "AUX", "EN", "ET"])
"""Inside a name only before a name: `Saint-Michel et Sainte-Anne`."""
_SORTS = word_class("sorts_of_a_hospital")
_HONOURED = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR"])
"""Inside a name, not before it: `Clinique du Docteur Roux`."""
_NATIONS = frozenset(
    ["AMERICAIN", "ANGLAIS", "BELGE", "FRANCO-AMERICAIN", "FRANCO-BRITANNIQUE", "ISRAELITE", "SUISSE"]
)
"""Adjectives that name a house by themselves: `Institut hospitalier franco-britannique`."""
_SITES = word_class("parts_of_a_hospital")
_ATTRIBUTE = re.compile(
    r"(?:IQUES?|ALES?|AL|AUX|AIRES?|IERS?|IERES?|IFS?|IVES?|ISTES?|ELLES?|OISE?S?|EENS?|EENNES?|IENS?|"
    r"IENNES?)$"
)
"""Endings of adjectives that say of what sort a house is: `ophtalmique`, `mutualiste`, `vosgien`."""
_CLINICAL = frozenset(
    ["CLINIQUE", "CLINIQUES", "CENTRE", "IMAGERIE", "RADIOLOGIE", "SCANNER", "IRM", "INSTITUT"]
)
"""Kinds that are words of reports too: only sorts of the list may follow before the name."""
_SHORTENED = frozenset(["DR", "PR", "ST", "STE"])
_BODY = word_class("parts_of_the_body")
_LONGEST = 14
_HYPHEN = re.compile(r"[ ]?[-–/|][ ]?")
_NUMBERED = re.compile(r"[ ]\d{1,2}(?=[ \t]*(?:$|[\n,;.)(]|[ ]-[ ]))")
"""`Pasteur 2`, where the name ends."""
TAIL = re.compile(
    r"[ ](?:blanche?s?|rouges?|vertes?|bleue?s?|noire?s?|jaunes?|neuve?s?|vieux|dorée?s?|fleurie?s?|"
    r"m[ée]dical|sant[ée]|imagerie|[a-zà-ÿ]{3,}(?:oise?|aise?|éenne|éen|ienne|ien|ande?)|"
    r"des [a-zà-ÿ]{4,}s)(?=[ \t]*(?:$|[\n,;:.)(]|-[ ]|(?:le|ce|pour|par|est|puis|en|avec|depuis)\b))"
)
"""The last words of a name in small print: `Croix blanche`, `Asile des aveugles`."""
_LETTERS = re.compile(r"[ ]\((?P<letters>[A-ZÀ-Ý][\w'’.+-]{1,7})\)")


def end_of_phrase(text: str, tokens: Sequence[Token], match: re.Match[str], lex: Lexicon) -> int | None:
    """The end of the phrase after a kind of hospital; None where nobody is named."""
    place = first_at(tokens, match.end())
    kind = match["kind"].upper()
    doubtful = kind.split()[0].split("-")[0] in _CLINICAL
    clinical = doubtful and not kind.startswith(("CENTRE D", "CENTRE H"))
    loud = kind == match["kind"] and len(kind) > 5
    end: int | None = None
    linked, previous = False, match.end()
    for number in range(place, min(place + _LONGEST, len(tokens))):
        token = tokens[number]
        if token.start < previous:
            continue
        step = _step(text, tokens, number, previous, lex, named=end is not None, linked=linked)
        if step == "name" and not (doubtful and end is None and _is_term(token, kind, lex, linked=linked)):
            end, linked = token.end, False
        elif step == "link":
            linked = True
        elif step == "sort" and not (clinical and end is None and not linked and not _is_sort(token, loud)):
            linked = linked or token.folded in _SITES or end is None
        else:
            break
        previous = token.end
    return None if end is None else _with_letters(text, end)


def _is_term(token: Token, kind: str, lex: Lexicon, *, linked: bool) -> bool:
    """A part of the body, an eponym, or after a machine a plain word: `Radiologie Conventionnelle`."""
    machine = kind.startswith(("IMAG", "RADIO", "SCANNER", "IRM")) and not kind.startswith("IMAGERIE M")
    return token.folded in _BODY | lex.protected or (machine and not linked and _is_word(token, lex))


def _step(
    text: str, tokens: Sequence[Token], number: int, previous: int, lex: Lexicon, *, named: bool, linked: bool
) -> str:
    """What the word is in the phrase: a `name`, a `link`, a `sort`; empty where the phrase has ended."""
    token = tokens[number]
    gap = text[previous : token.start]
    before = tokens[number - 1].text if number else ""
    if not _continues(gap, token, before, named=named, linked=linked):
        return ""
    if token.folded in _LINKS and _follows(text, tokens, number, lex):
        return "link"
    if token.folded in _JOINERS:
        return "link" if named and _names_next(text, tokens, number, lex) else ""
    if token.folded in _HONOURED and not named and token.is_capitalised:
        return "link"
    if token.folded in TITLES | FUNCTION_WORDS or token.folded in ACRONYMS:
        return "sort" if token.folded in _SITES and named else ""
    if token.folded in _SITES and (named or not token.is_capitalised):
        return "sort"
    if not named and token.folded in _NATIONS:
        return "name"
    if not token.is_capitalised:
        rare = lex.is_rare_word(token.folded) and (linked or not named)
        attribute = not named and (token.folded in _SORTS or _ATTRIBUTE.search(token.folded) is not None)
        return "sort" if attribute else "name" if rare and linked and len(token.text) > 3 else ""
    if not named and token.folded in _SORTS:
        return "sort"
    if token.folded in HEADINGS and not linked and not (named and _last(text, token)):
        return ""
    if named and not linked and _is_word(token, lex) and not closes(text, tokens, number):
        return ""
    return "name"


def _continues(gap: str, token: Token, before: str, *, named: bool, linked: bool) -> bool:
    """No sign stands between, or a dash before a site, or a line end where the phrase cannot end."""
    if gap in {"", " ", "'", "’", "' ", "-"}:
        return True
    if gap in {". ", "."}:
        return before[:1].isupper() and (len(before) == 1 or before.upper() in _SHORTENED)
    if _HYPHEN.fullmatch(gap):
        return named and token.folded in _SITES
    broken = gap.strip(" ") == "\n" and len(gap) < 3
    return (broken and (linked or (not token.is_capitalised and token.folded in _LINKS))) or gap == "  "


def _follows(text: str, tokens: Sequence[Token], number: int, lex: Lexicon) -> bool:
    """A word of a name or of its sort after an article, and no number: not `Clinique Pasteur le 3`."""
    token = tokens[number]
    after = tokens[number + 1] if number + 1 < len(tokens) else None
    if after is None or text[token.end : after.start].strip(" \n'’") or after.start - token.end > 2:
        return False
    goes_on = after.folded in _LINKS | _SITES | _SORTS or after.is_capitalised
    return goes_on or _ATTRIBUTE.search(after.folded) is not None or lex.is_rare_word(after.folded)


def _last(text: str, token: Token) -> bool:
    """`Résonance Imagerie` before a sign that makes no heading of the last word."""
    return token.folded in {"IMAGERIE", "RADIOLOGIE", "SEJOUR"} and text[token.end : token.end + 1] != ":"


def _names_next(text: str, tokens: Sequence[Token], number: int, lex: Lexicon) -> bool:
    token = tokens[number]
    after = tokens[number + 1] if number + 1 < len(tokens) else None
    return (
        after is not None
        and text[token.end : after.start] == " "
        and after.is_capitalised
        and after.folded not in TITLES
        and not _is_word(after, lex)
    )


def _is_word(token: Token, lex: Lexicon) -> bool:
    return lex.is_word(token.folded) and not is_place(token, lex) and not token.folded.startswith("SAINT")


def _is_sort(token: Token, loud: bool) -> bool:
    return token.folded in _SORTS and (token.text.islower() or loud or token.is_capitalised)


def _with_letters(text: str, end: int) -> int:
    """The end with a number or the letters in brackets that the name has."""
    if tail := TAIL.match(text, end):
        end = tail.end()
    if number := _NUMBERED.match(text, end):
        end = number.end()
    letters = _LETTERS.match(text, end)
    return letters.end() if letters and sum(map(str.isupper, letters["letters"])) > 1 else end
