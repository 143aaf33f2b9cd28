"""Identifiers in layouts that break sentences: tables, exports, dictations, wrapped mails, letters' ends."""

from datetime import date

import pytest

from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.dates import read_dates
from osteon.deid.text.recognisers.dictated import find_dictated
from osteon.deid.text.recognisers.hospitals import find_hospitals
from osteon.deid.text.recognisers.initials import find_initials
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.numbers import find_numbers
from osteon.deid.text.recognisers.tables import find_tables
from osteon.deid.text.recognisers.towns import find_towns
from osteon.deid.text.spoken import number_of, words_of
from osteon.deid.text.wrapped import wrapped_lines

LEX = lexicon()


def parts(text, spans):
    return {text[span.start : span.end] for span in spans}


@pytest.mark.parametrize("number", [1, 16, 17, 21, 71, 80, 81, 91, 99, 1900, 1994, 2000, 2021])
def test_a_number_in_words_reads_as_it_was_written(number):
    assert number_of(words_of(number)) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("née le treize octobre deux mille dix", date(2010, 10, 13)),
        ("premier mars mille neuf cent quatre-vingt-quatorze", date(1994, 3, 1)),
        ("né le 26\n/ 09 / 1949", date(1949, 9, 26)),
        ("DUPONT 0 4 / 0 5 / 2 0 1 1 8 ANS", date(2011, 5, 4)),
    ],
)
def test_a_date_is_read_in_words_over_line_ends_and_before_an_age(text, day):
    assert day in {found.as_date() for found in read_dates(text)}


@pytest.mark.parametrize("text", ["acuité 10/10", "tension 14/10", "broches 12/10", "force 4/5"])
def test_a_measure_of_two_numbers_is_no_date(text):
    assert not read_dates(text)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("VERCAUTRIN LOUIS 18 AVRIL 1923 94ANS", "94ANS"),
        ("virgule quatre-vingt-huit ans virgule", "quatre-vingt-huit ans"),
        ("Louis a 22 ans", "22 ans"),
        ("/ 24 a\n", "24 a"),
        ("Naïma 14 ans IPP", "14 ans"),
    ],
)
def test_an_age_is_found_after_a_date_a_name_and_in_words(text, age):
    assert age in parts(text, find_ages(text))


def test_a_tables_cells_are_what_their_titles_say():
    text = "| Nom | DDN | Examen | Médecin |\n|---|---|---|---|\n| PETIT | 3/4/61 | RX main | Rose |\n"
    assert parts(text, find_tables(text)) == {"PETIT", "3/4/61", "Rose"}


@pytest.mark.parametrize(
    "text", ["<ville>Mons</ville>", 'VILLE="Mons" TEXTE="fracture"', '{"ville": "Mons", "texte": "normal"}']
)
def test_an_exports_fields_are_what_their_keys_say(text):
    assert parts(text, find_tables(text)) == {"Mons"}


def test_a_list_without_identifying_titles_is_no_table():
    assert not find_tables("Genou | droit | face\nCoude | gauche | profil\n")


DICTATED = (
    "radiographie demandée par le docteur louise bertrande de l'hôpital du lac pour monsieur "
    "vercautrin né en mars habitant à vercambert pas de fracture du scaphoïde"
)


def test_a_dictation_without_capitals_shows_its_names_by_their_places():
    assert {"vercautrin", "vercambert"} <= parts(DICTATED, find_dictated(DICTATED, LEX))
    assert "scaphoïde" not in " ".join(parts(DICTATED, find_dictated(DICTATED, LEX)))


def test_a_text_with_capitals_is_no_dictation():
    assert not find_dictated(DICTATED.title(), LEX)


def test_lines_broken_by_the_width_are_read_as_one_and_fields_are_not():
    wrapped = (
        "Le patient habite depuis trois ans au 12 rue\nVercautrin à Mons dans un immeuble de quatre\n"
        "étages sans ascenseur depuis la chute faite\nConclusion : normal"
    )
    joined = [line for _, _, line in wrapped_lines(wrapped)]
    assert any("rue Vercautrin" in line for line in joined)
    assert not any("Conclusion" in line for line in joined)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fracture, vu avec Clavez ce jour", "Clavez"),
        ("signé électroniquement le 3 mars par H. Clément - n° INAMI : 1", "Clément"),
        ("Dr Viviane Boulet  INAMI : 1", "Boulet"),
        ("Relève : Prieur -> LANCEUR\n", "LANCEUR"),
        ("Bénéficiaire : Marteau Beat\nN°", "Marteau Beat"),
        ("monsieur Vercautrin Le Floc'h", "Floc'h"),
        ("Présents : Sergent, Cousin", "Cousin"),
        ("Le confrère, U. Vercautrin, conclut", "U"),
    ],
)
def test_a_name_that_is_a_word_is_found_where_somebody_acts(text, name):
    found = find_names(text, LEX)
    start = text.index(name)
    assert any(span.start <= start and start + len(name) <= span.end for span in found), found


@pytest.mark.parametrize(
    "text",
    [
        "traité par Méthotrexate",
        "T1 avec Gadolinium",
        "Table Siemens Ysio",
        "réalisée par Voie orale",
        "CONCLUSION. GONARTHROSE TRICOMPARTIMENTALE",
    ],
)
def test_drugs_devices_and_terms_are_nobody(text):
    assert not find_names(text, LEX)


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("amené par pompiers de Vercautry-Haute,", "Vercautry-Haute"),
        ("copie à Grand-Bourg-du-Nord", "Grand-Bourg-du-Nord"),
        ("Commune : Ans\nDossier", "Ans"),
        ("Code postal et commune : 6815 La Croix-Vercault\n", "La Croix-Vercault"),
        ("Trois-Ponts, le 22/05/2021", "Trois-Ponts"),
    ],
)
def test_a_town_is_found_by_its_label_or_its_shape(text, town):
    assert town in parts(text, find_towns(text, LEX))


@pytest.mark.parametrize(
    "text", ["Clinique du Mail", "GIE IRM du Lac", "SELARL Imagerie Vercault", "Réseau hospitalier Vercault"]
)
def test_a_practice_is_a_hospital_too(text):
    assert parts(text, find_hospitals(text, LEX)) == {text}


def test_initials_at_a_notes_end_are_found_and_abbreviations_are_not():
    assert parts("Revu ce jour. TD", find_initials("Revu ce jour. TD")) == {"TD"}
    assert not find_initials("PRESCRIT PAR LE DR, demande (A.R.)")


def test_a_labels_word_is_no_part_of_its_number():
    text = "n° INAMI 14979372003"
    assert "14979372003" in parts(text, [s for s in find_numbers(text) if s.rule.startswith("labelled")])
