"""What goes with a line, and what stays beside it."""

import pytest

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.neighbours import is_initial, is_marked, with_room
from osteon.deid.pixels.regions import Region

SHAPE = (1000, 1000)


def line(left=300, right=600, height=40, cells=60, upright=True):
    """A line of writing from `left` to `right`, or from top to bottom."""
    box = Box(400, left, 400 + height, right) if upright else Box(left, 400, right, 400 + height)
    return Region(box, 0.99, height, right - left, upright, True, cells, cells)


def lone(left, right, upright=True):
    return Box(402, left, 438, right) if upright else Box(left, 402, right, 438)


@pytest.mark.parametrize("upright", [True, False])
def test_a_letter_close_behind_or_before_a_line_is_an_initial(upright):
    assert is_initial(line(upright=upright), lone(625, 660, upright))
    assert is_initial(line(upright=upright), lone(245, 280, upright))


@pytest.mark.parametrize("upright", [True, False])
def test_a_letter_farther_off_or_off_the_line_is_none(upright):
    assert not is_initial(line(upright=upright), lone(640, 675, upright))
    assert not is_initial(line(upright=upright), lone(100, 240, upright))
    assert not is_initial(line(), Box(430, 610, 466, 640))


@pytest.mark.parametrize("upright", [True, False])
def test_the_room_around_a_line_ends_where_a_letter_that_stays_begins(upright):
    marker = lone(650, 690, upright)
    box = with_room(line(upright=upright), [marker], SHAPE)
    assert not box.meets(marker)
    assert (box.right if upright else box.bottom) == 650
    assert with_room(line(upright=upright), [], SHAPE).meets(marker)


def test_a_marker_covers_itself_but_no_name_behind_it():
    marker = Box(400, 300, 440, 420)
    assert is_marked(line(300, 425), [marker])
    assert not is_marked(line(300, 600), [marker])
