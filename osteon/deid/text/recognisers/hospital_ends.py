"""Where the name of a hospital ends, after the word that says what kind it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, MEDICAL_SHAPE, is_heading
from osteon.deid.text.tokens import UPPER, Token, first_at
from osteon.deid.values import fold

_AFTER_A_HOUSE = re.compile(
    r"[ ](?:(?:par|où|hier|depuis|ce jour|cette|pour|puis|avec|afin|en \d{4}|demain|actuellement|"
    r"attendu|dont|lors)\b|(?:l[ea]|du|au)[ ]\d)|[ ]\d\d?/\d"
)
_GOES_ON = re.compile(rf"[ ](?:d[eu]s?(?:[ ]la)?[ ]|d['’]|de[ ]l['’]){UPPER}")
_PARTNERS = re.compile(rf"(?i:\s(?:et|&)\sassoci[ée]e?s?\b)|\s&\s{UPPER}[\w'’-]+")
_CASUAL = re.compile(r"pharm|labo|mater|ambul", re.IGNORECASE)
"""Kinds that a note mentions more often than it names one."""
_LOOSE = re.compile(r"centre d|radiologie|imagerie|scanner|irm", re.IGNORECASE)
"""Kinds that a part of the body or an eponym may follow: `Scanner de l'Épaule`."""
_BODY = word_class("parts_of_the_body")
_WINDS = frozenset(["NORD", "SUD", "EST", "OUEST", "CENTRE"])
OUR_LADY = re.compile(
    r"\bN\.?[- ]?D\.?(?= d[eu]s? )(?: (?:des|du|de)(?: la| l['’])? ?[^\W\d_]+)", re.IGNORECASE
)
"""Notre-Dame in two letters."""
_SMALL_NAME = re.compile(
    r"(?P<link>(?: (?:de la|de l['’]|de|du|des|les|la|le|d['’]|l['’]))?) ?(?P<name>(?!(?:le|vers|par|pour|"
    r"puis|en|au|à|"
    r"avec|ce|où|hier|depuis|est|a|qui|il|elle|jour)\b)[^\W\d_][\w'’-]*(?:[ ][\w'’-]+){0,4}?)"
    r"(?=\s*(?:$|[,.;:)\n])|[ ](?:le|vers|par|pour|puis|en|au|à|avec|ce|où|hier|depuis|est|a|qui|il|elle)\b|"
    r"[ ]\d)"
)
"""A name in a text without capitals, up to the word that goes on: `clinique de la source le 3`."""
_TO_OR_FROM = re.compile(
    r"\b(?:(?P<sure>vers|transfert|transférée?|rdv|"
    r"(?:vue?|radio|irm|scanner|suivie?|opérée?|prévue?|hospitalisée?|admise?|passée?|faite?|séjour|sortie?|"
    r"retour|adressée?) "
    r"(?:à|au|de|du|par))|à|a|au|aux|de|du|la|"
    r"avis|puis|par|[àe] l['’]) ?$"
)
_LINK = word_class("words_inside_a_place")
_GENERIC_AFTER = word_class("words_after_a_hospital_that_name_none")
_OF = _LINK - {"EN", "ET", "AU", "AUX", "SUR"}
_NAMES_OF_PLACES = frozenset(["MAIL", "IMAGERIE"])
_ADJECTIVES = word_class("adjectives_of_a_hospital")
_TITLES = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR", "MME", "MR", "M", "TEL", "FAX", "RPPS", "SERVICE"])
_HONOURED = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR"])
"""Before a name that a hospital has: `CH Dr Schaffner`."""


def end_of_name(text: str, tokens: Sequence[Token], match: re.Match[str], lex: Lexicon) -> int | None:
    """The end of the name after a kind of hospital; None for a generic mention."""
    place = first_at(tokens, match.end())
    following = tokens[place : place + 8]
    end, named, previous = match.end(), False, match.end()
    casual = _CASUAL.match(match["kind"]) is not None
    loose = _LOOSE.match(match["kind"]) is not None
    bare = match["kind"].lower() in {"imagerie", "radiologie"}
    for number, token in enumerate(following):
        gap = text[previous : token.start]
        if token.start < previous:
            continue
        if lady := OUR_LADY.match(text, token.start):
            named, end, previous = True, lady.end(), lady.end()
            continue
        if (
            _is_break(gap)
            or (token.folded in _TITLES and not (number == 0 and token.folded in _HONOURED))
            or (token.is_capitalised and is_heading(token) and not _is_named_so(text, tokens, place + number))
        ):
            break
        if not number and token.folded in _HONOURED and token.is_capitalised:
            previous = token.end + (text[token.end : token.end + 1] == ".")
            continue
        if token.folded in _LINK or (not named and token.folded in _ADJECTIVES):
            previous = token.end
            continue
        wind = token.folded in _WINDS and token.is_capitalised and gap == " "
        if named and (wind or gap in {"'", "’"}):
            end = previous = token.end
            continue
        if not named and token.folded in _WINDS:
            linked = previous > match.end()
            if not linked and token.folded == "CENTRE":
                break
            previous = token.end
            alone = token.is_capitalised and not token.is_upper and match["kind"][:1].isupper()
            named, end = (True, token.end) if linked or alone else (named, end)
            continue
        proper = token.is_capitalised or (lex.is_rare_word(token.folded)) or token.folded in lex.hospitals
        if (
            not proper
            or (loose and not named and (token.folded in _BODY or token.folded in lex.protected))
            or (bare and not named and not (is_place(token, lex) or lex.is_rare_word(token.folded)))
            or token.folded in _GENERIC_AFTER
            or (casual and not named and _is_common_word(text, tokens, place + number, lex))
            or (
                named
                and token.is_capitalised
                and not token.is_upper
                and lex.is_word(token.folded)
                and not is_place(token, lex)
                and not closes(text, tokens, place + number)
                and not _is_named_so(text, tokens, place + number)
            )
        ):
            break
        named, end, previous = True, token.end, token.end
    kind = fold(match["kind"])
    partners = _PARTNERS.match(text, end) if named else None
    if partners:
        end = partners.end()
    return end if named else (match.end() if kind in {"AP-HP", "APHP", "AP-HM", "APHM", "HCL"} else None)


def end_in_small_print(text: str, match: re.Match[str], lex: Lexicon) -> int | None:
    """The end of the name in a text without capitals, where somebody goes to the house or comes from it."""
    name = _SMALL_NAME.match(text, match.end())
    gone = _TO_OR_FROM.search(text, max(0, match.start() - 20), match.start())
    if name is None or gone is None or _CASUAL.match(match["kind"]):
        return None
    first = fold(re.split(r"[ '’]", name["name"])[0])
    if first in _GENERIC_AFTER | _ADJECTIVES | _BODY:
        return None
    if not (name["link"] or gone["sure"] or lex.is_rare_word(first)) or (
        _LOOSE.match(match["kind"]) and not gone["sure"]
    ):
        return None
    return name.end("name")


def _is_common_word(text: str, tokens: Sequence[Token], place: int, lex: Lexicon) -> bool:
    """A word of the dictionary that no sign follows begins the next phrase: `à la pharmacie Besoin d'un`."""
    token = tokens[place]
    common = lex.is_word(token.folded) and not is_place(token, lex)
    return common and token.folded not in _LINK and not closes(text, tokens, place)


def _is_named_so(text: str, tokens: Sequence[Token], place: int) -> bool:
    """A heading's word after `du` or `des`, or that no value follows, is the name: `Clinique du Mail`."""
    before = tokens[place - 1].folded if place else ""
    if before in {"BEAU", "BON"} and tokens[place].folded == "SEJOUR":
        return True
    after = text[tokens[place].end : tokens[place].end + 8].lstrip(" \t\u00a0")
    return before in {"DU", "DES"} or (
        tokens[place].folded in _NAMES_OF_PLACES and after[:1] not in {":", "."}
    )


def closes(text: str, tokens: Sequence[Token], place: int) -> bool:
    """Capitalised words to the line's end or a sign: all of them are the name's last words."""
    for following in range(place, min(place + 4, len(tokens))):
        token = tokens[following]
        if not token.is_capitalised or is_heading(token) or token.folded in ACRONYMS:
            return False
        after = text[token.end : token.end + 3].lstrip(" \t\u00a0")
        if not after or after[0] in "\n\r,;:.()-–|/" or _AFTER_A_HOUSE.match(text, token.end):
            return True
        if MEDICAL_SHAPE.search(token.folded):
            continue
        if _GOES_ON.match(text, token.end):
            return True
        behind = tokens[following + 1] if following + 1 < len(tokens) else None
        if behind and behind.text.islower() and behind.folded not in _OF and behind.start == token.end + 1:
            return True
    return False


def is_place(token: Token, lex: Lexicon) -> bool:
    """A town or somebody's name."""
    return token.folded in lex.towns or token.folded in lex.first_names or token.folded in lex.surnames


def _is_break(gap: str) -> bool:
    """Signs, a full stop, a dash or a line end between two words: the name does not go on."""
    odd = gap.strip(" \t\n'’.-–") or "\n" in gap or len(gap) > 4
    return bool(odd) or re.search(r"\.\s|\s[-–]\s", gap) is not None
