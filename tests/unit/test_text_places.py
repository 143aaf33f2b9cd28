"""Addresses without a street, hospitals of every kind, and people whom a small word gives away."""

from __future__ import annotations

import pytest

from osteon.deid.text.engine import find_spans
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.addresses import find_addresses
from osteon.deid.text.recognisers.estates import is_place_shape
from osteon.deid.text.recognisers.hospitals import find_hospitals
from osteon.deid.text.recognisers.towns import find_towns
from osteon.deid.text.span import Span

LEX = lexicon()


def parts(text: str, spans: list[Span]) -> set[str]:
    """What the spans cover."""
    return {text[span.start : span.end] for span in spans}


def uncovered(value: str, text: str) -> str:
    """The letters and digits of the value that nothing redacts."""
    spans, start = find_spans(text), text.index(value)
    taken = {c for span in spans for c in range(span.start, span.end)}
    return "".join(c for place, c in enumerate(value, start) if c.isalnum() and place not in taken)


@pytest.mark.parametrize(
    "address",
    [
        "Lieu-dit La Fontenelle",
        "Z.A. des Bruyères",
        "ZI de la Vallée, 12 rue Ampère",
        "Parc d'activités du Lac, lot 4",
        "Résidence Les Aulnes - Bât B - Appt 12",
        "Appt 6, 3e étage, 21 rue Gambetta",
        "c/o Mme Verdier, 8 rue des Lys",
        "Le Grand Pré, bâtiment A3, 4 rue Saint-Luc",
        "12 rue Pasteur, escalier C, porte 7",
        "12 rue Pasteur, interphone Verdier",
        "11-13 boulevard Verdier",
        "24 et 26 rue Verdier",
        "18 fg Saint-Roch",
        "3 vieille route de Verdun",
        "Hameau Verdier, 6",
        "Case postale 51",
        "Cidex 14",
        "Chez Verdier",
        "La Roseraie",
    ],
)
def test_an_address_before_a_postcode_goes_as_a_whole(address: str) -> None:
    text = f"Mme Verdier Anne\n{address}\n35000 Rennes\nTél. 02 99 00 00 00"
    assert uncovered(address, text) == ""


@pytest.mark.parametrize(
    "address",
    [
        "rue du Moulin 12 bte 3",
        "Chemin de la Gare 4",
        "Grand-Rue 17",
        "clos des Lilas 31 b4",
        "Av. de Nyon 63 bis",
    ],
)
def test_a_number_behind_its_street_goes_with_it(address: str) -> None:
    assert uncovered(address, f"Domicile : {address}, CH-1205 Genève") == ""


@pytest.mark.parametrize("before", ["Elle habite maintenant", "demeurant", "vient d'emménager", "Adresse :"])
def test_a_house_by_its_name_goes_after_words_of_living_there(before: str) -> None:
    text = f"Monsieur Verdier {before} Domaine de Kervilly, à Vannes."
    assert uncovered("Domaine de Kervilly", text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Enoxaparine 30000 UI par jour",
        "héparine, 30000 UI en continu",
        "Innohep 10000 ui le soir",
        "Lovenox, 14000 U.I. par jour",
        "plaquettes, 45000 /mm3",
    ],
)
def test_units_after_five_digits_make_no_postcode(text: str) -> None:
    assert not [
        span
        for span in (*find_towns(text, LEX), *find_addresses(text))
        if "000" in text[span.start : span.end]
    ]


def test_a_postcode_before_a_town_that_is_a_unit_elsewhere_stays_one() -> None:
    assert {"46230", "Ans"} <= parts("12 rue Verte, 46230 Ans", find_towns("12 rue Verte, 46230 Ans", LEX))


@pytest.mark.parametrize(
    "text",
    [
        "Radiographie du genou gauche, 2 incidences",
        "Chute dans la rue, douleur de la cheville",
        "Service de radiologie, 3 clichés",
        "Tour de taille : 98 cm, poids stable",
        "Le patient ferme les yeux, appui monopodal tenu",
        "Clos postérieur respecté, mur antérieur tassé",
    ],
)
def test_words_of_a_report_are_no_address(text: str) -> None:
    assert not find_addresses(text)


@pytest.mark.parametrize(
    "hospital",
    [
        "Établissements Hospitaliers du Nord Jurassien",
        "Groupement des Hôpitaux de la Vallée",
        "Maison médicale de garde de Vitré",
        "Maison de santé pluridisciplinaire de Figeac",
        "Clinique de soins de suite Saint-Roch",
        "Centre de post-cure Verdier",
        "Unité hospitalière sécurisée de Lens",
        "Résidence autonomie Les Bruyères",
        "Nouvel Hôpital de Dinant",
        "Hôpital européen Georges-Pompidou",
        "hôpital de proximité de Castres",
        "Clinique du dos Arles",
        "Centre Léon Bérard",
        "Centre de Kerpape",
        "CMPR Beau Séjour",
        "Groupe Hospitalier Public du Sud de l'Oise",
        "CH Dr Schaffner",
        "Imagerie Cavaillon",
    ],
)
def test_a_hospital_goes_with_its_whole_name(hospital: str) -> None:
    text = f"Adressé par {hospital} pour contrôle."
    assert any(hospital in part for part in parts(text, find_hospitals(text, LEX)))


@pytest.mark.parametrize(
    "text",
    [
        "vu à l'hôpital de jour pour contrôle",
        "examen de la clinique stable",
        "Radiologie conventionnelle du bassin",
        "Imagerie en coupe recommandée",
        "centre de la diaphyse",
    ],
)
def test_hospitals_without_a_name_stay(text: str) -> None:
    assert not find_hospitals(text, LEX)


def test_a_finding_after_a_hospital_is_not_part_of_its_name() -> None:
    text = "Clinique Notre Dame Saturation en O2 98 %"
    assert parts(text, find_hospitals(text, LEX)) == {"Clinique Notre Dame"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("transfert clinique de la source vers ems la colline le 10.08", "clinique de la source"),
        ("transfert clinique de la source vers ems la colline le 10.08", "ems la colline"),
        ("rdv ch de la miséricorde le 14/3/22", "ch de la miséricorde"),
    ],
)
def test_without_capitals_the_name_of_a_hospital_ends_where_the_sentence_goes_on(
    text: str, name: str
) -> None:
    assert name in parts(text, find_hospitals(text, LEX))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Échographie ce jour par Rivière : kyste poplité.", "Rivière"),
        ("Transmis à GRAS par téléphone.", "GRAS"),
        ("merci de rappeler. contact marchand 02 99 00 00 00", "marchand"),
        ("Contrôle satisfaisant selon Arboire.", "Arboire"),
    ],
)
def test_a_word_that_only_a_person_can_be_goes(text: str, name: str) -> None:
    assert uncovered(name, text) == ""


def test_an_eponym_after_selon_stays() -> None:
    text = "Gonarthrose grade 3 selon Ahlbäck. Fracture stade II selon Garden."
    assert {"Ahlback", "Garden"}.isdisjoint(parts(text, find_spans(text)))
    assert uncovered("Garden", text) == "Garden"


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("La Roseraie", True),
        ("Val Fleury", True),
        ("Service de radiologie", False),
        ("Dr Verdier", False),
        ("", False),
    ],
)
def test_the_shape_of_a_place(written: str, place: bool) -> None:
    assert is_place_shape(written, LEX) is place
