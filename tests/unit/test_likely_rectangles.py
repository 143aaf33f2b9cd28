"""Where the network looks, and what it is."""

import json
from hashlib import sha256
from importlib.resources import files

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid.pixels.segmentation import kinds_in
from osteon.deid.pixels.tiles import likely_rectangles
from tests.written_pictures import picture


@pytest.mark.parametrize("network", ["writing", "lettering"])
def test_a_network_is_the_one_its_record_tells_of(network):
    folder = files("osteon.deid.pixels") / "data"
    record = json.loads((folder / f"{network}.json").read_text())
    assert sha256((folder / f"{network}.onnx").read_bytes()).hexdigest() == record["sha256"]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000), row=st.integers(40, 700), column=st.integers(0, 400),
    scale=st.floats(0.4, 0.9), quarters=st.integers(0, 3), bright=st.booleans(),
)  # fmt: skip
def test_every_stroke_of_a_name_lies_in_a_likely_rectangle(seed, row, column, scale, quarters, bright):
    grey = np.asarray(picture(720, 560, seed) >> 4, np.uint8)
    ink = np.zeros(grey.shape, np.uint8)
    cv2.putText(ink, "QUENTRELEC 12/03/1957", (column, row), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1)
    grey[ink > 0] = 250 if bright else 0
    grey, ink = np.ascontiguousarray(np.rot90(grey, quarters)), np.rot90(ink, quarters)
    seen = np.zeros(grey.shape, bool)
    for box in likely_rectangles(grey):
        seen[box.window] = True
    assert seen[ink > 0].all()


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(24, 400), columns=st.integers(24, 400), seed=st.integers(0, 99))
def test_rectangles_lie_within_the_picture_whatever_its_sides(rows, columns, seed):
    grey = np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)
    for box in likely_rectangles(grey):
        assert 0 <= box.top < box.bottom <= rows
        assert 0 <= box.left < box.right <= columns


def test_an_even_picture_is_not_looked_at():
    assert likely_rectangles(np.full((900, 700), 90, np.uint8)) == []


def test_a_picture_of_any_size_is_looked_at_in_parts_of_bounded_size():
    grey = np.random.default_rng(0).integers(0, 2, (2100, 9000), np.uint8) * 255
    found = likely_rectangles(grey)
    assert max(max(box.bottom - box.top, box.right - box.left) for box in found) <= 2048
    seen = np.zeros(grey.shape, bool)
    for box in found:
        seen[box.window] = True
    assert seen.mean() > 0.99


@pytest.mark.parametrize("shape", [(97, 130), (64, 64), (201, 75)])
def test_each_cell_has_a_probability_of_each_kind(shape):
    grey = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    found = kinds_in(grey)
    assert found.shape == (2, -(-shape[0] // 4), -(-shape[1] // 4))
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-6
