"""Headers to closed sets, in French and English, by word and by code."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from osteon.dicom import header_of, read_header
from osteon.dicom.anatomy import BODY_PARTS, LATERALITIES, VIEWS, body_part_of, laterality_of, view_of
from tests.dicom_files import data_set, dicom_bytes


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("HAND", "hand"),
        ("MAIN GAUCHE FACE", "hand"),
        ("Age osseux", "hand"),
        ("POIGNET DROIT", "wrist"),
        ("GENOU", "knee"),
        ("Radiographie des deux genoux", "knee"),
        ("AVANT-BRAS", "forearm"),
        ("Avant bras G", "forearm"),
        ("CHEVILLE", "ankle"),
        ("JAMBE", "leg"),
        ("LOWERLEG", "leg"),
        ("PIED", "foot"),
        ("AVANT-PIED", "foot"),
        ("CSPINE", "spine"),
        ("Épaule", "shoulder"),
        ("HANCHE", "hip"),
        ("Bassin de face", "pelvis"),
        ("Crâne", "skull"),
        ("Gril costal", "chest"),
        ("HUMERUS", "other"),
        ("EXTREMITY", "unknown"),
        ("", "unknown"),
        ("DOMAIN", "unknown"),
    ],
)
def test_a_body_part_is_read_in_french_and_english(text: str, part: str) -> None:
    assert body_part_of([], [text]) == part


def test_a_code_goes_before_words_and_words_before_a_telling_description() -> None:
    assert body_part_of(["72696002"], ["HAND"]) == "knee"
    assert body_part_of([], ["EXTREMITY", "Cheville droite"]) == "ankle"


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("AP", "ap"),
        ("FACE", "ap"),
        ("PA", "pa"),
        ("LATERAL", "lateral"),
        ("LL", "lateral"),
        ("genou profil", "lateral"),
        ("3/4", "oblique"),
        ("LATERAL OBLIQUE", "lateral"),
        ("SKYLINE", "unknown"),
    ],
)
def test_a_view_is_read(text: str, view: str) -> None:
    assert view_of([], [text]) == view


def test_a_side_is_read_from_value_code_and_word() -> None:
    assert laterality_of(["R"], [], []) == "right"
    assert laterality_of([], ["7771000"], []) == "left"
    assert laterality_of([], [], ["MAIN GAUCHE"]) == "left"
    assert laterality_of([], [], ["genoux droit et gauche"]) == "unknown"
    assert laterality_of(["B"], [], ["droit"]) == "unknown"


def test_a_header_is_read_without_the_pixels() -> None:
    whole = dicom_bytes(
        ImagerPixelSpacing=["0.15", "0.15"], Manufacturer="ACME", ManufacturerModelName="DX 9"
    )
    header = read_header(whole[: len(whole) - 3000])
    assert (header.body_part, header.view, header.laterality) == ("knee", "ap", "left")
    assert (header.sex, header.age_years, header.device) == ("F", 34.0, "ACME DX 9")
    assert header.pixel_spacing_mm == (0.15, 0.15)
    assert header.instance is not None
    assert header.instance.patient_id is not None
    assert header.instance.patient_id.value == "PLANTED-ID-77"
    assert "PLANTED" not in repr(header)


def test_an_anatomic_region_sequence_names_part_and_side() -> None:
    region, side = Dataset(), Dataset()
    side.CodeValue, side.CodingSchemeDesignator, side.CodeMeaning = "24028007", "SCT", "Right"
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "85562004", "SCT", "Hand"
    region.AnatomicRegionModifierSequence = Sequence([side])
    dataset = data_set(AnatomicRegionSequence=Sequence([region]))
    del dataset.ImageLaterality
    header = header_of(dataset)
    assert (header.body_part, header.laterality) == ("hand", "right")


@pytest.mark.parametrize(
    ("imager", "pixel", "magnification", "expected"),
    [
        (["0.2", "0.2"], None, None, (0.2, 0.2)),
        (["0.2", "0.2"], None, "1.25", (0.16, 0.16)),
        (["0.2", "0.2"], ["0.18", "0.18"], "1.25", (0.18, 0.18)),
        (["0.2", "0.2"], ["0.2", "0.2"], "1.25", (0.16, 0.16)),
        (None, ["0.1", "0.1"], None, (0.1, 0.1)),
        (["0", "0"], None, None, None),
        (None, None, None, None),
    ],
)
def test_spacing_is_calibrated_or_divided_by_the_magnification(
    imager: list[str] | None,
    pixel: list[str] | None,
    magnification: str | None,
    expected: tuple[float, float] | None,
) -> None:
    dataset = data_set()
    if imager:
        dataset.ImagerPixelSpacing = imager
    if pixel:
        dataset.PixelSpacing = pixel
    if magnification:
        dataset.EstimatedRadiographicMagnificationFactor = magnification
    found = header_of(dataset).pixel_spacing_mm
    assert found == pytest.approx(expected)


@given(born=st.dates(date(1900, 1, 1), date(2020, 1, 1)), days=st.integers(0, 36_000))
def test_age_comes_from_the_dates_when_it_is_not_written(born: date, days: int) -> None:
    taken = date.fromordinal(min(born.toordinal() + days, date(2026, 1, 1).toordinal()))
    dataset = data_set(PatientBirthDate=born.strftime("%Y%m%d"), StudyDate=taken.strftime("%Y%m%d"))
    del dataset.PatientAge
    age = header_of(dataset).age_years
    assert age == pytest.approx((taken - born).days / 365.25)


@given(text=st.text(max_size=80))
def test_any_text_stays_in_the_closed_sets(text: str) -> None:
    assert body_part_of([text], [text]) in BODY_PARTS
    assert view_of([text], [text]) in VIEWS
    assert laterality_of([text], [text], [text]) in LATERALITIES
