"""Documents, noise and empty pictures, drawn. (H, W) in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.foreign.radiographs import SIDE, Picture

_FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")
_LETTERS = "aeiounrstlcdmpégàèhfqvbxj ABCDEFGILMNOPRSTV 0123456789 ,.:/-"


def _words(rng: np.random.Generator, letters: int) -> str:
    return "".join(_LETTERS[int(k)] for k in rng.integers(0, len(_LETTERS), letters))


def _font(rng: np.random.Generator, size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{rng.choice(_FONTS)}", size)


def page(rng: np.random.Generator) -> Picture:
    """A letter: lines of text on paper, headings, a stamp or a signature, perhaps a little turned."""
    width, height = 360, int(rng.choice([360, 480, 510, 270]))
    sheet = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(sheet)
    size = int(rng.integers(8, 18))
    font = _font(rng, size)
    left, top = int(rng.integers(10, 50)), int(rng.integers(8, 60))
    while top < height - size:
        if rng.random() < 0.82:
            ink = int(rng.integers(0, 90))
            pen.text((left, top), _words(rng, int(rng.integers(4, 60))), fill=ink, font=font)
        top += round(size * rng.uniform(1.1, 1.8))
    if rng.random() < 0.4:
        box = sorted(rng.integers(0, width, 2)), sorted(rng.integers(0, height, 2))
        pen.rectangle((box[0][0], box[1][0], box[0][1], box[1][1]), outline=60, width=2)
    return _as_scanned(np.asarray(sheet, np.float32) / np.float32(255), rng)


def table(rng: np.random.Generator) -> Picture:
    """A form or a table: rules and short words; also charts as a screen shows them. For measuring alone."""
    width, height = 400, int(rng.choice([300, 400, 520]))
    sheet = Image.new("L", (width, height), int(rng.integers(225, 256)))
    pen = ImageDraw.Draw(sheet)
    font = _font(rng, int(rng.integers(9, 15)))
    rows, columns = int(rng.integers(6, 22)), int(rng.integers(2, 7))
    for row in range(rows):
        y = 12 + row * (height - 20) // rows
        pen.line((8, y, width - 8, y), fill=120)
        for column in range(columns):
            if rng.random() < 0.8:
                pen.text((14 + column * (width - 20) // columns, y + 2), _words(rng, int(rng.integers(2, 9))),
                         fill=int(rng.integers(0, 80)), font=font)  # fmt: skip
    for column in range(columns + 1):
        x = 8 + column * (width - 16) // columns
        pen.line((x, 12, x, height - 8), fill=120)
    if rng.random() < 0.3:
        heights = rng.uniform(0.1, 0.9, 8)
        for number, share in enumerate(heights):
            pen.rectangle(
                (40 + 40 * number, int(height * (1 - share)), 66 + 40 * number, height - 10), fill=70
            )
    return _as_scanned(np.asarray(sheet, np.float32) / np.float32(255), rng)


def _as_scanned(sheet: Picture, rng: np.random.Generator) -> Picture:
    height, width = sheet.shape
    if rng.random() < 0.5:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 2.5), rng.uniform(0.9, 1.05))
        border = float(rng.choice([1.0, 0.0]))
        sheet = np.asarray(cv2.warpAffine(sheet, turn, (width, height), borderValue=border), np.float32)
    if rng.random() < 0.4:
        shade = np.linspace(0, rng.uniform(0, 0.3), width, dtype=np.float32)[None]
        sheet = sheet - shade
    sheet = sheet + rng.normal(0, rng.uniform(0, 0.03), sheet.shape).astype(np.float32)
    return np.asarray(np.clip(1 - sheet if rng.random() < 0.35 else sheet, 0, 1), np.float32)


def noise(rng: np.random.Generator) -> Picture:
    """White, coloured or striped noise."""
    white = rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    how = rng.integers(4)
    if how == 0:
        found = white
    elif how == 1:
        found = cv2.GaussianBlur(white, (0, 0), rng.uniform(0.8, 20))
    elif how == 2:  # a power of the frequency: clouds
        radius = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
        power = np.maximum(radius, 1 / SIDE) ** -rng.uniform(0.5, 2.2)
        found = np.real(np.fft.ifft2(np.fft.fft2(white) * power)).astype(np.float32)
    else:
        found = np.repeat(white[:1], SIDE, axis=0) + rng.uniform(0, 0.5) * white
        found = found.T if rng.random() < 0.5 else found
    return _levelled(found)


def gradient(rng: np.random.Generator) -> Picture:
    """A ramp, rings, squares or a few plain shapes: a test picture of a screen or of a detector."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    how = rng.integers(5)
    if how == 0:
        found = x * rng.normal() + y * rng.normal()
    elif how == 1:
        found = np.hypot(x - rng.random(), y - rng.random())
    elif how == 2:
        many = int(rng.integers(2, 24))
        found = ((np.floor(x * many) + np.floor(y * many)) % 2).astype(np.float32)
    elif how == 3:
        found = np.sin(2 * np.pi * rng.uniform(2, 30) * (x * rng.normal() + y * rng.normal()))
    else:
        found = np.zeros((SIDE, SIDE), np.float32)
        for _ in range(int(rng.integers(1, 8))):
            corner, far = rng.integers(0, SIDE, 2), rng.integers(0, SIDE, 2)
            level = float(rng.random())
            if rng.random() < 0.5:
                cv2.rectangle(found, corner.tolist(), far.tolist(), level, -1)
            else:
                cv2.circle(found, corner.tolist(), int(rng.integers(5, 60)), level, -1, cv2.LINE_AA)
    return _levelled(np.asarray(found, np.float32) + rng.normal(0, 0.02, found.shape).astype(np.float32))


def blank(rng: np.random.Generator) -> Picture:
    """Nothing on the detector: one level with little noise, perhaps a border or a side marker."""
    found = np.full((SIDE, SIDE), rng.uniform(0, 1), np.float32)
    found += rng.normal(0, rng.uniform(0.0, 0.02), found.shape).astype(np.float32)
    if rng.random() < 0.5:
        edge = int(rng.integers(2, 40))
        found[:edge] = found[-edge:] = rng.random()
    if rng.random() < 0.5:
        cv2.putText(found, str(rng.choice(["D", "G", "R", "L"])), rng.integers(20, 170, 2).tolist(),
                    cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.4, 1.2), 1.0, 2, cv2.LINE_AA)  # fmt: skip
    return np.asarray(np.clip(found, 0, 1), np.float32)


def _levelled(found: Picture) -> Picture:
    low, high = float(found.min()), float(found.max())
    return np.asarray((found - low) / max(high - low, 1e-6), np.float32)


DRAWN: dict[str, Callable[[np.random.Generator], Picture]] = {
    "page": page,
    "table": table,
    "noise": noise,
    "gradient": gradient,
    "blank": blank,
}
