"""How the pixels of one instance are laid out: the attributes of the Image Pixel module, checked.

Source: DICOM PS3.3 section C.7.6.3 and PS3.5 section 8.
"""

from __future__ import annotations

from dataclasses import dataclass

from osteon.dicom.dataset import Attributes, numbers_of, text_of
from osteon.dicom.limits import Limits
from osteon.domain.errors import RefusedError

PHOTOMETRIC_INTERPRETATIONS = frozenset(
    {
        "MONOCHROME1",
        "MONOCHROME2",
        "PALETTE COLOR",
        "RGB",
        "YBR_FULL",
        "YBR_FULL_422",
        "YBR_PARTIAL_422",
        "YBR_PARTIAL_420",
        "YBR_ICT",
        "YBR_RCT",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLayout:
    """The Image Pixel attributes that decide how bytes become numbers."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    frames: int
    photometric: str
    planar: bool

    @property
    def shift(self) -> int:
        """Bits below the stored ones (overlays of old equipment sit around them)."""
        return self.high_bit + 1 - self.bits_stored

    @property
    def subsampled(self) -> bool:
        """Native YBR 4:2:2: two pixels share their colour."""
        return self.photometric in {"YBR_FULL_422", "YBR_PARTIAL_422"}

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame."""
        samples = 2 if self.subsampled else self.samples
        return self.rows * self.columns * samples * self.bits_allocated


def pixel_layout(dataset: Attributes, limits: Limits) -> PixelLayout:
    """The checked layout of a data set's pixels.

    Raises:
        RefusedError: an attribute is missing, contradicts another, or asks for too much.
    """
    samples = _integer(dataset, "SamplesPerPixel", 1, allowed=(1, 3))
    allocated = _integer(dataset, "BitsAllocated", allowed=(1, 8, 12, 16, 32))
    stored = _integer(dataset, "BitsStored", allocated)
    high = _integer(dataset, "HighBit", stored - 1)
    if not 1 <= stored <= allocated or not stored - 1 <= high < allocated:
        raise RefusedError(
            "BitsStored and HighBit within BitsAllocated",
            f"{stored} stored, high bit {high}, {allocated} allocated",
            "correct the instance at its source",
        )
    layout = PixelLayout(
        rows=_integer(dataset, "Rows"),
        columns=_integer(dataset, "Columns"),
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=_integer(dataset, "PixelRepresentation", 0, allowed=(0, 1)) == 1,
        frames=max(1, _integer(dataset, "NumberOfFrames", 1)),
        photometric=_photometric(dataset, samples),
        planar=_integer(dataset, "PlanarConfiguration", 0, allowed=(0, 1)) == 1,
    )
    limits.check_shape(layout.rows, layout.columns)
    return layout


def _integer(
    dataset: Attributes, keyword: str, default: int | None = None, *, allowed: tuple[int, ...] | None = None
) -> int:
    found = numbers_of(dataset, keyword)
    if not found or found[0] != int(found[0]):
        if default is None:
            raise RefusedError(f"the attribute {keyword}", "none", "send the image instance, not a reference")
        return default
    value = int(found[0])
    if allowed is not None and value not in allowed:
        raise RefusedError(f"{keyword} of {allowed}", str(value), "correct the instance at its source")
    return value


def _photometric(dataset: Attributes, samples: int) -> str:
    value = text_of(dataset, "PhotometricInterpretation").upper()
    if not value:  # ACR-NEMA files, older than the attribute
        return "MONOCHROME2" if samples == 1 else "RGB"
    if value not in PHOTOMETRIC_INTERPRETATIONS:
        raise RefusedError(
            "a PhotometricInterpretation of the standard", "another one", "convert the instance at its source"
        )
    gray = value in {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"}
    if gray != (samples == 1):
        raise RefusedError(
            "SamplesPerPixel that fits PhotometricInterpretation",
            f"{value} with {samples}",
            "correct the instance at its source",
        )
    return value
