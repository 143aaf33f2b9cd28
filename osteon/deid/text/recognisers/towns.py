"""Postcodes with their towns, and towns by name."""

from __future__ import annotations

import re

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.address_parts import COUNTED
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS
from osteon.deid.text.recognisers.town_names import named_towns
from osteon.deid.text.recognisers.towns_after import SEQUENCE, towns_after
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER
from osteon.deid.values import fold

_SP = r"[ \t\u00a0]"
_ZIP = re.compile(
    rf"(?<![\d.,/])(?P<zip>(?:(?:F|FR|B|BE|CH)-)?(?:(?:0[1-9]|[1-8]\d|9[0-5]|2[ABab]){_SP}?\d{{3}}|"
    rf"9[78]{_SP}?\d{{3}}))(?![\d.,/]\d|"
    rf"\d){COUNTED}[,]?{_SP}+(?P<town>[^\W\d_][\w'’\-]*(?:{_SP}+[^\W\d_][\w'’\-]*){{0,4}})"
)
_ZIP_ALONE = re.compile(
    rf"(?:\b(?:code{_SP}postal|c\.?p\.?|cedex){_SP}*:?{_SP}*|^[ \t]*)"
    rf"(?P<zip>(?:\d{{2}}|2[AB]){_SP}?\d{{3}})(?=[ \t]*(?:$|[,.;\n]|[A-Za-z]))(?!\d)",
    re.IGNORECASE | re.MULTILINE,
)
_ZIP_BARE = re.compile(
    r"(?<![\w.,/:<>=+-])(?<![<>=:~] )(?<!taux [àa] )(?P<zip>(?:F-)?(?:0[1-9]|[1-8]\d|9[0-578])\d{3})"
    r"(?![\w/%]|[.,]\d|[ \u00a0]?(?:/|mm|ml|mg|g\b|UI|U\b|€|euros?|el|él|ele|élé|leuco|globules|"
    r"plaq|h[ée]mat|cells?|copies|G\b|coups|pas\b|et \d|à \d|ans|d['’]|leu|PNN|GB|GR))",
    re.IGNORECASE,
)
_ZIP4 = re.compile(
    rf"(?<![\d.,/\-])(?P<zip>(?:(?:B|BE|CH|L|NL)-)?[1-9]\d{{3}}(?: (?!L[AE]|DE|DU|"
    rf"ST)[A-Z]{{2}}(?= {{1,2}}{UPPER}))?){COUNTED}{_SP}+"
    rf"(?P<town>{UPPER}[\w'’\-]*(?:[ -](?:{UPPER}|(?:sur|sous|en|le|la|les|de|du|lès|lez|"
    rf"d['’])\b)[\w'’\-]*){{0,4}})"
)
_ZIP_CANADA = re.compile(r"\b[ABCEGHJ-NPR-TVXY]\d[ABCEGHJ-NPR-TV-Z][ -]\d[ABCEGHJ-NPR-TV-Z]\d\b")
_BEFORE_ZIP = re.compile(r"(?:^|[\n,;(–—|/:]|[ \t]-|\b[AàÀa])[ \t]*$")
_AFTER_TOWN = re.compile(r"[ \t]*(?:$|[\n.,;)|–-]|T[ée]l)")
_ZIP_LABEL = re.compile(r"(?:code postal[^\n:]{0,24}|c\.?p\.?|npa)[ \t]*:[ \t]*$", re.IGNORECASE)
_LABELLED = re.compile(
    rf"\b(?i:commune|ville|localit[ée]|provenance|lieu(?: de naissance)?|n[ée]e?(?:\(e\))? à)[ \t]*:[ \t]*"
    rf"(?P<town>{UPPER}[^\W\d_]*(?:[ '’-][^\W\d_]+){{0,5}}?)(?=[ \t]*(?:$|[\n,;.|(/–]|[ \t]{{2}}| - |\d))"
)
_DOCTORS = re.compile(rf"\b(?i:dr|docteur|pr)\b[^\n()\d]{{3,40}}\((?P<town>{UPPER}(?:[^\W\d_]|[' ’-])+)\)")
_PLACE_SHAPE = re.compile(  # Villeneuve-sur-Lot, L'Étang-Salé, Saint-Maur: written so, only a place
    rf"(?<![\w-])(?:(?:(?:[LlDd]['’])|(?:L[ea]s?|L[EA]S?) )?{UPPER}[^\W\d_]+"
    rf"(?:-{UPPER}[^\W\d_]+)*-(?i:sur|sous|en|l[eè]s|lez|la|les?|de|du|des|aux?)"
    rf"(?:-(?i:la|les?|l['’]))*-(?:[dlDL]['’])?{UPPER}[^\W\d_]+(?:-[^\W\d_]+)*"
    rf"|L['’]{UPPER}[^\W\d_]+-{UPPER}[^\W\d_]+|(?:Sainte?|SAINTE?)-{UPPER}[^\W\d_]+(?:-[^\W\d_]+)*"
    rf")"
)
_DATELINE = re.compile(
    rf"(?:(?:^|\n)[ \t]*(?:[Ff]ait à |[ÀA] )?|\b[Ff]ait à )(?P<town>{UPPER}[\w'’-]+(?:[ -][\w'’-]+){{0,4}}),?"
    r"[ \t]+(?:[Ll]e|LE)[ \t]+(?=(?i:\d{4}[-/.]|\d{8}\b|\d ?\d?(?:er)?[ ./-]|(?:lun|mar|jeu)(?:di)?\b|"
    r"mer(?:credi)?\b|ven(?:dredi)?\b|sam(?:edi)?\b|dim(?:anche)?\b|\d\d?[a-zéû]{3,4}\.?\d\d))"
)
_BORN_AT = re.compile(
    rf"\b(?i:n[ée]e?(?:\(e\))?)[ \t]+(?:(?i:le)[ \t])?[^\n]{{6,28}}?\d[ \t][AaàÀ][ \t](?P<town>{SEQUENCE})"
)
_BEFORE_PHONE = re.compile(
    rf",[ ](?P<town>(?:L[ea]s?[ ]|L[EA]S?[ ])?{SEQUENCE}),?[ ](?=(?i:t[ée]l|portable|gsm|fax)\b|\+\d|"
    rf"0\d[ ./-]?\d\d)"
)
_TOWN_LINE = re.compile(
    rf"(?m)^[ \t]*(?P<town>{SEQUENCE})[ \t]*(?:\((?i:qu[ée]bec|qc|suisse|belgique|maroc)\)[^\n]*)?\n"
    r"(?=[ \t]*(?i:t[ée]l|fax|standard|\d\d))"
)
"""A letterhead's town alone on its line, above the telephone."""
_HOSPITALS_TOWN = re.compile(
    rf"(?m)^[^\n]{{0,30}}(?i:h[ôo]pital|clinique|centre|cabinet|institut|ehpad|chu?r?i?)\b"
    rf"[^\n]{{2,70}}? [-–] (?P<town>{SEQUENCE})[ \t]*$"
)
_LINK = word_class("words_inside_a_place")
_OFFICE = re.compile(
    rf"\b(?:(?:(?:CPAM|CAF|CCAS|SAMU|SMUR|PMI|UDAF|CMS|CLS|MDPH)[ ](?={UPPER}[a-zà-ÿ]))|(?:CPAM|CAF|"
    rf"CCAS|SAMU|SMUR|UDAF|CMS|"
    rf"(?i:caisse|[ée]cole|mairie|commune|ville|pré?fecture|tribunal(?: (?:judiciaire|administratif|"
    rf"correctionnel|de grande instance|d['’]instance|"
    rf"de commerce))?|cour d['’]appel|barreau|parquet|communaut[ée] de communes|ssiad|vsav|"
    rf"h[ôo]tel de police|commissariat|gendarmerie|pompiers|"
    rf"(?:centre de )?secours|caserne|aéroport|gare|lycée|collège|université))\s+(?i:de\s+la\s+|"
    rf"de\s+|d['’]|du\s+))(?P<name>{UPPER}[\w'’-]+(?:[ -]{UPPER}[\w'’-]+)*|[^\W\d_]{{4,}}[\w'’-]*)"
)
_ROLE_AND_TOWN = re.compile(
    rf"\((?:[^\W\d_]+[ ])?[^\W\d_]{{3,}}(?:logue|iatre|peute|iste|[ie]en|ienne|i[eè]re?|eur|"
    rf"rice), (?P<town>{SEQUENCE})\)"
)
"""Where somebody works: `(rhumatologue, Moulins)`."""
_TITLES = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR", "MME", "MR", "M", "TEL", "FAX", "RPPS", "SERVICE"])


def find_towns(text: str, lex: Lexicon) -> list[Span]:
    """Postcodes with their towns, and towns by name."""
    spans = [Span(*m.span("zip"), "ZIP", 0.85, "zip-alone") for m in anywhere(_ZIP_ALONE, text)]
    spans += [Span(*m.span("zip"), "ZIP", 0.4, "zip-bare") for m in anywhere(_ZIP_BARE, text)]
    spans += [Span(m.start(), m.end(), "ZIP", 0.9, "zip-canada") for m in anywhere(_ZIP_CANADA, text)]
    for match in anywhere(_ZIP, text):
        town = _town_words(match["town"], lex)
        if town and text[match.start("town") + len(town) :].lstrip(" \t")[:1] == ":":
            spans.append(Span(*match.span("zip"), "ZIP", 0.9, "zip"))  # the next field's label
        elif town:
            spans.append(Span(*match.span("zip"), "ZIP", 0.9, "zip"))
            spans.append(
                Span(match.start("town"), match.start("town") + len(town), "VILLE", 0.88, "zip-town")
            )
    for match in anywhere(_ZIP4, text):
        if _is_zip4(match, text, lex):
            spans.append(Span(*match.span("zip"), "ZIP", 0.85, "zip4"))
            if text[match.end("town") :].lstrip(" \t")[:1] != ":":
                spans.append(Span(*match.span("town"), "VILLE", 0.85, "zip-town"))
    for match in anywhere(_DATELINE, text):
        town = fold(match["town"])
        parts = [p for p in re.split(r"[ '’-]", town) if p not in _LINK]
        known = town in lex.towns or any(not lex.is_word(part) for part in parts)
        known = known or match.group().lstrip().lower().startswith("fait") or _is_compound(town)
        known = known or ("," in match.group() and parts[:1] == [town] and town not in HEADINGS)
        small = [
            w for w in re.split(r"[ -]", match["town"]) if w[:1].islower() and "'" not in w and "’" not in w
        ]
        if any(fold(word) not in _LINK for word in small):
            continue  # `Protocole signé électroniquement le 3 mars`
        if town in ACRONYMS:
            continue
        named = (
            bool(parts) and lex.is_first_name(parts[0]) and not ("," in match.group() and town in lex.towns)
        )
        if known and parts and parts[0] not in _TITLES and not named:
            spans.append(Span(*match.span("town"), "VILLE", 0.8, "dateline"))
    spans += [
        Span(*m.span("name"), "VILLE", 0.7, "office-of")
        for m in at_words(_OFFICE, text)
        if m["name"][0].isupper() or not lex.is_word(fold(m["name"]))
    ]
    spans += [Span(*m.span("town"), "VILLE", 0.7, "labelled-town") for m in anywhere(_LABELLED, text)]
    spans += [
        Span(*m.span("town"), "VILLE", 0.6, "doctors-town")
        for m in (anywhere(_DOCTORS, text) if "(" in text else ())
        if fold(m["town"]) not in ACRONYMS
        and (fold(m["town"]) in lex.towns or lex.is_rare_word(fold(m["town"])))
    ]
    spans += [
        Span(*m.span("town"), "VILLE", 0.6, "hospitals-town")
        for m in (anywhere(_HOSPITALS_TOWN, text) if " - " in text or " – " in text else ())
        if fold(m["town"]) in lex.towns or _is_compound(fold(m["town"]))
    ]
    spans += [
        Span(*m.span("town"), "VILLE", 0.6, "town-line")
        for m in anywhere(_TOWN_LINE, text)
        if (fold(m["town"]) in lex.towns or ("-" in m["town"] and " " not in m["town"]))
        and fold(m["town"]) not in HEADINGS
    ]
    spans += [
        Span(*m.span("town"), "VILLE", 0.6, "role-and-town")
        for m in (anywhere(_ROLE_AND_TOWN, text) if ", " in text and "(" in text else ())
        if fold(m["town"]) not in ACRONYMS
    ]
    spans += [Span(*m.span("town"), "VILLE", 0.6, "born-at") for m in at_words(_BORN_AT, text)]
    spans += [
        Span(*m.span("town"), "VILLE", 0.5, "before-phone")
        for m in anywhere(_BEFORE_PHONE, text)
        if fold(m["town"]) not in HEADINGS | ACRONYMS
        and (fold(m["town"]) in lex.towns or _is_compound(fold(m["town"])))
    ]
    spans += [
        Span(m.start(), m.end(), "VILLE", 0.5, "shape")
        for m in anywhere(_PLACE_SHAPE, text)
        if not any(part in lex.protected for part in re.split(r"['’-]", fold(m.group())))
    ]
    return spans + towns_after(text, lex) + named_towns(text, lex)


def _is_compound(town: str) -> bool:
    """Joined by hyphens, or with its article: `Trois-Ponts`, `Le Fenouillet`."""
    return "-" in town or town.startswith(("LE ", "LA ", "LES "))


def _is_zip4(match: re.Match[str], text: str, lex: Lexicon) -> bool:
    """Four digits are a postcode before a known town, or where an address has its postcode."""
    town = fold(match["town"])
    parts = [p for p in re.split(r"[ '’-]", town) if len(p) > 2]
    if match["zip"][0].isalpha() or (town in lex.towns and not lex.is_word(town)):
        return True
    if _ZIP_LABEL.search(text, max(0, match.start() - 48), match.start()):
        return True
    placed = _BEFORE_ZIP.search(text, max(0, match.start() - 6), match.start()) is not None
    compound = "-" in match["town"] and len(parts) > 1
    dated = match["zip"].startswith(("19", "20")) and not compound
    if placed and not dated and (compound or _AFTER_TOWN.match(text, match.end())):
        return True
    strange = town in lex.towns or any(not lex.is_word(p) and p not in lex.protected for p in parts)
    return (placed and strange and not match["zip"].startswith(("19", "20"))) or (
        placed and town in lex.towns
    )


def _town_words(text: str, lex: Lexicon) -> str:
    """The leading words that may be a town: capitalised, known as a town, or in no dictionary."""
    end = 0
    pieces = [m.end() for m in re.finditer(r"\S+", text)]
    for end in reversed(pieces[1:]):
        if fold(text[:end]) in lex.towns or fold(text[:end]).replace(" ", "-") in lex.towns:
            return text[:end]
    end = 0
    for match in re.finditer(r"\S+", text):
        folded = fold(match.group()).strip(",.")
        if not (
            match.group()[0].isupper() or folded in _LINK or folded in lex.towns or not lex.is_word(folded)
        ):
            break
        end = match.end()
    return text[:end]
