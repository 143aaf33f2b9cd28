"""Names that are words, where only a person can stand: `c/o Rosier`, `lecteur 1 Carré`, `avis Blanc`.

The word itself may stand in any dictionary; a heading, a term or an acronym is no name there.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from osteon.deid.text.languages import alternatives_of, by_first_letter
from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    MEDICAL_SHAPE,
    PARTICLES,
    is_heading,
    is_term_word,
    is_title,
)
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.tokens import UPPER, Token, first_at
from osteon.deid.values import fold

Named = tuple[list[int], float, str]
_NAME = rf"{UPPER}(?:['’]{UPPER})?[^\W\d_]+(?:['’-][^\W\d_]+)*"
_PARTICLE = (
    r"(?:(?:[Dd]e la|[Dd]e|[Dd]u|[Dd]es|[Ll]e|[Ll]a|[Vv]an(?: de[nr]?)?|[Vv]on|[Ee]l|[Aa]r|[Zz]u|AR|"
    r"ZU|VAN DEN|DE LA|DE|DU|DES|VAN|[Vv]anden|VON)[ ]|[dDlLO]['’]|['’]t[ ])"
)
_WHO = (
    rf"(?P<name>{_PARTICLE}?{_NAME}(?:[ ](?:(?:de|da|du|dos|DE|DA)[ ](?:la[ ])?)?{_NAME}|"
    rf"[ ]{UPPER}\.?(?![\w'’]))?)"
)
_CUE = (
    r"c/o|d['’]apr[èe]s|part[ ]de|fil(?:s|le)[ ]de|deux[ ]enfants[ ]\(|enfants?[ ]\(|r[ée]clam(?:e|"
    r"[ée]e?)|(?:r[ée])?op[ée]rateur|arbitre|(?:d['’])?astreintes?|(?:premier |second |"
    r"co-?)?lect(?:eur|rice)s?(?:[ ]?[12])?|"
    r"(?:certificat|courrier|lettre|mail|message|sms|relance|appel|avis|note|mot|accord|"
    r"r[ée]ponse|rapport|cr|garde|staff|"
    r"confirmation)[ ](?:de|du[ ]dr)|(?:avis|t[ée]l|demande|adress[ée]e?|confi[ée]e?|montr[ée]e?|"
    r"remise?|transmise?|dit|cas)[ ][àa]|avis|"
    r"copie(?:[ ](?:[àa]|pour))?|cc|ok|(?:r?appel|pr[ée]ven|avert|inform|joint)(?:[ée]|u|i|ie|"
    r"ue)?e?|envoy[ée]e?[ ]par|pr[ée]sent[ée]e?[ ]par|amicalement|cordialement|bien[ ][àa][ ](?:toi|vous|"
    r"lui)|"
    r"confraternellement|sinc[èe]rement|respectueusement|"
    r"petite?|parents?|famille|l['’]attention[ ]de|moniteur|monitrice|participante?|secr[ée]taire|"
    r"expert|experte|ambulances?|taxis?|mt|medecin[ ]traitant|idel?|m\.t\.|"
    r"huisarts|dokter|embrasse|merci[ ][àa]|vois[ ]avec|(?:re)?voir[ ]avec|selon[ ]l['’]interne|"
    r"coll[èe]gue|senior|interne|externe|chef[ ]de[ ]clinique|assistante?|rapporteur|"
    r"mod[ée]rat(?:eur|rice)|coach|coll[èe]gue[ ]lecteur|"
    r"employeur|huissier|avocate?|ma[îi]tre|avis[ ][^\W\d_]{3,12}[ ]\(|gestionnaire|bailleur|"
    r"propri[ée]taire|logeu(?:r|se)|concierge|gardienne?"
)
_CUED = re.compile(
    rf"(?<![\w-])(?i:{by_first_letter(alternatives_of(_CUE))})(?:[ ]?:[ ]?|[ ]?,[ ]|(?<=\()|"
    rf"[ ]-[ ]|[ \t]+|,\n)(?:(?i:boulangerie|garage|menuiserie|taxis?|ambulances?|me|m\.|mme|dr|"
    rf"pr)[ ])?{_WHO}"
    rf"(?=[ \t]*(?:[,.;:)(/|<\n…»]|$|->|[-–] |\d|(?:du|le|au)[ ]\d|à[ ]|au[ ]|et[ ]|ou[ ]|pour[ ]|"
    rf"qui[ ]|hier|ce[ ]|le[ ]|par[ ]t|op[ ]\d|sera|est |a |l['’]a|dit|en[ ]))"
)
_WEAKLY_CUED = re.compile(
    rf"(?<![\w-])(?i:aides?|comme|chez|door|bij|bloc)[ ]{_WHO}(?=[ ]?(?:[,;)(/\n]|\.(?:\s|$)|$|"
    rf"et[ ](?:{UPPER}|par[ ])))"
)
_IN_BED = re.compile(
    rf"\b(?i:ch(?:ambre|\.)?|lit|box)[ ]?\d{{1,4}}[ ]?[A-Za-z]?[ ]?[:,-]?[ ]{_WHO}"
    rf"(?=[ ]?(?:[,:;(/]|\d{{1,3}}[ ]?(?:ans|mois|an\b|[aA]\b|y|e[ ]ann)|[^\W\d_]+g[ée]naire|$))"
)
_ROSTER = re.compile(
    rf"(?m)^[^\n:]{{0,24}}(?i:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|matin|apr[èe]s-midi|nuit|"
    rf"salle[ ]\d|bloc[ ][^\W\d_]+|consult(?:ation)?s?|tour(?:[ ]d[eu][^\n:]{{2,24}})?|"
    rf"staff[^\n:]{{0,24}}|(?:pr[ée]sent|participant)(?:e?s|s)?|"
    rf"r[ée]union[ ]du[^\n:]{{2,24}}|expos[ée]s?)[ ]?:[ ]{_WHO}(?=[ ]?(?:[,;(/.&\n]|$|et[ ]))"
)
_WITH_MAIL = re.compile(rf"(?:(?m:^)|[,;:>][ ]?){_WHO}(?=[ ]?[<\[(][\w.+-]+@)")
_WROTE = re.compile(
    rf"(?:(?m:^)|[,;:.>][ ]?|\b(?:comme|[Hh]ier|[Qq]ue|ce jour|ce matin)[ ])(?![Hh]ier |Que |que ){_WHO}"
    rf"(?=[ ](?:a [ée]crit|a r[ée]pondu|l['’]avait|l['’]a |"
    rf"wrote|schreef|"
    rf"avait (?:not[ée]|[ée]crit|vu|dit)|nous signale|me signale|signale que|confirme|"
    rf"pr[ée]f[èe]re|propose|pr[ée]venue?|inform[ée]e?|avertie?|jointe?|d['’]accord|arrive|"
    rf"est d['’]accord|ok(?:[ ]pour|\b[,.])|viendra|vient|passera|sera|arrivera|appellera|l['’]avait))"
)
_STAMPED = re.compile(rf"\d{{2}}\][ ]{_WHO}(?=(?:[ ](?i:ide|as|kin[ée]|interne|aide|cadre))?[ ]?:)")
_DONE_BY = re.compile(rf"\bpar[ ]{_WHO}(?=[ ]?:[ \n]|\.(?:\s|$))")
"""`Échographie ce jour par Rivière : ...`"""
_SELON = re.compile(rf"\b[Ss]elon[ ]{_WHO}(?=[ ]?(?:[,.;)]|$))")
"""Whose opinion it is, in a sentence that names no classification."""
_CLASSED = re.compile(
    r"class|grade|stade|type|score|crit[èe]re|indice|index|m[ée]thode|technique|angle|ligne|[ée]chelle|"
    r"cotation|"
    r"mesur|fracture|degr[ée]|arthrose|axe|table|norme|recommand|\d",
    re.IGNORECASE,
)
_SMALL_CONTACT = re.compile(
    r"\b(?:contact|joindre|appeler|demander|voir|"
    r"prévenir) (?P<name>[^\W\d_][\w'’-]{2,}(?: [^\W\d_][\w'’-]{2,})?)(?= ?:? ?(?:\+|0 ?\d)|\s*$)"
)
_SMALL_SIGNED = re.compile(
    r"\b(?:merci|cordialement|bien à vous|bonne journée|salutations)[ ]?[,.!][ ]?\n?"
    r"(?P<name>(?P<first>[^\W\d_]+(?:-[^\W\d_]+)?)(?: [^\W\d_][\w'’-]*){1,3})\s*$"
)
"""In a text without capitals: whom to call, and who signs."""
_AFTER_DATE = re.compile(rf"\d[ ]\({_WHO}(?=\))")
_WITH_FIRST_NAME = re.compile(rf"(?<![\w'’-]){_WHO}[ ]\((?P<first>{_NAME}(?:[ ]{_NAME})?)\)")
_BRACKETED_NAME = re.compile(rf"(?<=[^\W\d_]) \({UPPER}[^\W\d_]+[ )]")
_BARE_INITIAL = re.compile(
    r"(?<![\w'’.-])(?P<name>(?!M[ ])[A-Z][ ](?:[DLO]['’])?[A-ZÀ-Ý]{2,}(?:['’ -][A-ZÀ-Ý]{2,}){0,3})(?![\w'’])"
)
_CALLED = re.compile(
    rf"(?m)(?:^|(?<=[.!?>] )|(?<=[.!?>]))[ ]?{_WHO}, ?(?=(?:tu |peux-tu|as-tu|pourrais-tu|vous |"
    rf"je te |on te ))"
)
_BEFORE_ROLE = re.compile(
    rf"(?:[,;:][ ]|[-–][ ]|(?m:^)){_WHO}(?=[ ]\((?i:fils|fille|bru|gendre|mari|femme|[ée]pou(?:x|se)|"
    rf"m[èe]re|p[èe]re|fr[èe]re|s(?:oe|œ)ur|"
    rf"kin[ée]|ergo|coach|cadre|infirmi[èe]re|ide\b|as\b|assistante? sociale|aide|interne|externe|"
    rf"senior|voisine?|coll[èe]gue|"
    rf"nounou|tut(?:eur|rice)|curat(?:eur|rice)|amie?|secr[ée]taire|manip|matin|am|apr[èe]s-midi|"
    rf"nuit|soir|excus[ée]e?|[^\W\d_]{{3,}}(?:logue|iatre|peute|iste)|MT)\b)",
)
_AGAINST = re.compile(rf"(?:(?m:^)|: |(?<=c/ )){_WHO}(?=[ ]c/[ ]|[ \t]*(?:$|\n))")
"""The two sides of a case."""
_CELL = re.compile(
    rf"(?:\|[ ]|;|\t|(?m:^)\d{{1,3}};){_WHO}(?=[ ]?(?:\||;|\t)[ ]?(?:\d{{1,3}}[ ]?(?:ans|a\b|A\b|"
    rf"y)|\d{{1,2}}[/.]\d|\d{{8}}|[MF][ ]?[|;\t]))"
)
_SIGNED = re.compile(
    rf"(?m)^[A-ZÀ-Ý][^\n,\d]{{1,30}}, (?:le )?[^\n,]{{0,12}}\d[^\n,]{{0,16}}\n[ \t]*{_WHO}[ \t]*$"
)
_WITH_INITIALS = re.compile(rf"(?m)^{_WHO}, (?:[A-Z]\.?[A-Z]\.?|[a-z]{{2}})[ \t]*$")
_DUTCH_T = re.compile(rf"(?<![\w])['’]t[ ](?P<name>{UPPER}[^\W\d_]+)")
_AND = re.compile(
    rf"\.?[ ]?(?:,|;|&|/|\bet\b|\bou\b)[ ](?:(?i:le |la |l['’])?(?i:dr|pr|mme|m\.|externe|interne|"
    rf"senior|arbitre|lecteur \d)[ ])?{_WHO}"
    rf"(?=[ ]?(?:[,.;:)(/|\n»]|$|et[ ]|le[ ]\d|du[ ]\d|au[ ]\d|d['’]accord))"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (_CUED, "cued", ()),
    (_WEAKLY_CUED, "weakly-cued", ("aide", "comme", "chez", "door", "bij", "bloc")),
    (_IN_BED, "in-bed", ("ch", "lit", "box")),
    (_ROSTER, "roster", (
        "undi", "ardi", "credi", "eudi", "dredi", "medi", "manche", "matin", "midi", "nuit", "salle ",
        "bloc ", "consult", "tour", "staff", "sent", "participant", "union", "expos")),
    (_WITH_MAIL, "with-mail", ("@",)),
    (_WROTE, "wrote", ("crit", "avait", "pondu", "l'a ", "l’a ", "signale", "confirme", "propose", "accord",
     "préf", "pref", "préven", "preven", "inform", "avert", "joint", "arrive", "wrote", "schreef")),
    (_CALLED, "called", tuple(f",{gap}{word}" for gap in ("", " ") for word in (
        "tu ", "peux-tu", "as-tu", "pourrais-tu", "vous ", "je te ", "on te "))),
    (_BEFORE_ROLE, "before-role", ("(",)),
    (_CELL, "cell", ("|", ";", "\t")),
    (_AGAINST, "against", (" c/ ",)),
    (_STAMPED, "stamped", ("]",)),
    (_DONE_BY, "done-by", ("par ",)),
    (_SIGNED, "signed", (", ",)),
    (_WITH_INITIALS, "with-initials", (", ",)),
    (_AFTER_DATE, "after-date", ("(",)),
    (_DUTCH_T, "dutch-t", ("'t ", "’t ")),
)  # fmt: skip
"""Each with its name and what a text must hold for it, in small letters."""
_AT_WORDS = frozenset(["cued", "weakly-cued"])
_UNSURE = frozenset(["weakly-cued", "after-date", "before-role"])
_ACRONYM, _COMMON = 5, 2000
_SHORT = 7
"""Shorter words have a medical ending by chance: Comte, Vif, Forestier."""
_SPEECH = frozenset(
    [
        "MERCI",
        "OUI",
        "NON",
        "OK",
        "SINON",
        "BREF",
        "ALORS",
        "DONC",
        "DESOLE",
        "DESOLEE",
        "MAINTENANT",
        "ENFIN",
        "DEMAIN",
        "HIER",
    ]
)
_NO_NAMES = word_class("capitalised_words_that_are_nobody")


def cued_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""
    small = text.lower()
    for pattern, rule, needed in _PATTERNS:
        if needed and not any(word in small for word in needed):
            continue
        for match in at_words(pattern, text) if rule in _AT_WORDS else anywhere(pattern, text):
            run = _places(tokens, match)
            cue = text[match.start() : match.start("name")]
            shouted = (
                any(c.isalpha() for c in cue)
                and cue.upper() == cue
                and text[match.start("name") + 1].isupper()
            )
            sure = rule not in _UNSURE
            letters = (
                not sure and len(run) == 1 and tokens[run[0]].is_upper and len(tokens[run[0]].text) < _ACRONYM
            )
            inner = [p for p in run if p == run[0] or tokens[p - 1].folded not in PARTICLES]
            if run and not letters and all(_may_be(tokens[p], lex, loud=shouted, sure=sure) for p in inner):
                yield run, 0.6, rule
    for match in anywhere(_SELON, text) if "elon " in text else ():
        sentence = text[max(0, match.start() - 80) : match.start()].rsplit(". ", 1)[-1].rsplit("\n\n", 1)[-1]
        run = _places(tokens, match)
        inner = [p for p in run if tokens[p].folded not in PARTICLES]
        if not _CLASSED.search(sentence) and all(_may_be(tokens[p], lex, loud=False) for p in inner):
            yield run, 0.5, "opinion"
    if text.islower():
        yield from _in_small(tokens, text, lex)
    yield from _with_first_names(tokens, text, lex)
    yield from _with_bare_initials(tokens, text, lex)


def _in_small(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    for match in anywhere(_SMALL_CONTACT, text):
        run = _places(tokens, match)
        if all(_may_be(tokens[p], lex, loud=False, sure=True) for p in run):
            yield run, 0.6, "small-contact"
    match_ = _SMALL_SIGNED.search(text)
    if match_ and lex.is_first_name(fold(match_["first"])):
        yield _places(tokens, match_), 0.6, "small-signed"


def _with_first_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """A surname with its first name in brackets: `Vannier (Ismaël)`."""
    for match in anywhere(_WITH_FIRST_NAME, text) if any(anywhere(_BRACKETED_NAME, text)) else ():
        run = _places(tokens, match)
        first = list(range(first_at(tokens, match.start("first")), first_at(tokens, match.end("first"))))
        given = first and lex.is_first_name(tokens[first[0]].folded) and tokens[first[0]].text.istitle()
        if given and run and all(_may_be(tokens[p], lex, loud=False) for p in [*run, *first]):
            yield [*run, *first], 0.6, "with-first-name"


def _with_bare_initials(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """An initial without its dot before a surname in capitals, on a line that is not all in capitals."""
    for match in at_words(_BARE_INITIAL, text):
        begin, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
        line = text[begin : end if end >= 0 else len(text)]
        run = _places(tokens, match)
        if line.upper() != line and all(_may_be(tokens[p], lex, loud=False) for p in run):
            yield run, 0.5, "bare-initial"


def conjoined(tokens: Sequence[Token], text: str, found: Container[int], lex: Lexicon) -> list[int]:
    """The names that a sign or `et` joins to one that was found: `vu avec Durand et Carré`."""
    places: list[int] = []
    for place, token in enumerate(tokens):
        if place not in found or (place + 1 in found and text[token.end : tokens[place + 1].start] == " "):
            continue
        following = token.end
        while match := _AND.match(text, following):
            run = _places(tokens, match)
            if not run or not all(_may_be(tokens[p], lex, loud=tokens[p].is_upper) for p in run):
                break
            places += run
            following = match.end("name")
    return places


def _places(tokens: Sequence[Token], match: re.Match[str]) -> list[int]:
    return list(range(first_at(tokens, match.start("name")), first_at(tokens, match.end("name"))))


def _may_be(token: Token, lex: Lexicon, *, loud: bool, sure: bool = False) -> bool:
    """A word that may be a name; in a text of capitals one that no medical list would have.

    Args:
        loud: the words around are in capitals as well.
        sure: nothing but a person can stand there, so that an eponym is somebody's name.
    """
    if token.folded in PARTICLES or len(token.text) == 1:
        return True
    if (
        is_title(token)
        or is_heading(token)
        or is_term_word(token)
        or token.folded in FUNCTION_WORDS
        or token.folded in _NO_NAMES
        or token.folded in _SPEECH
        or (token.folded in ACRONYMS and not token.text.istitle())
        or (token.folded in lex.protected and (loud or not sure))
    ):
        return False
    common = token.text.istitle() and lex.first_name_rank.get(token.folded, _COMMON) < _COMMON
    if not loud and (common or (sure and lex.is_first_name(token.folded))):
        return True
    shaped = MEDICAL_SHAPE.search(token.folded) is not None and len(token.text) > _SHORT
    if loud:
        known = token.folded in lex.surnames or lex.is_first_name(token.folded)
        return known or (lex.is_rare_word(token.folded) and not shaped)
    return not shaped or not lex.is_word(token.folded) or token.folded in lex.surnames
