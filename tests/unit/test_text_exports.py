"""Names that are words, where their place says that somebody stands; keys of exports; habits of dates."""

import pytest

from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.addresses import find_addresses
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.dates import find_dates, read_dates
from osteon.deid.text.recognisers.dictated import find_dictated
from osteon.deid.text.recognisers.hospitals import find_hospitals
from osteon.deid.text.recognisers.initials import find_initials
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.numbers import find_numbers
from osteon.deid.text.recognisers.tables import find_tables
from osteon.deid.text.recognisers.towns import find_towns

LEX = lexicon()


def parts(text, spans):
    return {text[span.start : span.end] for span in spans}


def words(text, spans):
    return {word for part in parts(text, spans) for word in part.split()}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("revu le 3 mai chez C. Prunier : va mieux", {"C", "Prunier"}),
        ("Cc : secretariat ; Moineau D.\nDate", {"Moineau", "D"}),
        ("[03/05/2021 20:05] BALAI E\nappel", {"BALAI", "E"}),
        ("SELLIER (PERDRIX) Capucine - 37 ans", {"SELLIER", "PERDRIX", "Capucine"}),
        ("épouse Corinne, fils Pétale\nDirectives", {"Pétale"}),
        ("visite de la fille (Anémone) à 19h", {"Anémone"}),
        ("Patient Rima LONG, admis ce jour", {"Rima", "LONG"}),
        ("Ok pour moi. Violette, peux-tu la convoquer ?", {"Violette"}),
        ("III-1 Renée, 78 ans", {"Renée"}),
        ("Entreprise : Maçonnerie Fort, Dax", {"Fort"}),
        ("Équipe de nuit : Prunier J., Violette", {"Prunier", "J", "Violette"}),
        ("Conseiller en génétique : Belugel", {"Belugel"}),
        ("Astreinte : Doyen 06 12 34 56 78", {"Doyen"}),
        ("ADRESSE PAR CASIMIR SALLE, INFIRMIERE", {"CASIMIR"}),
    ],
)
def test_a_word_is_a_name_where_its_place_says_so(text, name):
    assert words(text, find_names(text, LEX)) >= name


@pytest.mark.parametrize(
    "text",
    [
        "Sérologie : Hépatite C, VIH négatif",
        "Transfert en salle B, lit 4",
        "créatinine 98 µmol/L. Poursuite du traitement",
        "Score de Barthel : 12, sonde de Foley, Gleason 6",
        "Générateur\tSiemens Artis\nPoste\t8",
        "saturation (amoxicilline 1\ng x 3/j)",
        "père alcoolique, mère diabétique, frère asthmatique",
        "Patient Suivi pour HTA",
    ],
)
def test_medicine_beside_letters_and_machines_stays(text):
    assert not find_names(text, LEX)


def test_a_value_after_a_first_name_in_a_list_stays():
    text = "toilette faite avec Blanche, FeNO 23 ppb, PA 14/8"
    assert words(text, find_names(text, LEX)) == {"Blanche"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("name:\n  - family: Merle\n    given: [Aube]\n", {"Merle", "Aube"}),
        ("<family>MERLE</family><given>Aube</given>", {"MERLE", "Aube"}),
        ("<postalCode>88970</postalCode><city>Spa</city>", {"88970", "Spa"}),
        ("    city: Gray\n    postalCode: 46050\n", {"Gray", "46050"}),
        ("INFO user=pmerle action=OPEN", {"pmerle"}),
        ('action=PRINT dest="H. Merle"', {"H. Merle"}),
        ("(0010,0010) PN [MERLE^AUBE]  PatientName", {"MERLE^AUBE"}),
        ("(0008,0080) LO [Hôpital du Bourg]", {"Hôpital du Bourg"}),
        ("<organization><name>Foyer du Bourg</name>", {"Foyer du Bourg"}),
    ],
)
def test_a_value_of_an_export_goes_with_its_key(text, values):
    assert parts(text, find_tables(text)) >= values


def test_a_text_of_an_export_stays():
    assert not find_tables("note: fracture du tibia\n<text>arthrose</text>\n(0018,0015) CS [KNEE]")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("revu le mercredi le 25 mai 2022 par", "mercredi le 25 mai 2022"),
        ("né le Samedi 26/10/1995 à", "Samedi 26/10/1995"),
        ("Séances : 29 mars, 8 oct., 9/10, 23 déc.\n", "9/10"),
        ("Séances : 12 mars, 12 mai, 05.06, 11.09\n", "12 mai"),
        ("Séances : 12 mars, 12 mai, 05.06, 11.09\n", "05.06"),
    ],
)
def test_a_date_is_found_with_its_day_and_in_a_series(text, written):
    assert written in parts(text, find_dates(text))


def test_a_weekday_and_a_series_are_read_as_days():
    assert {f.as_date().isoformat() for f in read_dates("Samedi 26/10/1995") if f.as_date()} == {"1995-10-26"}
    assert (9, 10) in {(f.day, f.month) for f in read_dates("29 mars, 9/10, 23 déc.")}


def test_scores_one_after_the_other_are_no_dates():
    assert not find_dates("EVA : 6/10, 7/10, 8/10")


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Le patient, 84 yo, dit", "84 yo"),
        ("né en 1928, décédé à 64A\n", "64A"),
        ("BOX 7\nH78, VERCAUTRY Jean", "78"),
    ],
)
def test_an_age_is_found_in_further_forms(text, age):
    assert age in parts(text, find_ages(text))


def test_a_day_of_care_is_no_age():
    assert not find_ages("Perfusion sur H24, surveillance")


@pytest.mark.parametrize(
    "street",
    ["12 rampe Saint-Ours", "22 GRAND-RUE", "7 bis, escalier Gavini", "3 Grand'Rue", "49 val des Filaos"],
)
def test_streets_of_hills_and_islands_are_found(street):
    assert street in parts(f"demeure {street}\nhier", find_addresses(f"{street}\nhier")) or street in parts(
        f"demeure {street}\nhier", find_addresses(f"demeure {street}\nhier")
    )


@pytest.mark.parametrize(
    "house",
    [
        "Laboratoire du Grand-Paradis",
        "Pharmacie Vercautry",
        "Centre de dialyse Beffroi",
        "Centre ophtalmologique Kirchberg",
        "MAS Les Sorbiers",
        "Maternité Saint-Ours",
        "Hôtel-Dieu de Mende",
        "Cabinet de groupe Merle & Kim",
    ],
)
def test_houses_that_are_no_hospital_are_found(house):
    assert house in parts(f"Vu à : {house}\n", find_hospitals(f"Vu à : {house}\n", LEX))


@pytest.mark.parametrize(
    "text",
    [
        "Bilan de laboratoire normal",
        "prélèvement au laboratoire de biologie",
        "pharmacie de garde",
        "sortie de maternité",
    ],
)
def test_a_house_without_a_name_stays(text):
    assert not find_hospitals(text, LEX)


def test_letters_are_a_hospital_where_somebody_was_treated():
    text = "opérée le 8 mars 2021 à HEH d'une hanche"
    assert "HEH" in parts(text, find_hospitals(text, LEX))
    assert not find_hospitals("adressé au SAMU, hospitalisé au CHU, suivi : TDM", LEX)


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("infirmière libérale, Sceaux, tél 0692919010", "Sceaux"),
        ("Menton, le 22NOV2023\n", "Menton"),
        ("SMUR Sept-Îles engagé", "Sept-Îles"),
        ("pension de la caisse de Ham, n° 3", "Ham"),
    ],
)
def test_a_town_is_found_by_what_stands_around_it(text, town):
    assert town in parts(text, find_towns(text, LEX))


def test_a_dictation_names_maiden_names_relatives_and_who_sent():
    text = (
        "mme mia vercautry née belugain le trois mai, envoyé par weiss, son mari c'est romy, "
        "sortie simple ce jour"
    )
    assert parts(text, find_dictated(text, LEX)) >= {"belugain", "weiss", "romy"}


def test_a_technician_signs_with_initials_and_platelets_are_no_plate():
    assert "KW" in parts("Technicien(ne) : KW", find_initials("Technicien(ne) : KW"))
    assert "MP" in parts("Ligne 3 : ok MP", find_initials("Ligne 3 : ok MP"))
    assert not find_numbers("PLAQUETTES 245 G/L")
