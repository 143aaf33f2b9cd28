"""Synthetic CR and DX instances with identity in every corner, each with what is expected of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from benchmarks.deid_dicom.corners import add_corners
from benchmarks.deid_dicom.descriptions import description, fold
from benchmarks.deid_dicom.expected import Expectation
from benchmarks.deid_dicom.people import Person, person
from benchmarks.deid_dicom.pixels import Picture, picture
from benchmarks.deid_dicom.planting import moment, plant, plantable, uid
from benchmarks.deid_dicom.safe import CHARACTERISTICS, CODES, VALUES, typed

CR, DX, DX_RAW = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("1", "1.1", "1.1.1"))
_SYNTAXES = (
    (str(ExplicitVRLittleEndian), 45), (str(ImplicitVRLittleEndian), 25), (str(ExplicitVRBigEndian), 10),
    (str(DeflatedExplicitVRLittleEndian), 10), (str(RLELossless), 10),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """One instance as a file, with what must have become of each thing in it."""

    content: bytes = field(repr=False)
    who: Person = field(repr=False)
    expectations: tuple[Expectation, ...]
    picture: Picture
    syntax: str
    tokens: tuple[str, ...] = field(repr=False)


def instances(count: int, seed: int, per_patient: int = 4) -> Iterator[Planted]:
    """`count` instances; each patient has several, in two studies."""
    who, studies = None, []
    for number in range(count):
        draw = random.Random(f"{seed}/{number}")
        if number % per_patient == 0 or who is None:
            who, studies = person(draw), [uid(draw), uid(draw)]
        yield instance(draw, who, draw.choice(studies))


def instance(draw: random.Random, who: Person, study: str) -> Planted:
    """One instance of the patient."""
    ds, found = Dataset(), []
    ds.SpecificCharacterSet = who.charset.split("\\") if "\\" in who.charset else who.charset
    found += _identity(ds, who, study, draw)
    found += _moments(ds, who, draw)
    found += _safe(ds, draw)
    found += _descriptors(ds, who, draw)
    for tag in draw.sample(plantable(), 60):
        if tag not in ds:
            found += plant(ds, tag, who, draw, ())
    found += add_corners(ds, who, draw)
    made = picture(draw, who)
    _pixels(ds, made)
    syntax = draw.choices([s for s, _ in _SYNTAXES], [w for _, w in _SYNTAXES])[0]
    _only_encodable(ds, who)
    content = _file(ds, syntax, who, draw)
    tokens = tuple(token for token in dict.fromkeys(who.tokens) if len(token) >= 4)
    return Planted(content, who, tuple(found), made, syntax, tokens)


def _identity(ds: Dataset, who: Person, study: str, draw: random.Random) -> list[Expectation]:
    ds.SOPClassUID = draw.choice((CR, DX, DX_RAW))
    ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID = uid(draw), uid(draw), study
    ds.FrameOfReferenceUID = uid(draw)
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = who.full, who.number, who.birth
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = (
        who.accession,
        who.accession,
        f"{who.doctor}^A",
    )
    ds.InstitutionName, ds.InstitutionAddress = who.hospital, f"{who.street}, {who.town}"
    ds.PatientAddress, ds.PatientTelephoneNumbers = f"{who.street}, {who.town}", who.phone
    ds.DeviceSerialNumber, ds.OperatorsName = who.serial, f"{who.doctor}^B"
    ds.PatientTelecomInformation = who.mail
    expect = {
        "PatientName": ("pseudonym", "patient"), "PatientID": ("pseudonym", "patient"),
        "AccessionNumber": ("pseudonym", "accession"), "StudyID": ("emptied", ""),
        "ReferringPhysicianName": ("emptied", ""), "PatientBirthDate": ("emptied", ""),
        "InstitutionName": ("gone", ""), "InstitutionAddress": ("removed", ""),
        "PatientAddress": ("removed", ""),
        "PatientTelephoneNumbers": ("removed", ""), "PatientTelecomInformation": ("removed", ""),
        "DeviceSerialNumber": ("gone", ""), "OperatorsName": ("gone", ""),
        "SOPInstanceUID": ("mapped", "uid"), "SeriesInstanceUID": ("mapped", "uid"),
        "StudyInstanceUID": ("mapped", "uid"), "FrameOfReferenceUID": ("mapped", "uid"),
        "SOPClassUID": ("kept", ""),
    }  # fmt: skip
    return [
        Expectation(
            (int(tag_for_keyword(k) or 0),), k, a, who.number if g == "patient" else str(ds[k].value), group=g
        )
        for k, (a, g) in expect.items()
    ]


def _moments(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    made = []
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "StudyTime", "ContentTime",
                    "AcquisitionTime", "AcquisitionDateTime", "InstanceCreationDate"):  # fmt: skip
        if keyword.startswith("Study") or draw.random() < 0.7:
            tag = int(tag_for_keyword(keyword) or 0)
            made += plant(ds, tag, who, draw, ())
    return made


def _safe(ds: Dataset, draw: random.Random) -> list[Expectation]:
    """A third of the harmless attributes, some patient characteristics and codes of the standard."""
    found = []
    chosen = draw.sample(sorted(VALUES), len(VALUES) // 3)
    for keyword, values in [(k, VALUES[k]) for k in chosen] + sorted(CHARACTERISTICS.items()):
        value = draw.choice(values)
        setattr(ds, keyword, typed(keyword, value))
        found.append(Expectation((int(tag_for_keyword(keyword) or 0),), keyword, "kept", value))
    if draw.random() < 0.1:
        ds.PatientAge = "097Y"
        found = [e for e in found if e.keyword != "PatientAge"]
        found.append(Expectation((0x00101010,), "PatientAge", "capped", "097Y"))
    for keyword, codes in CODES.items():
        if draw.random() < 0.5:
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code = draw.choice(codes)
            setattr(ds, keyword, [item])
            found.append(
                Expectation((int(tag_for_keyword(keyword) or 0),), keyword, "code", "\\".join(code[:2]))
            )
    return found


def _descriptors(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    found = []
    for keyword in ("StudyDescription", "SeriesDescription", "ProtocolName",
                    "PerformedProcedureStepDescription",
                    "RequestedProcedureDescription"):  # fmt: skip
        if draw.random() < 0.8:
            text, words = description(draw, who, 64)
            setattr(ds, keyword, text)
            found.append(Expectation((int(tag_for_keyword(keyword) or 0),), keyword, "cleaned", text, words))
    return found


def _pixels(ds: Dataset, made: Picture) -> None:
    frame = made.frame
    ds.Rows, ds.Columns = frame.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelData = frame.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def _only_encodable(ds: Dataset, who: Person) -> None:
    """French accents where the character set has them, plain letters where it has not."""
    if who.charset in {"ISO_IR 100", "ISO_IR 192"}:
        return

    def plain(_: Dataset, element: pydicom.DataElement) -> None:
        texts = element.VR in {"LO", "SH", "ST", "LT", "UT", "UC"} and isinstance(element.value, str)
        if texts and element.value != who.full and not element.value.isascii():
            element.value = fold(element.value).encode("ascii", "ignore").decode()

    ds.walk(plain)


def _file(ds: Dataset, syntax: str, who: Person, draw: random.Random) -> bytes:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == str(RLELossless) else UID(syntax)
    ds.file_meta.SourceApplicationEntityTitle = "AE_" + who.number[:9]
    ds.file_meta.ImplementationVersionName = who.number
    ds.file_meta.PrivateInformationCreatorUID = UID("1.2.99.7")
    ds.file_meta.PrivateInformation = who.number.encode()
    ds.preamble = who.number.encode().ljust(128, b"x")
    if syntax == str(RLELossless):
        ds.compress(RLELossless, generate_instance_uid=False)
    elif syntax == str(ExplicitVRBigEndian):
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    content = buffer.getvalue()
    if syntax not in {str(DeflatedExplicitVRLittleEndian), str(ExplicitVRBigEndian)} and draw.random() < 0.5:
        content += b"\xfc\xff\xfc\xff" + _padding(syntax, who.number.encode() * 2)
    return content


def _padding(syntax: str, value: bytes) -> bytes:
    """The value as DataSetTrailingPadding."""
    value += b"\0" * (len(value) % 2)
    size = len(value).to_bytes(4, "little")
    return size + value if syntax == str(ImplicitVRLittleEndian) else b"OB\0\0" + size + value


__all__ = ["Planted", "instance", "instances", "moment"]
