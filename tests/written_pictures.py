"""Smooth pictures, and text drawn into them as a modality does."""

from io import BytesIO

import cv2
import numpy as np
import pydicom

from osteon.deid import deidentify_dicom
from tests.identified_instances import PSEUDONYMISER, as_file, radiograph, set_pixels

CORNERS = [(40, 60), (500, 60), (40, 1170), (480, 1170)]
POSITION_MARKERS = ["L", "R", "G", "D", "AP"]


def picture(rows=1200, columns=900, seed=0):
    """A soft blob with noise, 12 bits: nothing sharp in it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return (
        (300 + 2600 * np.exp(-2 * (x**2 + 3 * y**2)) + rng.normal(0, 25, (rows, columns)))
        .clip(0, 4095)
        .astype(np.uint16)
    )


def write(frame, text, corner=(40, 60), value=4095, scale=0.9):
    mask = np.zeros(frame.shape, np.uint8)
    cv2.putText(mask, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 2, cv2.LINE_AA)
    share = mask.astype(np.float32) / 255
    return (frame + (value - frame.astype(np.float32)) * share).astype(np.uint16)


def written_everywhere(text, corner, value):
    """A picture and the same with the text in it, bright on dark or dark on bright."""
    frame = picture() if value else 4095 - picture()
    return frame, write(frame, text, corner, value)


def page_of_text():
    """Nothing but lines of a name and an address."""
    frame = np.zeros((1000, 800), np.uint16)
    for line in range(24):
        frame = write(frame, "DUPONT MARIE 12 RUE DES LILAS", (20, 40 + 40 * line))
    return frame


def deidentified(frame, policy):
    """What is made of a radiograph with these pixels, and its output as a data set."""
    ds = radiograph()
    set_pixels(ds, frame)
    made = deidentify_dicom(as_file(ds), policy, PSEUDONYMISER)
    return made, pydicom.dcmread(BytesIO(made.content))
