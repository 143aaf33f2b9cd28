"""Names after what somebody did or wrote: `vu avec X`, `signé ... par X`, `De : X`, `X - n° INAMI`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon
from osteon.deid.text.recognisers.name_runs import BLANKS, may_name, name_run
from osteon.deid.text.recognisers.name_shapes import (
    MEDICAL_SHAPE,
    PARTICLES,
)
from osteon.deid.text.tokens import UPPER, Token, first_at

Named = tuple[list[int], float, str]
_BY = re.compile(
    rf"(?<![^\W\d_])(?i:par|avec|appeler|rappeler|contacter|joindre|pr[ée]venir|avertir|aupr[èe]s de)\s+"
    rf"(?=(?:[dDlL]['’]|(?:de|du|des|van|von)(?: la| le| den| der)? )?{UPPER})"
)
_DRUG_BEFORE = re.compile(
    r"(?:trait|m[ée]dic|perfus|inject|infiltr|s[ée]dat|antibio|antalg|relais|associ|puis|compar|prise|T[12]\b)"
    r"[^.\n]{0,30}$",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\b(?:(?:re)?vue?s?|(?:re)?lue?s?|ok|suite|contact|rdv|rendez-vous|consultation|discussion|entretien|avis|"
    r"discut[ée]e?s?|dit|valid[ée]e?s?|sign[ée]e?s?)\s$",
    re.IGNORECASE,
)
_DRUG_ENDING = re.compile(r"(?:IUMS?|ATES?|IBS?|OLS?|ONES?|AX|INES?|IDES?|MABS?|YLE?S?)$")
_LETTER_HEAD = re.compile(
    r"(?im)^[> \t]*(?:de|à|a|cc|cci|from|to|exp[ée]diteur|exp[ée]d\.|dest\.|destinataires?)\s*:[ \t]*(?=\S)"
)
_OF = re.compile(
    rf"\b(?i:demandes?|dossiers?|r[ée]sultats?|clich[ée]s|images|comptes?[- ]rendus?|cr|examens?|cas|"
    rf"identit[ée]|courriers?|radios?|bilan|suivi)\s+(?:de|d['’])\s*"
    rf"(?=(?:[dDlL]['’]|(?:de|du|des|van|von|le|la)(?: la| le| den| der)? )?{UPPER})"
)
_HOUSE = re.compile(rf"\b(?i:famille|consorts)[ \t]+(?={UPPER})")
_PERSON_AFTER = re.compile(
    rf"\s*(?:,\s*(?:{UPPER}[^\W\d_]{{2}}|n[ée]e?\b|\d)|[ée]pouse\b|n[ée]e?\b|\((?:n[ée]|IPP|DDN|\d))"
)
_NUMBER_AFTER = re.compile(
    r"(?<!\w)(?:(?P<phone>\+\d{2}|0 ?[1-9])(?:[ .-]?\d){7,}(?!\d)|(?i:RPPS|INAMI|RIZIV|ADELI|RCC|GLN)\b)"
)
_BETWEEN = re.compile(r"[ \t]*(?:[-–,(/|:][ \t]*)?(?:(?:n°|num[ée]ro)[ \t]*)?\Z", re.IGNORECASE)
_BEFORE_PHONE = re.compile(r"[ \t]*(?:[(,][ \t]*)?(?:au[ \t]+)?\Z", re.IGNORECASE)
"""What may stand between a name and its number; after a colon a telephone has a label before it."""
_NEXT = re.compile(r"[ \t]*(?:,|;|/|->|→|&|\bet\b)[ \t]*(?:(?:Dr|Pr|Mme|M)\.?[ \t]+)?", re.IGNORECASE)
_LIST = re.compile(
    r"(?im)\b(?:rel[èe]ve|pr[ée]sents?|radiologues|m[ée]decins|praticiens(?: hospitaliers)?|correspondants|"
    r"copies?|cc)"
    r"[ \t]*:[ \t]*(?:(?:Dr|Pr|Mme|M)\.?[ \t]+)?(?=\S)|"
    rf"\b(?:(?:mot|note|message|courrier|copie)[ \t]+pour)[ \t]+(?=(?-i:{UPPER}))"
)


def acting_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""
    yield from _by_somebody(tokens, text, lex)
    for match in _HOUSE.finditer(text):
        yield name_run(tokens, text, first_at(tokens, match.end()), lex, loud=True), 0.6, "family"
    for match in _OF.finditer(text):
        run = name_run(tokens, text, first_at(tokens, match.end()), lex, loud=True)
        if not run:
            run = name_run(tokens, text, first_at(tokens, match.end()), lex, loud=False, listed=True)
            run = run if run and _PERSON_AFTER.match(text, tokens[run[-1]].end) else []
        yield run, 0.6, "of"
    for pattern in (_LETTER_HEAD, _LIST):
        for match in pattern.finditer(text):
            yield from _listed(tokens, text, match.end(), lex)
    yield from _before_numbers(tokens, text, lex)


def _by_somebody(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """`vu avec X`, `signé le 3 mars par X`; a drug after `traité par` is none."""
    for match in _BY.finditer(text):
        start = first_at(tokens, match.end())
        loud = match.group().isupper()
        seen = not loud and _SEEN.search(text, max(0, match.start() - 16), match.start()) is not None
        run = name_run(tokens, text, start, lex, loud=loud, listed=seen)
        if loud and not run and _is_apposed(tokens, start, text, lex):
            run = [start]
        treated = _DRUG_BEFORE.search(text, max(0, match.start() - 40), match.start()) is not None
        drug = len(run) == 1 and (treated or (not seen and _is_drug(tokens[run[0]], lex)))
        if not drug:
            yield run, 0.6, "act"


def _is_apposed(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    """In a text of capitals: a common first name before a comma, `ACCOMPAGNE PAR AMBRE, SA FILLE`."""
    if place == len(tokens) or text[tokens[place].end : tokens[place].end + 2] != ", ":
        return False
    return lex.first_name_rank.get(tokens[place].folded, 10**6) < COMMON_FIRST_NAMES


def _is_drug(token: Token, lex: Lexicon) -> bool:
    shaped = MEDICAL_SHAPE.search(token.folded) or _DRUG_ENDING.search(token.folded)
    return shaped is not None and not lex.is_first_name(token.folded)


def _listed(tokens: Sequence[Token], text: str, position: int, lex: Lexicon) -> Iterator[Named]:
    """One name after another, with commas or arrows between, on one line."""
    for _ in range(8):
        start = first_at(tokens, position)
        if start == len(tokens) or tokens[start].start != position:
            return
        run = name_run(tokens, text, start, lex, loud=False, listed=True)
        if not run:
            return
        yield run, 0.7, "listed"
        joint = _NEXT.match(text, tokens[run[-1]].end)
        if joint is None:
            return
        position = joint.end()


def _before_numbers(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """The words of a name right before the number of who bears it: `Viviane Boulet  INAMI : 1-...`."""
    for match in _NUMBER_AFTER.finditer(text):
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
