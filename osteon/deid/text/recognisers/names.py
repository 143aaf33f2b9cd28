"""Names of people: after a title, beside a first name, alone on a line; eponyms and anatomy stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from osteon.deid.text.lexicon import COMMON_FIRST_NAMES, Lexicon, word_class
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import Token, words

_TITLE = re.compile(
    r"\b(?P<title>docteurs?|dr(?:s|esse)?|pr(?:of(?:esseur)?)?|monsieur|messieurs|madame|"
    r"mesdames|mademoiselle|mmes?|mlles?|mr|mrs|ma[îi]tre)\b\.?(?=[\s:])",
    re.IGNORECASE,
)
_LOOSE_TITLE = re.compile(
    r"\bPR\b\.?\s+[^\WA-ZÀ-Ý\d_]"
)  # PR is also an acronym: before a small letter it is no title
_M = re.compile(r"(?<![\w.'’])M\.?(?=\s+(?:d['’])?[A-ZÀ-Ý])")
_ROLE = re.compile(
    r"\b(?P<title>patiente?|usag[eè]re?|b[ée]n[ée]ficiaire|assur[ée]e?|enfant|personne "
    r"suivie|r[ée]sidente?|confr[èe]re|interne|externe|manipulat(?:eur|rice)|"
    r"radiologue|chirurgien(?:ne)?|m[ée]decin(?: traitant| prescripteur| correspondant)?|"
    r"secr[ée]taire|infirmi[èe]re?|kin[ée](?:sith[ée]rapeute)?|conjointe?|[ée]pou(?:x|"
    r"se)|fils|fille|fr[èe]re)\b"
    r"(?:\s*(?:[:,]|nomm[ée]e?))?",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"\b(?P<title>nom(?:s)?(?: de (?:naissance|famille|jeune fille)| usuel| d['’]usage|"
    r" marital| et pr[ée]noms?| du patient)?|pr[ée]noms?|patiente?|"
    r"n[ée]e?(?= [A-ZÀ-Ý])|[ée]p(?:ouse|\.)|veuve|vve|sign(?:ée?(?: par)?|ee? par)|valid(?:ée?(?: "
    r"par)?|ee? par)|r[ée]dig[ée]e? par|dict[ée]e? par|lu(?: et valid[ée])? par|relu par|"
    r"interpr[ée]t[ée]e? par|vu par|"
    r"adress[ée]e? par|demand[ée]e? par|r[ée]alis[ée]e? par|prescrit(?:e)? par|prescripteur|"
    r"demandeur|op[ée]rateur|destinataire|correspondant|contact|dict[ée]|frappe)\b\s*(?::|"
    r"par|=)?",
    re.IGNORECASE,
)
_STRICT_FIELDS = re.compile(r"(?:nom|pr[ée]nom|patient)", re.IGNORECASE)
_PARTICLES = word_class("name_particles")
_FUNCTION = word_class("function_words")
_EPONYM_BEFORE = word_class("words_before_an_eponym")
_LINKERS = frozenset(["DE", "D", "DU", "SELON", "ET", "OU"])
_GAP = re.compile(r"[\s.,'’-]{0,3}")


def find_names(text: str, lex: Lexicon) -> list[Span]:
    """Spans of names, one per word, labelled NOM or PRENOM."""
    tokens = words(text)
    found: dict[int, tuple[float, str]] = {}

    def mark(places: Iterable[int], score: float, rule: str) -> None:
        for place in places:
            if score > found.get(place, (0.0, ""))[0]:
                found[place] = (score, rule)

    for pattern, strength, score in ((_TITLE, 3, 0.95), (_M, 3, 0.95), (_FIELD, 2, 0.85), (_ROLE, 1, 0.8)):
        for match in pattern.finditer(text):
            if pattern is _TITLE and _LOOSE_TITLE.match(text, match.start()):
                continue
            start = _next_token(tokens, match.end())
            if start is not None and _near(text, match.end(), tokens[start].start, strength):
                mark(
                    _run(tokens, start, text, lex, _strength_of(match, pattern, strength)),
                    score,
                    f"after-{strength}",
                )
    for places in _beside_first_names(tokens, text, lex):
        mark(places, 0.75, "first-name")
    for places in _alone_on_line(tokens, text, lex):
        mark(places, 0.7, "line")
    spans = []
    for place, (score, rule) in found.items():
        token = tokens[place]
        if _is_title(token):
            continue
        label = (
            "PRENOM"
            if lex.is_first_name(token.folded) and not _is_family_place(found, place, tokens)
            else "NOM"
        )
        spans.append(Span(token.start, token.end, label, score, rule))
    return _joined(spans, text)


def _is_family_place(found: dict[int, tuple[float, str]], place: int, tokens: Sequence[Token]) -> bool:
    """A first name in capitals beside one that is not is a surname (MARTIN Paul)."""
    token = tokens[place]
    around = [tokens[p] for p in (place - 1, place + 1) if p in found]
    return token.is_upper and any(not other.is_upper for other in around)


def _strength_of(match: re.Match[str], pattern: re.Pattern[str], strength: int) -> int:
    if pattern is _FIELD and ":" in match.group() and _STRICT_FIELDS.match(match["title"]):
        return 3
    return strength


def _next_token(tokens: Sequence[Token], position: int) -> int | None:
    for place, token in enumerate(tokens):
        if token.start >= position:
            return place
    return None


def _near(text: str, end: int, start: int, strength: int) -> bool:
    gap = text[end:start]
    return (
        not gap.strip(" .:,\t\u00a0\n" if strength == 3 else " :,\t\u00a0")
        and gap.count("\n") <= 1
        and len(gap) <= 6
    )


def _run(tokens: Sequence[Token], start: int, text: str, lex: Lexicon, strength: int) -> list[int]:
    """Words from `start` that make one name: initials, particles, first names, surnames."""
    run: list[int] = []
    place, pending = start, list[int]()
    while place < len(tokens) and len(run) < 5:
        token = tokens[place]
        gap = text[tokens[place - 1].end : token.start] if place > start else ""
        if place > start and not _joins(gap, token, run, lex):
            break
        if (
            token.folded in _PARTICLES
            and (not run or token.folded not in {"LA", "LE"} or token.is_capitalised)
            and len(token.text) > 0
            and _particle_ok(tokens, place, text, lex)
        ):
            pending.append(place)
        elif _is_namelike(tokens, place, text, lex, strength, first=not run):
            run += [*pending, place]
            pending = []
        else:
            break
        place += 1
    return run


def _particle_ok(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    if place + 1 >= len(tokens):
        return False
    following = tokens[place + 1]
    return text[tokens[place].end : following.start] in {" ", "'", "’", "-"} and (
        following.is_capitalised or lex.is_rare_word(following.folded) or following.folded in _PARTICLES
    )


def _joins(gap: str, token: Token, run: list[int], lex: Lexicon) -> bool:
    """Words of one name are joined by blanks, a dot after an initial, or a comma before a first name."""
    if not gap.strip(" \t\u00a0") or gap in {"'", "’", ". ", ".", "-", ".-", " - "}:
        return True
    if gap.strip() == "," and run:
        return lex.is_first_name(token.folded)
    return (
        gap.count("\n") == 1
        and not gap.strip()
        and token.is_upper
        and bool(run)
        and lex.is_rare_word(token.folded)
    )


def _is_namelike(
    tokens: Sequence[Token], place: int, text: str, lex: Lexicon, strength: int, *, first: bool
) -> bool:
    token = tokens[place]
    if _is_title(token):
        return False
    if token.folded in _FUNCTION and not (token.is_upper and first and strength == 3 and len(token.text) > 3):
        return False
    known = lex.is_first_name(token.folded) or token.folded in lex.surnames
    if len(token.text) == 1:
        if token.folded == "M" and first and strength < 3:
            return False  # Monsieur, a title of its own
        followed_by_dot = text[token.end : token.end + 1] in {".", "-"}
        return token.is_capitalised and (
            followed_by_dot or (strength == 3 and first and _next_capital(tokens, place, text))
        )
    rare = lex.is_rare_word(token.folded) and token.folded not in _ACRONYMS
    if token.is_capitalised and strength == 3 and not first and len(tokens[place - 1].text) == 1:
        return True
    if token.is_capitalised:
        if first and strength >= 2:
            return strength == 3 or not lex.is_word(token.folded) or known
        alone = (
            token.is_upper
            and len(token.text) > 2
            and not _upper_around(tokens, place)
            and token.folded not in _ACRONYMS
        )
        if first:
            return (
                rare
                or alone
                or _strong_first_name(token, lex)
                or _first_name_follows(tokens, place, text, lex)
            )
        if alone and (not tokens[place - 1].is_upper or strength == 3):
            return True
        return rare or (
            known
            and (
                not lex.is_word(token.folded)
                or lex.first_name_rank.get(token.folded, 10**6) < COMMON_FIRST_NAMES
            )
        )
    if first and strength == 3:
        return True
    rare = rare and not _TERM_ENDING.search(token.folded)
    return (
        rare
        or (lex.is_first_name(token.folded) and not lex.is_word(token.folded))
        or (not first and lex.first_name_rank.get(token.folded, 10**6) < 1500 and strength == 3)
    )


_TERM_ENDING = re.compile(
    r"(?:IQUES?|MENT|EES?|ALES?|EUX|EUSES?|AIRES?|OIDES?|GENES?|TOMIES?|PATHIES?|SCOPES?|"
    r"GRAPHIES?|TRIES?|ISEE?S?|IENS?|IENNES?)$"
)
_ACRONYMS = word_class("acronyms")


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
    return gap.strip() in {"", ","} and "\n" not in gap and _strong_first_name(following, lex)


def _strong_first_name(token: Token, lex: Lexicon) -> bool:
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
            return False
        if token.folded in _EPONYM_BEFORE and not token.is_upper:
            return True
        if token.folded not in _LINKERS and not (token.is_capitalised and lex.is_rare_word(token.folded)):
            return False
        back -= 1
    return False


def is_surname_shape(token: Token, lex: Lexicon) -> bool:
    """True for a capitalised word that is a name or in no dictionary."""
    known = lex.is_first_name(token.folded) or token.folded in lex.surnames
    return (
        token.is_capitalised
        and len(token.text) > 2
        and token.folded not in _ACRONYMS
        and (lex.is_rare_word(token.folded) or known)
    )


def _beside_first_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> list[list[int]]:
    """First names with the surnames beside them, anywhere in the text."""
    found = []
    for place, token in enumerate(tokens):
        if not token.is_capitalised and not (
            not lex.is_word(token.folded) and lex.first_name_rank.get(token.folded, 10**6) < 3000
        ):
            continue
        if not lex.is_first_name(token.folded) or len(token.text) < 3 or is_eponym(tokens, place, text, lex):
            continue
        neighbours = [p for p in (place - 1, place + 1) if _is_surname_beside(tokens, place, p, text, lex)]
        strong = _strong_first_name(token, lex) and not lex.is_word(token.folded)
        is_town = token.folded in lex.towns and not neighbours
        common = lex.first_name_rank.get(token.folded, 0) < 12_000 or "-" in token.folded
        if neighbours and (strong or lex.first_name_rank.get(token.folded, 10**6) < 2500):
            found.append([place, *neighbours])
        elif (
            strong
            and common
            and not is_town
            and token.folded not in _ACRONYMS
            and (not token.is_upper or len(token.text) > 4)
        ):
            found.append([place])
    return found


def _is_surname_beside(tokens: Sequence[Token], place: int, other: int, text: str, lex: Lexicon) -> bool:
    if not 0 <= other < len(tokens):
        return False
    low, high = sorted((place, other))
    gap = text[tokens[low].end : tokens[high].start]
    if gap.strip(" ,.\u00a0") or "\n" in gap or len(gap) > 3:
        return False
    if "." in gap and other > place:
        return False
    token = tokens[other]
    if token.folded in _FUNCTION or token.folded in _ACRONYMS or len(token.text) < 2 or _is_title(token):
        return False
    if is_eponym(tokens, other, text, lex) and not (token.is_upper and not tokens[place].is_upper):
        return False
    rare = lex.is_rare_word(token.folded)
    if "," in gap and not (rare or token.is_upper):
        return False
    if token.is_upper and not (tokens[place].is_upper and lex.is_word(token.folded)):
        return True
    if token.is_capitalised:
        return (
            rare
            or token.folded in lex.surnames
            or (lex.is_first_name(token.folded) and not lex.is_word(token.folded))
        )
    return (rare and not tokens[place].text.islower()) or (rare and tokens[place].text.islower())


def _is_title(token: Token) -> bool:
    return token.folded in {
        "DR",
        "PR",
        "DRS",
        "M",
        "MLLES",
        "MM",
        "MRS",
        "ME",
        "MME",
        "MR",
        "MLLE",
        "MADAME",
        "MONSIEUR",
        "DOCTEUR",
        "PROFESSEUR",
        "PATIENT",
        "PATIENTE",
    }


def _alone_on_line(tokens: Sequence[Token], text: str, lex: Lexicon) -> list[list[int]]:
    """A line, or its beginning up to a number, a comma or the end, that holds nothing but a name."""
    found = []
    starts = [0] + [m.end() for m in re.finditer(r"\n", text)]
    for start in starts:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = [p for p, t in enumerate(tokens) if start <= t.start < end]
        if not line or text[start : tokens[line[0]].start].strip():
            continue
        head = _head_of_line(tokens, line, text, lex)
        if head:
            found.append(head)
    return found


def _head_of_line(tokens: Sequence[Token], line: list[int], text: str, lex: Lexicon) -> list[int]:
    head: list[int] = []
    for place in line[:5]:
        token = tokens[place]
        gap = text[tokens[place - 1].end : token.start] if head else " "
        if (
            (head and gap.strip(" ,"))
            or _is_title(token)
            or token.folded in _FUNCTION
            or token.folded in _ACRONYMS
            or token.folded in lex.protected
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
        named = bool(firsts) and (
            not lex.is_word(token.folded) or lex.first_name_rank.get(token.folded, 10**6) < 400
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
        _strong_first_name(tokens[p], lex) or lex.first_name_rank.get(tokens[p].folded, 10**6) < 400
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


def _joined(spans: list[Span], text: str) -> list[Span]:
    """Neighbouring words with one label as one span, so that a name of several words stays one."""
    joined: list[Span] = []
    for span in sorted(_with_elision(span, text) for span in spans):
        last = joined[-1] if joined else None
        if (
            last
            and last.label == span.label
            and re.fullmatch(r"[ '’\u00a0-]{1,2}", text[last.end : span.start])
        ):
            joined[-1] = Span(last.start, span.end, span.label, max(last.score, span.score), span.rule)
        else:
            joined.append(span)
    return joined


def _with_elision(span: Span, text: str) -> Span:
    """A surname with the D' or O' before it."""
    match = re.search(r"(?<![^\W_])[DO]['’]$", text[max(0, span.start - 3) : span.start])
    return (
        Span(span.start - 2, span.end, span.label, span.score, span.rule)
        if match and span.label == "NOM"
        else span
    )
