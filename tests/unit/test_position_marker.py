"""Words in pixels that stay."""

import pytest

from osteon.deid.pixels.markers import is_marker


@pytest.mark.parametrize(
    "text", ["GAUCHE", "gauche", "Droite", "EN CHARGE", "DEBOUT", "AP", "L", "LEFT", "DÉBOUT"]
)
def test_a_word_of_side_or_position_is_a_marker(text):
    assert is_marker(text, 90)


@pytest.mark.parametrize("text", ["MARIE", "GAUCHE Marie", "12/03", "", "L 1957", "DR", "GAUCHER", "FACEY"])
def test_any_other_word_is_none(text):
    assert not is_marker(text, 90)


def test_what_was_hardly_read_is_no_marker():
    assert not is_marker("GAUCHE", 20)


def test_a_word_of_the_patients_name_is_no_marker():
    assert not is_marker("DROIT", 95, frozenset({"DROIT"}))
