"""Side markers, annotations, and identities burned into the pixels."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from osteon.dicom.synthetic.projection import Map


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def stamp(text: str, size: int) -> NDArray[np.uint8]:
    """Write one line of text as a mask, (H, W), 255 inside the strokes."""
    font = _font(size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8), 0)
    ImageDraw.Draw(image).text((4 - left, 4 - top), text, fill=255, font=font)
    return np.asarray(image)


def paste(grey: Map, mask: NDArray[np.uint8], x: int, y: int, value: float, *, blur: float = 0.0) -> None:
    """Paint a mask onto the picture at (x, y), cut off where it leaves it."""
    height, width = grey.shape
    x, y = max(0, min(x, width - mask.shape[1])), max(0, min(y, height - mask.shape[0]))
    mask = mask[: height - y, : width - x]
    share = mask.astype(np.float32) / 255.0
    if blur > 0:
        share = cv2.GaussianBlur(share, (0, 0), blur)
    region = grey[y : y + mask.shape[0], x : x + mask.shape[1]]
    region += (np.float32(value) - region) * share


def side_marker(grey: Map, text: str, rng: np.random.Generator, *, lead: bool) -> None:
    """Put the side marker near a border, in lead (turned a little, soft) or drawn by the system."""
    height, width = grey.shape
    mask = stamp(text, int(height * (0.045 if len(text) < 3 else 0.026) * rng.uniform(0.85, 1.15)))
    if lead:
        pad = max(mask.shape)
        canvas = np.pad(mask, pad // 2)
        centre = (canvas.shape[1] / 2, canvas.shape[0] / 2)
        turned = cv2.warpAffine(
            canvas, cv2.getRotationMatrix2D(centre, float(rng.normal(0, 8)), 1.0), canvas.shape[::-1]
        )
        if rng.random() < 0.5:
            cv2.circle(
                turned, (int(centre[0]), int(centre[1])), int(max(mask.shape) * 0.62), 255, 3, cv2.LINE_AA
            )
        mask = np.asarray(turned, np.uint8)
    x = (
        int(width * rng.uniform(0.03, 0.1))
        if rng.random() < 0.5
        else int(width * rng.uniform(0.86, 0.93)) - mask.shape[1] // 2
    )
    y = int(height * (rng.uniform(0.03, 0.3) if rng.random() < 0.6 else rng.uniform(0.72, 0.9)))
    paste(grey, mask, x, y, 0.97, blur=1.4 if lead else 0.0)


def annotation(grey: Map, text: str, rng: np.random.Generator) -> None:
    """Put a short technical remark in a corner."""
    height, width = grey.shape
    mask = stamp(text, int(height * 0.018))
    paste(grey, mask, int(width * 0.03), int(height * rng.uniform(0.94, 0.965)), 0.9)


def burn_lines(grey: Map, lines: list[str], rng: np.random.Generator) -> None:
    """Burn identity lines into a corner of the picture."""
    height, width = grey.shape
    size = int(height * rng.uniform(0.017, 0.022))
    masks = [stamp(line, size) for line in lines]
    right, low = rng.random() < 0.5, rng.random() < 0.5
    y = int(height * 0.97) - int(size * 1.5) * len(lines) if low else int(height * 0.015)
    for mask in masks:
        x = width - mask.shape[1] - int(width * 0.02) if right else int(width * 0.02)
        paste(grey, mask, x, y, 1.0)
        y += int(size * 1.5)
