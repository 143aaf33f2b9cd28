"""A colour picture as a DICOM Secondary Capture of the study it explains (PS3.3 A.8.1)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from osteon.dicom.dataset import MALFORMED, read_dataset
from osteon.domain.errors import RefusedError

_NAMESPACE = uuid.UUID("6f0a4a3e-3c0f-5d7e-9d0c-1a5c4c2d9b12")
_SERIES_NUMBER = 9901
# Patient (C.7.1.1) and General Study (C.7.2.1): what makes the picture one of the same study.
_KEPT = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber", "StudyDescription", "Laterality",
)  # fmt: skip


def secondary_capture(
    instance: bytes, rgb: NDArray[np.uint8], *, description: str, derived_by: str, now: datetime | None = None
) -> bytes:
    """A DICOM file of the pixels (rows, columns, 3), in a series of its own in the instance's study.

    The same instance, maker and description give the same UIDs, so that a repeated one replaces itself.

    Args:
        instance: the DICOM image that is explained; patient and study are copied from it.
        description: SeriesDescription, 64 characters at most are kept.
        derived_by: what made the picture, such as a model's version.
        now: ContentDate and ContentTime, UTC.
    Raises:
        RefusedError: the instance's header cannot carry one.
    """
    source = read_dataset(instance, pixels=False)
    try:
        made = _header(source, description, derived_by, now or datetime.now(UTC))
    except MALFORMED as error:
        raise RefusedError(
            "an instance with patient, study and UIDs",
            f"one whose header lacks them ({type(error).__name__})",
            "ask for a PNG",
        ) from None
    made.Rows, made.Columns = rgb.shape[:2]
    made.SamplesPerPixel, made.PlanarConfiguration = 3, 0
    made.PhotometricInterpretation = "RGB"
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    pixels = np.ascontiguousarray(rgb, dtype=np.uint8).tobytes()
    made.PixelData = pixels + b"\0" * (len(pixels) % 2)
    made["PixelData"].VR = "OB"
    buffer = BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def _header(source: Dataset, description: str, derived_by: str, now: datetime) -> Dataset:
    made = Dataset()
    for name in _KEPT:
        if name in source:
            made[name] = source[name]
    for name in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
                 "ReferringPhysicianName", "StudyID", "AccessionNumber"):  # fmt: skip
        if name not in made:
            setattr(made, name, None)
    if "SpecificCharacterSet" in source:
        made.SpecificCharacterSet = source.SpecificCharacterSet
    parts = (source.SOPInstanceUID, description, derived_by)
    made.SOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = _uid("image", *parts)
    made.SeriesInstanceUID = _uid("series", source.StudyInstanceUID, description, derived_by)
    made.SeriesNumber, made.InstanceNumber = _SERIES_NUMBER, 1
    made.SeriesDescription = description[:64]
    made.Modality, made.ConversionType = "OT", "WSD"
    made.Manufacturer = made.SecondaryCaptureDeviceManufacturer = "Osteon"
    made.SecondaryCaptureDeviceSoftwareVersions = derived_by[:64]
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.BurnedInAnnotation = "YES"  # the research line and the model, no identity
    made.DerivationDescription = description[:1024]
    made.PatientOrientation = None
    made.ContentDate, made.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    reference = Dataset()
    reference.ReferencedSOPClassUID = source.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.SOPInstanceUID
    made.SourceImageSequence = [reference]
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def _uid(*parts: str) -> str:
    """PS3.5 annex B.2: a UID from a UUID, here one of the parts' names."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(parts)).int}"
