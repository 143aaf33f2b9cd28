"""Houses of care by what is done there: `opéré à Delta`, `images de La Citadelle`, `Provenance : Belmont`.

Their name may have no kind, or one that reports use as a word (`Centre Les Capucins`, `IRM Gare du Nord`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.hospital_ends import closes, is_place
from osteon.deid.text.recognisers.hospital_phrases import TAIL
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    HEADINGS,
    MEDICAL_SHAPE,
    TITLES,
)
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER, Token, first_at, words

_AT = re.compile(
    r"\b(?P<prep>[àÀ](?: l['’]| la)?|AU|A(?: LA| L['’])?|a(?: l['’]| la)?(?= ?[A-ZÀ-Ý])|aux?|vers|VERS|"
    r"depuis|DEPUIS|chez|"
    r"[Pp]ar|PAR|(?:de|DE)(?: la| l['’]| LA| L['’])?|[dD]['’]|des?|du|DU|DES) ?\s?"
    rf"(?={UPPER})"
)
"""What stands before the name of a house."""
_DONE = re.compile(
    r"(?<![^\W_])(?:adress|employ|poursuiv|d[ée]but|attend|rest[ée]|semaines?\b|quitt|transf[ée]r|"
    r"hospitalis|(?:r[ée]-?)?op[ée]r|suivie?|suivi\b|suivre|vue?\b|"
    r"vu\(e\)|revue?\b|revoir|voir\b|"
    r"consult|admis|entr[ée]e?|sorti|sort\b|passage|pass[ée]e?\b|venant|vient\b|venue?\b|provenance|prise?\b|"
    r"trait[ée]|soign|s[ée]jour|r[ée]alis[ée]|faite?s?\b|effectu[ée]|pratiqu[ée]|rdv|rendez-vous|rv\b|"
    r"avis\b|appel|"
    r"accept|accord|r[ée]ponse|retour|mut[ée]e?\b|mutation|orient|dirig|[ée]vacu|convoqu|contr[ôo]l|"
    r"h[ée]berg|r[ée]sid|"
    r"demand|dossier|images?\b|clich[ée]s?\b|radios?\b|re[çc]u|examens?\b|pr[ée]vue?\b|irm\b|scanner\b|"
    r"lit\b|place\b|refus|"
    r"envoy|repart|part(?:ir|i|ie)?\b|amen|accueil|accouch|soins?\b|suites?\b|arriv|rapatri|relais|"
    r"relanc|staff|comparaison|compar[ée]|"
    r"pos[ée]e?\b|b[ée]n[ée]fici|attach[ée]|exer[çc]|travaill|"
    r"d[ée]c[èée]d|coronarographie|intervention|chirurgi|urgences|bilan|contact|joint|courrier|lettre|"
    r"équipe|confr[èe]res?|coll[èe]gues?)",
    re.IGNORECASE,
)
"""What is done with a patient, an image or a letter."""
_OF = re.compile(
    r"(?<![^\W_])(?:avis(?: \w+)?|appel|accord|refus|r[ée]ponse|retour|transfert|"
    r"transf[ée]r[ée]e?(?:\(e\))?|provenance|venant|venue?|vient|"
    r"sortie?|sort|images?|clich[ée]s?|radios?|irm|scanner|courrier|lettre|[ée]quipe|secr[ée]tariat|"
    r"urgences|confr[èe]res?|"
    r"coll[èe]gues?|examen(?: initial)?|dossier|compte[ -]rendu|cr|rapatri[ée]e?|entr[ée]e?|arriv[ée]e?|"
    r"adress[ée]e?(?:\(e\))?|parti|radiographies?|"
    r"accept[ée]e?(?:\(e\))?|vue?|suivie?|op[ée]r[ée]e?(?:\(e\))?|demand[ée]e?s?|refus[ée]e?|"
    r"envoy[ée]e?s?|hospitalis[ée]e?|hospitalisation|r[ée]alis[ée]e?|admis|admise|pris en charge|"
    r"prise en charge|trait[ée]e?) $",
    re.IGNORECASE,
)
"""Right before `de` or `par` and a name."""
_HOUSES = re.compile(
    r"(?i:centre|site|irm|scanner|imagerie|radiologie|[ée]chographie|selas|selarl|sas|scm|gie|village|"
    r"vill[âa]ge|villa|r[ée]sidence|jardins?|maison|"
    r"terrasses|foyer|permanence|cabinet|groupe|p[ôo]le|institution|fondation|chalet|manoir|ch[âa]teau|"
    r"domaine)\b"
)
"""Kinds that reports use as words: a house where a house is meant."""
_LINKS = frozenset(["D", "DE", "DES", "DU", "L", "LA", "LE", "LES", "SUR", "SOUS"])
_ARTICLES = frozenset(["L", "LA", "LE", "LES"])
_BODY = word_class("parts_of_the_body")
_NOBODY = word_class("capitalised_words_that_are_nobody") | frozenset(
    ["AUJOURD", "DEMAIN", "HIER", "DISTANCE", "DOMICILE", "JEUN", "DROITE", "GAUCHE", "NOUVEAU", "REVOIR"]
)
_TIMES = frozenset(
    [
        "JANVIER",
        "FEVRIER",
        "MARS",
        "AVRIL",
        "MAI",
        "JUIN",
        "JUILLET",
        "AOUT",
        "SEPTEMBRE",
        "OCTOBRE",
        "NOVEMBRE",
        "DECEMBRE",
    ]
) | frozenset(["LUNDI", "MARDI", "MERCREDI", "JEUDI", "VENDREDI", "SAMEDI", "DIMANCHE", "NOEL", "PAQUES"])
_NEVER = TITLES | HEADINGS | _NOBODY | _TIMES
_STOPS = FUNCTION_WORDS - _LINKS
_CLOSED = re.compile(
    r"[ \t]*(?:$|[\n,;:.)(/]|-[ ]|(?i:le|pour|par|en|puis|ce|cette|depuis|avec|dans|et|qui|o[ùu]|mais|"
    r"sans|ou|est|a|ont|hier|demain|chez|vers|à|au|actuellement|sera|dont)\b|\d|(?i:du|de) \d)"
)
_LONGEST = 7
_NUMBER = re.compile(r"[ ]\d{1,2}(?![\w/.,]\d|\d| [a-z]{3})")
_FIELD = re.compile(
    r"(?m)(?:^|(?<=[\n;,] )|(?<=\. ))[ \t]*-?[ ]?(?i:[ée]tablissement[^\n:]{0,25}|provenance|"
    r"destination|lieu(?: d[^\n:]{3,28})?|centre|site|h[ôo]pital[^\n:]{0,25}|"
    r"clinique|structure|institution|arriv[ée]e|d[ée]part|aller|retour|vacations|"
    r"adress[ée]e?(?:\(e\))? (?:par|[àa])|soins|service demandeur|demandeur|"
    r"correspondant|de|[àa])[ \t]*:[ \t]*"
    rf"(?={UPPER})"
)
_CODE = re.compile(
    r"(?:(?:[A-ZÀ-Ý]\.){2,5}[A-ZÀ-Ý]?\.?|[A-ZÀ-Ý]{2,4}\d[A-ZÀ-Ý]{1,3}|[A-ZÀ-Ý]{3,7})(?![\w.+-]*[\w+])"
)
"""A house by its letters: `H.U.B`, `IM2S`, `PBNA`."""
_GONE = re.compile(
    r"(?<![^\W_])(?:suivie?|transf[ée]r[ée]e?s?|transfert|hospitalis[ée]e?|op[ée]r[ée]e?|admise?|"
    r"adress[ée]e?|passage|appel|accord|avis(?: \w+)?|refus|"
    r"faite?s?|r[ée]alis[ée]e?s?|repartir?|repart|retour|mutation|mut[ée]e?|envoyer(?: aussi)?|"
    r"envoy[ée]e?s?|consult[ée]|poursuit|charge|s[ée]jour|entr[ée]e?|"
    r"destination|provenance|rest[ée]e?|attendue?|quitte|employ[ée]e?|admissions?|r[ée]sid(?:ant|e)|"
    r"sinon|vient|venant|sort|sortie|convocation|"
    r"rendez-vous|rdv|contr[ôo]le|soins|"
    r"rapatri[ée]e?|accept[ée]e?|orient[ée]e?|"
    r"dossier|images|clich[ée]s?|rappeler|relance|joindre|coll[èe]gues?|confr[èe]res?|[ée]quipe|"
    r"secr[ée]tariat|urgences)(?:\(e\))?[ ]$",
    re.IGNORECASE,
)
"""Right before `à`, `au` or `de` and the letters of a house."""
_CODE_ALONE = re.compile(
    r"(?m)(?:^[ \t]*-?[ ]?|(?:Destination|Provenance|[ÉEé]tablissement|Arriv[ée]e|D[ée]part|Aller|"
    r"Retour|Centre|Site) ?: |[a-zà-ÿ], |[ ][-|][ ])"
    r"(?P<code>(?:[A-Z]\.){2,4}[A-Z]\.?|[A-Z]{2,4}\d[A-Z]{1,3})(?=[ \t]*(?:$|[\n,(]|[-|] |- ))"
)
"""Such letters where a house stands: a line, a field, beside a name."""
_NO_HOUSE = word_class("letters_of_medicine")
_NEXT = re.compile(rf"(?:, | et | ou | puis (?:à |au )?)(?={UPPER})")
_DOCTOR_OF = re.compile(rf"\b(?:Dr|Pr|Docteur|Professeur|Dre|Prof\.)\.? [^()\n]{{2,40}}\((?={UPPER})")
_WHO_ASKS = re.compile(
    rf"(?:^|(?<=[.!?\n:] ))(?={UPPER}[^\n.,;:()]{{1,60}} (?:nous (?:a )?(?:adress|envo|transf|signal|"
    rf"demand)|(?:a|avait|ont) (?:conclu|accept|refus|confirm|demand|adress)|"
    rf"refuse|accepte|confirme|propose)[ée]?)",
    re.MULTILINE,
)
"""Whoever sends, concludes or refuses: `Delta nous adresse M. Roux`."""
_DIRECTORY = re.compile(rf"(?m)^[ \t]*-?[ ]?(?={UPPER}[^\n:;,]{{1,50}} [-:–] (?:\+?\(?\d|[\w.-]+ ?@))")
"""A row of a directory: `Delta - 02 99 00 00 00`."""
_MEMBER = re.compile(
    rf"{UPPER}[\w'’-]+ {UPPER}[\w'’-]+ \((?={UPPER})|"
    rf"\b(?:Dr|Pr) {UPPER}[\w'’-]+(?: {UPPER}[\w'’-]+)?, (?={UPPER})"
)
"""Where somebody works: `Jean Roux (Delta)`, `Dr Roux, Delta`."""
_BETWEEN = re.compile(rf"(?:\b(?:[Tt]rajet|sinon|puis|soit|quitte|Suivi :)|[a-zà-ÿ)] -|->|→) (?={UPPER})")
"""One house after another: `Trajet Delta - Minjou`, `Delta, sinon Minjou`."""
_EVENT_AT = re.compile(
    rf"\((?={UPPER}[^(),\n]{{2,50}}, (?:Dr|Pr|en |\d\d?/|[a-zà-ÿ]+ \d{{4}})|(?:[Ll][ae]s? |"
    rf"[Ll]['’]){UPPER}[^(),\n]{{2,30}}\))"
)
_DATED = re.compile(
    rf"(?:[;:] |- |^)(?={UPPER}[^,;:\n]{{2,50}}, (?:[a-zéû]{{3,9}}\.? (?:19|20)\d\d|\d\d?/(?:19|"
    rf"20)\d\d)(?!\w))",
    re.MULTILINE,
)
"""A house with its month: `Imagerie antérieure : Delta, mars 2019`."""
_STAND_ALONE = re.compile(
    rf"(?m)(?:^[ \t]*-?[ ]?|(?<=\. )|[ \t][-–|][ ]|, |: |; )(?P<name>(?i:centre|site|village|vill[âa]ge|"
    rf"villa|institution|fondation|terrasses|jardins|r[ée]sidence|"
    rf"irm|scanner|imagerie|radiologie|selas|selarl|sas|scm|gie|groupe|pavillon|p[ôo]le) {UPPER}|"
    rf"(?i:centre|site|fondation|village) (?:de l['’]|d['’]|de la |du |des |les |la |l['’]){UPPER}|"
    rf"(?:L[ae]s? |L['’])[a-zà-ÿ]{{4,}} (?:d['’]|de la |de l['’]|du |des ){UPPER})"
)
"""Where a house stands by itself: a line, a list, after a dash."""
_MACHINES = re.compile(r"(?i:irm|scanner|imagerie|radiologie|groupe|p[ôo]le|pavillon)\b")


def find_houses_of_care(text: str, lex: Lexicon) -> list[Span]:
    """Spans of houses where one is meant, by what stands before their name."""
    tokens = words(text)
    spans = []
    for match in _AT.finditer(text):
        found = _phrase(text, tokens, match.end(), lex)
        if found and _is_meant(text, match, found, lex):
            spans.append(Span(found[0].start, _end(text, found), "HOPITAL", 0.5, "house-cue"))
        elif (code := _CODE.match(text, match.end())) and _is_code(text, match, code):
            spans.append(Span(*code.span(), "HOPITAL", 0.5, "house-letters"))
    for pattern in (_FIELD, _DOCTOR_OF, _EVENT_AT, _DATED, _WHO_ASKS, _DIRECTORY, _MEMBER, _BETWEEN):
        for match in pattern.finditer(text):
            found = _phrase(text, tokens, match.end(), lex)
            if (
                found
                and _fills(text, found, pattern)
                and _is_name(text, found, lex, loosely=pattern in {_FIELD, _DOCTOR_OF})
            ):
                spans.append(Span(found[0].start, _end(text, found), "HOPITAL", 0.5, "house-field"))
            elif pattern is not _MEMBER and (code := _CODE.match(text, match.end())) and _is_letters(code):
                spans.append(Span(*code.span(), "HOPITAL", 0.5, "house-letters"))
    for match in _STAND_ALONE.finditer(text):
        found = _phrase(text, tokens, match.start("name"), lex)
        if found and _stands_alone(text, found) and _is_name(text, found, lex, loosely=False, alone=True):
            spans.append(Span(found[0].start, _end(text, found), "HOPITAL", 0.5, "house-alone"))
    return spans


def _stands_alone(text: str, found: Sequence[Token]) -> bool:
    """A house after an article ends with its phrase: not `Le rôle du MTX a été suspecté`."""
    if found[0].folded not in _ARTICLES:
        return True
    after = text[found[-1].end : found[-1].end + 3].lstrip(" \t")
    return not found[-1].is_upper and (not after or after[0] in "\n,;:(-|/")


def _is_letters(code: re.Match[str]) -> bool:
    return code.group().replace(".", "") not in ACRONYMS | _NO_HOUSE | HEADINGS


def _is_code(text: str, match: re.Match[str], code: re.Match[str]) -> bool:
    """Letters where a house is meant, in small print and none of medicine's."""
    letters = code.group().replace(".", "")
    if letters in ACRONYMS | _NO_HOUSE or text[max(0, match.start() - 12) : match.start()].isupper():
        return False
    return _GONE.search(text, max(0, match.start() - 24), match.start()) is not None


def _phrase(text: str, tokens: Sequence[Token], start: int, lex: Lexicon) -> list[Token]:
    """The capitalised words from there on with the small ones between; nothing for somebody with a title."""
    found: list[Token] = []
    pending: list[Token] = []
    place = first_at(tokens, start)
    for number in range(place, min(place + _LONGEST + 4, len(tokens))):
        token = tokens[number]
        gap = (
            text[(pending or found)[-1].end : token.start] if found or pending else text[start : token.start]
        )
        if gap.strip("'’-") not in {"", " ", "\n"} or (gap == "\n" and not pending):
            break
        if token.folded in _LINKS and (found or pending or token.folded in _ARTICLES):
            pending.append(token)
        elif pending and not found and len(pending) == 1 and _is_common_house(text, tokens, number):
            found, pending = [*pending, token], []
        elif not _may_stand(token) or (
            found and not pending and _is_plain(token, lex) and not _goes_with(text, tokens, number)
        ):
            break
        else:
            found += [*pending, token]
            pending = []
    return found


def _is_common_house(text: str, tokens: Sequence[Token], number: int) -> bool:
    """A small word between a capital article and what a name goes on with: `Les jardins d'Arcadie`."""
    article, token = tokens[number - 1], tokens[number]
    named = re.match(rf"[ ](?:d['’]|de la |de l['’]|du |des |de ){UPPER}", text[token.end : token.end + 8])
    return article.is_capitalised and token.text.islower() and named is not None


def _may_stand(token: Token) -> bool:
    """A capitalised word of a name; a heading's word only where it says what house it is."""
    house = _HOUSES.match(token.text) is not None and token.is_capitalised
    never = token.folded in _NEVER or token.folded in _STOPS
    return house or (token.is_capitalised and not never)


def _goes_with(text: str, tokens: Sequence[Token], number: int) -> bool:
    """A plain word is part of the name where the name ends, goes on after it, or it says what house it is."""
    token = tokens[number]
    house = _HOUSES.match(token.text) is not None
    return house or _closed(text, token) or closes(text, tokens, number)


def _is_meant(text: str, match: re.Match[str], found: Sequence[Token], lex: Lexicon) -> bool:
    """Something is done there, or comes from there."""
    before = text[max(0, match.start() - 64) : match.start()]
    before = re.split(r"[.;](?=\s)|\n\n", before)[-1]
    prep = match["prep"].casefold()
    if (prep[0] == "d" and prep != "depuis") or prep == "par":
        sure = _GONE.search(before) is not None
        return _OF.search(before) is not None and _is_name(text, found, lex, loosely=False, sure=sure)
    if _DONE.search(before) is None:
        return False
    loosely = prep not in {"a", "chez", "au"} and not found[0].is_upper
    return _is_name(text, found, lex, loosely=loosely, sure=_GONE.search(before) is not None)


def _is_name(
    text: str, found: Sequence[Token], lex: Lexicon, *, loosely: bool, alone: bool = False, sure: bool = False
) -> bool:
    """The words may be the name of a house; loosely, a single word of the dictionary too."""
    proper = [token for token in found if token.folded not in _LINKS]
    if not proper:
        return False
    first = proper[0]
    if any(t.folded in lex.protected or t.folded in _BODY for t in proper if not _HOUSES.match(t.text)):
        return False
    if first.folded in ACRONYMS and not (_HOUSES.match(first.text) and len(proper) > 1):
        return False
    house = _HOUSES.match(first.text) is not None
    rest = [t for t in proper if not _HOUSES.match(t.text)] if house else proper
    if house and not rest:
        return False
    if any(_is_strange(t, lex, sure=sure) for t in rest):
        return len(rest) > 1 or house or not first.is_upper or len(first.text) > 6
    if found[0].folded in _ARTICLES and found[0].is_capitalised and not found[0].is_upper:
        return house or len(rest) > 1 or not MEDICAL_SHAPE.search(rest[0].folded)
    closed = _closed(text, found[-1])
    if len(rest) > 1 or house:
        machine = alone and _MACHINES.match(first.text) is not None
        return (
            (closed or TAIL.match(text, found[-1].end) is not None) and not rest[0].is_upper and not machine
        )
    return loosely and closed and not first.is_upper and len(first.text) > 3


def _is_strange(token: Token, lex: Lexicon, *, sure: bool = False) -> bool:
    folded = token.folded
    if len(folded) < 3 or folded in ACRONYMS:
        return False
    if is_place(token, lex) and not lex.is_word(folded):
        return True
    compound = (
        "-" in folded and folded not in lex.words and all(p[:1].isupper() for p in token.text.split("-"))
    )
    if folded.startswith(("SAINT-", "SAINTE-")) or (compound and not token.is_upper):
        return not any(part in _BODY | lex.protected for part in folded.split("-"))
    shaped = MEDICAL_SHAPE.search(folded) is not None and len(folded) > 4
    return lex.is_rare_word(folded) and (not shaped or (sure and token.text.istitle()))


def _is_plain(token: Token, lex: Lexicon) -> bool:
    return lex.is_word(token.folded) and not is_place(token, lex)


def _closed(text: str, token: Token) -> bool:
    return _CLOSED.match(text, token.end) is not None


def _fills(text: str, found: Sequence[Token], pattern: re.Pattern[str]) -> bool:
    """A field's value ends with the phrase."""
    after = text[found[-1].end : found[-1].end + 3].lstrip(" \t")
    return pattern not in {_FIELD, _DIRECTORY, _MEMBER, _BETWEEN} or not after or after[0] in "\n,;.(-–/"


def _end(text: str, found: Sequence[Token]) -> int:
    more = _NUMBER.match(text, found[-1].end) or TAIL.match(text, found[-1].end)
    return more.end() if more else found[-1].end


_HEAD_LINE = re.compile(
    rf"(?m)^(?P<name>{UPPER}[^\n,;:|\d@]{{2,60}}?)(?:[ ]?[,|–-][ ]|"
    rf"\n)(?=[^\n]{{0,60}}(?:\b\d{{4,5}} {UPPER}|\n[^\n]{{0,40}}\b\d{{2}} ?\d{{2,3}} {UPPER}))"
)
"""The first of the lines before a postcode with its town."""


_IN_SMALL = re.compile(
    r"\b(?:vers|transf(?:ert|[ée]r[ée]e?)(?: de| à| au| vers)?|adress[ée]e? (?:par|[àa]|au|de)|"
    r"(?:suivie?|vue?|pr[ée]vue?|op[ée]r[ée]e?|faite?|hospitalis[ée]e?|revue?|"
    r"admise?|s[ée]jour|scanner|irm|radio|rdv|retour|contr[ôo]le|consult[ée]?) (?:[àa]|au|aux|de)|rdv|"
    r"provenance(?: de)?|(?:vient|sort|venant|sortie?) (?:de|du)) (?:la |l['’])?"
    r"(?P<name>(?!(?:la|l|le|domicile|jeun|gauche|droite|nouveau|distance|terme|[àa]|au|ce|cette|son|sa|"
    r"dr|pr|mme|mr?)\b)[^\W\d_][\w'’.-]*(?:[ ][^\W\d_][\w'’.-]*){0,7}?)"
    r"(?=[ ]*(?:$|[,;:)\n]|\.(?:\s|$))|[ ](?:pour|par|puis|le|ce|cette|avec|depuis|en|hier|demain|il|"
    r"elle|qui|vers|où|et|dr|pr|mr|mme|habite|au|à|a|est)\b|[ ]\d)"
)
"""In a text without capitals: from where somebody goes to the word that goes on."""


def find_in_small_print(text: str, lex: Lexicon) -> list[Span]:
    """Houses in a text without capitals, by where somebody goes to or comes from."""
    return [
        Span(*match.span("name"), "HOPITAL", 0.5, "house-small")
        for match in _IN_SMALL.finditer(text)
        if _is_small_name(match["name"], lex)
    ]


def _is_small_name(name: str, lex: Lexicon) -> bool:
    parts = [token for token in words(name) if token.folded not in _LINKS]
    if not parts or any(t.folded in lex.protected | _BODY for t in parts if not _HOUSES.match(t.text)):
        return False
    if any(_is_strange(t, lex) for t in parts):
        return True
    return _HOUSES.match(name) is not None and len(parts) > 1 and _MACHINES.match(name) is None


def find_beside(text: str, spans: Sequence[Span], lex: Lexicon) -> list[Span]:
    """Houses that a comma or `et` joins to one that was found."""
    tokens = words(text)
    found: list[Span] = []
    for span in spans:
        while match := _NEXT.match(text, span.end):
            phrase = _phrase(text, tokens, match.end(), lex)
            code = _CODE.match(text, match.end())
            if (
                phrase
                and _is_name(text, phrase, lex, loosely=False)
                and (len(phrase) > 1 or match.group() != ", ")
            ):
                span = Span(phrase[0].start, _end(text, phrase), "HOPITAL", 0.45, "house-beside")
            elif code and code.group().replace(".", "") not in ACRONYMS | _NO_HOUSE and match.group() != ", ":
                span = Span(*code.span(), "HOPITAL", 0.45, "house-beside")
            else:
                break
            found.append(span)
    return found


def find_letterheads(text: str, lex: Lexicon) -> list[Span]:
    """The name that stands alone on its line before an address."""
    tokens = words(text)
    spans = []
    for match in _CODE_ALONE.finditer(text):
        if match["code"].replace(".", "") not in ACRONYMS | _NO_HOUSE | HEADINGS:
            spans.append(Span(*match.span("code"), "HOPITAL", 0.45, "house-letters"))
    for match in _HEAD_LINE.finditer(text):
        found = _phrase(text, tokens, match.start("name"), lex)
        if found and found[-1].end == match.end("name") and _is_name(text, found, lex, loosely=False):
            spans.append(Span(match.start("name"), match.end("name"), "HOPITAL", 0.35, "letterhead-name"))
    return spans
