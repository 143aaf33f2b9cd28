"""Houses of care by what is done there: `opéré à Delta`, `images de La Citadelle`, `avis de PBNX`.

Their name may have no kind, or one that reports use as a word (`IRM Gare du Nord`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.house_names import (
    BODY,
    HOUSES,
    LETTERS,
    LINKS,
    MACHINES,
    NO_HOUSE,
    house_end,
    house_phrase,
    is_house_name,
    is_strange,
)
from osteon.deid.text.recognisers.name_shapes import ACRONYMS
from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER, Token, words

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
    r"sortie?|sort|images?|clich[ée]s?|radios?|irm|scanner|courrier|ordonnance|prescription|lettre|"
    r"[ée]quipe|secr[ée]tariat|"
    r"urgences|confr[èe]res?|"
    r"coll[èe]gues?|examen(?: initial)?|dossier|compte[ -]rendu|cr|rapatri[ée]e?|entr[ée]e?|arriv[ée]e?|"
    r"adress[ée]e?(?:\(e\))?|parti|radiographies?|"
    r"accept[ée]e?(?:\(e\))?|vue?|suivie?|op[ée]r[ée]e?(?:\(e\))?|demand[ée]e?s?|refus[ée]e?|"
    r"envoy[ée]e?s?|hospitalis[ée]e?|hospitalisation|r[ée]alis[ée]e?|admis|admise|pris en charge|"
    r"prise en charge|trait[ée]e?) $",
    re.IGNORECASE,
)
"""Right before `de` or `par` and a name."""
GONE = re.compile(
    r"(?<![^\W_])(?:suivie?|transf[ée]r[ée]e?s?|transfert|hospitalis[ée]e?|op[ée]r[ée]e?|admise?|"
    r"adress[ée]e?|passage|appel|accord|avis(?: \w+)?|refus|"
    r"faite?s?|r[ée]alis[ée]e?s?|repartir?|repart|retour|mutation|mut[ée]e?|envoyer(?: aussi)?|"
    r"envoy[ée]e?s?|consult[ée]|poursuit|charge|s[ée]jour|entr[ée]e?|"
    r"destination|provenance|rest[ée]e?|attendue?|quitte|employ[ée]e?|admissions?|r[ée]sid(?:ant|e)|"
    r"sinon|vient|venant|sort|sortie|convocation|"
    r"rendez-vous|rdv|contr[ôo]le|soins|"
    r"rapatri[ée]e?|accept[ée]e?|orient[ée]e?|"
    r"dossier|images|clich[ée]s?|rappeler|relance|joindre|coll[èe]gues?|confr[èe]res?|[ée]quipe|"
    r"secr[ée]tariat|urgences|conduite?|effectuer|attente(?: de)? place)(?:\(e\))?(?: ce jour)?[ ]$",
    re.IGNORECASE,
)
"""Right before `à`, `au` or `de` and the letters of a house."""
_SPOKEN = re.compile("[AEIOUYÀ-Ý]")
"""Among capitals, letters with one of these may be a word."""
_IN_SMALL = re.compile(
    r"\b(?:vers|transf(?:ert|[ée]r[ée]e?)(?: de| à| au| vers)?|adress[ée]e? (?:par|[àa]|au|de)|"
    r"(?:suivie?|vue?|pr[ée]vue?|op[ée]r[ée]e?|faite?|hospitalis[ée]e?|revue?|"
    r"admise?|s[ée]jour|scanner|irm|radio|rdv|retour|contr[ôo]le|consult[ée]?) (?:[àa]|au|aux|de)|rdv|"
    r"provenance(?: de)?|(?:re)?(?:vient|sort|venant|sortie?) (?:de|du)) (?:la |l['’])?"
    r"(?P<name>(?!(?:la|l|le|domicile|jeun|gauche|droite|nouveau|distance|terme|[àa]|au|ce|cette|son|sa|"
    r"dr|pr|mme|mr?)\b)[^\W\d_][\w'’.-]*(?:[ ][^\W\d_][\w'’.-]*){0,7}?)"
    r"(?=[ ]*(?:$|[,;:)\n]|\.(?:\s|$))|[ ](?:pour|par|puis|le|ce|cette|avec|depuis|en|hier|demain|il|"
    r"elle|qui|vers|où|et|dr|pr|mr|mme|habite|au|à|a|est)\b|[ ]\d)"
)
"""In a text without capitals: from where somebody goes to the word that goes on."""


def find_houses_of_care(text: str, lex: Lexicon) -> list[Span]:
    """Spans of houses where one is meant, by what stands before their name."""
    tokens = words(text)
    spans = []
    for match in anywhere(_AT, text):
        found = house_phrase(text, tokens, match.end(), lex)
        if found and _is_meant(text, match, found, lex):
            spans.append(Span(found[0].start, house_end(text, found), "HOPITAL", 0.5, "house-cue"))
        elif (code := LETTERS.match(text, match.end())) and _is_code(text, match, code):
            spans.append(Span(*code.span(), "HOPITAL", 0.5, "house-letters"))
    return spans


def _is_code(text: str, match: re.Match[str], code: re.Match[str]) -> bool:
    """Letters where a house is meant, none of medicine's; among capitals none that may be a word."""
    letters = code.group().replace(".", "")
    capitals = text[max(0, match.start() - 12) : match.start()].isupper()
    if letters in ACRONYMS | NO_HOUSE or (capitals and _SPOKEN.search(letters)):
        return False
    return GONE.search(text, max(0, match.start() - 32), match.start()) is not None


def _is_meant(text: str, match: re.Match[str], found: Sequence[Token], lex: Lexicon) -> bool:
    """Something is done there, or comes from there."""
    before = text[max(0, match.start() - 64) : match.start()]
    before = re.split(r"[.;](?=\s)|\n\n", before)[-1]
    prep = match["prep"].casefold()
    if (prep[0] == "d" and prep != "depuis") or prep == "par":
        sure = GONE.search(before) is not None
        return _OF.search(before) is not None and is_house_name(text, found, lex, loosely=False, sure=sure)
    if _DONE.search(before) is None:
        return False
    loosely = prep not in {"a", "chez", "au"} and not found[0].is_upper
    return is_house_name(text, found, lex, loosely=loosely, sure=GONE.search(before) is not None)


def find_in_small_print(text: str, lex: Lexicon) -> list[Span]:
    """Houses in a text without capitals, by where somebody goes to or comes from."""
    return [
        Span(*match.span("name"), "HOPITAL", 0.5, "house-small")
        for match in _IN_SMALL.finditer(text)
        if _is_small_name(match["name"], lex)
    ]


def _is_small_name(name: str, lex: Lexicon) -> bool:
    parts = [token for token in words(name) if token.folded not in LINKS]
    if not parts or any(t.folded in lex.protected | BODY for t in parts if not HOUSES.match(t.text)):
        return False
    if any(is_strange(t, lex) for t in parts):
        return True
    return HOUSES.match(name) is not None and len(parts) > 1 and MACHINES.match(name) is None
