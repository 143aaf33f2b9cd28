"""What a word looks like: a title, a name, an eponym inside a term, an initial."""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon, word_class
from osteon.deid.text.tokens import Token

FUNCTION_WORDS = word_class("function_words")
PARTICLES = word_class("name_particles")
ACRONYMS = word_class("acronyms")
_EPONYM_BEFORE = word_class("words_before_an_eponym")
HEADINGS = word_class("headings")
_STAGE = re.compile(r" \d{1,2}[a-c]? (?:de |selon )?")
"""Between a term and its eponym: `stade 2 Lagrange-Rigault`."""
_LOUD_TERMS = frozenset(
    [
        *(
            "BROCHE",
            "BROCHES",
            "CLASSIFICATION",
            "CRITERES",
            "ECHELLE",
            "FRACTURE",
            "INDICE",
            "LIGAMENT",
            "LIGNE",
        ),
        *("MALADIE", "MANOEUVRE", "SCORE", "STADE", "SYNDROME", "TEST", "TUBERCULE"),
    ]
)
"""Before an eponym even in a text of capitals; `SIGNE DE` may be a signature there."""
_NAMES_TOO = frozenset(["AN", "SA", "SON", "ON", "SE"])
_GOES_ON = re.compile(r" (?:le|la|du|sous|au|et|pour|qui|en)\b")
_LINKERS = frozenset(["DE", "D", "DU", "SELON", "ET", "OU"])
_AFTER_A_NAME = re.compile(r"[ \t]*(?:$|[\n,;(/]|n[ée]e?\b|n[ée]\(|\d|au[ ]\d|le[ ]\d)", re.IGNORECASE)
TERM_ENDING = re.compile(
    r"(?:IQUES?|MENT|EES?|ALES?|EUX|EUSES?|AIRES?|OIDES?|GENES?|TOMIES?|PATHIES?|SCOPES?|"
    r"GRAPHIES?|TRIES?|ISEE?S?|IENS?|IENNES?)$"
)
MEDICAL_SHAPE = re.compile(
    r"^(?:HEMO|HYPO|HYPER|OSTE|ARTHR|PERI|POLY|INTRA|INTER|ENDO|SPONDYL|CHONDR|NEURO|CARDIO|"
    r"PNEUMO|RADIO|SCINTI|"
    r"TOMO|ECHO|FIBRO|MYO|LYMPH|ANTI|PSEUDO|MICRO|MACRO|DYS)|"
    r"(?:ITES?|OSES?|OMES?|ALGIES?|IONS?|URES?|ISMES?|IES?|LYSES?|PLASIES?|MENT|EMIES?|URIES?|"
    r"TIONS?|AGES?|ITUDES?|"
    r"INES?|ASES?|OLS?|MABS?|CILLINES?|MYCINES?|ANCES?|ENCES?|IDES?|TES?|IFS?|IVES?|ABLES?|IBLES?)$"
)
"""Beginnings and endings of medical words and of mistyped ones."""
TITLES = word_class("titles")


def is_title(token: Token) -> bool:
    """True for a word that stands before a name and is none."""
    return token.folded in TITLES


def is_heading(token: Token) -> bool:
    """True for a word that begins a part of a letter or a form: `Service`, `Tél`, `Indication`."""
    return token.folded in HEADINGS


def is_term_word(token: Token) -> bool:
    """True for a word that an eponym follows: `Fracture de`, `Signe de`."""
    return token.folded in _EPONYM_BEFORE


def is_namelike(
    tokens: Sequence[Token], place: int, text: str, lex: Lexicon, strength: int, *, first: bool
) -> bool:
    """True for a word that may be part of the name that something of this strength introduces.

    Args:
        strength: 3 after a title or a patient's field, 2 after another field, 1 after a role.
        first: no word of the name was taken yet.
    """
    token = tokens[place]
    if len(token.text) == 1:
        return _is_initial(tokens, place, text, strength, first=first)
    if is_title(token):
        return False
    if token.folded in FUNCTION_WORDS and not _is_function_word_as_name(token, strength, first=first):
        return False
    rare = lex.is_rare_word(token.folded) and token.folded not in ACRONYMS
    if token.is_capitalised:
        if not first and strength >= 2 and _is_surname_after(tokens, place, text, lex, strength):
            return True
        return _is_capitalised_name(tokens, place, text, lex, strength, first=first)
    if first and strength == 3:
        return True
    rare = rare and not TERM_ENDING.search(token.folded)
    return (
        rare
        or (lex.is_first_name(token.folded) and not lex.is_word(token.folded))
        or (not first and lex.first_name_rank.get(token.folded, 10**6) < 1500 and strength == 3)
    )


def _is_surname_after(tokens: Sequence[Token], place: int, text: str, lex: Lexicon, strength: int) -> bool:
    """A capitalised word after an initial, a first name, or at the end of what a title introduced."""
    token = tokens[place]
    if strength == 3:
        if len(tokens[place - 1].text) == 1:
            return True
        rank = lex.first_name_rank.get(token.folded, 10**6)
        if (
            tokens[place - 1].is_upper
            and token.text.istitle()
            and _ends_a_name(text, token)
            and not is_heading(token)
        ):
            return len(token.text) > 2  # NOM Prénom
        if not token.is_upper and rank < 3 * COMMON_FIRST_NAMES and token.folded not in HEADINGS:
            return True
    before = tokens[place - 1]
    named = lex.is_first_name(before.folded) and not lex.is_word(before.folded)
    if named and not token.is_upper and _GOES_ON.match(text, token.end) and token.folded not in HEADINGS:
        return token.folded not in ACRONYMS
    if not _ends_here(text, token) or token.folded in ACRONYMS:
        return False
    after_first_name = strength == 3 and lex.is_first_name(tokens[place - 1].folded)
    return token.folded not in HEADINGS or after_first_name


def _is_capitalised_name(
    tokens: Sequence[Token], place: int, text: str, lex: Lexicon, strength: int, *, first: bool
) -> bool:
    token = tokens[place]
    if not first and strength >= 2 and _ends_here(text, token):
        return False
    known = lex.is_first_name(token.folded) or token.folded in lex.surnames
    rare = lex.is_rare_word(token.folded) and token.folded not in ACRONYMS
    if first and strength >= 2:
        labels = text[token.end : token.end + 1] == ":"
        if token.is_upper and token.folded in ACRONYMS and (strength == 2 or labels):
            return False
        return strength == 3 or not lex.is_word(token.folded) or known
    alone = (
        token.is_upper
        and len(token.text) > 2
        and not _upper_around(tokens, place)
        and (first or not is_heading(token))
        and token.folded not in ACRONYMS
    )
    if first:
        strong = is_strong_first_name(token, lex)
        return rare or alone or strong or _first_name_follows(tokens, place, text, lex)
    if alone and (not tokens[place - 1].is_upper or strength == 3):
        return True
    common = lex.first_name_rank.get(token.folded, 10**6) < COMMON_FIRST_NAMES
    return rare or (known and (not lex.is_word(token.folded) or common))


def _is_function_word_as_name(token: Token, strength: int, *, first: bool) -> bool:
    """`Dr An`, `Mme PLUS`: written as a name where only a name can stand."""
    shouted = token.is_upper and first and strength == 3 and len(token.text) > 3
    short = token.folded in _NAMES_TOO and token.is_capitalised and not token.is_upper and strength >= 2
    return shouted or short


def _is_initial(tokens: Sequence[Token], place: int, text: str, strength: int, *, first: bool) -> bool:
    token = tokens[place]
    if not token.is_capitalised or (token.folded == "M" and first and strength < 3):
        return False  # M is Monsieur, a title of its own
    after = text[token.end : token.end + 1]
    if after == "°":
        return False
    if after in {".", "-"}:
        return True
    return (
        strength == 3 and first and (_next_capital(tokens, place, text) or after in {"", ",", "\n", " ", ")"})
    )


def _ends_a_name(text: str, token: Token) -> bool:
    return _AFTER_A_NAME.match(text, token.end) is not None


def _ends_here(text: str, token: Token) -> bool:
    """A name's last word: then comes the line's end, a sign or a number."""
    after = text[token.end : token.end + 3].lstrip(" \t\u00a0")
    return not after or not (after[0].isalpha() or after[0] in "'’")


def _upper_around(tokens: Sequence[Token], place: int) -> bool:
    following = tokens[place + 1 : place + 3]
    return len(following) == 2 and all(t.is_upper for t in following)


def _next_capital(tokens: Sequence[Token], place: int, text: str) -> bool:
    return (
        place + 1 < len(tokens)
        and tokens[place + 1].is_capitalised
        and text[tokens[place].end : tokens[place + 1].start] == " "
    )


def _first_name_follows(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    if place + 1 >= len(tokens):
        return False
    following = tokens[place + 1]
    gap = text[tokens[place].end : following.start]
    return gap.strip() in {"", ","} and "\n" not in gap and is_strong_first_name(following, lex)


def is_strong_first_name(token: Token, lex: Lexicon) -> bool:
    """A first name that is no word of the language, or a very common one."""
    if not lex.is_first_name(token.folded) or len(token.text) < 3:
        return False
    rank = lex.first_name_rank.get(token.folded, 0)
    return not lex.is_word(token.folded) or (rank < 400 and token.is_capitalised)


def is_eponym(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    """A name inside a term: `fracture de Colles`, `broches de Kirschner`, `Salter-Harris II`."""
    if tokens[place].folded in lex.protected:
        return True
    back = place - 1
    while back >= 0 and place - back <= 6:
        token = tokens[back]
        gap = text[token.end : tokens[back + 1].start]
        if gap not in {" ", "'", "’", "-", " - ", "–"}:
            staged = token.folded in _EPONYM_BEFORE and _STAGE.fullmatch(gap) is not None
            return staged and back == place - 1
        if token.folded in _EPONYM_BEFORE and (not token.is_upper or token.folded in _LOUD_TERMS):
            return True
        if token.folded not in _LINKERS and not (token.is_capitalised and lex.is_rare_word(token.folded)):
            return False
        back -= 1
    return False


def is_surname_shape(token: Token, lex: Lexicon) -> bool:
    """True for a capitalised word that is a name or in no dictionary."""
    return (
        token.is_capitalised
        and len(token.text) > 2
        and token.folded not in ACRONYMS
        and token.folded not in TITLES
        and (
            lex.is_rare_word(token.folded) or lex.is_first_name(token.folded) or token.folded in lex.surnames
        )
    )
