"""Letters in the pixels, found by their shapes alone."""

import numpy as np
import pytest

from osteon.deid import Policy
from osteon.deid.pixels.shapes import find_text
from osteon.domain import QuarantinedError
from tests.written_pictures import (
    CORNERS,
    POSITION_MARKERS,
    deidentified,
    page_of_text,
    picture,
    write,
    written_everywhere,
)

POLICY = Policy.load()


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("value", [4095, 0])
def test_a_burned_in_name_is_found_in_every_corner_bright_or_dark(corner, value):
    _, written = written_everywhere("DUPONT MARIE 1957", corner, value)
    assert find_text(written)


def test_a_plain_picture_is_left_alone():
    for seed in range(8):
        assert not find_text(picture(seed=seed))


@pytest.mark.parametrize("marker", POSITION_MARKERS)
def test_a_position_marker_stays(marker):
    assert not find_text(write(picture(), marker, (60, 120), scale=2))


def test_the_name_is_gone_from_the_output_and_the_rest_is_untouched():
    frame = picture()
    made, output = deidentified(write(frame, "DUPONT MARIE"), POLICY)
    out = output.pixel_array
    assert made.report.text_boxes >= 1
    assert not find_text(out)
    assert np.array_equal(out[300:], frame[300:])


def test_a_page_of_text_is_quarantined():
    with pytest.raises(QuarantinedError):
        deidentified(page_of_text(), POLICY)
