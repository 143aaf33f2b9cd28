"""What goes with a line, and what stays beside it."""

from dataclasses import replace

import pytest

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.neighbours import beside, is_marked
from osteon.deid.pixels.regions import Region

SHAPE = (1000, 1000)


def line(left=300, right=600, height=40, cells=60, upright=True):
    """A line of writing from `left` to `right`, or from top to bottom."""
    box = Box(400, left, 400 + height, right) if upright else Box(left, 400, right, 400 + height)
    return Region(box, box, 0.99, height, right - left, upright, True, cells, cells)


def lone(left, right, upright=True):
    return Box(402, left, 438, right) if upright else Box(left, 402, right, 438)


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("start", [250, 610])
def test_the_room_around_a_line_ends_where_a_letter_that_stays_begins(upright, start):
    found, marker = line(upright=upright), lone(start, start + 40, upright)
    room = found.padded(SHAPE)
    assert room.meets(marker)
    assert not beside(room, found, [marker]).meets(marker)
    assert beside(room, found, []) == room


def test_a_letter_that_stays_ends_what_may_continue_a_line():
    found = replace(line(right=600), box=Box(400, 300, 440, 700))
    assert beside(found.padded(SHAPE), found, [lone(640, 680)]).right == 640


def test_a_marker_covers_itself_but_no_name_behind_it():
    marker = Box(400, 300, 440, 420)
    assert is_marked(line(300, 425), [marker])
    assert not is_marked(line(300, 600), [marker])
