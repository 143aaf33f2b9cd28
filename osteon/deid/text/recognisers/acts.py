"""Names after what somebody did or wrote: `vu avec X`, `signé ... par X`, `De : X`, `X - n° INAMI`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon
from osteon.deid.text.recognisers.name_runs import name_run
from osteon.deid.text.recognisers.name_shapes import MEDICAL_SHAPE
from osteon.deid.text.recognisers.names_before import names_before
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.tokens import UPPER, Token, first_at

Named = tuple[list[int], float, str]
_BY = re.compile(
    rf"(?<![^\W\d_])(?i:par(?:\s?:)?|avec|appeler|rappeler|contacter|joindre|pr[ée]venir|avertir|"
    rf"aupr[èe]s de|j['’]ai eu|(?:assist|accompagn)[ée]e?s?(?:\(e\))? de|enfants? dont)\s+"
    rf"(?=(?:[dDlL]['’]|(?:de|du|des|van|von|zu|ar|ter|['’]t)(?: la| le| den| der)? )?{UPPER})"
)
_DRUG_BEFORE = re.compile(
    r"(?:trait|m[ée]dic|perfus|inject|infiltr|s[ée]dat|antibio|antalg|relais|associ|\bpuis|compar|"
    r"prise|T[12]\b)"
    r"[^.\n]{0,30}$",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\b(?:(?:re)?vue?s?|(?:re)?lue?s?|ok|suite|contact|rdv|rendez-vous|consultation|discussion|"
    r"entretien|avis|"
    r"discut[ée]e?s?|dit|valid[ée]e?s?|sign[ée]e?s?)\s"
    r"(?:(?:en ville|aux urgences|ce jour|en consultation)\s)?$|"
    r"(?:\d[/.-]\d{1,4}|janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|"
    r"novembre|d[ée]cembre)\s$",
    re.IGNORECASE,
)
_DRUG_ENDING = re.compile(r"(?:IUMS?|ATES?|IBS?|OLS?|ONES?|AX|INES?|IDES?|MABS?|YLE?S?)$")
_LETTER_HEAD = re.compile(
    r"(?im)^[> \t]*(?:de|à|a|cc|cci|from|to|exp[ée]diteur|exp[ée]d\.|dest\.|destinataires?)\s*:[ \t]*(?=\S)"
)
_OF = re.compile(
    rf"\b(?i:demandes?|dossiers?|r[ée]sultats?|clich[ée]s|images|comptes?[- ]rendus?|cr|examens?|cas|"
    rf"identit[ée]|courriers?|radios?|bilan|suivi|consignes?)\s+(?:de|d['’])\s*"
    rf"(?=(?:[dDlL]['’]|(?:de|du|des|van|von|le|la)(?: la| le| den| der)? )?{UPPER})"
)
_HOUSE = re.compile(rf"\b(?i:famille|consorts)[ \t]+(?={UPPER})")
_PERSON_AFTER = re.compile(
    rf"\s*(?:,\s*(?:{UPPER}[^\W\d_]{{2}}|n[ée]e?\b|\d)|[ée]pouse\b|n[ée]e?\b|\((?:n[ée]|IPP|DDN|\d))"
)
_NEXT = re.compile(
    r"(?:[ \t](?-i:[A-Z])\.?)?[ \t]*(?:,|;|/|->|→|&|\bet\b)[ \t]*(?:(?:Dr|Pr|Mme|M)\.?[ \t]+)?", re.IGNORECASE
)
_LIST = re.compile(
    r"(?im)\b(?:rel[èe]ve|pr[ée]sents?|radiologues|m[ée]decins|praticiens(?: hospitaliers)?|correspondants|"
    r"copies?|cc|relecture|aides?|[ée]quipe(?: de (?:nuit|jour|matin|soir|garde))?|destinataires?)"
    r"[ \t]*:[ \t]*(?:(?:Dr|Pr|Mme|M)\.?[ \t]+)?(?=\S)|"
    rf"\b(?:(?:mot|note|message|courrier|copie)[ \t]+(?:pour|[àa])|courrier(?=[ \t](?-i:{UPPER}[a-zà-ÿ]))|"
    rf"c\.c\.[ \t]*:|"
    rf"appel(?:[ \t](?:ortho|cardio|neuro|chir|r[ée]a|anesth|traumato|p[ée]dia|radio))?|[ée]quipe|"
    rf"internes?|vue?)"
    rf"[ \t]+(?=(?-i:{UPPER}))"
)


_STAMPED = re.compile(
    rf"(?m)^[^\n]{{0,24}}?(?:\d{{1,2}}[:hH](?:\d{{2}})?|\d[/.-]\d{{2,4}}|\d{{6}})[ \t]+(?:[-–][ \t]+)?"
    rf"(?=(?:[dD]['’]|d[eu] )?{UPPER}[\w'’ .-]{{1,30}}[ \t]?:)"
)
"""A note's own line with its hour: `23.05 9h05 Benoit: pouls perçus`."""

_NUMBERED = re.compile(
    rf"\b(?i:patiente?|ipp|nip)[ \t]*:?[ \t]*[A-Z]?\d{{5,12}}[ \t]+"
    rf"(?={UPPER}[A-ZÀ-Ý'’-]+ (?:{UPPER}[A-ZÀ-Ý'’-]+ ){{0,3}}\d)"
)
"""A line of an archive: number, name in capitals, birth date."""


def acting_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""
    yield from _by_somebody(tokens, text, lex)
    for match in at_words(_HOUSE, text):
        yield name_run(tokens, text, first_at(tokens, match.end()), lex, loud=True), 0.6, "family"
    for match in at_words(_OF, text):
        run = name_run(tokens, text, first_at(tokens, match.end()), lex, loud=True)
        if not run:
            run = name_run(tokens, text, first_at(tokens, match.end()), lex, loud=False, listed=True)
            run = run if run and _PERSON_AFTER.match(text, tokens[run[-1]].end) else []
        yield run, 0.6, "of"
    for pattern in (_LETTER_HEAD, _LIST, _STAMPED, _NUMBERED):
        for match in anywhere(pattern, text):
            yield from _listed(tokens, text, match.end(), lex)
    yield from names_before(tokens, text, lex)


def _by_somebody(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """`vu avec X`, `signé le 3 mars par X`; a drug after `traité par` is none."""
    for match in at_words(_BY, text):
        start = first_at(tokens, match.end())
        loud = match.group().isupper()
        seen = not loud and _SEEN.search(text, max(0, match.start() - 16), match.start()) is not None
        run = name_run(tokens, text, start, lex, loud=loud, listed=seen)
        if not run and (
            (loud and _is_apposed(tokens, start, text, lex)) or _is_listed_so(tokens, start, text)
        ):
            run = [start]
        treated = _DRUG_BEFORE.search(text, max(0, match.start() - 40), match.start()) is not None
        drug = len(run) == 1 and (treated or (not seen and _is_drug(tokens[run[0]], lex)))
        if not drug:
            yield run, 0.6, "act"


def _is_apposed(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    """In a text of capitals: a common first name before a comma, `ACCOMPAGNE PAR AMBRE, SA FILLE`."""
    after = (
        tokens[place + 1 : place + 2] if place < len(tokens) and text[tokens[place].end :][:1] == " " else ()
    )
    last = after[0] if after and after[0].is_upper else tokens[place] if place < len(tokens) else None
    if last is None or text[last.end : last.end + 2] != ", ":
        return False
    return lex.first_name_rank.get(tokens[place].folded, 10**6) < COMMON_FIRST_NAMES


def _is_listed_so(tokens: Sequence[Token], place: int, text: str) -> bool:
    """A surname in capitals with its initial, whatever it means: `par BOUCHARD B`."""
    if place + 1 >= len(tokens) or not tokens[place].is_upper or text[tokens[place].end] != " ":
        return False
    initial = tokens[place + 1]
    bare = len(initial.text) == 1 and initial.is_capitalised and initial.folded not in {"A", "Y", "L", "D"}
    return bare and len(tokens[place].text) > 2 and not text[initial.end : initial.end + 1].isalnum()


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
