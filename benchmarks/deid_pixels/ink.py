"""Lines of text as masks: stroke fonts of consoles, outlines from installed fonts, bitmaps."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.float32]
"""(H, W), 1 inside the strokes, 0 outside."""

_HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)
_WANTED = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "DejaVuSansMono-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansCondensed", "LiberationSans-Regular", "LiberationSans-Bold", "LiberationMono-Regular",
    "LiberationSerif-Regular", "LiberationSansNarrow-Regular", "FreeSans", "FreeMono", "FreeSerif",
    "Vera", "VeraBd",     "STIXGeneral", "cmss10", "cmtt10", "cmr10",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ink:
    """A drawn line: its mask and how it was made."""

    mask: Mask
    font: str
    cap_height_px: int


@lru_cache(maxsize=1)
def font_files() -> tuple[str, ...]:
    """The TrueType files that this machine has among those wanted, in a stable order."""
    import matplotlib
    import reportlab

    folders = (
        Path(matplotlib.get_data_path()) / "fonts/ttf",
        Path(reportlab.__file__).parent / "fonts",
        Path("/usr/share/fonts/truetype"),
    )
    found = {p.stem: str(p) for folder in folders if folder.is_dir() for p in sorted(folder.rglob("*.ttf"))}
    return tuple(found[name] for name in _WANTED if name in found)


@lru_cache(maxsize=512)
def _truetype(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def draw_line(text: str, cap_height_px: int, rng: np.random.Generator) -> Ink:
    """The line in a font drawn by chance; strokes never fainter than a console draws them."""
    kind = rng.random()
    if kind < 0.35:
        return _hershey(text, cap_height_px, rng)
    if kind < 0.42:
        return _bitmap(text, cap_height_px)
    files = font_files()
    path = files[int(rng.integers(len(files)))]
    return _outline(text, cap_height_px, path, smooth=bool(rng.random() < 0.75))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ł", "l"))
    return decomposed.encode("ascii", "ignore").decode()


def _hershey(text: str, height: int, rng: np.random.Generator) -> Ink:
    face = _HERSHEY[int(rng.integers(len(_HERSHEY)))]
    text = _plain(text)
    scale = cv2.getFontScaleFromHeight(face, height, 1)
    thickness = max(1, round(height / float(rng.uniform(8, 16))))
    (width, tall), base = cv2.getTextSize(text, face, scale, thickness)
    pad = thickness + 3
    canvas = np.zeros((tall + base + 2 * pad, width + 2 * pad), np.uint8)
    line = cv2.LINE_AA if rng.random() < 0.6 else cv2.LINE_8
    cv2.putText(canvas, text, (pad, tall + pad), face, scale, 255, thickness, line)
    return Ink(_trim(canvas), f"hershey{face}x{thickness}", height)


def _outline(text: str, height: int, path: str, *, smooth: bool) -> Ink:
    probe = _truetype(path, 100).getbbox("H")
    size = max(6, round(100 * height / max(1, probe[3] - probe[1])))
    font = _truetype(path, size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8), 0)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "L" if smooth else "1"
    draw.text((4 - left, 4 - top), text, fill=255, font=font)
    return Ink(_trim(np.asarray(image)), Path(path).stem + ("" if smooth else "-1bit"), height)


def _bitmap(text: str, height: int) -> Ink:
    font = ImageFont.load_default_imagefont()
    text = _plain(text)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
    ImageDraw.Draw(image).text((2, 2), text, fill=255, font=font)
    times = max(1, round(height / 7))
    mask = np.kron(np.asarray(image), np.ones((times, times), np.uint8))
    return Ink(_trim(mask), f"bitmap-x{times}", 7 * times)


def _trim(mask: NDArray[np.uint8]) -> Mask:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(cut, 2).astype(np.float32) / np.float32(255)


def turned(mask: Mask, degrees: float) -> Mask:
    """The mask turned: quarter turns exactly, small tilts by resampling."""
    quarters, tilt = divmod(degrees + 45, 90)
    mask = np.rot90(mask, int(quarters))
    tilt -= 45
    if abs(tilt) < 0.01:
        return np.ascontiguousarray(mask)
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), tilt, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, tall = int(height * sine + width * cosine) + 2, int(height * cosine + width * sine) + 2
    matrix[:, 2] += ((wide - width) / 2, (tall - height) / 2)
    return np.asarray(cv2.warpAffine(np.ascontiguousarray(mask), matrix, (wide, tall)), np.float32)


def marker_mask(kind: str, height: int, rng: np.random.Generator) -> Mask:
    """A letter or word, drawn or of lead, with or without a ring; an arrow; a ball."""
    if kind == "ball":
        canvas = np.zeros((height, height), np.uint8)
        cv2.circle(canvas, (height // 2, height // 2), height // 2 - 1, 255, -1, cv2.LINE_AA)
        return canvas.astype(np.float32) / np.float32(255)
    if kind == "arrow":
        canvas = np.zeros((height, 3 * height), np.uint8)
        middle, thick = height // 2, max(2, height // 10)
        cv2.arrowedLine(canvas, (3, middle), (3 * height - 4, middle), 255, thick, cv2.LINE_AA, tipLength=0.3)
        return canvas.astype(np.float32) / np.float32(255)
    mask = draw_line(kind, height, rng).mask
    if len(kind) == 1 and rng.random() < 0.3:
        side = int(max(mask.shape) * 1.7)
        ringed: NDArray[np.float32] = np.zeros((side, side), np.float32)
        y, x = (side - mask.shape[0]) // 2, (side - mask.shape[1]) // 2
        ringed[y : y + mask.shape[0], x : x + mask.shape[1]] = mask
        cv2.circle(ringed, (side // 2, side // 2), side // 2 - 3, 1.0, max(2, height // 14), cv2.LINE_AA)
        return ringed
    return mask
