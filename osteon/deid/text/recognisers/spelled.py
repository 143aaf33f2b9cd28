"""Names letter by letter (`D-U-P-O-N-T`), with a glued initial (`P.GRONDIN`), in an export (`A^B`)."""

from __future__ import annotations

import re
from itertools import pairwise

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, FUNCTION_WORDS, MEDICAL_SHAPE, is_eponym
from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER, first_at, words
from osteon.deid.values import fold

_LETTER = r"[^\W\d_]"
_SPELT = re.compile(
    rf"(?<![\w'’.-]){_LETTER}(?P<sep>\s?[-,./]\s?|\s)(?:{_LETTER}(?P=sep)){{0,24}}{_LETTER}(?![\w'’])"
)
_SAID = re.compile(r"(?:[ée]p[eè]l|lettres|lettre par lettre)[^\n]{0,30}$", re.IGNORECASE)
_FEWEST_UNSAID = 5
_GLUED = re.compile(
    rf"(?<![\w.'’-]){UPPER}\.(?P<name>(?:[DLO]['’])?{UPPER}[^\W\d_]{{2,}}(?:-{UPPER}[^\W\d_]+)*)"
)
_GERMS = frozenset(
    ["COLI", "AUREUS", "PYLORI", "DIFFICILE", "PNEUMONIAE", "AERUGINOSA", "FAECALIS", "ALBICANS"]
)
_STAGED = re.compile(r"(?:stade|type|grade|classe|h[ée]patite|vitamine|groupe|plan|niveau)\s$", re.IGNORECASE)
_SPACED = re.compile(r"[A-ZÀ-Ý]\. (?P<word>[A-ZÀ-Ý][^\W\d_]{2,})(?=[ \t]*(?:[,;)\n/]|$)|[ \t]{2})")
_SHOUTED = re.compile(
    r"(?<=[,/] )(?P<word>[A-ZÀ-Ý]{3,}(?:-[A-ZÀ-Ý]+)*) [A-ZÀ-Ý](?=[ \t]*(?:[,;\n/]|$)|[ \t]{2})"
)
_BEFORE_SPACED = re.compile(r"(?:[,;/]|\bpar|\bavec|\bet) $")
_BRACKETED = re.compile(
    rf"(?<![\w'’-])(?P<name>{UPPER}[\w'’-]*[^\W\d_](?:[ -]{UPPER}[\w'’-]+){{0,2}}) "
    rf"\({UPPER}\.(?:[ -]?{UPPER}\.)?\)"
)
_NAME = rf"{UPPER}[\w'’.]*(?:[ -]{UPPER}[\w'’.]*(?![\w'’]|\s?[=:]))*"
_CARET_TOWN = re.compile(r"(?<=\^\^)(?P<town>[^\W\d_][^\d|^\n]{1,40})(?=\^\^?[^|^\n]*\d)")
_CARETS = re.compile(rf"(?<![\w^])(?P<name>{_NAME}\^{_NAME})")


def find_spelled(text: str, lex: Lexicon) -> list[Span]:
    """Spans of names in these forms."""
    bracketed = [
        Span(m.start("name"), m.end() - 1, "NOM", 0.5, "bracketed")
        for m in (anywhere(_BRACKETED, text) if ".)" in text else ())
        if fold(m["name"]) not in ACRONYMS and not MEDICAL_SHAPE.search(fold(m["name"]))
    ]
    return [*_letter_by_letter(text), *_glued(text, lex), *_listed(text, lex), *_exported(text), *bracketed]


def _listed(text: str, lex: Lexicon) -> list[Span]:
    """An initial and a surname between signs: `, S. Tournez,`; any word may be a surname there."""
    shouted = [
        Span(m.start(), m.end(), "NOM", 0.5, "listed")
        for m in anywhere(_SHOUTED, text)
        if m["word"] not in ACRONYMS and not (_STAGED.match(m["word"] + " ") or is_term(fold(m["word"]), lex))
    ]
    return shouted + [
        Span(m.start(), m.end(), "NOM", 0.5, "listed")
        for m in _SPACED.finditer(text)
        if _BEFORE_SPACED.search(text, max(0, m.start() - 6), m.start())
        and m["word"].upper() not in ACRONYMS
        and not (is_term(fold(m["word"]), lex) or text[m.start()] == "M")
    ]


def is_term(folded: str, lex: Lexicon) -> bool:
    """True for a word of the dictionary with a medical shape."""
    return lex.is_word(folded) and MEDICAL_SHAPE.search(folded) is not None


def _letter_by_letter(text: str) -> list[Span]:
    spans = []
    for match in anywhere(_SPELT, text):
        letters = [c for c in match.group() if c.isalpha()]
        said = _SAID.search(text, max(0, match.start() - 40), match.start()) is not None
        even = match.group().isupper() or (match.group().islower() and match["sep"].strip())
        if said or (len(letters) >= _FEWEST_UNSAID - 1 and not _is_a_list(letters) and even):
            spans.append(Span(match.start(), match.end(), "NOM", 0.7, "spelled"))
    return spans


def _is_a_list(letters: list[str]) -> bool:
    """The items of a list, not of a word: `A, B, C, D, E`."""
    return all(ord(b) - ord(a) == 1 for a, b in pairwise(letters))


def _glued(text: str, lex: Lexicon) -> list[Span]:
    """An initial and its surname without a blank between; germs and stages are written so as well."""
    spans = []
    for match in anywhere(_GLUED, text):
        folded = fold(match["name"])
        place = first_at(words(text), match.start("name"))
        term = folded in _GERMS or folded in ACRONYMS or folded in FUNCTION_WORDS
        term = term or is_term(folded, lex)
        staged = _STAGED.search(text, max(0, match.start() - 12), match.start()) is not None
        if not term and not staged and not is_eponym(words(text), place, text, lex):
            spans.append(Span(match.start(), match.end(), "NOM", 0.5, "glued"))
    return spans


def _exported(text: str) -> list[Span]:
    """A DICOM or HL7 person name: family and given name with `^` between."""
    if "^" not in text:
        return []
    towns = [Span(*m.span("town"), "VILLE", 0.8, "carets") for m in anywhere(_CARET_TOWN, text)]
    return towns + [
        Span(*m.span("name"), "NOM", 0.8, "carets")
        for m in anywhere(_CARETS, text)
        if not any(c.isdigit() for c in m["name"])
    ]
