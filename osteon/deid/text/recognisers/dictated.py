"""Texts without capitals, as a dictation leaves them: what stands after a title, a kind of hospital, `à`.

Nothing shows a name there but its place, so the words after these are taken up to one that no name holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.name_shapes import MEDICAL_SHAPE
from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span
from osteon.deid.values import fold

_COMMON, _SHORT, _LISTED = 2000, 3, 1600
_WORDS_TOO = frozenset(
    [
        *("ANS", "AVION", "CLUSES", "CROIX", "FONTAINE", "FOSSES", "GAILLARD", "GAP", "HALLE", "HEM", "IFS"),
        *("JAMBES", "JETTE", "LIER", "MANA", "MASCARA", "PLAISIR", "SENS", "TOURS", "VALENCE", "VERNIER"),
        *("VISE", "VITRE"),
    ]
)
"""Towns that stand after `à` as words as well."""
_FEWEST_LETTERS, _MOST_CAPITALS = 60, 0.002
_W = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_STOPS = word_class("words_that_end_a_dictated_name")
_LINK = r"(?:(?:de la|des|du|de|les|le|la)[ ]|(?:de )?l['’]|d['’])"
_PARTICLE = r"(?:(?:de la|de|du|des|d['’]|le|la|van den|van der|van de|van|von|el|ben|da|dos|al|aït|ait)[ ]?)"
_PERSON = re.compile(
    r"\b(?:docteure?s?|dr|professeure?|pr|madame|monsieur|mme|mlle|mademoiselle|m|mr|"
    r"bonjour(?= [^\W\d_]+ c['’]est)|signé(?! (?:par|le|docteur|dr|pr|professeur))|"
    r"née?(?= (?!le\b|en\b|à\b|a\b|d['’]|un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|"
    r"treize|quatorze|quinze|seize|vingt|trente|premier|\d))|"
    r"(?P<act>(?:re)?vue? (?:(?:ce (?:jour|matin|soir)|hier|en ville) )?(?:avec|par)|(?:re)?voir (?:avec|"
    r"par)|"
    r"(?:r[ée]dig|valid|sign|prescri|lu|dict|transmis|confi|fait|pr[ée]sent)[ée]*(?:te?|s)? (?:par|à)|"
    r"\d{2,4} par|"
    r"(?:envoy|adress|suivi|op[ée]r|relu|demand)[ée]?e? par|copie à|avis|et à|"
    r"salut|coucou|prénom|patiente?(?= [^\W\d_]+ [^\W\d_]+ (?:née?|\d{1,3} ?(?:ans|a)\b))|pr[ée]venue? \(|"
    r"contacter|appeler|"
    r"(?:mari|femme|[ée]pouse|fils|fille|m[èe]re|p[èe]re|s[oœ]e?ur|fr[èe]re|conjointe?)(?: c['’]est|"
    r" s['’]appelle|(?= [^\W\d_]+ 0\d))))\.?"
    rf"[ \n]*(?<![^\W\d_])(?P<name>{_PARTICLE}?{_W}(?:[ ]{_PARTICLE}?{_W}){{0,3}})"
)
_HOSPITAL = re.compile(
    r"\b(?P<kind>(?P<strong>polyclinique|msp|usld|smr|had|cmpr|clcc|foyer de vie|chr?u|ch[cip]|ghu?|"
    r"gie(?: irm)?|ehpad|ssr|hia|uz|az|"
    r"sel(?:arl|as)(?: d?['’]?imagerie)?|cabinet(?: de radiologie)?|"
    r"imagerie médicale|centre hospitalier(?: universitaire| régional| intercommunal)*|"
    r"ensemble hospitalier|ctr|ems|hfr|ehc|ehnv|ziekenhuis|kliniek|permanence|médicentre|"
    r"dispensaire|infirmerie|camsp|csapa|"
    r"chic|chg|chs|chrsm|fam|mas|épicura|vivalia|centre (?:de radiologie|"
    r"d['’]imagerie(?: médicale)?)|centre de r[ée]+ducation|"
    r"groupe hospitalier|maison médicale|résidence|p[ôo]le santé)|institut|réseau hospitalier|"
    r"pharmacie|laboratoire|maternité|centre (?:de dialyse|d['’]hémodialyse)|h[ôo]tel-dieu|"
    r"h[ôo]pital(?: nord| sud| est| ouest| privé| cantonal| régional)*|"
    r"clinique(?: universitaire| privée)?|cliniques universitaires)"
    rf"[ \n]+(?P<link>{_LINK})?(?P<name>{_W}(?:[ ](?:de )?{_W}){{0,2}})"
)
_WITH_PHONE = re.compile(rf"\((?P<name>{_W}(?: {_W})?)[ \n]+(?=\(?\+?\d[\d ().-]{{7,}})")
_BEFORE_BIRTH = re.compile(
    rf"(?:^|(?<=\n)|(?<=, )|(?<=patient )|(?<=patiente ))(?P<name>{_W}(?: {_W}){{1,3}}),? née?(?:\(e\))? le "
)
_NO_NAME = re.compile(r"(?:t[ée]l|fax|portable|gsm|bip|poste|num[ée]ro|au|fixe|mobile|domicile|standard)")
_EMERGENCY = re.compile(
    rf"\b(?:urgences|transfert|transférée?)[ \n]+(?:de (?:la )?|d['’]|du |à )?"
    rf"(?P<name>(?:sainte?[- ])?{_W}(?: {_W})?)"
)
_TOWN = re.compile(
    rf"(?<![^\W_])(?P<sure>(?:demeurant|domiciliée?|résidant|habitant|née?) )?"
    rf"(?:à|habite|commune de|ville de|(?P<home>retour (?:à )?(?:(?:son )?domicile|ehpad)(?: à)?))[ \n]+"
    rf"(?P<name>(?:(?P<article>l[ea]s?) )?{_W})"
)
_DOCTORS_TOWN = re.compile(
    rf"\b(?:docteure?|dr|professeure?|pr)\b(?: {_W}){{1,3}} (?:de|à) (?P<name>{_W}(?:[ -]{_W})*?)"
    r"(?=[ \n]*(?:$|[.,;)\n]|pour\b|le\b))"
)
_AFTER_PERSON = re.compile(r"\b(?:docteure?|dr|professeure?|pr)\b[^\n.,;]{2,40}$")
_LINKED = re.compile(
    r"(?:[^\W\d_]{3,}-)+(?:sur|sous|en|l[eè]s|la|le|les|du|des|de|d['’])-?[^\W\d_]{2,}|sainte?-|notre-dame"
)


def find_dictated(text: str, lex: Lexicon) -> list[Span]:
    """Spans of a text without capitals; none of any other."""
    capitals = sum(map(str.isupper, text))
    if capitals > _MOST_CAPITALS * len(text):
        return []
    letters = sum(map(str.isalpha, text))
    if letters < _FEWEST_LETTERS or capitals > _MOST_CAPITALS * letters:
        return []
    return [
        *_people(text, lex),
        *_callable(text),
        *_born(text),
        *_hospitals(text, lex),
        *_emergencies(text, lex),
        *_towns(text, lex),
    ]


def _people(text: str, lex: Lexicon) -> Iterator[Span]:
    position = 0
    while match := _PERSON.search(text, position):
        position = match.start("name")
        start, end, before = match.start("name"), match.start("name"), ""
        for word in re.finditer(_W, match["name"]):
            folded = fold(word.group())
            if word.group() in {"de", "la", "du", "des", "le", "van", "von", "el", "ben", "da", "dos", "al"}:
                continue
            if folded in _STOPS or (before and not _goes_on(before, folded, lex)):
                break
            if match["act"] and not before and not _may_act(folded, match["name"], lex):
                break
            end, before = start + word.end(), folded
        if before:
            position = end
            yield Span(start, end, "NOM", 0.6, "dictated")


def _callable(text: str) -> Iterator[Span]:
    """Who stands in brackets with a telephone: `(perle 06 ...)`."""
    for match in anywhere(_WITH_PHONE, text):
        if not _NO_NAME.match(match["name"]):
            yield Span(*match.span("name"), "NOM", 0.6, "dictated")


def _born(text: str) -> Iterator[Span]:
    """Two to four words between a line's beginning and a birth date."""
    for match in anywhere(_BEFORE_BIRTH, text):
        if not any(fold(word) in _STOPS for word in match["name"].split()):
            yield Span(*match.span("name"), "NOM", 0.6, "dictated")


def _is_known_or_strange(folded: str, lex: Lexicon) -> bool:
    common = lex.first_name_rank.get(folded, 10**6) < _COMMON
    return (lex.is_rare_word(folded) and not MEDICAL_SHAPE.search(folded)) or common or folded in lex.surnames


def _may_act(folded: str, name: str, lex: Lexicon) -> bool:
    """A known or strange word, or any before a common first name: `lu par doigt agnès`."""
    if _is_known_or_strange(folded, lex):
        return True
    words = [fold(word) for word in name.split()]
    common = len(words) > 1 and lex.first_name_rank.get(words[1], 10**6) < _COMMON
    return common and words[0] not in _STOPS


def _goes_on(before: str, folded: str, lex: Lexicon) -> bool:
    """A second word is a name when it is no word, or when a first name stands beside it and no surname."""
    if lex.is_rare_word(folded) and not MEDICAL_SHAPE.search(folded):
        return True
    if before in lex.surnames and folded not in lex.surnames:
        return lex.first_name_rank.get(folded, 10**6) < 12_000
    return lex.is_first_name(before) or lex.is_first_name(folded)


def _hospitals(text: str, lex: Lexicon) -> Iterator[Span]:
    for match in anywhere(_HOSPITAL, text):
        end, number = 0, 0
        for number, word in enumerate(re.finditer(_W, match["name"])):
            folded = fold(word.group())
            if folded == "DE" and number:
                continue
            placed = _is_strange(word.group(), lex) or folded in lex.towns or lex.is_first_name(folded)
            named = number == 0 and (match["strong"] is not None or match["link"] in {"du ", "des "})
            if folded in _STOPS or not (placed or named):
                break
            end = match.start("name") + word.end()
        if end:
            yield Span(match.start(), end, "HOPITAL", 0.6, "dictated")


def _emergencies(text: str, lex: Lexicon) -> Iterator[Span]:
    """The hospital after `urgences`: one of the list, a saint's, or two words that are a person's name."""
    for match in anywhere(_EMERGENCY, text):
        name = match["name"]
        first, _, second = name.partition(" ")
        person = lex.is_first_name(fold(first)) and second and _rare(fold(second), lex)
        if fold(name) in lex.hospitals or person or re.match(r"sainte?[- ][^\W\d_]", name):
            yield Span(*match.span("name"), "HOPITAL", 0.6, "dictated")
        elif fold(first) in lex.hospitals or (
            _rare(fold(first), lex) and not MEDICAL_SHAPE.search(fold(first))
        ):
            yield Span(match.start("name"), match.start("name") + len(first), "HOPITAL", 0.6, "dictated")


def _towns(text: str, lex: Lexicon) -> Iterator[Span]:
    for match in anywhere(_DOCTORS_TOWN, text):
        if fold(match["name"]) in lex.towns or _rare(fold(match["name"]), lex):
            yield Span(*match.span("name"), "VILLE", 0.6, "dictated")
    for match in anywhere(_TOWN, text):
        if match["name"].startswith(("l'", "l’", "s'", "s’", "d'", "d’")):
            continue
        folded = fold(match["name"])
        if match["article"]:
            if folded in lex.towns or (
                (match["sure"] or match["home"]) and _rare(fold(match["name"].split(" ", 1)[1]), lex)
            ):
                yield Span(*match.span("name"), "VILLE", 0.6, "dictated")
            continue
        doctors = _AFTER_PERSON.search(text, max(0, match.start() - 48), match.start()) is not None
        listed = lex.towns.get(folded, _LISTED) < _LISTED and folded not in _WORDS_TOO
        strange = _is_strange(match["name"], lex) and not MEDICAL_SHAPE.search(folded)
        sure = doctors or match["sure"] or match["home"]
        if folded not in _STOPS and (
            strange
            or listed
            or _LINKED.match(match["name"])
            or (sure and (folded in lex.towns or _rare(folded, lex)))
            or (match["home"] and "-" in folded)
        ):
            yield Span(*match.span("name"), "VILLE", 0.6, "dictated")


def _rare(folded: str, lex: Lexicon) -> bool:
    return lex.is_rare_word(folded) and len(folded) > _SHORT


def _is_strange(word: str, lex: Lexicon) -> bool:
    folded = fold(word)
    rare = (
        lex.is_rare_word(folded)
        and len(folded) > 3
        and not any(p in lex.protected for p in folded.split("-"))
    )
    return rare or _LINKED.match(word) is not None
