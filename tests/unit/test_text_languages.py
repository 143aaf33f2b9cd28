"""Dutch and English letters: their words come from data files, and French is unharmed."""

import pytest

from osteon.deid.policy import Policy
from osteon.deid.text.engine import find_spans
from osteon.deid.text.languages import LANGUAGES, forms, language_data
from osteon.deid.text.recognisers.dates import read_dates
from osteon.deid.text.report_text import deidentify_text
from osteon.domain.errors import UsageError
from tests.identified_instances import PSEUDONYMISER

DUTCH = """Betreft: mevrouw Griet VERHAEGENWOUT, geboren op 3 maart 1957.
Rijksregisternummer 57.03.03-123.45. Kerkstraat 14 bus 2, 9000 Gent. Tel. 0475 12 34 56
Geachte dokter Pieter Zwyntrecht, radiografie van de linkerpols op 12 mei 2024: fractuur van Colles.
Patiënt van 67 jaar, opgenomen in AZ Sint-Godelieve. RIZIV 1-23456-78-901"""

ENGLISH = """Patient name: WETHERBYSON, Edith. Date of birth: March 3, 1957.
MRN 80012345. NHS number 943 476 5919
14 Larkspur Road, Wakefield. Phone 020 7946 0958
Dear Dr Barnaby Quillfeather,
radiograph of the left wrist of 12 May 2024: Colles fracture, 67-year-old woman.
Seen at Saint Oswald Hospital, accession number 20240512-77."""


def left_of(text, language):
    kept = list(text)
    for span in find_spans(text, language=language):
        kept[span.start : span.end] = "_" * (span.end - span.start)
    return "".join(kept)


@pytest.mark.parametrize(
    "value",
    ["Griet", "VERHAEGENWOUT", "maart 1957", "57.03.03", "Kerkstraat 14", "9000", "0475", "Zwyntrecht",
     "12 mei", "67 jaar", "Godelieve", "23456"],
)  # fmt: skip
def test_a_dutch_letter_keeps_no_identifier(value):
    assert value not in left_of(DUTCH, "nl")


def test_a_dutch_letter_keeps_its_medicine():
    assert "radiografie van de linkerpols" in left_of(DUTCH, "nl")
    assert "fractuur van Colles" in left_of(DUTCH, "nl")


@pytest.mark.parametrize(
    "value",
    ["WETHERBYSON", "Edith", "March 3", "1957", "80012345", "943 476", "Larkspur", "020 7946", "Quillfeather",
     "12 May", "67-year", "Oswald", "20240512"],
)  # fmt: skip
def test_an_english_letter_keeps_no_identifier(value):
    assert value not in left_of(ENGLISH, "en")


def test_an_english_letter_keeps_its_medicine():
    assert "radiograph of the left wrist" in left_of(ENGLISH, "en")
    assert "Colles fracture" in left_of(ENGLISH, "en")


def test_further_languages_add_nothing_to_french():
    assert "evrouw" not in forms("titles", "fr")
    assert "evrouw" in forms("titles", "nl")
    assert not read_dates("op 12 mei 2024", "fr") or read_dates("op 12 mei 2024", "fr")[0].form != "textual"


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_twelve_months_and_what_introduces_a_name(code):
    content = language_data(code)
    assert len(content["months"]) == 12
    for kind in ("titles", "roles", "name_fields", "patient_fields", "weekdays", "birth_words", "ages"):
        assert content[kind], kind


def test_an_unknown_language_is_refused():
    with pytest.raises(UsageError):
        language_data("xx")


@pytest.mark.parametrize(
    ("language", "text", "months"),
    [
        ("nl", "op 3 maart 2021", {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
                                   "september", "oktober", "november", "december"}),
        ("en", "on March 3, 2021", {"January", "February", "March", "April", "May", "June", "July", "August",
                                    "September", "October", "November", "December"}),
    ],
)  # fmt: skip
def test_a_shifted_date_stays_in_its_language(language, text, months):
    policy = Policy.load().with_text(language=language)
    made = deidentify_text(text, policy=policy, pseudonymiser=PSEUDONYMISER).text
    assert made != text
    assert months & set(made.replace(",", "").split())
