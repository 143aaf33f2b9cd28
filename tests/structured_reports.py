"""French structured reports with identity in every kind of content item, made for the tests."""

from __future__ import annotations

from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

BASIC_TEXT, ENHANCED, COMPREHENSIVE = (f"1.2.840.10008.5.1.4.1.1.88.{end}" for end in (11, 22, 33))
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
CONCLUSION = (
    "Patiente QUENTRELEC Maëlys, née le 12/03/1957, dossier K77120934.\n"
    "Pas de fracture du scaphoïde. Arthrose fémoro-patellaire.\nDr VERCAUTRIN"
)


def code(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    """A coded entry."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def content(kind: str, concept: Dataset | None, relationship: str = "CONTAINS", **values: object) -> Dataset:
    """A content item."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, kind
    if concept is not None:
        item.ConceptNameCodeSequence = [concept]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def report(sop_class: str = BASIC_TEXT) -> Dataset:
    """A report of one patient: observer, subject, dates, a measurement, an image and a conclusion."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, "1.2.8.9.3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.8.0.1", "1.2.8.9.2"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        "QUENTRELEC^Maëlys", "K77120934", "19570312", "F",
    )  # fmt: skip
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = "ACC20240098", "", "VERCAUTRIN^Odilon"
    ds.StudyDate = ds.ContentDate = "20240304"
    ds.StudyTime = ds.ContentTime = "101500"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber, ds.Manufacturer = "SR", 1, 1, "Acme"
    ds.ReferencedPerformedProcedureStepSequence, ds.PerformedProcedureCodeSequence = [], []
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [code("18748-4", "Diagnostic imaging report", "LN")]
    ds.CurrentRequestedProcedureEvidenceSequence = [_evidence()]
    ds.ContentSequence = [
        *_context(),
        content("TEXT", code("121077", "Conclusion"), TextValue=CONCLUSION),
        content(
            "TEXT", code("CR1", "Dossier QUENTRELEC", "99LOCAL"), TextValue="Genou gauche : Mme QUENTRELEC."
        ),
    ]
    if sop_class != BASIC_TEXT:
        ds.ContentSequence.append(_measurement())
    ds.ContentSequence.append(_image())
    return ds


def _context() -> list[Dataset]:
    about = "HAS OBS CONTEXT"
    observer = [code("121006", "Person")]
    return [
        content("CODE", code("121005", "Observer Type"), about, ConceptCodeSequence=observer),
        content("PNAME", code("121008", "Person Observer Name"), about, PersonName="VERCAUTRIN^Odilon"),
        content("TEXT", code("121030", "Subject ID"), about, TextValue="K77120934"),
        content("PNAME", code("121029", "Subject Name"), about, PersonName="QUENTRELEC^Maëlys"),
        content("UIDREF", code("110180", "Study Instance UID"), about, UID="1.2.8.0.1"),
        content("DATE", code("111060", "Study Date"), about, Date="20240304"),
    ]


def _evidence() -> Dataset:
    evidence, series, reference = Dataset(), Dataset(), Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.1",
        "1.2.8.0.3",
    )
    series.SeriesInstanceUID, series.ReferencedSOPSequence = "1.2.8.0.2", [reference]
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = "1.2.8.0.1", [series]
    return evidence


def _measurement() -> Dataset:
    value = Dataset()
    value.NumericValue, value.MeasurementUnitsCodeSequence = "12.5", [code("mm", "millimeter", "UCUM")]
    return content("NUM", code("410668003", "Length", "SCT"), MeasuredValueSequence=[value])


def _image() -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.1",
        "1.2.8.0.3",
    )
    return content("IMAGE", None, ReferencedSOPSequence=[reference])


def as_file(ds: Dataset) -> bytes:
    """The report as a DICOM file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()
