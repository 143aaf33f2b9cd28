"""Patterns tried where a match can begin find what `re.finditer` finds."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import osteon.deid.text.recognisers as recognisers
from benchmarks.deid_text.letters import letters
from osteon.deid.text.beginnings import END, beginnings
from osteon.deid.text.pattern_characters import KNOWN
from osteon.deid.text.recognisers.date_forms import date_patterns
from osteon.deid.text.recognisers.numbers import _LONG, _LONG_LEAD
from osteon.deid.text.searches import _ODD_CASES, anywhere, at_led_digits


def _patterns(value: object) -> list[re.Pattern[str]]:
    """The patterns in a module's value."""
    if isinstance(value, re.Pattern):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [p for each in value for p in _patterns(each)] if isinstance(value, tuple | list) else []


def product_patterns() -> list[re.Pattern[str]]:
    """Every pattern of the recognisers, once."""
    found = _patterns(date_patterns("fr"))
    for module in pkgutil.iter_modules(recognisers.__path__, recognisers.__name__ + "."):
        found += _patterns(tuple(vars(importlib.import_module(module.name)).values()))
    return list({id(pattern): pattern for pattern in found}.values())


def _spans(found: object) -> list[tuple[int, int]]:
    return [match.span() for match in found]  # type: ignore[attr-defined]


def test_every_pattern_of_the_recognisers_finds_in_letters_what_a_search_finds():
    patterns = product_patterns()
    assert len(patterns) > 250
    texts = [letter.text for split in ("held_out", "fresh5", "fresh9") for letter in letters(3, split, 1)]
    texts += [texts[0].upper(), texts[3].lower(), texts[6].replace("e", "é").replace("'", "’"), "", "\n", "1"]
    for _ in range(2):  # a text that was read before a pattern was known is searched by re
        for text in texts:
            for pattern in patterns:
                assert _spans(anywhere(pattern, text)) == _spans(pattern.finditer(text)), pattern.pattern


@given(st.text("ABCab12345678-_. \nſ", max_size=40))
def test_long_numbers_with_letters_before_them_are_those_of_a_search(text):
    found = at_led_digits(_LONG, text, _LONG_LEAD, "-_")
    assert _spans(found) == _spans(_LONG.finditer(text))


_SOME = [
    re.compile(r"\b(?:Dr|Mme|né(?:e)?)\b", re.IGNORECASE),
    re.compile(r"(?<![\w'’-])[A-Z](?:\.| )[^\W\d_]+"),
    re.compile(r"(?m)^[ \t]*(?P<a>[A-ZÀ-Ý])[a-z]*|(?<=, )k\w"),
    re.compile(r"(?<![\d.,/])(?:(?:F|BE)-)?\d{2} ?\d(?!\d)", re.IGNORECASE),
    re.compile(r"(?:[,;:][ ]|[ \t][/-])(?![a-z])\w+"),
    re.compile(r"s[oœ]e?ur|ß|µ|œ", re.IGNORECASE),
    re.compile(r"(?<!\d)\d(?P<sep>[-. ]?)\d(?P=sep)\d(?=\s|\Z)"),
    re.compile(r"(?:(?=[jk])(?:juin|kg)|[^\W\d_]{2}\d)\b"),
]


_PIECES = (
    *("Dr", "mme", "Née", "A.", "B ", "F-", "be-", "12 3", "123", "soeur", "Sœur", "kg", "juin", "é", "ß"),
    *("µ", "ſ", "K", "İ", "ı", "Å", "ž", "_", "²", "’", "\u0301", "\r", "\n", "\t", " ", ", ", "; ", " /"),
    *("-", "."),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES) | st.characters(), max_size=30).map("".join))
def test_any_text_gives_the_matches_of_a_search(text):
    for pattern in _SOME:
        assert _spans(anywhere(pattern, text)) == _spans(pattern.finditer(text))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\b(?:Dr|Mme)\b", {"Dr", "Mme"}),
        (r"(?i:dr)\b", {"dr", "dR", "Dr", "DR"}),
        (r"a{2,9}b?", {"aa", "aab", "aaa"}),
        (r"(?![b-z])[a-c]x", {"ax"}),
        (r"ab(?=c|\Z)", {"abc", f"ab{END}"}),
        (r"(?:a|bc)(?:d|e)", {"ad", "ae", "bcd", "bce"}),
        (r"(x)?(?P<q>y)(?P=q)", {"xy", "y"}),
    ],
)
def test_the_beginnings_of_a_pattern_are_read_from_it(pattern, expected):
    assert {b.text for b in beginnings(re.compile(pattern))} == expected


@pytest.mark.parametrize("pattern", [r"a*", r"(?:a|)", r"(?<=a)", r"[\u2028-\u202f]x"])
def test_a_pattern_that_may_begin_with_anything_has_no_beginnings(pattern):
    assert beginnings(re.compile(pattern)) is None


def test_the_odd_cases_are_all_letters_that_match_one_that_is_told_apart():
    any_known = re.compile(f"[{re.escape(''.join(KNOWN))}]", re.IGNORECASE)
    odd = {chr(n) for n in range(sys.maxunicode + 1) if chr(n) not in KNOWN and any_known.match(chr(n))}
    assert odd == {c for c in odd if _ODD_CASES.match(c)}
