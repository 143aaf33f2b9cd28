"""How much goes with a line of writing, and what noise is."""

import cv2
import numpy as np
import pytest

from osteon.deid.pixels import clean_pixels
from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grain import is_grain
from osteon.deid.pixels.neighbours import room_around
from osteon.deid.pixels.regions import Region

ALLOWED = 40  # pixels around the writing that may go with it, as `benchmarks.deid_dicom.scorer` has it


def limb(seed):
    """A soft bright band with grain, 1000 by 800, 12 bits."""
    y, x = np.mgrid[0:1000, 0:800]
    smooth = 900 + 700 * np.exp(-(((x - 400) / 130.0) ** 2)) + 300 * np.sin(y / 120.0)
    return smooth + np.random.default_rng(seed).normal(0, 12, smooth.shape)


def named(seed, name, at):
    """A limb with a name, and where the name's pixels are."""
    ink = np.zeros((1000, 800), np.uint8)
    cv2.putText(ink, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    return np.where(ink > 127, 3900, limb(seed)).clip(0, 4095).astype(np.uint16), ink > 127


@pytest.mark.parametrize("at", [(12, 46), (12, 962), (180, 46), (180, 962)])
def test_no_more_than_forty_pixels_around_a_name_of_eighteen_go_with_it(at):
    frame, ink = named(3, "VERCAUTRIN K77120934", at)
    cleaned = clean_pixels(frame).frame
    rows, columns = np.nonzero(ink)
    around = Box(rows.min(), columns.min(), rows.max() + 1, columns.max() + 1).grown(40, 40, frame.shape)
    changed = cleaned != frame
    assert (cleaned[ink] < 3800).all()
    changed[around.window] = False
    assert not changed.any()


def line(left, right, height=30):
    box = Box(100, left, 100 + height, right)
    return Region(box, box, 0.99, height, right - left, True, True, 60, 60)


def test_the_room_at_an_end_is_whole_where_something_is_drawn_in_it():
    grey = np.full((300, 800), 90, np.uint8)
    cv2.putText(grey, "VERCAUTRIN", (200, 124), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 250, 2)
    found = line(200, 352)
    assert room_around(found, grey) == found.padded(grey.shape, room=1.0)
    grey[122:125, 352 + 40 : 352 + 43] = 250  # a dot
    room = room_around(found, grey)
    assert (room.left, room.right) == (170, found.padded(grey.shape).right) == (170, 352 + 54)


def test_a_picture_of_noise_alone_is_no_page_of_text_and_stays():
    for seed in (1004, 1426, 1641):  # of 3,000, those in which the network saw writing
        frame = np.random.default_rng(seed).integers(100, 3000, (64, 48)).astype(np.uint16)
        assert clean_pixels(frame).frame is frame


@pytest.mark.parametrize("pitch", [1, 2, 3])
def test_writing_in_strokes_or_in_dots_is_no_grain_however_noisy_the_ground(pitch):
    ink = np.zeros((32, 120), np.uint8)
    cv2.putText(ink, "DUPONT", (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    dots = np.zeros_like(ink)
    dots[::pitch, ::pitch] = ink[::pitch, ::pitch]
    noise = np.random.default_rng(0).normal(100, 25, ink.shape)
    grey = np.where(dots > 0, 200, noise).clip(0, 255).astype(np.uint8)
    assert not is_grain(grey, Box(0, 0, *grey.shape))
    assert is_grain(noise.clip(0, 255).astype(np.uint8), Box(0, 0, *grey.shape))


def test_a_few_pixels_or_a_flat_ground_are_no_grain():
    noise = np.random.default_rng(0).integers(0, 256, (10, 12)).astype(np.uint8)
    assert not is_grain(noise, Box(0, 0, 10, 12))
    assert not is_grain(np.zeros((64, 64), np.uint8), Box(0, 0, 64, 64))
