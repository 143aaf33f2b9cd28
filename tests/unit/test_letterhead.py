"""Letters from PDF: the body stays, what names people around it goes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid.letterhead import letter_body

FIRST = """CENTRE HOSPITALIER DE VALMONT
Service de radiologie - Dr Vercautrin
Tél. 03 27 55 18 00
Patient : QUENTRELEC Maëlys, née le 12/03/1957
Radiographie du poignet droit du 4 mars 2024
INDICATION : chute dans la rue.
Fracture de Pouteau-Colles.
Imprimé le 04/03/2024 à 16:42 - QUENTRELEC - page 1"""
SECOND = """CENTRE HOSPITALIER DE VALMONT
Service de radiologie - Dr Vercautrin
CONCLUSION : fracture déplacée.
Confraternellement,
Dr Odilon VERCAUTRIN
Imprimé le 04/03/2024 à 16:43 - QUENTRELEC - page 2"""


def test_the_body_stays_and_the_letterhead_goes():
    body = letter_body([FIRST, SECOND])
    assert "INDICATION : chute dans la rue." in body
    assert "Fracture de Pouteau-Colles." in body
    assert "CONCLUSION : fracture déplacée." in body
    for gone in ("VALMONT", "Vercautrin", "VERCAUTRIN", "Imprimé", "03 27", "QUENTRELEC"):
        assert gone not in body


def test_the_examinations_title_is_kept_from_the_letterhead():
    assert letter_body([FIRST]).splitlines()[0] == "Radiographie du poignet droit du 4 mars 2024"


def test_a_letter_without_marks_stays_whole():
    text = "Fracture du radius.\nContrôle dans 10 jours."
    assert letter_body([text]) == text


def test_a_letter_of_which_hardly_anything_would_stay_stays_whole():
    text = "Un long texte sans titre qui dit tout de la lésion observée ce jour.\n" * 8 + "Résultats"
    assert letter_body([text]).count("lésion") == 8


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abcéD :\n/12", max_size=80), min_size=1, max_size=4))
def test_every_line_of_the_body_is_a_line_of_the_letter(pages):
    lines = {line.strip() for page in pages for line in page.splitlines()}
    assert {line.strip() for line in letter_body(pages).splitlines()} <= lines | {""}
