"""Houses of care by their whole phrase, by what is done there, by their letters, and words that are none."""

from __future__ import annotations

import pytest

from osteon.deid.text.engine import find_spans
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.hospitals import find_hospitals

LEX = lexicon()


def covered(text: str) -> set[int]:
    return {place for span in find_hospitals(text, LEX) for place in range(span.start, span.end)}


def left_of(name: str, text: str) -> str:
    """What of the name no span of a hospital covers."""
    start, found = text.index(name), covered(text)
    return "".join(
        text[place]
        for place in range(start, start + len(name))
        if place not in found and text[place].isalnum()
    )


@pytest.mark.parametrize(
    "name",
    [
        "Centre hospitalier de secteur de Brioule",
        "CH du pays d'Olve",
        "Hôpital ophtalmique Jules-Gérin",
        "CHI Basse Vesle site de Pontarlet",
        "Fondation Asile des aveugles",
        "Clinique du sud de la Corse",
        "Centre mutualiste de rééducation de Kerlape",
        "CHRU Brelle site - hôpital de Carlaix",
        "Clinique Saint-Remel et Sainte-Avoye",
        "Centre hospitalier Figeac Maquisards",
        "Hôpital du Valais - Centre hospitalier du Valais romand",
        "L'Hôpital Nord-Ouest",
        "SELAS RESONANCE IMAGERIE",
        "Clinique du Docteur Cabrol",
        "St. Nikolaus-Hospital",
    ],
)
def test_a_hospital_goes_with_its_sort_site_and_all_its_words(name: str) -> None:
    for text in (
        f"Adressé par {name} pour contrôle.",
        f"Avis demandé à {name} (Dr Roux).",
        f"{name}\n3 rue Haute",
    ):
        assert left_of(name, text) == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Opéré à Delta le 3 mars, suites simples.", "Delta"),
        ("Transfert de La Citadelle vers Minjou ce jour.", "La Citadelle"),
        ("Transfert de La Citadelle vers Minjou ce jour.", "Minjou"),
        ("Les images de Beau-Cèdre n'ont pas été reçues.", "Beau-Cèdre"),
        ("Comparé à l'examen réalisé à Les jardins d'Éole, stable.", "Les jardins d'Éole"),
        ("Réponse de IRM Paris Gare de Lyon : dossier envoyé.", "IRM Paris Gare de Lyon"),
        ("Prescripteur : Dr Roux - Centre Les Capucins - 4 rue Haute", "Centre Les Capucins"),
        ("Avis du Dr Roux (Kernevel) demandé.", "Kernevel"),
        ("Provenance : Belmontel\nMotif : chute", "Belmontel"),
        ("Imagerie antérieure : Mérivault, mars 2019 ; rien depuis.", "Mérivault"),
        ("Dossier envoyé à Clinique du Parc, Centre Velbert et Saint-Aulaye.", "Saint-Aulaye"),
        ("repart vers centre mutualiste de kerlape", "centre mutualiste de kerlape"),
        ("pt suivi à kernevel, transfert pôle saint-hélion le 3", "pôle saint-hélion"),
    ],
)
def test_a_house_goes_by_what_is_done_there(text: str, name: str) -> None:
    assert left_of(name, text) == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A été pris en charge au PBNX en mai.", "PBNX"),
        ("Destination : IM2S (Dr Roux prévenu)", "IM2S"),
        ("Lecture : W. Popescu, H.U.B\n", "H.U.B"),
        ("Images demandées à Clinique du Parc et CSPV, rien reçu.", "CSPV"),
    ],
)
def test_a_house_goes_by_its_letters(text: str, name: str) -> None:
    assert left_of(name, text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Suivi en ORL, passage à VIH négatif, bilan de BPCO.",
        "Opéré de Bankart, contrôle du PSA à 4.",
        "Signe retrouvé à l'examen clinique. Aucune autre lésion.",
        "Le rôle du MTX a été suspecté.",
        "La fosse iliaque droite (FID) est souple.",
        "Groupe Sanguin O, Rhésus positif",
        "Site : Col fémoral\nT-score -2,1",
        "IRM Lombaire sans injection",
        "Scanner Cérébral : normal",
        "Centre d'ossification de Risser stable.",
        "Revu à Distance, appui autorisé.",
        "Radiologie Conventionnelle du bassin",
        "prévu à jeun, retour à domicile",
    ],
)
def test_words_of_medicine_name_no_house(text: str) -> None:
    assert not find_hospitals(text, LEX)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("- TOURNEL I. 60 ans -> bloc", "TOURNEL I."),
        ("Staff : A.S., 86 ans, lésion ostéolytique", "A.S."),
        ("demander le dossier MARZAC-ROUL, IPP 8027100454", "MARZAC-ROUL"),
        ("pt 64 a vu aux urgences", "64 a"),
        ("7m, amené par sa mère", "7m"),
        ("Enfant de 21m, torticolis, suivi ici", "21m"),
        ("Né ce jour. Sortie prévue. JV/CS\nFin", "JV/CS"),
        ("Quartier Roul, rue 276 villa 5, 58770 Dole", "rue 276 villa 5"),
        ("Adresse : Au bourg\n91000 Évry", "Au bourg"),
        ("12 rue Verte (interphone Roul), 91000 Évry", "(interphone Roul"),
        ("Camping Les Pins, emplacement 12, 91000 Évry", "emplacement 12"),
        ("boulevard du 12e de Ligne 1, 4000 Liège", "12e de Ligne 1"),
    ],
)
def test_further_forms_of_people_ages_and_addresses_go(text: str, value: str) -> None:
    found = {place for span in find_spans(text) for place in range(span.start, span.end)}
    start = text.index(value)
    assert not [
        text[place]
        for place in range(start, start + len(value))
        if text[place].isalnum() and place not in found
    ]
