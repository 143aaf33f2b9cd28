"""Names right before what only a person has: a telephone, a number of a register, a role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_runs import BLANKS, may_name
from osteon.deid.text.recognisers.name_shapes import PARTICLES
from osteon.deid.text.searches import anywhere
from osteon.deid.text.tokens import Token, first_at

Named = tuple[list[int], float, str]
_NUMBER_AFTER = re.compile(
    r"(?<!\w)(?:(?P<phone>\+\d{2}|0 ?[1-9])(?:[ .-]?\d){7,}(?!\d)|(?i:RPPS|INAMI|RIZIV|ADELI|RCC|GLN)\b|"
    r"(?P<born>(?i:n[ée]e?(?:\(e\))?)[ ](?:le[ ])?(?=\d|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche)))"
)
_BETWEEN = re.compile(r"[ \t]*(?:[-–,(/|:][ \t]*)?(?:(?:n°|num[ée]ro)[ \t]*)?\Z", re.IGNORECASE)
_ROLE_AFTER = re.compile(
    r"(?:,[ \t]*|[ \t]\()(?i:manip|interne\b|externe\b|radiologue|infirmi|I\.?D\.?E\b|kin[ée]si|"
    r"assistante? sociale|interpr[èe]te|brancardi|secr[ée]taire|voisin|amie?\b|"
    r"(?:petite?-)?(?:fille?s?|fils)\b|[ée]poux|[ée]pouse|m[èe]re\b|p[èe]re\b|"
    r"s[oœ]e?ur\b|fr[èe]re\b|conjoint|stagiaire|sage-femme|aide-)"
)
_BEFORE_PHONE = re.compile(r"[ \t]*(?:[(,][ \t]*)?(?:au[ \t]+)?\Z", re.IGNORECASE)
"""What may stand between a name and its number; after a colon a telephone has a label before it."""


def names_before(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """The words of a name right before the number of who bears it: `Viviane Boulet  INAMI : 1-...`."""
    for match in anywhere(_NUMBER_AFTER, text):
        between = (_BEFORE_PHONE if match["phone"] else _BETWEEN).search(
            text, max(0, match.start() - 16), match.start()
        )
        end = between.start() if between else match.start()
        place = first_at(tokens, end) - 1
        run: list[int] = []
        while place >= 0 and len(run) < 4:
            gap = text[tokens[place].end : tokens[run[-1]].start if run else end]
            particle = bool(run) and tokens[place].folded in PARTICLES
            if (run and gap not in BLANKS) or gap.strip() or "\n" in gap:
                break
            if not particle and not may_name(tokens, place, text, lex, sure=True):
                break
            run.append(place)
            place -= 1
        yield run, 0.6, "numbered"
    for match in anywhere(_ROLE_AFTER, text):
        yield _named_before(tokens, text, match.start(), lex), 0.6, "apposed"


def _named_before(tokens: Sequence[Token], text: str, end: int, lex: Lexicon) -> list[int]:
    """The name that ends at `end`: capitalised words, one of them a known or strange name."""
    place = first_at(tokens, end) - 1
    run: list[int] = []
    while place >= 0 and len(run) < 4:
        gap = text[tokens[place].end : tokens[run[-1]].start if run else end]
        initial = len(tokens[place].text) == 1 and tokens[place].is_capitalised
        particle = bool(run) and tokens[place].folded in PARTICLES
        if gap not in (BLANKS if run else {"", "."}) or not (
            initial or particle or may_name(tokens, place, text, lex, sure=True)
        ):
            break
        run.append(place)
        place -= 1
    named = [tokens[p].folded for p in run if len(tokens[p].text) > 1]
    while run and tokens[run[-1]].text.islower():
        run.pop()
    known = any(lex.is_first_name(n) or n in lex.surnames or lex.is_rare_word(n) for n in named)
    loud = all(tokens[p].is_upper for p in run) and len(run) == 1
    return run if known and not loud else []
