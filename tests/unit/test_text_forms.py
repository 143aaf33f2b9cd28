"""Forms of dates, ages, dictated numbers and lone names that a letter may hold, and what looks like them."""

import pytest

from osteon.deid.text.ages import age_surrogate, redacted_ages
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.addresses import find_addresses
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.dates import find_dates, read_dates
from osteon.deid.text.recognisers.initials import find_initials
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.spoken_numbers import find_spoken_numbers
from osteon.deid.text.recognisers.tables import find_tables
from osteon.deid.text.searches import at_digits, at_words
from osteon.deid.text.span import Span, merge

LEX = lexicon()


def covered(text: str, spans: list[Span]) -> str:
    """The words and numbers that lie in a span, with a blank between."""
    inside = {place for span in spans for place in range(span.start, span.end)}
    kept = "".join(c if place in inside and c.isalnum() else " " for place, c in enumerate(text))
    return " ".join(kept.split())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Revu mi-mars 2019 pour contrôle.", "mi mars 2019"),
        ("Chute fin mai, contusion.", "fin mai"),
        ("Fracture en mars-avril 2019.", "mars avril 2019"),
        ("Arrêt du 3 au 7 mars 2019.", "3 au 7 mars 2019"),
        ("Séances les 3, 5 et 7 mars.", "3 5 et 7 mars"),
        ("Arrêt 03→07/03/19 accordé.", "03 07 03 19"),
        ("Plâtre S12 2019, contrôle.", "S12 2019"),
        ("Revu au 3ème trimestre 2019.", "3ème trimestre 2019"),
        ("Hospitalisé hiver 2018-2019.", "hiver 2018 2019"),
        ("Chute à Noël 2018.", "Noël 2018"),
        ("Vu jeudi 14 en urgence.", "jeudi 14"),
        ("Revu je 14/3 par l'interne.", "je 14 3"),
        ("RDV 14-III à 9h.", "14 III"),
        ("Cliché du 03\\03\\2019.", "03 03 2019"),
        ("Cliché du O3/O3/2O19.", "O3 O3 2O19"),
        ("Cliché du 2019.3.3.", "2019 3 3"),
        ("Cliché du 03/03/2019-14h32.", "03 03 2019"),
        ("Votre courrier du 3 ct.", "3 ct"),
        ("Vu en mars dernier.", "mars dernier"),
        ("op 3 maart 2019, am 3. März 2019", "3 maart 2019 3 März 2019"),
        ("le neuf mars dix-neuf", "neuf mars dix neuf"),
    ],
)
def test_a_date_goes_in_whatever_form(text, found):
    assert covered(text, merge(find_dates(text))) == found


@pytest.mark.parametrize(
    "text",
    [
        "Score 12/20, angle 10/12, rapport 3-4 mm.",
        "Doigts 2 et 3, rayons 4-5, côtes 3 à 7. TA 14/8, PA : 16/9.",
        "S1 droite, T2 FatSat, grossesse de 32 semaines, 3ème trimestre de grossesse.",
        "Vu en fin de matinée, début de consolidation.",
    ],
)
def test_measures_stages_and_parts_of_a_day_are_no_dates(text):
    assert not find_dates(text)


def test_a_part_of_a_month_and_days_before_it_are_read_so_that_they_can_be_shifted():
    days = {(d.day, d.month, d.year) for d in read_dates("mi-mars 2019 puis du 3 au 7 avril 2020")}
    assert {(None, 3, 2019), (3, 4, 2020), (7, 4, 2020)} <= days


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Enfant âgé de 6 mois et demi.", "6 mois et demi"),
        ("Femme septuagénaire.", "septuagénaire"),
        ("Dans sa 73ème année.", "73ème année"),
        ("Garçon de 7,5 ans.", "7 5 ans"),
        ("Né il y a 8 ans, cet enfant boite.", "8 ans"),
        ("garçon, trois ans et demi, boiterie", "trois ans et demi"),
        ("een 72-jarige vrouw", "72 jarige"),
        ("une soixantaine d'années", "soixantaine d années"),
    ],
)
def test_an_age_goes_in_whatever_words(text, found):
    assert covered(text, find_ages(text)) == found


@pytest.mark.parametrize(
    "text", ["Depuis 3 ans, douleur.", "6 mois et demi plus tard", "dans sa 2e année de traitement"]
)
def test_a_duration_is_no_age(text):
    assert not find_ages(text)


def test_an_age_in_words_above_the_cap_does_not_stay():
    text = "patient de quatre-vingt-douze ans, nonagénaire, soixante ans"
    kept = redacted_ages(find_ages(text), text, "cap", 89)
    assert covered(text, kept) == "quatre vingt douze ans nonagénaire"
    assert age_surrogate("quatre-vingt-douze ans", "cap", 89) == "[age]"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("au zéro six douze trente-quatre cinquante-six soixante-dix-huit", "TEL"),
        ("dossier quatre-vingts zéro deux quarante-cinq douze", "ID"),
        ("née le vingt-trois six mille neuf cent nonante-deux", "DATE_NAISSANCE"),
        ("le trois du trois deux mille dix-neuf", "DATE"),
        ("domicilié soixante-neuf mille Lyon", "ZIP"),
    ],
)
def test_a_dictated_number_goes(text, label):
    spans = find_spoken_numbers(text, LEX)
    assert [s.label for s in spans] == [label]
    assert len(covered(text, spans).split()) >= 2


@pytest.mark.parametrize(
    "text",
    ["deux vis et trois plaques, une vis", "entre deux et trois mille leucocytes", "cent vingt degrés"],
)
def test_counts_in_words_stay(text):
    assert not find_spoken_numbers(text, LEX)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Habite c/o Rosier, à droite.", "Rosier"),
        ("Vu avec Rosier et Carré, d'accord pour une attelle.", "Rosier Carré"),
        ("lecteur 1 Rosier, lecteur 2 Carré, arbitre Blanc", "Rosier Carré Blanc"),
        ("Présents : Rosier (fils), Carré (bru)", "Rosier Carré"),
        ("Bloc jeudi : ROSIER, fracture", "ROSIER"),
        ("Moniteur : Vannier (Ismaël), par mail", "Vannier Ismaël"),
        ("Lit 3 CARRÉ 44 ans : broches", "CARRÉ"),
        ("RX lue par A CARVALHO ce jour", "A CARVALHO"),
    ],
)
def test_a_surname_that_is_a_word_goes_where_a_person_stands(text, found):
    assert covered(text, find_names(text, LEX)) == found


@pytest.mark.parametrize(
    "text",
    [
        "Fracture de Colles, signe de Tinel, maladie de Paget.",
        "T1 avec Gadolinium, avis ortho demandé.",
        "Vu avec la famille. Signé électroniquement.",
    ],
)
def test_eponyms_and_acts_without_a_name_stay(text):
    assert not find_names(text, LEX)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lecture : JD / Relecture : ab", "JD ab"),
        ("20/08(11h) (VO) stable", "VO"),
        ("N/réf : R.B/P.L.", "R B P L"),
        ("Texte dicté par jd le 3 mars.", "jd"),
    ],
)
def test_initials_go_in_small_letters_and_in_pairs(text, found):
    assert covered(text, find_initials(text)) == found


def test_a_street_goes_with_the_number_behind_it():
    for street in ("rue Neuve 139/4", "rte cantonale 116", "Beukenstraat 59", "place de la Broye 120"):
        assert covered(f"X, {street}, 1003 Y", find_addresses(f"X, {street}, 1003 Y")).startswith(
            covered(street, [Span(0, len(street), "ADRESSE")])
        )


def test_a_row_of_an_export_without_titles_loses_its_names():
    row = "CR n°12|ROY|Wanda|03/04/1960|F|14.10.2015|Forestier|os intact"
    assert covered(row, find_tables(row)) == "ROY Wanda Forestier"


@pytest.mark.parametrize("text", ["", "Dr A, adr 12/03 3x", "n°7 à l'hôpital-dr 5", "é_dr 1 dr2"])
def test_matches_at_words_and_digits_are_those_of_a_search(text):
    import re

    word, digit = re.compile(r"\bdr\b ?\w?", re.IGNORECASE), re.compile(r"(?<!\d)\d{1,2}")
    assert [m.span() for m in at_words(word, text)] == [m.span() for m in word.finditer(text)]
    assert [m.span() for m in at_digits(digit, text)] == [m.span() for m in digit.finditer(text)]
