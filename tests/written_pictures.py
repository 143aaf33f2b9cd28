"""Smooth pictures, and text drawn into them as a modality does."""

import cv2
import numpy as np


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
