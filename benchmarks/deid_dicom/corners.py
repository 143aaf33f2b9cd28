"""Identity in the corners: private blocks, overlays, curves, icons, nested sequences, signatures."""

from __future__ import annotations

import random

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from benchmarks.deid_dicom.descriptions import description
from benchmarks.deid_dicom.expected import Expectation
from benchmarks.deid_dicom.people import Person
from benchmarks.deid_dicom.planting import plant, plantable, uid

_KNEE_CLASS = "1.2.840.10008.5.1.4.1.1.1"


def add_corners(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    """Adds most of them, each with its expectation."""
    found: list[Expectation] = []
    for corner in (_private, _overlay, _curve, _icon, _request, _references, _signature, _creator):
        if draw.random() < 0.7:
            found += corner(ds, who, draw)
    return found


def _tag(keyword: str) -> int:
    return int(tag_for_keyword(keyword) or 0)


def _at(place: tuple[int, ...], keyword: str) -> tuple[tuple[int, ...], str]:
    return (*place, _tag(keyword)), keyword


def _private(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    group = draw.choice((0x0009, 0x0011, 0x0019, 0x0029, 0x5301, 0x7053))
    block = ds.private_block(group, draw.choice(("ACME 1.1", "SIEMENS CSA HEADER", who.number)), create=True)
    block.add_new(0x01, "LO", who.number)
    block.add_new(0x02, "UT", f"{who.family} {who.street}" if who.charset != "ISO_IR 144" else who.number)
    block.add_new(0x03, "OB", who.number.encode() + b"\0" * (len(who.number) % 2))
    inner = Dataset()
    inner.PatientID, inner.AccessionNumber = who.number, who.accession
    block.add_new(0x04, "SQ", [inner])
    ds.add_new(group << 16 | 0x9999, "UN", who.number.encode() + b"\0")  # without a creator
    places = (
        [(group << 16) | 0x10] + [(group << 16) | 0x1000 | e for e in (1, 2, 3, 4)] + [group << 16 | 0x9999]
    )
    return [Expectation((place,), "private", "removed", where="private") for place in places]


def _overlay(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    group = 0x6000 + 2 * draw.randrange(16)
    ds.add_new(group << 16 | 0x0010, "US", 64)
    ds.add_new(group << 16 | 0x0011, "US", 48)
    ds.add_new(group << 16 | 0x0022, "LO", who.number)
    ds.add_new(group << 16 | 0x0040, "CS", "G")
    ds.add_new(group << 16 | 0x0050, "SS", [1, 1])
    ds.add_new(group << 16 | 0x0100, "US", 1)
    ds.add_new(group << 16 | 0x0102, "US", 0)
    ds.add_new(group << 16 | 0x1500, "LO", who.number)
    ds.add_new(group << 16 | 0x3000, "OW", (who.number.encode() * 50)[:384])
    ds.add_new(group << 16 | 0x4000, "LT", who.number)
    return [
        Expectation((group << 16 | element,), "overlay", "removed", where="overlay")
        for element in (0x3000, 0x4000)
    ]


def _curve(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    group = 0x5000 + 2 * draw.randrange(16)
    ds.add_new(group << 16 | 0x0022, "LO", who.number)
    ds.add_new(group << 16 | 0x3000, "OW", who.number.encode() + b"\0" * (len(who.number) % 2))
    return [
        Expectation((group << 16 | element,), "curve", "removed", where="curve")
        for element in (0x0022, 0x3000)
    ]


def _icon(ds: Dataset, who: Person, _draw: random.Random) -> list[Expectation]:
    icon = Dataset()
    icon.Rows, icon.Columns, icon.SamplesPerPixel, icon.PhotometricInterpretation = 8, 8, 1, "MONOCHROME2"
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    icon.PixelData = (who.number.encode() * 8)[:64]
    ds.IconImageSequence = [icon]
    return [Expectation((_tag("IconImageSequence"),), "IconImageSequence", "removed", where="icon")]


def _request(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    """A sequence that Clean Descriptors cleans: its items by the same table."""
    item, at = Dataset(), (_tag("RequestAttributesSequence"), 0)
    text, words = description(draw, who, 64)
    item.ScheduledProcedureStepDescription, item.ScheduledProcedureStepID = text, who.number
    item.RequestedProcedureID, item.AccessionNumber = who.number, who.accession
    item.StudyInstanceUID = uid(draw)
    found = [
        Expectation(*_at(at, "ScheduledProcedureStepDescription"),
                    "cleaned", text, words, where="nested"),
        Expectation(*_at(at, "ScheduledProcedureStepID"), "removed", where="nested"),
        Expectation(*_at(at, "RequestedProcedureID"), "removed", where="nested"),
        Expectation(*_at(at, "AccessionNumber"), "pseudonym", who.accession,
                    group="accession", where="nested"),
        Expectation(*_at(at, "StudyInstanceUID"), "mapped", str(item.StudyInstanceUID),
                    group="uid", where="nested"),
    ]  # fmt: skip
    found += _random_rows(item, at, who, draw)
    ds.RequestAttributesSequence = [item]
    return found


def _references(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    """References to other images, two deep: classes stay, instance UIDs are mapped."""
    found: list[Expectation] = []
    for keyword in ("SourceImageSequence", "ReferencedImageSequence"):
        items = []
        for number in range(draw.randrange(1, 3)):
            item, at = Dataset(), (_tag(keyword), number)
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = _KNEE_CLASS, uid(draw)
            found.append(
                Expectation(*_at(at, "ReferencedSOPClassUID"), "kept", _KNEE_CLASS,
                            where="nested")
            )  # fmt: skip
            found.append(
                Expectation(*_at(at, "ReferencedSOPInstanceUID"), "mapped",
                            str(item.ReferencedSOPInstanceUID), group="uid", where="nested")
            )  # fmt: skip
            found += _random_rows(item, at, who, draw)
            if draw.random() < 0.4:
                deep, deep_at = Dataset(), (*at, _tag("ReferencedImageSequence"), 0)
                deep.ReferencedSOPClassUID, deep.ReferencedSOPInstanceUID = _KNEE_CLASS, uid(draw)
                found.append(
                    Expectation(*_at(deep_at, "ReferencedSOPInstanceUID"), "mapped",
                                str(deep.ReferencedSOPInstanceUID), group="uid", where="nested")
                )  # fmt: skip
                found += _random_rows(deep, deep_at, who, draw)
                item.ReferencedImageSequence = [deep]
            items.append(item)
        setattr(ds, keyword, items)
    return found


def _random_rows(item: Dataset, at: tuple[int, ...], who: Person, draw: random.Random) -> list[Expectation]:
    found: list[Expectation] = []
    for tag in draw.sample(plantable(), 5):
        if tag not in item:
            found += plant(item, tag, who, draw, at)
    if draw.random() < 0.5:
        block = item.private_block(0x0019, "DEEP", create=True)
        block.add_new(0x01, "LT", who.number)
        found.append(Expectation((*at, 0x00191001), "private", "removed", where="private"))
    return found


def _signature(ds: Dataset, who: Person, draw: random.Random) -> list[Expectation]:
    item = Dataset()
    item.MACIDNumber, item.DigitalSignatureUID = 1, uid(draw)
    item.CertificateOfSigner = who.number.encode() + b"\0" * (len(who.number) % 2)
    ds.DigitalSignaturesSequence = [item]
    return [Expectation((0xFFFAFFFA,), "DigitalSignaturesSequence", "removed")]


def _creator(ds: Dataset, who: Person, _draw: random.Random) -> list[Expectation]:
    block = ds.private_block(0x0021, who.number, create=True)  # a creator that is the patient's number
    block.add_new(0x01, "PN", who.full)
    return [Expectation((0x00210010,), "private", "removed", where="private")]
