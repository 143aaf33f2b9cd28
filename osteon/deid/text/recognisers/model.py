"""The language model's opinion, taken only where the word lists do not speak against it."""

from __future__ import annotations

from collections.abc import Iterable

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.names import is_eponym, is_surname_shape
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import words


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
        places = [p for p, t in enumerate(tokens) if start <= t.start and t.end <= end]
        likely = [
            p for p in places if is_surname_shape(tokens[p], lex) and not is_eponym(tokens, p, text, lex)
        ]
        backed = any(lex.is_first_name(tokens[p].folded) for p in likely)
        if len(likely) >= 2 and backed:
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
