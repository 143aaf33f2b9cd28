"""Lone letters beside a line: an initial goes with it, a side letter stays."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.initials import is_flanked, is_initial
from osteon.deid.pixels.regions import Region

HEIGHT, ROW, END = 60, 200, 600  # of the capitals; where they stand; where the line ends


def written(gap, dot=0, turns=0):
    """A name of capitals, a letter `gap` pixels behind it and a dot behind that; the line and the letter."""
    grey = np.full((300, 1000), 60, np.uint8)
    for left in range(100, END, 50):
        cv2.rectangle(grey, (left, ROW - HEIGHT), (left + 6, ROW), 230, -1)
        cv2.rectangle(grey, (left, ROW - 8), (left + 34, ROW), 230, -1)
    end, start = left + 34, left + 35 + gap
    cv2.rectangle(grey, (start, ROW - HEIGHT), (start + 7, ROW), 230, -1)
    cv2.rectangle(grey, (start, ROW - 8), (start + 34, ROW), 230, -1)
    if dot:
        cv2.rectangle(grey, (start + 45, ROW - 8), (start + 53, ROW), 230, -1)
    # as coarse cells have it: half as high again, and reaching beyond what is written
    core = Box(ROW - HEIGHT - 16, 84, ROW + 16, end + 30)
    letter = Box(ROW - HEIGHT - 8, start - 8, ROW + 8, start + 42)
    upright = turns % 2 == 0
    for _ in range(turns):
        core, letter = (Box(1000 - b.right, b.top, 1000 - b.left, b.bottom) for b in (core, letter))
        grey = np.ascontiguousarray(np.rot90(grey))
    return grey, Region(core, core, 0.99, 92, 546, upright, True, 60, 60), letter


@pytest.mark.parametrize("turns", [0, 1])
def test_a_letter_a_blank_away_from_its_line_is_an_initial(turns):
    assert is_initial(*written(30, turns=turns))


@pytest.mark.parametrize("turns", [0, 1])
def test_a_letter_more_than_its_height_away_is_a_side_however_coarse_the_line_was_seen(turns):
    assert not is_initial(*written(90, turns=turns))


@pytest.mark.parametrize("turns", [0, 1])
def test_a_dot_makes_an_initial_of_a_letter_farther_off(turns):
    assert is_initial(*written(90, dot=1, turns=turns))
    assert not is_initial(*written(200, dot=1, turns=turns))


def test_a_letter_above_the_line_or_much_larger_is_no_initial():
    grey, line, letter = written(30)
    assert not is_initial(grey, line, Box(10, letter.left, 80, letter.right))
    assert not is_initial(grey, line, Box(20, letter.left, 220, letter.right))


def test_a_letter_whose_strokes_cannot_be_found_is_an_initial_where_it_is_near():
    grey, line, letter = written(30)
    grey[:, letter.left : letter.right] = 60
    assert is_initial(grey, line, letter)


def test_a_letter_between_two_parts_of_a_line_goes_with_them():
    _, line, letter = written(90)
    start = letter.right + 90
    behind = Box(line.core.top, start, line.core.bottom, start + 200)
    assert is_flanked([line, replace(line, box=behind, core=behind)], letter)
    assert not is_flanked([line], letter)
    assert not is_flanked([line, line], letter)
