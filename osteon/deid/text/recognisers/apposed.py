"""Names that are also words, where their form or their place says that a person stands.

An initial with a surname, a maiden name in brackets, a relative's first name, somebody who is spoken to,
a name with an age after it. The word itself may stand in any dictionary: `C. Rosier`, `FORT (PERDRIX) Ana`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    PARTICLES,
    is_heading,
    is_term_word,
    is_title,
)
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.tokens import UPPER, Token, first_at

Named = tuple[list[int], float, str]
_NAME = rf"{UPPER}[^\W\d_]+(?:['’-][^\W\d_]+)*"
_BEFORE = "(?:(?:de|du|des|van|von|el|da|di|lo|le|la|De|Du|Des|Van|Von|El|Da|Di|Lo|Le|La) ){0,2}"
_SURNAME = rf"{_BEFORE}{_NAME}(?: {_NAME})?"
_END = r"(?=[ \t]*(?:$|[\n,;:)/&<\"]|[-–] |\+?\d|\.(?:\s|$)))"
_INITIAL_FIRST = re.compile(
    rf"(?:(?m:^)[ \t>•-]*|(?i:\b(?:chez|par|avec|dr|pr|docteur|et|à))[ \t]+|[:,;(\[\"=][ \t]*|"
    rf"[ \t][/–-][ \t]+)"
    rf"(?P<name>(?!M\.)(?:{UPPER}\.-?){{1,2}} ?{_SURNAME}){_END}"
)
_SURNAME_FIRST = re.compile(
    rf"(?:(?m:^)[ \t>•]*|[:,;(/\]][ \t]|(?<=\d{{2}})[\])] |(?i:\b(?:chez|par|avec))[ \t])"
    rf"(?P<name>(?:{_SURNAME} {UPPER}\.|[A-ZÀ-Ý][A-ZÀ-Ý'’-]{{2,}} [B-KN-Z]))(?=[ \t]*(?:$|[\n,;:)/]))"
)
_LETTERED = frozenset(
    [
        "BATIMENT",
        "BOX",
        "CATEGORIE",
        "CELLULE",
        "CELLULES",
        "CHAMBRE",
        "CLASSE",
        "CODE",
        "COL",
        "COLONNE",
        "COPIE",
        "COUPE",
        "EQUIPE",
        "FACTEUR",
        "FIGURE",
        "FORME",
        "GRADE",
        "GRIPPE",
        "GROUPE",
        "HEMOGLOBINE",
        "HEPATITE",
        "IMAGE",
        "INCIDENCE",
        "LETTRE",
        "LIGNE",
        "LYMPHOCYTE",
        "LYMPHOCYTES",
        "NIVEAU",
        "OPTION",
        "PARTIE",
        "PHASE",
        "PLAN",
        "PLANCHE",
        "POINT",
        "PORTE",
        "POSTE",
        "PROGRAMME",
        "PROTEINE",
        "RHESUS",
        "SALLE",
        "SECTEUR",
        "SERIE",
        "SITE",
        "STADE",
        "STREPTOCOQUE",
        "TABLEAU",
        "TEMPS",
        "TRIMESTRE",
        "TROPONINE",
        "TYPE",
        "UNITE",
        "VIRUS",
        "VITAMINE",
        "ZONE",
    ]
)
"""Words that a letter counts and no initial follows: `Hépatite C`, `Salle B`."""
_MAIDEN = re.compile(
    rf"(?P<name>[A-ZÀ-Ý][A-ZÀ-Ý'’ -]{{1,30}}) \((?P<maiden>[A-ZÀ-Ý][A-ZÀ-Ý'’ -]{{1,30}})\) (?P<first>{_NAME})"
)
_RELATIVE = re.compile(
    r"\b(?:fils|fille|b[ée]b[ée]|[ée]pou(?:se|x)|mari|femme|conjointe?|compagn(?:e|on)|fr[èe]re|s(?:oe|"
    r"œ)ur|m[èe]re|p[èe]re|"
    rf"jumeaux|ni[èe]ce|neveu|tante|oncle|"
    rf"cousine?)(?: c['’]est)?[ ]\(?(?P<name>{UPPER}[a-zà-ÿ]+(?:-{_NAME})?)(?![\w'’])"
)
_PATIENT = re.compile(
    rf"\b(?:[Pp]atiente?|[Ee]nfant|[Rr][ée]sidente?|"
    rf"[Uu]sag[eè]re?) (?P<name>{UPPER}[a-zà-ÿ]+(?:-{_NAME})? [A-ZÀ-Ý]{{2}}[A-ZÀ-Ý'’-]*)"
    r"(?![\w'’])"
)
_SPOKEN_TO = re.compile(
    rf"(?:(?<=[.!?;] )|(?<=\n)|(?<=[Bb]onjour )|(?<=[Ss]alut )|"
    rf"(?<=[Cc]oucou ))(?P<name>{UPPER}[a-zà-ÿ]+(?:-{_NAME})?), ?"
    r"(?=(?:peux|pouvez|peut|pourr|tu |vous |merci|je |j['’]|il |elle |on |as-tu|est-ce|c['’]est))"
)
_AGED = re.compile(
    rf"(?m)^[ \t>•]*(?:[\dIVX]{{1,4}}[-.)\d]*[ \t]+)?(?P<name>{_NAME}(?: {_NAME}){{0,2}}), ?"
    r"(?=(?:\(?\d{1,3} ?(?:ans|mois|ANS|MOIS|[aA]\b|yo\b)|(?:fr[èe]re|s(?:oe|œ)ur|m[èe]re|p[èe]re|fils|"
    r"fille|cas index|n[ée]e? )))"
)
_FIRMS = re.compile(
    rf"\b(?i:entreprise|soci[ée]t[ée]|sarl|sas|eurl|transports|ma[çc]onnerie|boulangerie|garage|"
    rf"menuiserie|plomberie|taxi)"
    rf"[ ](?P<name>{_NAME}(?:[ -]{_NAME})?){_END}"
)


def apposed_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""

    def possible(token: Token) -> bool:
        return len(token.text) == 1 or _may_be(token, lex)

    for pattern, rule in _ALL_POSSIBLE:
        for match in anywhere(pattern, text):
            run = _places(tokens, match)
            if all(possible(tokens[p]) for p in run):
                yield run, 0.5, rule
    for pattern, rule in _FIRST_IS_KNOWN:
        for match in anywhere(pattern, text):
            run = _places(tokens, match)
            if all(possible(tokens[p]) for p in run) and run and _is_somebody(tokens[run[0]], lex):
                yield run, 0.5, rule
    for match in at_words(_RELATIVE, text):
        run = _places(tokens, match)
        goes_on = text[match.end() : match.end() + 2].lstrip(" ")[:1].islower()
        somebody = not goes_on or _is_somebody(tokens[run[0]], lex)
        particle = tokens[run[0]].folded in PARTICLES  # `le père Le conjoint a signé`
        if somebody and not particle and all(_may_be(tokens[p], lex) for p in run):
            yield run, 0.6, "relative"
    for match in _MAIDEN.finditer(text) if "(" in text else ():
        run = _places(tokens, match)
        if all(_may_be(tokens[p], lex) for p in run) and lex.is_first_name(tokens[run[-1]].folded):
            yield run, 0.6, "maiden-in-brackets"


_ALL_POSSIBLE = (
    (_INITIAL_FIRST, "initial-first"),
    (_SURNAME_FIRST, "surname-first"),
    (_FIRMS, "firm"),
    (_PATIENT, "patient"),
)
_FIRST_IS_KNOWN = ((_SPOKEN_TO, "spoken-to"), (_AGED, "aged"))


def _places(tokens: Sequence[Token], match: re.Match[str]) -> list[int]:
    """The words of the whole match from its name on."""
    end = match.end("first") if "first" in match.re.groupindex else match.end("name")
    return list(range(first_at(tokens, match.start("name")), first_at(tokens, end)))


def _may_be(token: Token, lex: Lexicon) -> bool:
    return not (
        is_title(token)
        or is_heading(token)
        or is_term_word(token)
        or (token.folded in ACRONYMS and not token.text.istitle())
        or token.folded in lex.protected
        or token.folded in _LETTERED
        or token.folded in FUNCTION_WORDS
    )


def _is_somebody(token: Token, lex: Lexicon) -> bool:
    """A first name or surname of the lists, or a word that no dictionary has."""
    common = lex.first_name_rank.get(token.folded, 10**6) < 3 * COMMON_FIRST_NAMES
    named = token.folded in lex.surnames or lex.is_rare_word(token.folded)
    return _may_be(token, lex) and (
        common or named or (lex.is_first_name(token.folded) and token.text.istitle())
    )
