"""The language model's opinion, taken only where the word lists do not speak against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_shapes import is_eponym, is_surname_shape
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import first_at, words


def doubtful_lines(text: str, spans: Iterable[Span], lex: Lexicon) -> Iterator[tuple[int, int]]:
    """Lines where `find_model_names` could add something, whatever the model says.

    It adds a word only beside another that could be a name, one of them a first name; so a line counts
    when it holds two such words, one a first name, and not all of them are redacted already.
    """
    covered = sorted((span.start, span.end) for span in spans)
    tokens = words(text)
    start = 0
    for line in text.splitlines(keepends=True):
        end = start + len(line)
        likely = [
            place
            for place in range(first_at(tokens, start), first_at(tokens, end))
            if tokens[place].is_capitalised
            and is_surname_shape(tokens[place], lex)
            and not is_eponym(tokens, place, text, lex)
        ]
        if len(likely) >= 2 and any(lex.is_first_name(tokens[p].folded) for p in likely):
            missed = [
                p for p in likely if not any(a <= tokens[p].start and tokens[p].end <= b for a, b in covered)
            ]
            if missed:
                yield start, end
        start = end


def find_model_names(text: str, seen: Iterable[tuple[int, int, str]], lex: Lexicon) -> list[Span]:
    """Spans of persons seen by the model whose words could be a name.

    Args:
        seen: the model's entities as (start, end, label).
    """
    persons = [(start, end) for start, end, label in seen if label == "PER"]
    if not persons:
        return []
    tokens = words(text)
    spans = []
    for start, end in persons:
        places = [p for p in range(first_at(tokens, start), first_at(tokens, end)) if tokens[p].end <= end]
        likely = [
            p for p in places if is_surname_shape(tokens[p], lex) and not is_eponym(tokens, p, text, lex)
        ]
        if len(likely) >= 2 and any(lex.is_first_name(tokens[p].folded) for p in likely):
            spans += [
                Span(
                    tokens[p].start,
                    tokens[p].end,
                    "PRENOM" if lex.is_first_name(tokens[p].folded) else "NOM",
                    0.5,
                    "model",
                )
                for p in likely
            ]
    return spans
