"""The generator and the scorer of planted identifiers: independent of the product, repeatable, right."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.deid_text import forms, numbers, sentences, values
from benchmarks.deid_text.letters import Letter, Planted, letters
from benchmarks.deid_text.scoring import Score, bounds
from osteon.deid.text.recognisers.numbers import luhn_is_valid, nir_is_valid, niss_is_valid

ROOT = Path(__file__).parents[2]


def test_the_product_never_imports_the_benchmarks():
    for path in (ROOT / "osteon").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in {"benchmarks", "tests"} for name in names), path


def test_the_same_seed_writes_the_same_letters():
    assert list(letters(5, "develop", 3)) == list(letters(5, "develop", 3))


def test_planted_spans_hold_what_was_planted():
    categories = set()
    for letter in letters(60, "held_out", 1):
        for planted in letter.planted:
            value = letter.text[planted.start : planted.end]
            assert value.strip() == value
            assert any(c.isalnum() for c in value)
            categories.add(planted.category)
        spans = sorted((p.start, p.end) for p in letter.planted)
        assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert categories == {
        *("patient", "person", "location", "institution", "date", "age", "id", "phone", "mail"),
    }


def test_the_two_halves_share_no_name_and_no_sentence():
    for lists in (values.surnames, values.towns):
        assert not set(lists("develop")) & set(lists("held_out"))
    for part in sentences.PARTS:
        halves = {half: [line for line in part if values.half_of(line) == half] for half in values.HALVES}
        assert not set(halves["develop"]) & set(halves["held_out"])


def test_the_generators_numbers_have_their_check_digits():
    import random

    rng = random.Random(0)
    for _ in range(50):
        assert nir_is_valid(numbers.nir(rng, rng.randint(1920, 2020), 3, rng.random() < 0.5))
        assert niss_is_valid(numbers.niss(rng, rng.randint(1920, 2020), 3, 7))
        assert luhn_is_valid(numbers.rpps(rng))
        wrong = numbers.spoilt(rng, numbers.niss(rng, 1957, 3, 7))
        assert not niss_is_valid(wrong)


def test_the_score_counts_a_span_only_when_all_of_it_is_covered():
    letter = Letter(
        0, "Dr Le Goff, Colles", (Planted(3, 10, "person", "MEDECIN", False, "doctor"),), ((12, 18),), {}
    )
    score = Score()
    score.add(letter, [(3, 5)])
    score.add(letter, [(3, 5), (6, 10), (12, 18)])
    table = score.table()
    assert table["category"]["person"]["recall"] == 0.5
    assert table["terms"]["kept"]["missed"] == 1
    assert [error["label"] for error in score.errors] == ["MEDECIN", "TERM_LOST"]
    assert table["documents_fully_redacted"]["value"] == 0.5


def test_the_bounds_match_their_published_number():
    assert tuple(round(b, 4) for b in bounds(81, 263)) == (0.2553, 0.3662)


def test_the_fresh_set_has_its_own_values_and_sentences():
    from benchmarks.deid_text import fresh

    for lists in (values.surnames, values.towns):
        assert not set(lists("fresh")) & (set(lists("develop")) | set(lists("held_out")))
    old = {line for part in sentences.PARTS for line in part if line}
    assert not old & {line for part in fresh.PARTS for line in part if line}
    assert len(list(letters(3, "fresh", 0))) == 3


@pytest.mark.parametrize("split", ["fresh2", "fresh3", "fresh4", "fresh5", "fresh6"])
def test_a_set_of_layouts_keeps_its_planted_places_in_every_mode(split):
    from benchmarks.deid_text.layouts import layout_set

    modes = {one["mode"] for one in layout_set(split)["letters"] if isinstance(one, dict)}
    assert modes == {"upper", "lower", "ocr", "wrap"}
    for letter in letters(60, split, 2):
        for planted in letter.planted:
            value = letter.text[planted.start : planted.end]
            assert value == value.strip()
            assert any(c.isalnum() for c in value)
    later = values.SPLITS[values.SPLITS.index("fresh5") :]
    earlier = [
        s for s in values.SPLITS if s != split and (s not in later or (split, s) == ("fresh6", "fresh5"))
    ]
    shared = set(values.surnames(split)) & set().union(*(values.surnames(s) for s in earlier))
    assert shared <= {"Rochat"} or (split in later and len(shared) <= len(set(values.surnames(split))) / 40)


@pytest.mark.parametrize("name", ["Lefèvre", "Nguyễn", "Öztürk", "Brûlé"])
def test_accents_are_lost_without_a_change_of_length(name):
    assert len(forms.without_accents(name)) == len(name)
    assert forms.without_accents("Lefèvre") == "Lefevre"
