"""Capitalised words after what a place follows: `à`, `domicilié à`, a letterhead's house."""

from __future__ import annotations

import re

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS, TITLES
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER
from osteon.deid.values import fold

_LETTERS = r"[^\W\d_]"
SEQUENCE = (
    rf"(?:[LD]['’])?{UPPER}(?:{_LETTERS}|[’'-](?={_LETTERS}))*"
    rf"(?:[ -](?:(?:sur|sous|en|le|la|les|de|du|des|lès|lez|d['’])[ -])?{UPPER}(?:{_LETTERS}|"
    rf"[’'-](?={_LETTERS}))*){{0,4}}(?!\d)"
)
"""One to five capitalised words with small ones between, as a pattern."""
_AT_WORDS = (
    r"à|À|née?(?:\(e\))? à|habit(?:e|ant)(?: à)?|domicilié(?:e|\(e\))?(?: à)?|résid(?:e|ant)(?: à)?|"
    r"demeurant(?: à)?|vi(?:t|vant) [àa]|employeur de|installée? à|exer(?:ce|çant) à|"
    r"originaire de|venant de|venue? de|arrivée?(?:\(e\))? de|partie?(?:\(e\))? (?:de|à)|"
    r"transférée?(?:\(e\))? de|provenance de|région de|banlieue de|ville de|commune de|"
    r"mairie de|te"
)
_LETTERHEAD = re.compile(
    rf"(?i:h[ôo]pital|clinique|centre|cabinet|institut|CHU?R?I?)\b[^,\n]{{2,60}},[ ]?(?P<town>{UPPER}[^,\n"
    r"\d]{2,40}),[ ]?"
    r"(?=(?i:standard|t[ée]l|fax|secr[ée]tariat|n°|\+?\d))"
)
_IN_SMALL = re.compile(
    r"\b(?:habite(?: à)?|demeurant à|domicilié(?:e|\(e\))? à|originaire de|né(?:e|\(e\))? à|vit à) "
    r"(?P<town>[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){0,2}?)(?=[ \t]*(?:$|[.,;)\n]))"
)
_NO_TOWNS = word_class("words_after_a_that_are_no_towns")
_ROMAN = re.compile(r"[IVX]+")
_AT = re.compile(rf"(?<![^\W_])(?P<before>{_AT_WORDS})\s(?P<town>{SEQUENCE})")
_LINK = word_class("words_inside_a_place")
_TITLES = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR", "MME", "MR", "M", "TEL", "FAX", "RPPS", "SERVICE"])


def towns_after(text: str, lex: Lexicon) -> list[Span]:
    """Capitalised words after `à` or `domicilié à`: a place, unless a dictionary has them all."""
    spans = []
    for match in at_words(_AT, text):
        sure = match["before"] not in {"à", "À"}
        written = _one_place(match["town"], lex)
        town = fold(written).replace("’", "'").strip("-'")
        parts = [p for p in re.split(r"[ '-]", town) if len(p) > 1 and p not in _LINK]
        if not parts or _ROMAN.fullmatch(parts[0]):
            continue
        if any(p in lex.protected for p in parts) and not (sure and town in lex.towns):
            continue
        if parts[0] in TITLES:
            continue
        known = town in lex.towns or town.replace(" ", "-") in lex.towns
        if written.isupper() and len(written) < 5 and not known:
            continue  # an acronym
        capitals = sum(piece[:1].isupper() for piece in re.split(r"[ '’-]", written))
        several = capitals > 1 and (not written.isupper() or written.count("-") > 1)
        last = text[match.start("town") + len(written) :][:1] in {".", ",", ";", ")", "\n", ""}
        first_town = town in lex.towns or match["town"][:1].isupper()
        last = last or (first_town and text[match.start("town") - 3 : match.start("town") - 2] == " ")
        single = capitals == 1 == len(parts) and last and not written.isupper() and parts[0] not in _NO_TOWNS
        single = single and match["before"] == "à" and len(written) > 2
        loud = written.isupper() and capitals == 1 == len(parts) and match["before"] == "à" and last
        single = single or (loud and parts[0] not in _NO_TOWNS and written not in ACRONYMS)
        if sure or known or several or single or any(not lex.is_word(p) and len(p) > 2 for p in parts):
            spans.append(
                Span(match.start("town"), match.start("town") + len(written), "VILLE", 0.58, "town-after")
            )
    if text.islower():
        spans += [
            Span(*m.span("town"), "VILLE", 0.6, "small-town")
            for m in anywhere(_IN_SMALL, text)
            if fold(m["town"]) in lex.towns or lex.is_rare_word(fold(m["town"]))
        ]
    spans += [Span(*m.span("town"), "VILLE", 0.6, "letterhead") for m in at_words(_LETTERHEAD, text)]
    return spans


def _one_place(text: str, lex: Lexicon) -> str:
    """The words of the place's name: it ends before an acronym, a heading or a new sentence."""
    end, upper = 0, text.split(" ")[0].isupper()
    for match in re.finditer(r"[^ ]+", text):
        word = match.group().strip("-'’")
        folded = fold(word)
        if folded in ACRONYMS or folded in _TITLES or folded in HEADINGS:
            break
        capital = word[:1].isupper() and not upper
        strange = not lex.is_word(folded) or folded in _LINK or lex.is_first_name(folded) or capital
        if end and not strange and not (upper and word.isupper()):
            break
        if end and upper and not word.isupper() and folded not in _LINK:
            break
        end = match.end()
    return text[:end]
