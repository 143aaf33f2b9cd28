"""Names that nothing introduces: alone on a line or at its beginning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    MEDICAL_SHAPE,
    PARTICLES,
    is_heading,
    is_strong_first_name,
    is_term_word,
    is_title,
)
from osteon.deid.text.searches import anywhere
from osteon.deid.text.tokens import Token, first_at

_SEGMENT = re.compile(r"\n|[ \t][-–—|/][ \t]|[|;(\t]|(?<=[^\W\d_]) ?: ")
"""Where a line or a part of it begins."""


def alone_on_line(tokens: Sequence[Token], text: str, lex: Lexicon) -> list[list[int]]:
    """A line or a part of it, or its beginning up to a number or a comma, that holds nothing but a name."""
    found = []
    starts = [0, *(m.end() for m in _SEGMENT.finditer(text))]
    for number, start in enumerate(starts):
        first = first_at(tokens, start)
        if first == len(tokens) or text[start : tokens[first].start].strip(" \t\u00a0•·*>"):
            continue
        newline = text.find("\n", start)
        end = len(text) if newline < 0 else newline
        if tokens[first].start >= end:
            continue
        stop = min(end, starts[number + 1] if number + 1 < len(starts) else end)
        line = list(range(first, first_at(tokens, end)))
        part = list(range(first, first_at(tokens, stop)))
        head = (
            _last_of_line(tokens, part, text, start, end, lex)
            or _head_of_line(tokens, line, text, lex)
            or _whole_part(tokens, part, text, stop, lex)
            or _before_contact(tokens, line, text, lex)
        )
        if head:
            found.append(head)
    return found


def _last_of_line(
    tokens: Sequence[Token], part: list[int], text: str, start: int, end: int, lex: Lexicon
) -> list[int]:
    """A known name alone behind the line's last dash: `- Mme X (77 ans) - Moreau`."""
    if len(part) != 1 or text[max(0, start - 3) : start].strip(" \t") not in {"-", "–", "—"}:
        return []
    token = tokens[part[0]]
    if text[token.end : end].strip() or not token.is_capitalised or is_heading(token):
        return []
    common = lex.first_name_rank.get(token.folded, 10**6) < COMMON_FIRST_NAMES
    return (
        part
        if (token.folded in lex.surnames or common) and text[:start].rstrip(" -–—\t")[-1:] not in {"", "\n"}
        else []
    )


def _whole_part(tokens: Sequence[Token], part: list[int], text: str, stop: int, lex: Lexicon) -> list[int]:
    """All words of a part that is two to five capitalised words, one of them in no dictionary."""
    while part and tokens[part[-1]].folded in PARTICLES and tokens[part[-1]].text.islower():
        part = part[:-1]
    if not 2 <= len(part) <= 5:
        return []
    named = [tokens[p] for p in part]
    if any(len(t.text) == 1 and (t.text.islower() or text[t.end : t.end + 1] != ".") for t in named):
        return []
    labelled = _LABEL_AFTER.match(text, named[-1].end) is not None
    rest = "" if labelled else re.split(r"\d", text[named[-1].end : stop])[0]
    between = {text[a.end : b.start] for a, b in pairwise(named)}
    if rest.strip(" \t,.-–—|(;:)\r\n\u00a0") or not between <= {
        " ",
        "-",
        "'",
        "’",
        ", ",
        ",",
        ". ",
        "\u00a0",
    }:
        return []
    if is_term_word(named[0]) and named[1].folded in PARTICLES:
        return []  # `Classification de Sever`
    beside = labelled or any(lex.is_first_name(t.folded) and not lex.is_word(t.folded) for t in named)
    for token in named:
        if is_title(token) or is_heading(token) or token.folded in ACRONYMS:
            return []
        if not beside and (token.folded in lex.protected or is_term_word(token)):
            return []
        if (
            any(piece in lex.protected for piece in token.folded.split("-"))
            and token.folded not in lex.protected
        ):
            return []
        if token.folded in FUNCTION_WORDS and token.folded not in PARTICLES:
            return []
        if token.folded not in PARTICLES and not token.is_capitalised and not (beside and len(named) == 2):
            return []
    real = [t for t in named if t.folded not in PARTICLES]
    known = any(
        (lex.is_first_name(t.folded) or t.folded in lex.surnames or not lex.is_word(t.folded)) for t in real
    )
    upper = all(t.is_upper or len(t.text) == 1 for t in real)
    strange = any(not lex.is_word(t.folded) and len(t.text) > 2 for t in real)
    return part if strange or (known and (labelled or not upper)) else []


_LABEL_AFTER = re.compile(
    r"\s*[-–|,;(/]\s*(?:IPP|NIP|NDA|DDN|INS|NIR|NISS|n[ée]e?\b|n[ée]\(e\)|\d{1,4}[ /.-]|\d{6}|[A-Z]\d{5}|"
    r"dossier|n°|examen)|[ \t]*\n[ \t]*\d{1,2}[ ./-]\d",
    re.IGNORECASE,
)
_BEFORE_BIRTH = re.compile(
    r"(?:^|\n)[ \t]*(?P<first>[^\n\d:]{2,40})\n[ \t]*(?:(?P<second>[^\n\d:]{2,40})\n[ \t]*)?"
    r"(?=n[ée]e?(?:\(e\))?[ ]le|DDN|Date de naissance|D\.N\.|IPP\b)",
    re.IGNORECASE,
)


def before_birth(tokens: Sequence[Token], text: str) -> list[list[int]]:
    """One or two lines of capitalised words right above a line that begins with the birth date."""
    found = []
    for match in anywhere(_BEFORE_BIRTH, text):
        for group in ("second", "first"):
            if match[group] is None:
                continue
            line = list(range(first_at(tokens, match.start(group)), first_at(tokens, match.end(group))))
            words = [tokens[p] for p in line]
            if not words or len(words) > 4 or any(is_heading(t) or is_title(t) for t in words):
                break
            capital = all(t.is_capitalised or t.folded in PARTICLES for t in words)
            if not capital or any(t.folded in ACRONYMS or is_term_word(t) for t in words):
                break
            found.append(line)
    return found


_CONTACT = re.compile(
    r"\s*[,(:–-]?\s*(?:\d|\+|\(\+?\d|[\w.%+'-]+\s?@|n[ée]e?\b|(?:lun|mar|mer|jeu|ven|sam|"
    r"dim)[a-z]*\b[.,]{0,2}\s*\d|"
    r"(?:rue|avenue|boulevard|place|chemin)\b)",
    re.IGNORECASE,
)


def _before_contact(tokens: Sequence[Token], line: list[int], text: str, lex: Lexicon) -> list[int]:
    """Two to four words at a line's beginning before a date, a telephone, a mail or an address."""
    head: list[int] = []
    for place in line[:5]:
        gap = text[tokens[place - 1].end : tokens[place].start] if head else " "
        if head and (
            gap not in {" ", "-", "'", "’", ", ", " , "} or _MAIL_WORD.match(text, tokens[place].start)
        ):
            break
        if head and "," in gap and _CONTACT.match(text, tokens[head[-1]].end):
            break
        if is_title(tokens[place]) or is_heading(tokens[place]) or tokens[place].folded in ACRONYMS:
            return []
        if tokens[place].folded in FUNCTION_WORDS:
            return []
        head.append(place)
    while head and tokens[head[-1]].folded in PARTICLES and tokens[head[-1]].text.islower():
        head.pop()  # a date's article: `Argenton, le 3 mars`
    real = [tokens[p] for p in head if tokens[p].folded not in PARTICLES]
    if len(real) == 1 == len(head) and _DATE_AFTER.match(text, real[0].end):
        return head if not lex.is_word(real[0].folded) or real[0].folded in lex.protected else []
    if not 2 <= len(real) <= 3 or not _CONTACT.match(text, tokens[head[-1]].end):
        return []
    strange = [t for t in real if not lex.is_word(t.folded) and t.folded not in lex.protected]
    named = [t for t in real if lex.is_first_name(t.folded) or t.folded in lex.surnames or t in strange]
    shaped = any(
        MEDICAL_SHAPE.search(t.folded)
        for t in strange
        if t.text.islower() and not lex.is_first_name(t.folded)
    )
    first = any(lex.is_first_name(t.folded) for t in real)
    enough = len(named) == len(real) or (first and bool(strange) and len(real) <= 2)
    return head if strange and enough and not (shaped and not first) else []


_DATE_AFTER = re.compile(r"\s*[,/]\s*\d(?:[\s/.-]*\d){5,7}(?!\d)")
_MAIL_WORD = re.compile(r"[\w.%+'-]+\s?@")


def _head_of_line(tokens: Sequence[Token], line: list[int], text: str, lex: Lexicon) -> list[int]:
    head: list[int] = []
    for place in line[:5]:
        token = tokens[place]
        gap = text[tokens[place - 1].end : token.start] if head else " "
        if (
            (head and gap.strip(" ,"))
            or is_title(token)
            or is_heading(token)
            or token.folded in FUNCTION_WORDS
            or token.folded in ACRONYMS
            or token.folded in lex.protected
            or (token.folded in PARTICLES and "," in gap)
        ):
            break
        first = lex.is_first_name(token.folded)
        rank = lex.first_name_rank.get(token.folded, 10**6)
        if (
            lex.is_word(token.folded)
            and not (first and rank < COMMON_FIRST_NAMES)
            and token.folded not in lex.surnames
            and not _lends(tokens, place, line, text, lex)
        ):
            break
        head.append(place)
    if not head:
        return []
    firsts = [p for p in head if lex.is_first_name(tokens[p].folded)]
    after = text[tokens[head[-1]].end :][:3].strip(" ,")
    whole = len(head) == len(line) and not re.sub(
        r"[\w\s,.'’-]", "", text[tokens[line[-1]].end :].split("\n")[0]
    )
    if len(head) == 1:
        token = tokens[head[0]]
        rank = lex.first_name_rank.get(token.folded, 10**6)
        written = token.is_capitalised and not token.is_upper
        named = bool(firsts) and (
            not lex.is_word(token.folded) or rank < (COMMON_FIRST_NAMES if written else 400)
        )
        rest = text[token.end :].split("\n")[0]
        lonely = len(line) == 1 and not re.search(r"\w", rest)
        if re.match(r"\s*,\s*(?:\d|(?:lun|mar|mer|jeu|ven|sam|dim)\w*\b)", rest, re.IGNORECASE):
            return head if firsts or lex.is_rare_word(token.folded) else []
        return head if (lonely and (named or lex.is_rare_word(token.folded)) and len(token.text) > 2) else []
    if not firsts:
        return (
            head if whole and len(head) <= 3 and all(lex.is_rare_word(tokens[p].folded) for p in head) else []
        )
    strong = any(
        is_strong_first_name(tokens[p], lex) or lex.first_name_rank.get(tokens[p].folded, 10**6) < 400
        for p in firsts
    )
    follower = tokens[head[-1] + 1] if head[-1] + 1 < len(tokens) else None
    ends = whole or not after or not after[0].isalpha() or follower is None or follower.is_capitalised
    return head if strong and (ends or tokens[head[-1]].is_capitalised) else []


def _lends(tokens: Sequence[Token], place: int, line: list[int], text: str, lex: Lexicon) -> bool:
    """A word of the language stands for a surname when a first name is its only neighbour on the line."""
    if len(line) > 2 and not re.match(r"\s*[,\d(+]", text[tokens[line[1]].end :]):
        return False
    other = [p for p in line[:2] if p != place]
    return (
        place in line[:2]
        and bool(other)
        and lex.first_name_rank.get(tokens[other[0]].folded, 10**6) < COMMON_FIRST_NAMES
    )
