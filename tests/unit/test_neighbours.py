"""What goes with a line, and what stays beside it."""

from dataclasses import replace

import pytest

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.neighbours import above_or_below, apart, beside, is_again, is_cut, is_marked, is_rim
from osteon.deid.pixels.regions import Found, Region

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


@pytest.mark.parametrize("upright", [True, False])
def test_a_line_that_stands_off_another_is_no_part_of_what_continues_it(upright):
    far, near = line(300, 500, upright=upright), line(540, 700, upright=upright)
    word = replace(far, box=replace(far.box, **{"right" if upright else "bottom": 560}))
    found = Found([word, near], [], [], [], [], [])
    assert apart(found).lines == [far, near]
    joined = line(520, 700, upright=upright)
    assert apart(replace(found, lines=[word, joined])).lines == [word, joined]


def test_a_marker_above_a_line_or_below_it_is_not_in_its_room():
    found = line(300, 600)
    room = found.padded(SHAPE)
    above, below = Box(360, 320, 396, 420), Box(444, 320, 480, 420)
    assert room.meets(above)
    assert room.meets(below)
    left = above_or_below(room, found, [above, below])
    assert (left.top, left.bottom) == (396, 444)
    assert left.share_of(found.box) == 1


def test_a_low_strip_along_a_hidden_marker_is_its_rim_and_a_line_further_off_is_none():
    hidden = Box(345, 290, 395, 610)
    assert is_rim(line(320, 600, height=20), hidden)
    assert not is_rim(line(320, 700, height=20), hidden)
    assert not is_rim(line(320, 600, height=48), hidden)
    assert not is_rim(line(320, 600, height=20), replace(hidden, top=335, bottom=385))


def test_a_line_seen_at_another_size_is_the_same_and_half_of_it_is_another():
    assert is_again(line(300, 600), line(310, 640))
    assert not is_again(line(300, 450), line(300, 600))


def test_half_seen_small_writing_goes_where_a_part_of_it_does():
    faint, gone = line(300, 420, height=12, cells=0), Box(380, 400, 440, 600)
    assert is_cut(faint, [gone])
    assert not is_cut(faint, [Box(380, 440, 440, 600)])
    assert not is_cut(faint, [Box(380, 280, 440, 600)])
    assert not is_cut(line(300, 420, height=40, cells=0), [gone])
