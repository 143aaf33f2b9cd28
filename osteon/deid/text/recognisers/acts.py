"""Names after what somebody did or wrote: `vu avec X`, `signé ... par X`, `De : X`, `X - n° INAMI`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from osteon.deid.text.languages import codes
from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon
from osteon.deid.text.recognisers.dates import month_numbers
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    MEDICAL_SHAPE,
    PARTICLES,
    is_eponym,
    is_heading,
    is_term_word,
    is_title,
)
from osteon.deid.text.tokens import UPPER, Token, first_at

Named = tuple[list[int], float, str]
_BY = re.compile(
    rf"(?<![^\W\d_])(?i:par|avec|appeler|rappeler|contacter|joindre|pr[ée]venir|avertir|aupr[èe]s de)\s+"
    rf"(?=(?:[dDlL]['’]|(?:de|du|des|van|von)(?: la| le| den| der)? )?{UPPER})"
)
_DRUG_BEFORE = re.compile(
    r"(?:trait|m[ée]dic|perfus|inject|infiltr|s[ée]dat|antibio|antalg|relais|associ|puis|compar|prise|T[12]\b)[^.\n]{0,30}$",
    re.IGNORECASE,
)
_SEEN = re.compile(r"\b(?:(?:re)?vue?s?|(?:re)?lue?s?|ok|suite|contact|rdv|rendez-vous|consultation|discussion|entretien|avis|discut[ée]e?s?|dit|valid[ée]e?s?|sign[ée]e?s?)\s$", re.IGNORECASE)
_DRUG_ENDING = re.compile(r"(?:IUMS?|ATES?|IBS?|OLS?|ONES?|AX|INES?|IDES?|MABS?|YLE?S?)$")
_LETTER_HEAD = re.compile(
    r"(?im)^[> \t]*(?:de|à|a|cc|cci|from|to|exp[ée]diteur|exp[ée]d\.|dest\.|destinataires?)\s*:[ \t]*(?=\S)"
)
_SIGNATURE = re.compile(r"(?i)\b(?:signature|sign[ée]e?|visa|cachet)\b[^\n:]{0,40}:(?P<rest>[^\n]{3,60})")
_GREETED = re.compile(
    rf"(?i:amiti[ée]s|amicalement|cordialement|confraternellement|salutations|[àa] (?:vous|toi)|merci)[ \t,.!]*\n*[ \t]*(?=(?-i:{UPPER})\. ?(?-i:{UPPER}))"
)
"""A letter that closes with `M. Dupont` has an initial there: nobody signs as Monsieur."""
_HELLO = re.compile(rf"\b(?i:bonjour|bonsoir|salut|coucou|ch[eè]re?)[ \t]+(?={UPPER}[^\W\d_])")
_STARTS = re.compile(r"\s+[^\W\d_]*[a-z]")
_CLOSED = re.compile(
    rf"(?i:amiti[ée]s|amicalement|cordialement|bises|bientôt|[àa] (?:vous|toi)|merci)[ \t]*[,.!]?[ \t\n]+"
    rf"(?P<name>{UPPER}[^\W\d_]+(?:-[^\W\d_]+)?)[ \t]*(?=$|\n)"
)
_OF = re.compile(
    rf"\b(?i:demandes?|dossiers?|r[ée]sultats?|clich[ée]s|images|comptes?[- ]rendus?|cr|examens?|cas|identit[ée]|courriers?|"
    rf"radios?|bilan|suivi)\s+(?:de|d['’])\s*(?=(?:[dDlL]['’]|(?:de|du|des|van|von|le|la)(?: la| le| den| der)? )?{UPPER})"
)
_PERSON_AFTER = re.compile(rf"\s*(?:,\s*(?:{UPPER}[^\W\d_]{{2}}|n[ée]e?\b|\d)|[ée]pouse\b|n[ée]e?\b|\((?:n[ée]|IPP|DDN|\d))")
_NUMBER_AFTER = re.compile(
    r"[ \t]*(?:[(,][ \t]*)?(?:au[ \t]+)?(?:\+\d{2}|0 ?[1-9])(?:[ .-]?\d){7,}(?!\d)|[ \t]*(?:[-–,(/|:][ \t]*)?(?:n°[ \t]*|num[ée]ro[ \t]*)?(?:RPPS|INAMI|RIZIV|ADELI|RCC|GLN)\b", re.IGNORECASE
)
_NEXT = re.compile(r"[ \t]*(?:,|;|/|->|→|&|\bet\b)[ \t]*(?:(?:Dr|Pr|Mme|M)\.?[ \t]+)?", re.IGNORECASE)
_LIST = re.compile(
    r"(?im)\b(?:rel[èe]ve|pr[ée]sents?|radiologues|m[ée]decins|praticiens(?: hospitaliers)?|correspondants|copies?|cc)"
    r"[ \t]*:[ \t]*(?:(?:Dr|Pr|Mme|M)\.?[ \t]+)?(?=\S)|"
    rf"\b(?:(?:mot|note|message|courrier|copie)[ \t]+pour|famille|consorts)[ \t]+(?=(?-i:{UPPER}))"
)
_BLANKS = frozenset([" ", "-", "'", "’", ". ", ".", "\u00a0", ".-"])


def acting_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""
    for match in _BY.finditer(text):
        loud = match.group().isupper()
        seen = not loud and _SEEN.search(text, max(0, match.start() - 14), match.start()) is not None
        start = first_at(tokens, match.end())
        run = _run(tokens, text, start, lex, loud=loud, listed=seen)
        common = start < len(tokens) and lex.first_name_rank.get(tokens[start].folded, 10**6) < COMMON_FIRST_NAMES
        if loud and not run and common and text[tokens[start].end : tokens[start].end + 2] == ", ":
            run = [start]
        if len(run) > 1 or not _DRUG_BEFORE.search(text, max(0, match.start() - 40), match.start()):
            if len(run) != 1 or seen or not _is_drug(tokens[run[0]], lex):
                yield run, 0.6, "act"
    for match in _OF.finditer(text):
        run = _run(tokens, text, first_at(tokens, match.end()), lex, loud=True)
        if not run:
            run = _run(tokens, text, first_at(tokens, match.end()), lex, loud=False, listed=True)
            run = run if run and _PERSON_AFTER.match(text, tokens[run[-1]].end) else []
        yield run, 0.6, "of"
    for pattern in (_LETTER_HEAD, _LIST):
        for match in pattern.finditer(text):
            yield from _listed(tokens, text, match.end(), lex)
    for match in _SIGNATURE.finditer(text):
        low, high = match.span("rest")
        for place in range(first_at(tokens, low), first_at(tokens, high)):
            if _signs(tokens, place, text, lex):
                yield [place], 0.5, "signature"
    for match in _HELLO.finditer(text):
        place = first_at(tokens, match.end())
        if place < len(tokens) and _may_name(tokens, place, text, lex) and not _STARTS.match(text, tokens[place].end):
            yield [place], 0.6, "greeting"
    for match in _CLOSED.finditer(text):
        place = first_at(tokens, match.start("name"))
        if lex.is_first_name(tokens[place].folded) and _may_name(tokens, place, text, lex):
            yield [place], 0.6, "signature"
    for match in _GREETED.finditer(text):
        yield [first_at(tokens, match.end())], 0.5, "signature"
    yield from _before_numbers(tokens, text, lex)


@cache
def _days_and_months(code: str) -> frozenset[str]:
    days = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    return frozenset((*days, *(m.lower() for each in codes(code) for m in month_numbers(each))))


def _is_drug(token: Token, lex: Lexicon) -> bool:
    shaped = MEDICAL_SHAPE.search(token.folded) or _DRUG_ENDING.search(token.folded)
    return shaped is not None and not lex.is_first_name(token.folded)


def _signs(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    token = tokens[place]
    if len(token.text) == 1:
        return token.is_capitalised and text[token.end : token.end + 1] == "."
    particle = token.folded in PARTICLES and place + 1 < len(tokens) and token.folded not in {"A", "AU"}
    named = particle or _may_name(tokens, place, text, lex)
    return named and token.folded.lower() not in _days_and_months(lex.language)


def _listed(tokens: Sequence[Token], text: str, position: int, lex: Lexicon) -> Iterator[Named]:
    """One name after another, with commas or arrows between, on one line."""
    for _ in range(8):
        start = first_at(tokens, position)
        if start == len(tokens) or tokens[start].start != position:
            return
        run = _run(tokens, text, start, lex, loud=False, listed=True)
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
        place = first_at(tokens, match.start()) - 1
        run: list[int] = []
        while place >= 0 and len(run) < 4:
            gap = text[tokens[place].end : tokens[run[-1]].start if run else match.start()]
            particle = bool(run) and tokens[place].folded in PARTICLES
            if (run and gap not in _BLANKS) or gap.strip() or "\n" in gap:
                break
            if not particle and not _may_name(tokens, place, text, lex, sure=True):
                break
            run.append(place)
            place -= 1
        yield run, 0.6, "numbered"


def _run(tokens: Sequence[Token], text: str, start: int, lex: Lexicon, *, loud: bool, listed: bool = False) -> list[int]:
    """Capitalised words that may be a name, with initials and particles; in a loud text a name must be strange."""
    run: list[int] = []
    for place in range(start, min(start + 5, len(tokens))):
        token = tokens[place]
        gap = text[tokens[place - 1].end : token.start] if run else " "
        if gap not in _BLANKS or (gap.startswith(".") and len(tokens[place - 1].text) > 2):
            break
        initial = len(token.text) == 1 and token.is_capitalised and (bool(run) or token.folded != "M")
        if initial and (text[token.end : token.end + 1] in {".", "-"} or token.folded in {"D", "L", "O"}):
            run.append(place)
        elif (token.folded in PARTICLES and (run or listed or token.is_capitalised)) or _may_name(
            tokens, place, text, lex, sure=listed
        ):
            run.append(place)
        else:
            break
    while run and (tokens[run[-1]].text.islower() or len(tokens[run[-1]].text) == 1):
        run.pop()
    strange = any(lex.is_rare_word(tokens[p].folded) and len(tokens[p].text) > 3 for p in run)
    known = any(lex.is_first_name(tokens[p].folded) and not lex.is_word(tokens[p].folded) for p in run)
    shouted = all(tokens[p].is_upper or len(tokens[p].text) == 1 for p in run)
    return run if run and (strange or known or listed or not (loud or shouted)) else []


def _may_name(
    tokens: Sequence[Token], place: int, text: str, lex: Lexicon, *, sure: bool = False
) -> bool:
    """A capitalised word that is no label, no term and, where no person is sure to stand, no eponym."""
    token = tokens[place]
    return (
        token.is_capitalised
        and len(token.text) > 1
        and not is_title(token)
        and not is_heading(token)
        and not is_term_word(token)
        and token.folded not in ACRONYMS
        and token.folded not in FUNCTION_WORDS
        and (sure or (token.folded not in lex.protected and not is_eponym(tokens, place, text, lex)))
    )
