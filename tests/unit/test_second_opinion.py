"""Half-seen writing looked at again, larger and inverted."""

import cv2
import numpy as np
import pytest

from osteon.deid.pixels import clean_pixels
from osteon.deid.pixels.grey import grey_of
from osteon.deid.pixels.second_opinion import seen_closer
from osteon.deid.pixels.segmentation import kinds_in
from tests.written_pictures import picture


def faintly(darker):
    """A picture with faint figures seven pixels high, and their ink."""
    frame = picture(320, 320, 10).astype(np.float32)
    mask = np.zeros(frame.shape, np.uint8)
    cv2.putText(mask, "8723131", (130, 210), cv2.FONT_HERSHEY_SIMPLEX, 0.3, 255, 1, cv2.LINE_AA)
    ink = 0.056 * 4095 * mask / 255
    return (frame + (-ink if darker else ink)).clip(0, 4095).astype(np.uint16), mask > 100


@pytest.mark.parametrize("darker", [True, False])
def test_a_faint_number_of_seven_pixels_that_is_half_seen_goes(darker):
    frame, ink = faintly(darker)
    cleaned = clean_pixels(frame, most=1.0).frame
    assert (kinds_in(grey_of(frame))[0] >= 0.97).sum() < 4  # at first sight it is no line
    assert (cleaned[ink] != frame[ink]).mean() > 0.99


def test_where_nothing_is_half_seen_nothing_more_is_looked_at(monkeypatch):
    monkeypatch.setattr("osteon.deid.pixels.second_opinion.kinds_of", lambda _: pytest.fail("looked"))
    grey = grey_of(picture(320, 320, 3))
    assert seen_closer(grey, kinds_in(grey)) is None


def test_what_one_view_alone_sees_is_not_believed(monkeypatch):
    kinds = np.zeros((2, 80, 80), np.float32)
    kinds[0, 40:42, 30:40] = 0.5
    seen = []

    def views(crop):
        found = np.zeros((2, -(-crop.shape[0] // 4), -(-crop.shape[1] // 4)), np.float32)
        found[0] = 0.99 if not seen else 0.0
        seen.append(crop.shape)
        return found

    monkeypatch.setattr("osteon.deid.pixels.second_opinion.kinds_of", views)
    assert seen_closer(np.full((320, 320), 90, np.uint8), kinds) is None
    assert len(seen) == 5


def test_strokes_at_a_lone_letter_are_not_asked_about(monkeypatch):
    monkeypatch.setattr("osteon.deid.pixels.second_opinion.kinds_of", lambda _: pytest.fail("looked"))
    kinds = np.zeros((2, 80, 80), np.float32)
    kinds[1, 38:44, 30:36] = 0.9
    kinds[0, 38:44, 37:39] = 0.6
    assert seen_closer(np.full((320, 320), 90, np.uint8), kinds) is None
