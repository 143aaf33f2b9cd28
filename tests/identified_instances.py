"""Radiographs with identity in every corner, made for the tests of de-identification."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from osteon.deid import ProjectKey, Pseudonymiser

KEY = ProjectKey(bytes(range(32)))
PSEUDONYMISER = Pseudonymiser(KEY, "nord")


def radiograph(
    *, name: str = "QUENTRELEC^Maëlys", number: str = "K77120934", birth: str = "19570312", seed: int = 0
) -> Dataset:
    """A CR data set of a named patient, with pixels."""
    ds = Dataset()
    ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (
        f"1.2.8.{seed}.3",
        f"1.2.8.{seed}.1",
        f"1.2.8.{seed}.2",
    )
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = name, number, birth, "F"
    ds.AccessionNumber, ds.StudyID = "ACC20240098", "ACC20240098"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20240304"
    ds.StudyTime = ds.ContentTime = "101500"
    ds.ReferringPhysicianName, ds.OperatorsName = "VERCAUTRIN^Odilon", "BRISTOULET^Anselme"
    ds.InstitutionName, ds.InstitutionAddress = (
        "Clinique Ormebeuve",
        "14 rue des Trois-Cigognes 59480 Ormebeuve",
    )
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition, ds.Laterality = "CR", "KNEE", "AP", "L"
    ds.Manufacturer, ds.ManufacturerModelName, ds.DeviceSerialNumber = "Acme", "CR 45", "SN-55127719"
    ds.StudyDescription = "RX Genou gauche QUENTRELEC"
    ds.SeriesNumber, ds.InstanceNumber, ds.PatientOrientation = 1, 1, ["L", "F"]
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    set_pixels(ds, np.random.default_rng(seed).integers(100, 3000, (96, 80)).astype(np.uint16))
    return ds


def set_pixels(ds: Dataset, frame: np.ndarray, bits: int = 12) -> None:
    """Puts uncompressed pixels into the data set."""
    ds.Rows, ds.Columns = frame.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    ds.PixelSpacing, ds.RescaleIntercept, ds.RescaleSlope = [0.15, 0.15], 0, 1
    ds.PixelData = frame.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def as_file(
    ds: Dataset, *, preamble: bytes = bytes(128), trailing: bytes = b"", syntax: str = ExplicitVRLittleEndian
) -> bytes:
    """The data set as a DICOM file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.preamble = preamble
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue() + trailing


def plant_everywhere(ds: Dataset, text: str) -> Dataset:
    """The text in free, private and nested attributes of every kind that holds text."""
    for keyword in ("PatientComments", "ImageComments", "AdditionalPatientHistory", "StudyComments"):
        setattr(ds, keyword, text)
    for keyword in (
        "SeriesDescription",
        "ProtocolName",
        "StationName",
        "PatientAddress",
        "PerformedProcedureStepDescription",
    ):
        setattr(ds, keyword, text[:64])
    for keyword in ("OtherPatientNames", "RequestingPhysician", "ResponsiblePerson", "PatientBirthName"):
        setattr(ds, keyword, text[:60])
    for keyword in ("OtherPatientIDs", "AdmissionID", "IssuerOfPatientID", "PatientTelephoneNumbers"):
        setattr(ds, keyword, text[:16])
    block = ds.private_block(0x0011, text[:60], create=True)
    block.add_new(0x01, "LO", text[:64])
    block.add_new(0x02, "UT", text)
    inner = Dataset()
    inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = text[:16], "99LOCAL", text[:64]
    inner.TextValue = text
    private = inner.private_block(0x0019, "deep", create=True)
    private.add_new(0x01, "LT", text)
    known = Dataset()
    known.CodeValue, known.CodingSchemeDesignator, known.CodeMeaning = "72696002", "SCT", text[:64]
    known.AnatomicRegionModifierSequence = Sequence([inner])
    ds.AnatomicRegionSequence = Sequence([known])
    ds.RequestAttributesSequence = Sequence([inner])
    ds.ProcedureCodeSequence = Sequence([inner])
    request = Dataset()
    request.ReferencedStudySequence = Sequence([inner])
    ds.ReferencedPatientSequence = Sequence([request])
    ds.add_new(0x60000022, "LO", text[:64])
    ds.add_new(0x50000030, "LO", text[:64])
    return ds
