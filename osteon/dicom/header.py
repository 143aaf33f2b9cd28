"""What an image's header says, normalised to closed sets; read without touching the pixels."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date

from pydicom.dataset import Dataset

from osteon.dicom.anatomy import body_part_of, laterality_of, view_of
from osteon.dicom.dataset import Source, items_of, numbers_of, read_dataset, text_of
from osteon.dicom.limits import DEFAULT_LIMITS, Limits
from osteon.domain.identity import OriginalId
from osteon.domain.instance import Instance, OriginalInstance

# PS3.5 table 6.2-1
_CODE, _UID, _LONGEST_LO = re.compile(r"[A-Z0-9 _]{0,16}"), re.compile(r"[0-9.]{0,64}"), 64
_DESCRIPTIONS = (
    "SeriesDescription",
    "ProtocolName",
    "PerformedProcedureStepDescription",
    "StudyDescription",
    "AcquisitionDeviceProcessingDescription",
    "RequestedProcedureDescription",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The facts of a header that prediction and monitoring use; identifiers only inside `instance`.

    Attributes:
        body_part, view, laterality: members of the closed sets in `osteon.dicom.anatomy`.
        sex: "M", "F" or "unknown".
        pixel_spacing_mm: (row, column) distance in the plane of the patient, None when not known.
        device: manufacturer and model, never a serial or station name.
        patient_orientation: direction of rows and columns as written, e.g. ("R", "F").
    """

    modality: str
    body_part: str
    view: str
    laterality: str
    sex: str
    age_years: float | None
    pixel_spacing_mm: tuple[float, float] | None
    rows: int
    columns: int
    frames: int
    device: str
    sop_class_uid: str
    transfer_syntax_uid: str
    patient_orientation: tuple[str, ...]
    instance: OriginalInstance | None


def read_header(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Header:
    """The header of a DICOM file; stops before the pixel data.

    Raises:
        RefusedError: not DICOM, or malformed.
        UsageError: no such file.
    """
    return header_of(read_dataset(source, pixels=False, limits=limits))


def header_of(dataset: Dataset) -> Header:
    """The header of a data set that was read already."""
    meta = getattr(dataset, "file_meta", None)
    descriptions = [text_of(dataset, keyword) for keyword in _DESCRIPTIONS]
    regions = _codes(dataset, "AnatomicRegionSequence")
    views = _codes(dataset, "ViewCodeSequence")
    return Header(
        modality=_word(dataset, "Modality"),
        body_part=_body_part(dataset, regions, descriptions),
        view=view_of(
            [c for c, _ in views], [text_of(dataset, "ViewPosition"), *_meanings(views), *descriptions]
        ),
        laterality=_laterality(dataset, descriptions),
        sex=_sex(dataset),
        age_years=_age_years(dataset),
        pixel_spacing_mm=_pixel_spacing_mm(dataset),
        rows=_count(dataset, "Rows"),
        columns=_count(dataset, "Columns"),
        frames=max(1, _count(dataset, "NumberOfFrames")),
        device=" ".join(
            word
            for keyword in ("Manufacturer", "ManufacturerModelName")
            for word in _device_text(dataset, keyword).split()
        ),
        sop_class_uid=_valid(_UID, text_of(dataset, "SOPClassUID")),
        transfer_syntax_uid=_valid(_UID, text_of(meta, "TransferSyntaxUID")) if meta is not None else "",
        patient_orientation=tuple(
            filter(None, (_valid(_CODE, one) for one in text_of(dataset, "PatientOrientation").split("\\")))
        ),
        instance=instance_of(dataset),
    )


def _valid(form: re.Pattern[str], text: str) -> str:
    """The text if its value representation allows it: a damaged length swallows the values after it."""
    return text if form.fullmatch(text) else ""


def _device_text(dataset: Dataset, keyword: str) -> str:
    text = text_of(dataset, keyword)
    return text if len(text) <= _LONGEST_LO and text.isprintable() else ""


def instance_of(dataset: Dataset) -> OriginalInstance | None:
    """The identifiers of the instance; None when one of its three UIDs is missing."""
    study, series, sop = (
        text_of(dataset, keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    )
    if not (study and series and sop):
        return None
    accession, patient = text_of(dataset, "AccessionNumber"), text_of(dataset, "PatientID")
    return Instance(
        study_instance_uid=OriginalId(study),
        series_instance_uid=OriginalId(series),
        sop_instance_uid=OriginalId(sop),
        accession_number=OriginalId(accession) if accession else None,
        patient_id=OriginalId(patient) if patient else None,
    )


def _body_part(dataset: Dataset, regions: list[tuple[str, str]], descriptions: list[str]) -> str:
    examined = text_of(dataset, "BodyPartExamined")
    return body_part_of([code for code, _ in regions], [examined, *_meanings(regions), *descriptions])


def _laterality(dataset: Dataset, descriptions: list[str]) -> str:
    modifiers = [
        modifier
        for region in items_of(dataset, "AnatomicRegionSequence")
        for modifier in _codes(region, "AnatomicRegionModifierSequence")
    ]
    values = [text_of(dataset, keyword) for keyword in ("ImageLaterality", "Laterality")]
    return laterality_of(
        filter(None, values), [code for code, _ in modifiers], [*_meanings(modifiers), *descriptions]
    )


def _codes(dataset: Dataset, sequence: str) -> list[tuple[str, str]]:
    return [
        (text_of(item, "CodeValue"), text_of(item, "CodeMeaning")) for item in items_of(dataset, sequence)
    ]


def _meanings(codes: list[tuple[str, str]]) -> list[str]:
    return [meaning for _, meaning in codes]


def _word(dataset: Dataset, keyword: str) -> str:
    """A code string, or "unknown" when it is not one: free text never passes through here."""
    value = text_of(dataset, keyword).upper()
    return value if re.fullmatch(r"[A-Z0-9_]{1,16}", value) else "unknown"


def _count(dataset: Dataset, keyword: str) -> int:
    found = numbers_of(dataset, keyword)
    return int(found[0]) if found and math.isfinite(found[0]) and found[0] >= 0 else 0


def _sex(dataset: Dataset) -> str:
    value = text_of(dataset, "PatientSex").upper()[:1]
    return value if value in {"M", "F"} else "unknown"


def _age_years(dataset: Dataset) -> float | None:
    """Age from PatientAge (PS3.5 table 6.2-1, AS), else from birth date and study date."""
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text_of(dataset, "PatientAge").upper())
    if match and match[0] != "000Y":  # a placeholder; a newborn is counted in days
        per_year = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}[match[2]]
        return int(match[1]) / per_year
    born = _date(text_of(dataset, "PatientBirthDate"))
    taken = _date(text_of(dataset, "StudyDate")) or _date(text_of(dataset, "AcquisitionDate"))
    if born is None or taken is None or not 0 <= (taken - born).days <= 130 * 366:
        return None
    return (taken - born).days / 365.25


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) >= 8 else None
    except ValueError:
        return None


def _pixel_spacing_mm(dataset: Dataset) -> tuple[float, float] | None:
    """Distance between pixels in the patient (PS3.3 10.7.1.3 and C.8.7.10).

    A PixelSpacing that differs from ImagerPixelSpacing is calibrated; else the detector's spacing is
    divided by the estimated magnification, where that is given.
    """
    imager, pixel = (_spacing(dataset, keyword) for keyword in ("ImagerPixelSpacing", "PixelSpacing"))
    if pixel is not None and (imager is None or pixel != imager):
        return pixel
    if imager is None:
        return None
    magnification = numbers_of(dataset, "EstimatedRadiographicMagnificationFactor")
    factor = magnification[0] if magnification and 1.0 <= magnification[0] <= 5.0 else 1.0
    return imager[0] / factor, imager[1] / factor


def _spacing(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    found = numbers_of(dataset, keyword)
    if len(found) != 2 or not all(1e-4 < value < 10 for value in found):
        return None
    return found[0], found[1]
