"""The picture as a CR or DX For Presentation instance (PS3.3 A.2, A.26).

Identities stand wherever they do in practice: free text, nested sequences, private tags.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from osteon.dicom.synthetic.identity import Identity
from osteon.dicom.synthetic.picture import View
from osteon.dicom.synthetic.plan import StudyPlan

_CR = "1.2.840.10008.5.1.4.1.1.1"
_DX = "1.2.840.10008.5.1.4.1.1.1.1"
_SYNTAXES = {"rle": RLELossless, "jpegls": JPEGLSLossless, "jpeg2000": JPEG2000Lossless}
_BODY_PART = {"hand": "HAND", "knee": "KNEE", "forearm": "FOREARM", "ankle": "ANKLE"}
_REGION_CODE = {
    "hand": ("85562004", "Hand"),
    "knee": ("72696002", "Knee"),
    "forearm": ("14975008", "Forearm"),
    "ankle": ("70258002", "Ankle"),
}
_FRENCH = {"hand": "main", "knee": "genou", "forearm": "avant-bras", "ankle": "cheville"}
_VIEW_CODE = {
    "face": ("399348003", "Antero-posterior projection"),
    "profil": ("399067008", "Lateral projection"),
    "oblique": ("399260004", "Medio-lateral oblique projection"),
}
_POSITION = {"face": "AP", "profil": "LL", "oblique": "RLO"}
SIDE = {"L": "gauche", "R": "droit"}


def uid(plan: StudyPlan, *parts: object) -> str:
    """Return a unique identifier under the UUID arc 2.25, the same for the same study (PS3.5 B.2)."""
    text = "/".join(str(part) for part in ("osteon", plan.seed, plan.number, *parts))
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"


def french_side(plan: StudyPlan) -> str:
    """Side in French, agreeing with the gender of the region."""
    if plan.region in {"hand", "ankle"}:
        return "gauche" if plan.laterality == "L" else "droite"
    return SIDE[plan.laterality]


def study_description(plan: StudyPlan) -> str:
    """Name of the examination as the RIS sends it."""
    return f"RX {_FRENCH[plan.region]} {french_side(plan)} {'+'.join(plan.views)}"


@dataclass(frozen=True, kw_only=True)
class StoredPixels:
    """What goes into Pixel Data."""

    values: NDArray[np.uint16]
    bits: int
    low: int
    high: int


def quantise(view: View, plan: StudyPlan) -> StoredPixels:
    """Grey levels to stored values; the window leaves room at both ends where the device writes one."""
    device = plan.device
    top = (1 << device.bits) - 1
    low, high = (round(0.06 * top), round(0.92 * top)) if device.window else (0, top)
    grey = 1.0 - view.grey if device.monochrome1 else view.grey
    values = np.round(low + grey * (high - low)).astype(np.uint16)
    return StoredPixels(values=values, bits=device.bits, low=low, high=high)


def encode_instance(
    plan: StudyPlan, identity: Identity, view: View, name: str, version: str
) -> tuple[bytes, str]:
    """Return the DICOM file of one view and its SOP Instance UID."""
    dataset = Dataset()
    number = plan.views.index(name) + 1
    _general(dataset, plan, identity, name, number, version)
    _requests(dataset, plan, identity)
    _acquisition(dataset, plan, view, name)
    if plan.device.modality == "DX":
        _digital(dataset, plan, name)
    pixels = quantise(view, plan)
    _pixels(dataset, plan, pixels)
    _private(dataset, identity)
    return _write(dataset, plan, number), str(dataset.SOPInstanceUID)


def _general(ds: Dataset, plan: StudyPlan, who: Identity, name: str, number: int, version: str) -> None:
    rng = plan.stream(4)
    minutes = int(rng.integers(8 * 60, 19 * 60))
    clock = f"{minutes // 60:02d}{minutes % 60:02d}{int(rng.integers(60)):02d}"
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = _CR if plan.device.modality == "CR" else _DX
    ds.SOPInstanceUID = uid(plan, "instance", number)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(plan, "study"), uid(plan, "series", number)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = plan.day.strftime("%Y%m%d")
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = clock
    ds.AccessionNumber, ds.StudyID = who.accession, who.nda
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = (
        plan.device.modality,
        plan.device.manufacturer,
        plan.device.model,
    )
    ds.DeviceSerialNumber, ds.StationName, ds.SoftwareVersions = (
        plan.device.serial,
        plan.device.station,
        f"osteon-synthetic {version}",
    )
    hospital = plan.hospital
    ds.InstitutionName, ds.InstitutionAddress = (
        hospital.name,
        f"{hospital.street}, {hospital.postcode} {hospital.city}",
    )
    ds.InstitutionalDepartmentName = "Imagerie médicale"
    ds.ReferringPhysicianName, ds.ReferringPhysicianTelephoneNumbers = (
        who.referrer.dicom_name,
        who.referrer.phone,
    )
    ds.PerformingPhysicianName = ds.NameOfPhysiciansReadingStudy = who.radiologist.dicom_name
    ds.OperatorsName = who.technician.replace(" ", "^", 1)
    ds.StudyDescription = study_description(plan)
    ds.SeriesDescription = f"{_FRENCH[plan.region]} {name}"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        who.dicom_name,
        who.ipp,
        who.birth.strftime("%Y%m%d"),
        who.sex,
    )
    ds.IssuerOfPatientID = hospital.name
    ds.PatientAge = f"{plan.age_years:03d}Y" if plan.age_years >= 2 else f"{max(plan.age_months, 0):03d}M"
    if who.maiden:
        ds.PatientBirthName = f"{who.maiden.upper()}^{who.given}"
    ds.PatientAddress, ds.PatientTelephoneNumbers = f"{who.street}, {who.postcode} {who.city}", who.phone
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID, other.TypeOfPatientID = who.nir, "INS-NIR", "TEXT"
    ds.OtherPatientIDsSequence = Sequence([other])
    ds.PatientComments = (
        f"Adressé(e) par Dr {who.referrer.surname} - joindre au {who.phone}" if rng.random() < 0.4 else "RAS"
    )
    ds.AdmissionID = who.nda
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = number, 1, 1


def _requests(ds: Dataset, plan: StudyPlan, who: Identity) -> None:
    request = Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepID = who.accession, f"{who.accession}-1"
    request.RequestedProcedureDescription = f"{study_description(plan)} - M. ou Mme {who.surname}"
    request.RequestingPhysician = who.referrer.dicom_name
    ds.RequestAttributesSequence = Sequence([request])


def _acquisition(ds: Dataset, plan: StudyPlan, view: View, name: str) -> None:
    ds.BodyPartExamined = _BODY_PART[plan.region]
    ds.ViewPosition = _POSITION[name] if not (plan.region == "hand" and name == "face") else "PA"
    ds.KVP, ds.Exposure = view.kvp, max(1, round(view.mas))
    ds.ExposureInuAs = round(view.mas * 1000)
    ds.ImagerPixelSpacing = [view.spacing_mm, view.spacing_mm]
    ds.PixelSpacing = [view.spacing_mm, view.spacing_mm]
    ds.PixelSpacingCalibrationType = "GEOMETRY"
    ds.PixelSpacingCalibrationDescription = "At the detector"
    ds.BurnedInAnnotation = "YES" if view.burned else "NO"
    ds.PatientOrientation = ["L", "F"] if name != "profil" else ["A", "F"]
    if plan.device.modality == "CR":
        ds.Laterality = plan.laterality
        ds.ImageType = ["ORIGINAL", "PRIMARY"]
        ds.PlateType, ds.CassetteSize = "HQ", "18CMX24CM"


def _code(value: str, meaning: str, scheme: str = "SCT") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _digital(ds: Dataset, plan: StudyPlan, name: str) -> None:
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.ImageLaterality = plan.laterality
    ds.AnatomicRegionSequence = Sequence([_code(*_REGION_CODE[plan.region])])
    view = _code(*_VIEW_CODE[name])
    view.ViewModifierCodeSequence = Sequence([])
    ds.ViewCodeSequence = Sequence([view])
    ds.AcquisitionContextSequence = Sequence([])
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = (
        "LOG",
        -1 if plan.device.monochrome1 else 1,
    )
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.PresentationLUTShape = "INVERSE" if plan.device.monochrome1 else "IDENTITY"
    ds.LossyImageCompression = "00"
    ds.DetectorType, ds.PositionerType = "DIRECT", "COLUMN"
    ds.DetectorID = plan.device.serial


def _pixels(ds: Dataset, plan: StudyPlan, pixels: StoredPixels) -> None:
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME1" if plan.device.monochrome1 else "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.values.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, pixels.bits, pixels.bits - 1, 0
    if plan.device.window or plan.device.modality == "DX":
        ds.WindowCenter, ds.WindowWidth = (pixels.low + pixels.high) / 2 + 0.5, pixels.high - pixels.low + 1
        ds.WindowCenterWidthExplanation = "NORMAL"
    ds.PixelData = pixels.values.tobytes()
    ds["PixelData"].VR = "OW"


def _private(ds: Dataset, who: Identity) -> None:
    block = ds.private_block(0x0019, "OSTEON SYNTH RIS", create=True)
    block.add_new(0x01, "LO", f"{who.surname.upper()} {who.given}")
    block.add_new(0x02, "LO", who.nir)
    note = Dataset()
    note.PatientName, note.PatientID = who.dicom_name, who.ipp
    block.add_new(0x03, "SQ", Sequence([note]))


def _write(ds: Dataset, plan: StudyPlan, number: int) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID("2.25.302043790172249692526321623266752743501")
    meta.ImplementationVersionName = "OSTEON_SYNTH"
    ds.file_meta = meta
    draw = float(plan.stream(5, number).random())
    for name, share in plan.device.syntaxes:
        if draw < share:
            ds.compress(_SYNTAXES[name], generate_instance_uid=False)
            break
        draw -= share
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
