"""Made-up radiographs in memory: CR instances with whatever a test wants in their header."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    generate_uid,
)

_MIB = 2**20


def bone_pixels(seed: int = 0, height: int = 300, width: int = 240) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """A bright shaft on a dark ground with noise, 12 bits."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    shaft = np.exp(-(((x - width / 2 + 10 * np.sin(y / 40 + seed)) / 30) ** 2))
    values = 600 + 2600 * shaft + generator.normal(0, 40, (height, width))
    return np.asarray(np.clip(values, 0, 4095), dtype=np.uint16)


def cr_bytes(seed: int = 0, *, body_part: str = "HAND", **attributes: Any) -> bytes:
    """A CR instance as bytes; `attributes` are DICOM keywords."""
    pixels = bone_pixels(seed)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(seed)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("x", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", str(seed)])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", str(seed)])
    dataset.Modality, dataset.BodyPartExamined, dataset.PatientSex = "CR", body_part, "F"
    dataset.PatientAge, dataset.Manufacturer = "009Y", "FUJIFILM"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = pixels.tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def png_bytes(seed: int = 0) -> bytes:
    """The same picture as an 8-bit PNG."""
    buffer = BytesIO()
    Image.fromarray((bone_pixels(seed) >> 4).astype(np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def png_bomb(side: int) -> bytes:
    """A few kilobytes that say they are side x side pixels."""
    buffer = BytesIO()
    Image.new("1", (side, side)).save(buffer, format="PNG")
    return buffer.getvalue()


def deflated_bomb() -> bytes:
    """A deflated DICOM file of half a megabyte that inflates to half a gigabyte."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = b"".join(engine.compress(b"\0" * _MIB) for _ in range(512)) + engine.flush()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        ComputedRadiographyImageStorage,
        UID("1.2.3"),
    )
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta)
    return b"\0" * 128 + b"DICM" + buffer.getvalue() + body
