"""Names that something introduces: a title, a field of a form, a role, a maiden name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from osteon.deid.text.languages import forms
from osteon.deid.text.lexicon import COMMON_FIRST_NAMES as MANY_FIRST_NAMES
from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.introduced_runs import is_near, name_after
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    PARTICLES,
    is_heading,
    is_title,
)
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.tokens import UPPER, Token, first_at

_LOOSE_TITLE = re.compile(
    r"\bPR\b\.?\s+[^\WA-ZÀ-Ý\d_]"
)  # PR is also an acronym: before a small letter it is no title
_M = re.compile(
    rf"(?<![\w.'’])(?<!exe : )(?<!EXE : )(?<!exe: )M(?:(?:\.(?=\s+)|(?=[ \t\u00a0]))"
    rf"(?=\s+(?:(?:de|du|des|van|von|le|la) )*(?:d['’])?{UPPER})|\.(?= [^\W\d_]{{3}}))"
)
_BEFORE_MAIDEN = re.compile(
    rf"(?P<gap>,?\s+)(?:[ée]pouse|[ée]p\.|veuve|vve|n[ée]e|n[ée]\(e\))\s+(?=(?:[dDlL]['’])?{UPPER})"
)
_AND = re.compile(r"\s*(?:,|/|&|\bet\b|\ben\b|\band\b)\s*(?:(?:Dr|Pr|Mme|M)\.?\s+)?", re.IGNORECASE)
_LOUD_RELATION = re.compile(
    rf"\b(?:SA|SON|SES|LEUR|MA|MON|VOTRE)\s+(?:FILLE|FILS|M[EÈ]RE|P[EÈ]RE|S(?:OE|Œ)UR|FR[EÈ]RE|"
    rf"MARI|[EÉ]POU(?:X|SE))"
    rf"\s*,?\s+(?={UPPER}{{3}})"
)
_RELATION = re.compile(
    rf"\b(?:[Ss]a|[Ss]on|[Ss]es|[Ll]eur|[Mm]a|[Mm]on|[Vv]otre)\s+(?:[^\W\d_]+\s)?(?:fille|fils|"
    rf"m[èe]re|p[èe]re|s[oœ]e?ur|fr[èe]re|mari|femme|"
    rf"[ée]pou(?:se|x)|conjointe?|compagn(?:e|on)|ni[èe]ce|neveu|tante|oncle|cousine?|"
    rf"petite?[- ]fil(?:le|s)|belle-(?:fille|m[èe]re|s[oœ]e?ur)|"
    rf"beau-(?:fils|p[èe]re|fr[èe]re)|gendre|bru|concubine?|grand-(?:m[èe]re|p[èe]re)|marraine|"
    rf"parrain|voisine?|amie?|aidante?|patiente?|enfant)\s*,?\s+(?=(?:[dDlL]['’])?{UPPER})"
)
_FAMILY = re.compile(
    r"enfant|conjoint|[ée]pou|fils|fille|fr[èe]re|s[oœ]|m[èe]re|p[èe]re|ami|voisin|neveu|ni[èe]ce|petite?-",
    re.IGNORECASE,
)
"""Whose history may stand after a colon: `Mère : diabète`."""
_VERB = re.compile(
    r"\s(?:pr[ée]sent(?:e|ait)|a [ée]t[ée]|est|sera|était|se plaint|consult(?:e|ait)|rapporte|va|vit|"
    r"reste|garde|a (?:chut|pr[ée]sent|b[ée]n)[ée]e?|"
    r"souffre|appelle|t[ée]l[ée]phone|demande|passe|souhaite|veut|peut|"
    r"[^\W\d_]+(?:[eid]ra|rra|ura)|revient|doit|pourra|n['’]a|a )\b"
)
Named = tuple[list[int], float, str]


class _Patterns(NamedTuple):
    title: re.Pattern[str]
    many: re.Pattern[str]
    role: re.Pattern[str]
    field: re.Pattern[str]
    strict_field: re.Pattern[str]


@cache
def _patterns(code: str) -> _Patterns:
    def compiled(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    return _Patterns(
        title=compiled(rf"\b(?P<title>{forms('titles', code)})\b\.?(?=[\s:])"),
        many=compiled(rf"(?:{forms('plural_titles', code)})\.?"),
        role=compiled(rf"\b(?P<title>{forms('roles', code)})\b(?:\(e\))?(?:\s*(?:[:,]|nomm[ée]e?))?"),
        field=compiled(
            rf"\b(?P<title>{forms('name_fields', code)}|"
            rf"n[ée]e?(?= (?:(?:de|du|d['’]|van|von|le|la)[ ]?)*(?-i:{UPPER}))|"
            rf"n[ée]\(e\)(?= (?-i:{UPPER})))"
            r"(?!\w)(?:\(e\))?\s*(?::|par|=)?"
        ),
        strict_field=compiled(rf"(?:{forms('patient_fields', code)})"),
    )


def introduced_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""
    known = _patterns(lex.language)
    for pattern, strength, score in (
        (known.title, 3, 0.95),
        (_M, 3, 0.95),
        (known.field, 2, 0.85),
        (known.role, 1, 0.8),
    ):
        for match in anywhere(pattern, text) if pattern is _M else at_words(pattern, text):
            if pattern is known.title and _LOOSE_TITLE.match(text, match.start()):
                continue
            start = first_at(tokens, match.end())
            if start < len(tokens) and is_near(text, match.end(), tokens[start].start, strength):
                sure = _sureness(match, strength, tokens, start, text, lex, known)
                run = name_after(tokens, start, text, lex, sure)
                yield run, score, f"after-{strength}"
                if run and pattern is known.title and known.many.fullmatch(match.group()):
                    yield from _more(tokens, run[-1], text, lex)
    for match in (*at_words(_RELATION, text), *at_words(_LOUD_RELATION, text)):
        start = first_at(tokens, match.end())
        if start < len(tokens) and not is_title(tokens[start]):
            strength = 1 if match.group().isupper() else 3  # in a text of capitals a verb may follow
            run = name_after(tokens, start, text, lex, strength)
            if not run and lex.first_name_rank.get(tokens[start].folded, 10**6) < MANY_FIRST_NAMES:
                run = [start]
            run += _surname_of_relative(tokens, run, text, lex) if strength == 3 else []
            yield (
                [start] if tokens[start].folded in FUNCTION_WORDS and strength == 3 else run,
                0.9,
                "relation",
            )
    yield from _subjects(tokens, text, lex)
    yield from _before_maiden_names(tokens, text, lex)


def _sureness(
    match: re.Match[str],
    strength: int,
    tokens: Sequence[Token],
    start: int,
    text: str,
    lex: Lexicon,
    known: _Patterns,
) -> int:
    """How sure a name follows: as after a title where a colon, a role's letters or a full name say so."""
    field, role = match.re is known.field, match.re is known.role
    sure = _strength_of(match, strength, known if field else None)
    token, colon = tokens[start], match.group().rstrip().endswith(":")
    written = token.is_capitalised and not is_heading(token)
    if written and colon and (sure == 2 or (sure == 1 and not _FAMILY.match(match["title"]))):
        return 3
    if field and match["title"].lower().startswith(("prén", "pren")) and token.text.istitle():
        return 3
    lettered = role and match["title"].isupper() and token.text.istitle()
    return 3 if lettered or (role and colon and _is_full_name(tokens, start, text, lex)) else sure


def _is_full_name(tokens: Sequence[Token], start: int, text: str, lex: Lexicon) -> bool:
    """A common first name and a capitalised word after it."""
    following = tokens[start + 1 : start + 2]
    common = lex.first_name_rank.get(tokens[start].folded, 10**6) < MANY_FIRST_NAMES
    joined = bool(following) and text[tokens[start].end : following[0].start] == " "
    return common and joined and tokens[start].text.istitle() and following[0].is_capitalised


def _surname_of_relative(tokens: Sequence[Token], run: list[int], text: str, lex: Lexicon) -> list[int]:
    """The capitalised word after a relative's first name, whatever it means: `sa mère Prune Boucher`."""
    if len(run) != 1 or run[0] + 1 >= len(tokens):
        return []
    first, second = tokens[run[0]], tokens[run[0] + 1]
    joined = text[first.end : second.start] == " " and second.is_capitalised and len(second.text) > 2
    term = is_title(second) or is_heading(second) or second.folded in ACRONYMS | FUNCTION_WORDS
    return [run[0] + 1] if joined and not term and lex.is_first_name(first.folded) else []


def _subjects(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """A first name that is the subject of a sentence: `Rose présente une fracture`."""
    for place, token in enumerate(tokens):
        if (
            token.is_capitalised
            and len(token.text) > 2
            and lex.is_first_name(token.folded)
            and not is_title(token)
            and token.folded not in FUNCTION_WORDS
            and token.folded not in ACRONYMS
            and lex.first_name_rank.get(token.folded, 0) < 4 * MANY_FIRST_NAMES
            and _VERB.match(text, token.end)
            and text[: token.start].rstrip(" \t")[-1:] in {"", ".", ":", "\n", ",", "!"}
        ):
            yield [place], 0.6, "subject"


def _more(tokens: Sequence[Token], last: int, text: str, lex: Lexicon) -> Iterator[Named]:
    """The other names after a title in the plural: `Drs A, B et C`."""
    for _ in range(6):
        joint = _AND.match(text, tokens[last].end)
        if joint is None:
            return
        start = first_at(tokens, joint.end())
        if start == len(tokens) or tokens[start].start != joint.end() or not tokens[start].is_capitalised:
            return
        run = name_after(tokens, start, text, lex, 3)
        if not run:
            return
        yield run, 0.9, "after-and"
        last = run[-1]


def _before_maiden_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Words before `épouse X` or `née X`."""
    for match in _BEFORE_MAIDEN.finditer(text):
        place = first_at(tokens, match.start()) - 1
        run: list[int] = []
        while place >= 0 and len(run) < 4:
            token, end = tokens[place], tokens[run[-1]].start if run else match.start()
            gap = text[token.end : end]
            joined = gap in {"", " ", ", ", "'", "’"}
            particle = token.folded in PARTICLES and bool(run)
            named = token.is_capitalised and not is_title(token) and token.folded not in FUNCTION_WORDS
            if not joined or not (named or particle) or token.folded in ACRONYMS:
                break
            run.append(place)
            place -= 1
        while run and not tokens[run[-1]].is_capitalised:
            run.pop()
        if any(not lex.is_word(tokens[p].folded) or tokens[p].is_upper for p in run) or len(run) > 1:
            yield run, 0.8, "before-maiden"


def _strength_of(match: re.Match[str], strength: int, fields: _Patterns | None) -> int:
    """A field that names the patient is as good as a title."""
    if fields is None:
        return strength
    strict = ":" in match.group() and fields.strict_field.match(match["title"])
    return (
        3
        if strict or match["title"].lower().startswith(("né", "ne", "ép", "ep", "vve", "veuve"))
        else strength
    )
