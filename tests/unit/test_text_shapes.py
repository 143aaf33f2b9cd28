"""Letters in the pixels, found by their shapes alone."""

from io import BytesIO

import numpy as np
import pydicom
import pytest

from osteon.deid import Policy, deidentify_dicom
from osteon.deid.pixels.shapes import find_text
from osteon.domain import QuarantinedError
from tests.identified_instances import PSEUDONYMISER, as_file, radiograph, set_pixels
from tests.written_pictures import picture, write

POLICY = Policy.load()


@pytest.mark.parametrize("corner", [(40, 60), (500, 60), (40, 1170), (480, 1170)])
@pytest.mark.parametrize("value", [4095, 0])
def test_a_burned_in_name_is_found_in_every_corner_bright_or_dark(corner, value):
    frame = picture() if value else 4095 - picture()
    assert find_text(write(frame, "DUPONT MARIE 1957", corner, value))


def test_a_plain_picture_is_left_alone():
    for seed in range(8):
        assert not find_text(picture(seed=seed))


@pytest.mark.parametrize("marker", ["L", "R", "G", "D", "AP"])
def test_a_position_marker_stays(marker):
    assert not find_text(write(picture(), marker, (60, 120), scale=2))


def test_the_name_is_gone_from_the_output_and_the_rest_is_untouched():
    ds, frame = radiograph(), picture()
    set_pixels(ds, write(frame, "DUPONT MARIE"))
    made = deidentify_dicom(as_file(ds), POLICY, PSEUDONYMISER)
    out = pydicom.dcmread(BytesIO(made.content)).pixel_array
    assert made.report.text_boxes >= 1
    assert not find_text(out)
    assert np.array_equal(out[300:], frame[300:])


def test_a_page_of_text_is_quarantined():
    frame = np.zeros((1000, 800), np.uint16)
    for line in range(24):
        frame = write(frame, "DUPONT MARIE 12 RUE DES LILAS", (20, 40 + 40 * line))
    ds = radiograph()
    set_pixels(ds, frame)
    with pytest.raises(QuarantinedError):
        deidentify_dicom(as_file(ds), POLICY, PSEUDONYMISER)
