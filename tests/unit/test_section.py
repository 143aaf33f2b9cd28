from __future__ import annotations

import pytest

from osteon.pairs import sentences, split_sections

REPORT = """CENTRE HOSPITALIER DU LAC
Patient : X
Date : 12/03/2024

RENSEIGNEMENTS CLINIQUES : chute d'un arbre.
Technique
Face et profil.

RÉSULTAT :
Fracture transversale du radius droit.
Pas de luxation.

Conclusion - Fracture du radius.

Dr Paul Durand
Copie : médecin traitant
"""


def test_the_four_sections_of_a_report_are_found_under_their_usual_headings() -> None:
    assert split_sections(REPORT) == {
        "indication": "chute d'un arbre.",
        "technique": "Face et profil.",
        "resultat": "Fracture transversale du radius droit.\nPas de luxation.",
        "conclusion": "Fracture du radius.",
    }


def test_letterhead_and_signature_belong_to_no_section() -> None:
    joined = " ".join(split_sections(REPORT).values())
    assert "Durand" not in joined
    assert "LAC" not in joined
    assert "traitant" not in joined


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("INDICATION:", "indication"),
        ("Motif de l'examen :", "indication"),
        ("Motif de l’examen :", "indication"),
        ("RÉSULTATS", "resultat"),
        ("Resultat :", "resultat"),
        ("Interprétation :", "resultat"),
        ("AU TOTAL :", "conclusion"),
        ("Synthèse :", "conclusion"),
        ("** Conclusion ** :", "conclusion"),
    ],
)
def test_headings_vary_in_case_accents_and_wording(heading: str, name: str) -> None:
    assert split_sections(f"{heading}\nPas de fracture.") == {name: "Pas de fracture."}


@pytest.mark.parametrize("line", ["Technique difficile chez cet enfant.", "Conclusions hâtives à éviter."])
def test_a_sentence_that_begins_like_a_heading_is_none(line: str) -> None:
    assert split_sections(f"Résultat :\n{line}") == {"resultat": line}


def test_a_report_without_headings_is_one_result() -> None:
    assert split_sections("Pas de fracture visible.") == {"resultat": "Pas de fracture visible."}


def test_an_empty_report_has_no_sections() -> None:
    assert split_sections(" \n") == {}


def test_wrapped_lines_stay_one_sentence_and_figures_stay_whole() -> None:
    text = "Bascule de 1.5 mm\nvers l'arrière. Grade 2\n- Pincement ; ostéophytes."
    assert sentences(text) == ["Bascule de 1.5 mm vers l'arrière.", "Grade 2", "Pincement ;", "ostéophytes."]
