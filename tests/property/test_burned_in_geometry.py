"""What is removed from pixels does not depend on how the picture lies or how its values are stored."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid.pixels import clean_pixels
from osteon.deid.pixels.box import Box, black_out, share_of

NAMES = ("QUENTRELEC MAELYS", "12/03/1957 K77120934", "Clinique Ormebeuve", "VERCAUTRIN^ODILON")
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)


def limb(seed, rows=900, columns=760):
    """A bright band with soft edges and grain, 12 bits."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, columns)
    band = 2600 / (1 + np.exp((np.abs(x - rng.uniform(-0.2, 0.2)) - rng.uniform(0.2, 0.4)) * 25))
    return (350 + band[None] + rng.normal(0, 20, (rows, columns))).clip(0, 4095).astype(np.uint16)


def inked(frame, text, font, scale, at, value):
    mask = np.zeros(frame.shape, np.uint8)
    cv2.putText(mask, text, at, font, scale, 255, max(1, round(scale * 2)), cv2.LINE_AA)
    mixed = frame + (value - frame.astype(np.float32)) * (mask.astype(np.float32) / 255)
    return mixed.astype(np.uint16), mask > 127


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000), text=st.sampled_from(NAMES), font=st.sampled_from(FONTS),
    scale=st.floats(0.5, 1.0), row=st.integers(60, 840), quarters=st.integers(0, 3), inverted=st.booleans(),
    bits=st.sampled_from([8, 12, 16]),
)  # fmt: skip
def test_a_name_goes_however_the_picture_is_turned_inverted_or_stored(
    seed, text, font, scale, row, quarters, inverted, bits
):
    frame, ink = inked(limb(seed), text, font, scale, (40, row), 4095)
    frame = 4095 - frame if inverted else frame
    stored = (frame >> 4).astype(np.uint8) if bits == 8 else frame << (bits - 12)
    turned, where = np.rot90(stored, quarters), np.rot90(ink, quarters)
    gone = np.zeros(where.shape, bool)
    for box in clean_pixels(np.ascontiguousarray(turned)).removed:
        gone[box.window] = True
    assert gone[where].all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), quarters=st.integers(0, 3), inverted=st.booleans())
def test_a_picture_without_text_comes_back_as_it_was(seed, quarters, inverted):
    frame = np.ascontiguousarray(np.rot90(limb(seed), quarters))
    frame = 4095 - frame if inverted else frame
    assert clean_pixels(frame).frame is frame


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000), marker=st.sampled_from("LRGD"), font=st.sampled_from(FONTS),
    scale=st.floats(0.8, 2.5), quarters=st.integers(0, 3), inverted=st.booleans(),
)  # fmt: skip
def test_a_side_marker_stays_however_the_picture_is_turned(seed, marker, font, scale, quarters, inverted):
    frame, _ = inked(limb(seed), marker, font, scale, (60, 150), 4095)
    frame = 4095 - frame if inverted else frame
    assert not clean_pixels(np.ascontiguousarray(np.rot90(frame, quarters))).removed


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), text=st.sampled_from(NAMES), row=st.integers(60, 840))
def test_a_second_pass_removes_nothing_more(seed, text, row):
    frame, _ = inked(limb(seed), text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (40, row), 4095)
    assert not clean_pixels(clean_pixels(frame).frame).removed


boxes = st.builds(
    lambda top, left, h, w: Box(top, left, min(60, top + h), min(50, left + w)),
    st.integers(0, 59), st.integers(0, 49), st.integers(1, 60), st.integers(1, 50),
)  # fmt: skip


@given(boxes, st.integers(0, 2**31))
def test_only_what_lies_in_a_box_changes_and_becomes_one_value(box, seed):
    frame = np.random.default_rng(seed).integers(0, 4096, (60, 50)).astype(np.uint16)
    out = black_out(frame, (box,))
    assert len(np.unique(out[box.window])) == 1
    outside = np.ones(frame.shape, bool)
    outside[box.window] = False
    assert np.array_equal(out[outside], frame[outside])


@given(st.lists(boxes, max_size=5))
def test_the_removed_share_counts_overlaps_once(found):
    share = share_of(tuple(found), (60, 50))
    exact = np.zeros((60, 50), bool)
    for box in found:
        exact[box.window] = True
    assert share <= 1
    assert share >= exact.mean() - 1e-9 or share == pytest.approx(exact.mean(), abs=0.05)
