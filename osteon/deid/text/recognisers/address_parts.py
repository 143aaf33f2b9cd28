"""Parts of an address beside its street: who lives there, estate, house, floor, door, box."""

from __future__ import annotations

import re

from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER

SP = r"[ \t\u00a0]"
_SMALL = r"(?:de|du|des|la|le|les|aux?|sur|sous|en|et|von|van)"
_CAPITAL = rf"(?:[LlDd]['’])?{UPPER}[\w'’-]*"
_NAME_WORD = rf"(?:(?i:{_SMALL}){SP}+){{0,2}}{_CAPITAL}"
NAME = rf"(?:«{SP}?)?{_NAME_WORD}(?:{SP}+{_NAME_WORD}){{0,4}}(?:{SP}?»)?"
"""Capitalised words with small ones between."""
SITE = (
    r"lieu[- ]?dit|hameau|ham\.|quartier|cit[ée]|lotissement|lot\.|r[ée]sidence|r[ée]s\.|immeuble|imm\.|"
    r"h\.?l\.?m\.?|"
    r"domaine|ch[âa]teau|mas|ferme|moulin|villa|clos|tour|camping|parc(?: d['’]activit[ée]s|"
    r" r[ée]sidentiel)?|"
    r"z\.?a\.?(?:[ce]\.?)?|z\.?i\.?|zone (?:artisanale|industrielle|commerciale|d['’]activit[ée]s?)|"
    r"centre commercial|"
    r"p[ée]niche|espace|manoir|chalet|section|morne|parc tertiaire|centre d['’]affaires|"
    r"r[ée]sidence universitaire|"
    r"le clos d[eu]s?|"
    r"les terrasses d[eu]s?|bourg d[eu]|technop[ôo]le|p[ôo]le d['’]activit[ée]s|les hauts d[eu]|"
    r"route (?:d[ée]partementale|nationale|communale)|corps de ferme"
)
"""Kinds of estates, zones and lone houses, for patterns that ignore case."""
_DOOR = (
    rf"(?:app?t?|appartement|porte|b[âa]t(?:iment)?|bt|blc|bloc|esc(?:alier)?|logement|logt|lgt|ponton|"
    rf"bo[îi]te|bte|cage|"
    rf"hall|tour|"
    rf"villa|lot|pk|n°|digicode|code(?:{SP}portail)?|[ée]tage|ch|chambre|studio|emplacement|empl|"
    rf"parcelle|entr[ée]e)\b\.?{SP}*(?:n°|"
    rf":)?{SP}*"
    rf"(?:[A-Za-z]?\d{{1,4}}[A-Za-z]?|[A-Za-z](?!['’.\w]))(?![\w/])"
)
_FLOOR = (
    rf"(?:\d{{1,2}}{SP}?(?:er|e|[èe]me){SP}[ée]t(?:age\b|\.)|(?:rdc|rez[- ]de[- ]chauss[ée]e)\b)"
    rf"(?:{SP}(?:gauche|droite|face)\b)?"
)
_YARD = r"fond de cour|(?:digi)?code[ \t]+[A-Z0-9]{2,8}(?!\w)|interphone[ \t]+[^\W\d_][\w'’-]*"
_BOX = rf"(?:cidex|tsa|case{SP}postale|bo[îi]te{SP}postale|bp|b\.p\.|cs|cp)\b{SP}?(?:n°{SP}?)?\d{{1,5}}(?!\d)"
_CEDEX = rf"cedex{SP}?\d{{0,2}}(?!\w)"
_WING = rf"b[âa]t(?:iment|\.)?{SP}(?-i:[A-ZÀ-Ý][a-zà-ÿ]{{3,}}|[A-ZÀ-Ý]{{4,}})"
INSIDE = rf"(?:{_WING}|{_DOOR}|{_FLOOR}|{_BOX}|{_YARD}|{_CEDEX})"
_AFTER = re.compile(
    rf"(?:{SP}*(?:[,/–-]|\n)?{SP}*(?:\n{SP}*)?(?:{INSIDE}|[(\[]{INSIDE}(?:{SP}*,{SP}*{INSIDE})?[)\]]))+",
    re.IGNORECASE,
)
"""What follows a house: `, apt 34`, `, bât. B2, 3e étage`, ` / case postale 7`."""
_CARE_OF = (
    rf"(?:chez|c/o|aux bons soins de){SP}+(?:(?:m|mr|mme|mlle|monsieur|madame|famille)\b\.?{SP}+)?(?!(?:le|"
    rf"la|les|un|une|ses?|son|sa)\b)"
)
_HOUSE = rf"L(?:[ea]s?|[EA]S?){SP}+{_CAPITAL}(?:{SP}+(?:(?i:{_SMALL}){SP}+)?{_CAPITAL}){{0,3}}"
_JOINT = rf"{SP}*[,–-]?{SP}*\n?{SP}*"
_BUILDING = r"(?:presbyt[èe]re|[ée]cole|mairie|gendarmerie|caserne|aire d['’]accueil|port de plaisance)(?=,)"
_BEFORE = re.compile(
    rf"(?P<parts>(?:(?<!\w)(?:(?i:{INSIDE})|(?i:{_BUILDING})|(?i:{_CARE_OF}){NAME}|(?i:{SITE}){SP}+{NAME})|"
    rf"(?:^|(?<=[\n,;:(|])|(?<= [–-])){SP}*{_HOUSE})"
    rf"(?:{_JOINT}(?:(?i:{INSIDE})|(?i:{_CARE_OF}){NAME}|(?i:{SITE}){SP}+{NAME}|{_HOUSE}))*){_JOINT}$"
)
"""What stands before a street, up to a sign: `Appt 6, 3e étage,` `c/o Dupont,` `Le Parc, bâtiment A3,`."""
_HINT = re.compile(
    rf"\b(?:{INSIDE}|{_BUILDING}|chez|c/o|{SITE}|les?|la)\b[^\n]{{0,80}}[,–-]?\s*$", re.IGNORECASE
)


COUNTED = (
    r"(?!(?i:[ \u00a0]?(?:(?:U\.?I\.?|UI/\w+|unit[ée]s?|[mk]?g|m[lm]|cm|€|euros?|[ée]l[ée](?:ments?)?|"
    r"leuco\w*|plaq\w*|"
    r"globules|h[ée]mat\w*|cells?|cellules?|copies|coups|GB|GR|PNN|patients?|habitants)(?!\w)|/))|"
    r"[ \u00a0](?:ans|pas|par|cas|fois|U)(?![\w'’-]))"
)
"""After five digits that count something and are no postcode: `30000 UI`."""


def with_neighbours(span: Span, text: str) -> Span:
    """The address with its resident, estate, staircase, floor, door and box around it.

    >>> with_neighbours(Span(0, 9, "ADRESSE", 1.0), "8 rue Bel, apt 34, Dole").end
    17
    >>> with_neighbours(Span(17, 26, "ADRESSE", 1.0), "Appt 6, bât. D2, 8 rue Bel").start
    0
    """
    more = _AFTER.match(text, span.end)
    begin = span.start
    head = text[max(0, span.start - 110) : span.start]
    if head[-1:].isspace() and _HINT.search(head):
        before = _BEFORE.search(head)
        if before is not None:
            begin = span.start - len(head) + before.start("parts")
    return Span(begin, more.end() if more else span.end, span.label, span.score, span.rule)
