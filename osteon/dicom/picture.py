"""One door for every picture: DICOM, PNG, JPEG or TIFF in, float32 in [0, 1] with bone bright out.

Orientation: the pixels stay as stored, which is how viewers show a radiograph. FieldOfViewRotation and
FieldOfViewHorizontalFlip tell what was done before storing (PS3.3 C.8.11.3), so they are not applied
again; PatientOrientation is handed on and never used to turn a picture, since a wrong turn would swap
left and right. Only the EXIF orientation of a photograph is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from osteon.dicom.dataset import MALFORMED, Source, read_bytes, read_dataset
from osteon.dicom.display import Voi, display_gray
from osteon.dicom.header import header_of
from osteon.dicom.limits import DEFAULT_LIMITS, Limits
from osteon.dicom.pixels import StoredPixels, decode_frames
from osteon.dicom.raster import raster_format, read_raster
from osteon.domain.errors import RefusedError, UsageError
from osteon.domain.instance import OriginalInstance

# ITU-R BT.601, the weights of YCbCr in DICOM (PS3.3 C.7.6.3.1.2).
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A picture ready for a model, with the facts about it that are no identifiers.

    Attributes:
        pixels: (rows, columns), float32 in [0, 1], bone bright.
        stored_bits: bits that the values had before they became floats.
        frames: frames or pages of the source; only the first is here.
        voi: what chose the visible range: the instance's LUT or window, percentiles, or a raster's own.
        instance: original identifiers of a DICOM image; their `repr` shows nothing.
    """

    pixels: NDArray[np.float32]
    stored_bits: int = 8
    modality: str = "unknown"
    body_part: str = "unknown"
    view: str = "unknown"
    laterality: str = "unknown"
    sex: str = "unknown"
    age_years: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    is_dicom: bool = False
    device: str = ""
    frames: int = 1
    voi: Voi = "raster"
    patient_orientation: tuple[str, ...] = ()
    instance: OriginalInstance | None = None

    @property
    def is_multi_frame(self) -> bool:
        """Whether the source held more than the frame that is here."""
        return self.frames > 1


def read_picture(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """A DICOM, PNG, JPEG or TIFF picture, from a path or from bytes.

    Raises:
        RefusedError: not a picture, malformed, or beyond the limits; never shows a value.
        UsageError: no such file.
    """
    data = read_bytes(source, limits)
    # A DICOM preamble may be a TIFF header (dual-personality files), so DICM is looked for first.
    if data[128:132] != b"DICM" and raster_format(data[:16]):
        pixels, bits, pages = read_raster(data, limits)
        return Picture(pixels=np.ascontiguousarray(pixels), stored_bits=bits, frames=pages)
    return picture_of(read_dataset(data, limits=limits), limits=limits)


def picture_of(dataset: Dataset, *, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """The picture of a data set that was read already."""
    stored = decode_frames(dataset, first_only=True, limits=limits)
    try:
        pixels, voi = _gray(stored, dataset)
        header = header_of(dataset)
    except MALFORMED as error:
        raise RefusedError(
            "look-up tables and a header that can be read",
            f"contradictions in them ({type(error).__name__})",
            "correct the instance at its source",
        ) from None
    return Picture(
        pixels=np.ascontiguousarray(pixels),
        stored_bits=stored.stored_bits,
        modality=header.modality,
        body_part=header.body_part,
        view=header.view,
        laterality=header.laterality,
        sex=header.sex,
        age_years=header.age_years,
        pixel_spacing_mm=header.pixel_spacing_mm,
        is_dicom=True,
        device=header.device,
        frames=stored.layout.frames,
        voi=voi,
        patient_orientation=header.patient_orientation,
        instance=header.instance,
    )


def _gray(stored: StoredPixels, dataset: Dataset) -> tuple[NDArray[np.float32], Voi]:
    frame = stored.frames[0]
    if stored.colour == "gray":
        return display_gray(frame, dataset)
    if stored.colour == "palette":
        from pydicom.pixels.processing import apply_color_lut

        colours = apply_color_lut(frame, dataset)
        top = float(np.iinfo(colours.dtype).max)
        return np.clip(colours[..., :3].astype(np.float32) / np.float32(top) @ _LUMA, 0, 1), "raster"
    top = float((1 << stored.stored_bits) - 1)
    scaled = np.clip(frame.astype(np.float32) / np.float32(top), 0, 1)
    return (scaled[..., 0] if stored.colour == "ybr" else np.clip(scaled @ _LUMA, 0, 1)), "raster"


def write_png(picture: Picture, path: str | PathLike[str], bits: Literal[8, 16] = 8) -> None:
    """The picture as a gray PNG of 8 or 16 bits, [0, 1] over the whole range."""
    if bits not in (8, 16):
        raise UsageError("8 or 16 bits", str(bits), "choose one of the two")
    top = (1 << bits) - 1
    values = np.rint(picture.pixels * np.float32(top)).astype(np.uint8 if bits == 8 else np.uint16)
    Image.fromarray(values).save(Path(path), format="PNG", compress_level=3)
