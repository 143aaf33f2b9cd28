"""Words in the room around other lines, in boxes of their own, and too faint to be sure."""

import numpy as np
import pytest

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.looking import look_at
from osteon.deid.pixels.regions import Found, Region, regions_of
from osteon.deid.pixels.verdict import kind_of

GREY = np.full((400, 1400), 60, np.uint8)
NOTHING = [("", 0.9)] * 4


def line(left, right, height=48, cells=60, rather=0):
    box = Box(100, left, 100 + height, right)
    return Region(box, box, 0.99, height, right - left, True, True, cells, cells, rather=rather)


def read_as(monkeypatch, readings):
    monkeypatch.setattr("osteon.deid.pixels.verdict.readings_of", lambda *_, **__: readings)
    monkeypatch.setattr("osteon.deid.pixels.verdict.chance_of", lambda *_, **__: 0.0)


@pytest.mark.parametrize(("left", "lines"), [(392, 2), (440, 1)])
def test_a_word_in_the_room_around_a_line_is_judged_by_itself_and_a_pair_with_the_line(
    monkeypatch, left, lines
):
    name, word, again = line(560, 1152), line(left, 520), line(left, 520, 44)
    monkeypatch.setattr("osteon.deid.pixels.regions._by_size", lambda *_: ([name, word, again], [], []))
    monkeypatch.setattr(Region, "padded", lambda one, shape: one.box.grown(20, 200, shape))
    found = regions_of(GREY)
    assert len(found.lines) == lines
    assert (word in found.lines) == (lines == 2)


@pytest.mark.parametrize(("rather", "kind"), [(33, "line"), (24, "ground")])
def test_a_faint_small_word_goes_where_nearly_all_of_it_is_rather_writing(monkeypatch, rather, kind):
    read_as(monkeypatch, NOTHING)
    faint = line(200, 245, 13, 0, rather)
    assert faint.letters == pytest.approx(4.6, abs=0.1)
    assert faint.sure == (kind == "line")
    assert kind_of(faint, GREY, frozenset())[0] == kind


def test_a_faint_strip_as_long_as_a_box_is_no_word():
    assert not line(200, 400, 13, 0, rather=200).sure


@pytest.mark.parametrize(("readings", "gone"), [([("LYALI", 0.4), ("LYAI", 0.2)], 1), (NOTHING, 0)])
def test_a_small_line_in_what_looks_like_a_lone_shape_goes_when_it_reads(monkeypatch, readings, gone):
    name, box = line(200, 240, 14, 0), line(196, 244, 30, 0)
    monkeypatch.setattr(
        "osteon.deid.pixels.looking.regions_of", lambda *_: Found([], [], [name], [box], [], [])
    )
    read_as(monkeypatch, readings)
    seen = look_at(GREY, frozenset())
    assert len(seen.removed) == gone
    assert len(seen.single) == 1 - gone


@pytest.mark.parametrize(("height", "kind"), [(100, "ground"), (50, "line")])
def test_large_ink_of_which_no_letter_reads_is_bone(monkeypatch, height, kind):
    read_as(monkeypatch, [("", 0.5), ("S", 0.4), ("", 0.5), ("", 0.4)])
    bone = line(400, 400 + round(2.2 * height), height, 11)
    assert kind_of(bone, GREY, frozenset())[0] == kind
