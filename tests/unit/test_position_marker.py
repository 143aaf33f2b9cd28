"""Words in pixels that stay."""

import cv2
import numpy as np
import pytest

from osteon.deid.pixels.lettering import readings_of
from osteon.deid.pixels.markers import is_marker
from tests.written_pictures import picture, write


@pytest.mark.parametrize(
    "line",
    [
        "GAUCHE",
        "gauche",
        "Droite",
        "EN CHARGE",
        "ENCHARGE",
        "DEBOUT",
        "AP",
        "L",
        "LEFT",
        "DÉBOUT",
        "FACE DEBOUT",
    ],
)
def test_a_word_of_side_or_position_is_a_marker(line):
    assert is_marker(line)


@pytest.mark.parametrize(
    "line",
    [
        "MARIE",
        "GAUCHE Marie",
        "12/03",
        "",
        "L 1957",
        "DR",
        "GAUCHER",
        "FACEY",
        "DROIT, O.",
        "Mme DROIT",
        "AP-HP",
    ],
)
def test_any_other_word_is_none(line):
    assert not is_marker(line)


@pytest.mark.parametrize("line", ["DROIT Li", "Li DROIT", "DROIT GAUCHE", "LEFT R", "LI LI", "RE INT"])
def test_a_line_of_two_sides_or_of_abbreviations_side_by_side_is_somebody(line):
    assert not is_marker(line)


def test_a_word_of_the_patients_name_is_no_marker():
    assert not is_marker("DROIT", frozenset({"DROIT"}))
    assert not is_marker("DROIT DEBOUT", frozenset({"DROIT"}))


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("line", ["GAUCHE", "FACE", "KARDELON"])
def test_a_line_reads_as_it_was_written_however_it_is_turned(line, quarters):
    frame = write(picture(300, 400), line, (80, 150), scale=1.0)
    (wide, high), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    ink = np.zeros(frame.shape, bool)
    ink[150 - high : 150, 80 : 80 + wide] = True
    grey = np.ascontiguousarray(np.rot90((frame >> 4).astype(np.uint8), quarters))
    rows, columns = (np.flatnonzero(np.rot90(ink, quarters).any(side)) for side in (1, 0))
    window = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    letters, sure = readings_of(grey, window, high, upright=quarters % 2 == 0)[0]
    assert (letters, sure > 0.5) == (line, True)
