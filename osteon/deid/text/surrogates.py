"""What stands in the place of an identifier: the same everywhere for one patient, of the same form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import islice

from rapidfuzz.distance import OSA

from osteon.deid.identity import KnownIdentity
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.text.ages import AgeRule, age_surrogate
from osteon.deid.text.languages import LANGUAGES, language_data
from osteon.deid.text.lexicon import lexicon, word_class
from osteon.deid.text.recognisers.date_forms import ROMAN_MONTHS
from osteon.deid.text.recognisers.dates import FoundDate, read_dates
from osteon.deid.text.span import Span
from osteon.deid.text.spoken import words_of
from osteon.deid.values import fold

_WORD = re.compile(r"[^\W\d_]+")
_WORD_OF_A_DATE = re.compile(r"[^\W\d_]{2}|[ST]\d")
_KEPT_WORDS = word_class("words_kept_in_a_place")


@dataclass(slots=True)
class Surrogates:
    """Draws surrogates for one patient (or one unlinked note); every draw is keyed and repeatable.

    Attributes:
        scope: the patient's pseudonym, or what names the note.
        days: the patient's date shift.
    """

    pseudonymiser: Pseudonymiser
    scope: str
    days: int
    known: KnownIdentity | None = None
    age_cap_years: int = 89
    ages: AgeRule = "cap"
    language: str = "fr"
    _avoid: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        values: list[str] = []
        if self.known:
            values = [p for name in (*self.known.names, *self.known.people) for p in name]
            values += [*self.known.addresses, *self.known.institutions]
        self._avoid = frozenset(
            fold(word) for value in values for word in _WORD.findall(value) if len(word) > 1
        )

    def replace(self, text: str, span: Span, dates: dict[tuple[int, int], FoundDate]) -> str:
        """The surrogate for one span of the text."""
        written = text[span.start : span.end]
        if span.label in {"DATE", "DATE_NAISSANCE"}:
            return self._dates(written, dates.get((span.start, span.end)), span.start)
        if span.label == "AGE":
            return age_surrogate(written, self.ages, self.age_cap_years)
        if span.label in {"NOM", "PRENOM"}:
            return _WORD.sub(lambda m: self._name(m.group(), span.label), written)
        if span.label == "MAIL":
            return f"contact{self._draw('mail', fold(written), 900) + 100}@exemple.fr"
        if span.label == "URL":
            return "https://exemple.fr"
        if span.label == "VILLE":
            return self._town(written)
        if span.label in {"ADRESSE", "HOPITAL"}:
            return self._digits(_WORD.sub(lambda m: self._place_word(m.group()), written))
        if not any(c.isdigit() for c in written) and " " in written:
            return "[numéro]"  # said in words
        return self._digits(_letters_kept(self, written), keep_first=span.label == "TEL")

    def _name(self, word: str, label: str) -> str:
        if len(word) == 1:
            return "ABCDEFGHJLMPRSTV"[self._draw("initial", word.upper(), 16)]
        folded = self._canonical(fold(word))
        sex = lexicon().first_names.get(folded, "U")
        pool = _pools()[{"M": "male", "F": "female"}.get(sex, "family") if label == "PRENOM" else "family"]
        return _cased(self._pick(f"name:{label}", folded, pool), word)

    def _canonical(self, folded: str) -> str:
        """The known spelling of a mistyped known name, so that both get one surrogate."""
        close = [
            p
            for p in sorted(self._avoid)
            if len(p) >= 5 and OSA.distance(p, folded, score_cutoff=2) <= (1 if len(p) < 8 else 2)
        ]
        return folded if folded in self._avoid or not close else close[0]

    def _town(self, written: str) -> str:
        return _cased(self._pick("town", fold(written), _pools()["towns"]), written)

    def _place_word(self, word: str) -> str:
        folded = fold(word)
        if folded in _KEPT_WORDS:
            return word
        if len(word) <= 2:
            return _letters_kept(self, word)
        return _cased(self._pick("place", folded, _pools()["family"]), word)

    def _pick(self, kind: str, value: str, pool: tuple[str, ...]) -> str:
        """A pool entry that is not like anything known; the draw goes on from the keyed start."""
        start = self._draw(kind, value, len(pool))
        for step in range(len(pool)):
            candidate = pool[(start + step) % len(pool)]
            if candidate != value and not self._is_like_known(candidate):
                return candidate
        return pool[start]

    def _is_like_known(self, candidate: str) -> bool:
        pieces = {candidate, *re.split(r"[-' ]", candidate)}
        return any(
            piece == word or (len(word) >= 5 and OSA.distance(piece, word, score_cutoff=2) <= 2)
            for word in self._avoid
            for piece in pieces
        )

    def _draw(self, kind: str, value: str, count: int) -> int:
        return self.pseudonymiser.choice(kind, f"{self.scope}\0{value}", count)

    def _digits(self, written: str, *, keep_first: bool = False) -> str:
        characters = re.sub(r"\D", "", written)
        if not characters:
            return written
        digest = self.pseudonymiser.key.digest("digits", f"{self.scope}\0{characters}")
        replaced = [str(digest[place % 32] % 10) for place in range(len(characters))]
        if "".join(replaced) == characters:
            replaced[-1] = str((int(characters[-1]) + 1) % 10)
        if keep_first:
            replaced[0] = characters[0]
        fresh = iter(replaced)
        return re.sub(r"\d", lambda _m: next(fresh), written)

    def _dates(self, written: str, found: FoundDate | None, offset: int) -> str:
        if found is None:
            inner = read_dates(written, self.language)
            best = max(inner, key=lambda d: d.span.end - d.span.start, default=None)
            if best is None:
                return "[date]" if _WORD_OF_A_DATE.search(written) else self._digits(written)
            return (
                written[: best.span.start]
                + self._dates(written[best.span.start : best.span.end], best, best.span.start)
                + written[best.span.end :]
            )
        moved = shift(found, self.days)
        out, position = [], 0
        for name, start, end in sorted(found.parts, key=lambda part: part[1]):
            out.append(written[position : start - offset])
            out.append(_same_form(name, written[start - offset : end - offset], moved))
            position = end - offset
        return "".join(out) + written[position:]


def shift(found: FoundDate, days: int) -> date:
    """The date moved by whole days; a missing day counts as the 15th, a missing year as 2001."""
    year = found.year or 2001
    day = (
        min(found.day or 15, 28 if found.month == 2 else 30) if found.as_date() is None else (found.day or 15)
    )
    try:
        return date(year, found.month, day) + timedelta(days=days)
    except (ValueError, OverflowError):
        return date(2001, found.month, min(day, 28))


def _same_form(name: str, written: str, moved: date) -> str:
    """A part of a date as it was written: padding, blanks between digits, abbreviation, capitals, century."""
    digits = re.sub(r"\D", "", written)
    if name == "month" and not digits:
        return _month_name(written, moved.month)
    value = {"day": moved.day, "month": moved.month, "year": moved.year}[name]
    if not digits:
        return _cased("premier" if name == "day" and value == 1 else words_of(value), written.lower())
    if name == "year":
        text = f"{value:04d}" if len(digits) == 4 else f"{value % 100:02d}"
    else:
        text = f"{value:02d}" if len(digits) == 2 and (digits[0] == "0" or value < 10) else str(value)
    if re.search(r"\d\s\d", written):
        return " ".join(text)
    return "'" + text if written.startswith("'") else text


def _month_name(written: str, month: int) -> str:
    """The month in the language, length and case of the one that was written."""
    if written in ROMAN_MONTHS:
        return ROMAN_MONTHS[month - 1]
    bare = written.rstrip(".")
    dot = written[len(bare) :]
    tables = [language_data(code)["months"] for code in LANGUAGES]
    months = next((t for t in tables if any(fold(bare) in map(fold, names) for names in t)), tables[0])
    names = months[month - 1]
    abbreviated = not any(fold(bare) == fold(full[0]) for full in months)
    chosen = (
        min((n for n in names if len(n) > 2), key=lambda n: abs(len(n) - len(bare)))
        if abbreviated
        else names[0]
    )
    return _cased(chosen, bare) + dot


def _cased(word: str, like: str) -> str:
    if like.isupper():
        return word.upper()
    if like.islower():
        return word.lower()
    return re.sub(r"[^\W\d_]+", lambda m: m.group().capitalize(), word.lower())


def _letters_kept(surrogates: Surrogates, written: str) -> str:
    digest = surrogates.pseudonymiser.key.digest("letters", f"{surrogates.scope}\0{fold(written)}")
    place = iter(range(10**6))

    def one(match: re.Match[str]) -> str:
        letter = "ABCDEFGHJKLMNPRSTVWXYZ"[digest[next(place) % 32] % 22]
        return letter if match.group().isupper() else letter.lower()

    return re.sub(r"[^\W\d_]", one, written)


@cache
def _pools() -> dict[str, tuple[str, ...]]:
    """Surrogates by kind: frequent names that are no words, so that a reader sees a name."""
    lex = lexicon()
    fit = (n for n in lex.first_names if 3 < len(n) < 11 and not {"-", " "} & set(n) and not lex.is_word(n))
    names = list(islice(fit, 900))
    return {
        "female": tuple(n for n in names if lex.first_names[n] == "F")[:300],
        "male": tuple(n for n in names if lex.first_names[n] == "M")[:300],
        "family": tuple(
            sorted(
                n
                for n in lex.surnames
                if n.isalpha() and len(n) > 3 and n not in lex.protected and not lex.is_word(n)
            )
        ),
        "towns": tuple(
            t for t in list(lex.towns)[30:400] if t.isalpha() and len(t) > 4 and not lex.is_word(t)
        ),
    }
