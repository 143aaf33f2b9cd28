"""Words that make one name where the text says that a person stands, but no title does."""

from __future__ import annotations

from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    PARTICLES,
    is_eponym,
    is_heading,
    is_term_word,
    is_title,
)
from osteon.deid.text.tokens import Token

_OPENING = frozenset(["DE", "DU", "D", "VAN", "VON", "DA", "DI"])
BLANKS = frozenset([" ", "-", "'", "’", ". ", ".", "\u00a0", ".-"])


def name_run(
    tokens: Sequence[Token], text: str, start: int, lex: Lexicon, *, loud: bool, listed: bool = False
) -> list[int]:
    """Capitalised words that may be a name, with initials and particles.

    Args:
        loud: the text is in capitals, so that a name must be strange to be one.
        listed: nothing but a name can stand here.
    """
    run: list[int] = []
    for place in range(start, min(start + 5, len(tokens))):
        token = tokens[place]
        gap = text[tokens[place - 1].end : token.start] if run else " "
        if gap not in BLANKS or (gap.startswith(".") and len(tokens[place - 1].text) > 2):
            break
        initial = len(token.text) == 1 and token.is_capitalised and (bool(run) or token.folded != "M")
        dotted = text[token.end : token.end + 1] in {".", "-"} or token.folded in {"D", "L", "O"}
        particle = token.folded in PARTICLES and (
            bool(run) or listed or token.is_capitalised or _opens(tokens, place, text)
        )
        if not ((initial and dotted) or particle or may_name(tokens, place, text, lex, sure=listed)):
            break
        run.append(place)
    while run and (tokens[run[-1]].text.islower() or len(tokens[run[-1]].text) == 1):
        run.pop()
    strange = any(lex.is_rare_word(tokens[p].folded) and len(tokens[p].text) > 3 for p in run)
    known = any(lex.is_first_name(tokens[p].folded) and not lex.is_word(tokens[p].folded) for p in run)
    shouted = all(tokens[p].is_upper or len(tokens[p].text) == 1 for p in run)
    return run if run and (strange or known or listed or not (loud or shouted)) else []


def _opens(tokens: Sequence[Token], place: int, text: str) -> bool:
    """A small particle right before a capitalised word: `vu par du Chaffaut`."""
    following = tokens[place + 1 : place + 2]
    if following and following[0].folded in PARTICLES:
        following = tokens[place + 2 : place + 3]
    return (
        tokens[place].folded in _OPENING
        and bool(following)
        and following[0].is_capitalised
        and text[tokens[place].end] in " '’"
    )


def may_name(tokens: Sequence[Token], place: int, text: str, lex: Lexicon, *, sure: bool = False) -> bool:
    """A capitalised word that is no label, no term and, where no person is sure to stand, no eponym."""
    token = tokens[place]
    return (
        token.is_capitalised
        and len(token.text) > 1
        and not text[token.end : token.end + 1].isdigit()
        and not is_title(token)
        and not is_heading(token)
        and not is_term_word(token)
        and token.folded not in ACRONYMS
        and token.folded not in FUNCTION_WORDS
        and (sure or (token.folded not in lex.protected and not is_eponym(tokens, place, text, lex)))
    )
