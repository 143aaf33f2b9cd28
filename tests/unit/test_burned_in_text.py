"""Letters in the pixels."""

from io import BytesIO

import cv2
import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from osteon.deid import Policy, deidentify_dicom
from osteon.deid.pixels import clean_pixels
from osteon.deid.pixels.grey import grey_of
from osteon.deid.pixels.regions import regions_of
from osteon.domain import QuarantinedError
from tests.identified_instances import PSEUDONYMISER, as_file, radiograph, set_pixels
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
def test_a_burned_in_name_goes_in_every_corner_bright_or_dark(corner, value):
    frame, written = written_everywhere("DUPONT MARIE 1957", corner, value)
    ink = written != frame
    cleaned = clean_pixels(written).frame
    assert (cleaned[ink] != written[ink]).mean() > 0.99


def test_a_name_of_nine_pixels_goes():
    frame = picture(rows=2000, columns=1600)
    written = write(frame, "VERCAUTRIN ODILON 12/03/1957", (20, 1985), scale=0.38)
    assert clean_pixels(written).removed


def test_a_plain_picture_is_left_alone():
    for seed in range(8):
        frame = picture(seed=seed)
        assert clean_pixels(frame).frame is frame


@pytest.mark.parametrize("marker", POSITION_MARKERS)
def test_a_position_marker_stays(marker):
    assert not clean_pixels(write(picture(), marker, (60, 120), scale=2)).removed


@pytest.mark.parametrize("marker", ["GAUCHE", "DROITE", "DEBOUT", "EN CHARGE"])
def test_a_word_that_tells_the_side_or_the_position_is_read_and_stays(marker):
    made = clean_pixels(write(picture(), marker, (60, 120), scale=1.4))
    assert not made.removed
    assert made.kept
    assert made.read


def test_a_marker_word_that_is_the_patients_name_goes():
    assert clean_pixels(
        write(picture(), "GAUCHE", (60, 120), scale=1.4), forbidden=frozenset({"GAUCHE"})
    ).removed


def test_a_line_that_cannot_be_read_goes():
    assert clean_pixels(write(picture(), "|/\\#*+#|/\\#", (60, 120), scale=1.2)).removed


def test_a_picture_without_a_line_is_never_read(monkeypatch):
    monkeypatch.setattr(
        "osteon.deid.pixels.verdict.readings_of", lambda *_, **__: pytest.fail("asked to read")
    )
    clean_pixels(picture())
    clean_pixels(write(picture(), "L", (60, 120), scale=2))


def test_the_name_is_gone_from_the_output_and_the_rest_is_untouched():
    frame = picture()
    made, out = deidentified(write(frame, "DUPONT MARIE"), POLICY)
    assert made.report.text_boxes >= 1
    assert made.report.read_again
    assert out.BurnedInAnnotation == "NO"
    assert not clean_pixels(out.pixel_array).removed
    assert np.array_equal(out.pixel_array[300:], frame[300:])


@pytest.mark.parametrize("letters", [70, 100, 150])
@pytest.mark.parametrize("quarters", [0, 1])
def test_a_line_longer_than_any_other_goes_and_is_no_edge(letters, quarters):
    words = "CLINIQUE SAINT-JEAN 12 RUE DES CIGOGNES ORMEBEUVE DR QUENTRELEC TEL 021 555 1234 " * 2
    frame = np.random.default_rng(0).normal(1500, 8, (1200, 2600))
    ink = np.zeros(frame.shape, np.uint8)
    cv2.putText(ink, words[:letters], (20, 1150), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2, cv2.LINE_AA)
    frame[ink > 128] = 4095
    frame, ink = (np.rot90(one, quarters) for one in (frame, ink))
    cleaned = clean_pixels(frame.astype(np.uint16)).frame
    assert not (cleaned[ink > 128] == 4095).any()


def test_a_picture_in_which_every_look_finds_more_is_quarantined(monkeypatch):
    frame = write(picture(), "QUENTRELEC MAELYS")
    found = regions_of(grey_of(frame))
    assert found.lines
    monkeypatch.setattr("osteon.deid.pixels.looking.regions_of", lambda *_: found)
    monkeypatch.setattr("osteon.deid.pixels.looking.kind_of", lambda line, *_: ("line", line.box))
    with pytest.raises(QuarantinedError, match="looks like text"):
        clean_pixels(frame)


def test_a_page_of_text_is_quarantined():
    with pytest.raises(QuarantinedError):
        deidentified(page_of_text(), POLICY)


def test_a_few_lines_on_nothing_are_a_dose_report_and_quarantined():
    frame = np.zeros((1600, 1200), np.uint16)
    for line in range(4):
        frame = write(frame, f"DAP {line}.25 mGy.cm2 kVp 57", (100, 200 + 60 * line))
    with pytest.raises(QuarantinedError) as caught:
        clean_pixels(frame)
    assert "dose report" in str(caught.value.next_step)


@pytest.mark.parametrize("signed", [False, True])
def test_compressed_pixels_are_compressed_again_without_loss_when_text_was_removed(signed):
    ds, frame = radiograph(), write(picture(), "QUENTRELEC MAELYS")
    set_pixels(ds, frame)
    ds.PixelRepresentation = int(signed)
    shift = 2048 if signed else 0
    values = (frame.astype(np.int16) - shift).view(np.uint16)
    ds.PixelData = encapsulate([imagecodecs.jpegls_encode(values)])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    made = deidentify_dicom(as_file(ds, syntax=JPEGLSLossless), POLICY, PSEUDONYMISER)
    out = pydicom.dcmread(BytesIO(made.content))
    assert made.report.reencoded
    assert out.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert np.array_equal(out.pixel_array[300:].astype(int), frame[300:].astype(int) - shift)
    again = deidentify_dicom(made.content, POLICY, PSEUDONYMISER)
    assert again.content == made.content


def test_what_a_lossy_stream_lost_is_stated_after_it_was_written_anew():
    ds = radiograph()
    frame = (write(picture(), "QUENTRELEC MAELYS") >> 4).astype(np.uint8)
    set_pixels(ds, frame, bits=8)
    ds.BitsAllocated = 8
    ds.PixelData = encapsulate([imagecodecs.jpeg8_encode(frame, level=92)])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    made = deidentify_dicom(as_file(ds, syntax="1.2.840.10008.1.2.4.50"), POLICY, PSEUDONYMISER)
    out = pydicom.dcmread(BytesIO(made.content))
    assert made.report.text_boxes
    assert out.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert (out.LossyImageCompression, out.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert float(out.LossyImageCompressionRatio) > 1
