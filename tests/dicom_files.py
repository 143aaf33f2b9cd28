"""Small DICOM instances made in the test run: one gradient with a disc, in every transfer syntax."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
DX_IMAGE = "1.2.840.10008.5.1.4.1.1.1.1"

LOSSLESS = {
    "implicit little endian": str(ImplicitVRLittleEndian),
    "explicit little endian": str(ExplicitVRLittleEndian),
    "explicit big endian": str(ExplicitVRBigEndian),
    "deflated": str(DeflatedExplicitVRLittleEndian),
    "RLE": str(RLELossless),
    "JPEG lossless": str(JPEGLossless),
    "JPEG lossless SV1": str(JPEGLosslessSV1),
    "JPEG-LS lossless": str(JPEGLSLossless),
    "JPEG 2000 lossless": str(JPEG2000Lossless),
    "HTJ2K lossless": HTJ2K_LOSSLESS,
}
LOSSY = {"JPEG extended": JPEG_EXTENDED, "JPEG-LS near-lossless": JPEG_LS_NEAR, "JPEG 2000": JPEG_2000}
SYNTAXES = (*LOSSLESS.values(), *LOSSY.values())


def limb(rows: int = 48, columns: int = 40, bits: int = 12) -> NDArray[np.uint16]:
    """A bright shaft on a slope, from 0 to the top of the range."""
    y, x = np.mgrid[0:rows, 0:columns]
    shaft = np.abs(x - columns / 2) < columns / 6
    values = (y / (rows - 1) * 0.4 + shaft * 0.6) * ((1 << bits) - 1)
    stored: NDArray[np.uint16] = values.astype(np.uint16)
    return stored


def data_set(pixels: NDArray[Any] | None = None, *, bits: int = 12, **attributes: Any) -> Dataset:
    """A DX data set of `pixels`, uncompressed; attributes by keyword override or add."""
    pixels = limb(bits=bits) if pixels is None else pixels
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = DX_IMAGE, "1.2.826.0.1.3680043.10.1.3"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = (f"1.2.826.0.1.3680043.10.1.{n}" for n in (1, 2))
    dataset.Modality, dataset.PatientID, dataset.PatientName = "DX", "PLANTED-ID-77", "PLANTED^NAME"
    dataset.BodyPartExamined, dataset.ViewPosition, dataset.ImageLaterality = "KNEE", "AP", "L"
    dataset.PatientSex, dataset.PatientAge = "F", "034Y"
    dataset.Rows, dataset.Columns = pixels.shape[:2] if colour or pixels.ndim == 2 else pixels.shape[1:3]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored = min(bits, dataset.BitsAllocated)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def encode(pixels: NDArray[Any], syntax: str, bits: int) -> bytes:
    """One frame compressed as the transfer syntax says."""
    if syntax == RLELossless:
        from pydicom.pixels.encoders.base import RLELosslessEncoder

        return RLELosslessEncoder.encode(pixels, **_rle_options(pixels, bits))
    if syntax in (JPEGLossless, JPEGLosslessSV1):
        predictor = 1 if syntax == JPEGLosslessSV1 else 6
        return bytes(imagecodecs.jpeg_encode(pixels, lossless=True, predictor=predictor, bitspersample=bits))
    if syntax in (JPEG_BASELINE, JPEG_EXTENDED):
        return bytes(imagecodecs.jpeg_encode(pixels, level=98, bitspersample=bits))
    if syntax in (JPEGLSLossless, JPEG_LS_NEAR):
        return bytes(imagecodecs.jpegls_encode(pixels, level=0 if syntax == JPEGLSLossless else 2))
    if syntax == HTJ2K_LOSSLESS:
        return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))
    lossless = syntax == JPEG2000Lossless
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels, level=0 if lossless else 80, reversible=lossless, codecformat="j2k", bitspersample=bits
        )
    )


def _rle_options(pixels: NDArray[Any], bits: int) -> dict[str, Any]:
    return {
        "rows": pixels.shape[0],
        "columns": pixels.shape[1],
        "samples_per_pixel": 1,
        "bits_allocated": pixels.dtype.itemsize * 8,
        "bits_stored": bits,
        "pixel_representation": 0,
        "photometric_interpretation": "MONOCHROME2",
        "number_of_frames": 1,
    }


def to_bytes(dataset: Dataset, syntax: str = str(ExplicitVRLittleEndian)) -> bytes:
    """The data set as a DICOM file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", DX_IMAGE)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3")
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def dicom_bytes(
    pixels: NDArray[Any] | None = None,
    *,
    syntax: str = str(ExplicitVRLittleEndian),
    bits: int = 12,
    **attributes: Any,
) -> bytes:
    """A DICOM file of `pixels` in a transfer syntax."""
    pixels = limb(bits=bits) if pixels is None else pixels
    dataset = data_set(pixels, bits=bits, **attributes)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    elif syntax not in LOSSLESS.values() or syntax in (
        RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, HTJ2K_LOSSLESS
    ):  # fmt: skip
        dataset.PixelData = encapsulate([encode(pixels, syntax, bits)])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    return to_bytes(dataset, syntax)
