"""A picture looked at again after something was removed from it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.deid_pixels.__main__ import scene_of
from benchmarks.deid_pixels.score import is_kept
from osteon.deid.pixels import clean_pixels
from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import grey_of, stretch_of
from osteon.deid.pixels.segmentation import Earlier, kinds_in
from tests.written_pictures import picture, write


@settings(max_examples=15, deadline=None)
@given(rows=st.integers(24, 300), columns=st.integers(24, 300), seed=st.integers(0, 99))
def test_a_picture_that_did_not_change_is_as_it_was(rows, columns, seed):
    grey = np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)
    found = kinds_in(grey)
    assert np.array_equal(kinds_in(grey, Earlier(found, [])), found)


def test_only_what_changed_and_what_is_beside_it_is_looked_at(monkeypatch):
    grey = grey_of(write(picture(1200, 900), "QUENTRELEC MAELYS", (60, 120)))
    found = kinds_in(grey)
    looked = []
    monkeypatch.setattr(
        "osteon.deid.pixels.segmentation.kinds_of",
        lambda crop: looked.append(crop.size) or np.zeros((2, *(-(-n // 4) for n in crop.shape)), np.float32),
    )
    kinds_in(grey, Earlier(found, [Box(900, 600, 940, 700)]))
    assert sum(looked) < grey.size / 6


def test_a_name_that_was_hidden_until_now_is_seen():
    before = picture(1200, 900)
    after = write(before, "QUENTRELEC MAELYS", (300, 800))
    changed = Box(760, 280, 840, 800)
    stretch = stretch_of(after)
    found = kinds_in(stretch.grey(after), Earlier(kinds_in(stretch.grey(before)), [changed]))
    whole = kinds_in(stretch.grey(after))
    assert (whole[0] > 0.9).sum() > 20
    assert ((found[0] > 0.9) == (whole[0] > 0.9)).mean() > 0.999


def test_what_bright_ink_squeezed_is_seen_once_that_is_gone():
    frame = (picture(1200, 900).astype(np.uint16) >> 3).copy()
    name = np.zeros(frame.shape, np.uint8)
    cv2.putText(name, "VERCAUTRIN 1957", (200, 900), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2)
    frame[name > 0] += 150
    for row in (100, 180, 260):
        cv2.putText(frame, "HOPITAL 12/03/1957", (30, row), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 65535, 5)
    assert not stretch_of(frame).shows_as(stretch_of(np.minimum(frame, 700)))
    cleaned = clean_pixels(frame, most=1.0).frame
    assert (cleaned[name > 0] != frame[name > 0]).mean() > 0.99


@pytest.mark.parametrize("seed", [13_000_003, 13_000_005, 13_000_021])
def test_a_side_letter_at_the_border_stays_where_large_writing_ends_near_it(seed):
    scene = scene_of(seed, None)
    letters = [placed for placed in scene.placements if placed.kind == "letter"]
    cleaned = clean_pixels(scene.frame, most=1.0).frame
    assert letters
    assert all(is_kept(letter, scene.frame, cleaned) for letter in letters)


def test_letters_of_two_hundred_pixels_go():
    frame = picture(2000, 1600)
    ink = np.zeros(frame.shape, np.uint8)
    cv2.putText(ink, "QUENTREL", (60, 900), cv2.FONT_HERSHEY_SIMPLEX, 8, 255, 24)
    frame[ink > 0] = 4095
    assert not (clean_pixels(frame, most=1.0).frame[ink > 0] == 4095).any()
