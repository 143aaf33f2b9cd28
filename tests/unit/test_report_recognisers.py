"""Recognisers of report text: one table of valid and invalid strings each."""

from itertools import pairwise

import pytest

from osteon.deid import known_from_keywords
from osteon.deid.text.engine import find_spans
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.addresses import find_addresses
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.contact import find_contacts
from osteon.deid.text.recognisers.dates import find_dates, read_dates
from osteon.deid.text.recognisers.hospitals import find_hospitals
from osteon.deid.text.recognisers.initials import find_initials
from osteon.deid.text.recognisers.known import find_known
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.numbers import find_numbers
from osteon.deid.text.recognisers.towns import find_towns
from osteon.deid.text.span import Span, merge
from osteon.deid.text.tokens import words

LEX = lexicon()


def covered(text, spans):
    """The words that lie in a span, joined."""
    places = sorted({c for span in spans for c in range(span.start, span.end)})
    return "".join(text[c] if c + 1 in places or c == places[-1] else text[c] + "|" for c in places)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Examen du 03/03/2024.", "03/03/2024"),
        ("le 1er mars 2019", "1er mars 2019"),
        ("Consultation LUN. 12 AOÛT 2030", "LUN. 12 AOÛT 2030"),
        ("le 1 2 0 6 2 0 8 1 pour", "1 2 0 6 2 0 8 1"),
        ("2024-03-04", "2024-03-04"),
        ("opérée en mars 2019", "mars 2019"),
        ("revue le 03/03 au matin", "03/03"),
        ("apgar 9/10/10", ""),
        ("douleur 7/10, 3 x 4 mm", ""),
        ("Kellgren et Lawrence 3", ""),
    ],
)
def test_dates_in_french_forms(text, found):
    assert covered(text, find_dates(text)) == found


def test_a_birth_date_is_told_from_another_date():
    labels = {s.label for s in find_dates("née le 12/03/1957, vue le 13/03/2024")}
    assert labels == {"DATE", "DATE_NAISSANCE"}


def test_a_date_is_read_whatever_its_form():
    dates = {d.as_date() for d in read_dates("le 4 juillet 2021, 04.07.2021, 0 4 0 7 2 0 2 1, 4-7-21")}
    assert len(dates - {None}) == 1  # None: a month and year inside a longer form


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tél. 03 27 55 18 00", "03 27 55 18 00"),
        ("+33 6 12 34 56 78", "+33 6 12 34 56 78"),
        ("0 1 - 6 4 - 7 7 - 1 6 - 6 5", "0 1 - 6 4 - 7 7 - 1 6 - 6 5"),
        ("GSM 0475/12.34.56", "0475/12.34.56"),
        ("écrire à a.b@chu-lyon.fr", "a.b@chu-lyon.fr"),
        ("angle de 10 degrés, 25 mm", ""),
    ],
)
def test_contacts(text, found):
    assert covered(text, find_contacts(text)) == found


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("NIR 2 55 08 14 168 025 38", "SECU"),
        ("255081416802539", "SECU"),  # a wrong key is redacted as well
        ("NISS 85.07.30-033.28", "NISS"),
        ("RPPS 10162415599", "RPPS"),
        ("INAMI 1-23456-78-901", "INAMI"),
        ("IPP : 8170875016", "IPP"),
        ("Dossier : 2219147149", "NDA"),
        ("véhicule immatriculé VD 23340", "ID"),
        ("AB-123-CD", "ID"),
        ("AVS 756.1234.5678.97", "SECU"),
    ],
)
def test_numbers_of_people(text, label):
    assert label in {span.label for span in find_numbers(text)}


@pytest.mark.parametrize("text", ["353 000 plaquettes", "VN 2.30-4.20", "grade 4", "1200 g", "12 mm x 34 mm"])
def test_measures_are_no_numbers_of_people(text):
    assert not find_numbers(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patiente de 34 ans, sa mère a 93 ans.", "34 ans|93 ans"),
        ("Mme Roux , 19 ans, fumeuse", "19 ans"),
        ("Âge : 45. Enfant de 7 mois", "45|7 mois"),
        ("fille de 13 ans et 8 mois", "13 ans et 8 mois"),
        ("âgé de cinquante-deux ans", "cinquante-deux ans"),
        ("Indication : 78a, chute", "78a"),
        ("Patient de 78a", "78a"),
        ("depuis 3 ans, il y a 20 ans, à 6 mois de recul", ""),
        ("revu dans 2 ans, 5 ans plus tard", ""),
        ("fracture datant de 3 semaines, plâtre 6 semaines", ""),
    ],
)
def test_ages_are_found_and_durations_are_not(text, found):
    assert covered(text, find_ages(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Frappe : MB", "MB"),
        ("Réf. : JD/mp du dossier", "JD/mp"),
        ("l'âge de Mme L.", "L."),
        ("chez M. D. V., connu", "D. V."),
        ("Incidence de face et profil", ""),
        ("TDM, IRM et RX", ""),
    ],
)
def test_initials_are_found_where_something_says_that_they_are(text, found):
    assert covered(text, find_initials(text)) == found.replace(". ", ". ")


@pytest.mark.parametrize(
    "text",
    [
        "Fracture de Pouteau-Colles.",
        "Maladie de Paget du tibia.",
        "Signe de Tinel, épaule de Codman.",
        "Salter-Harris II, broches de Kirschner.",
        "Grade 3 de Kellgren et Lawrence.",
        "Atlas de Greulich et Pyle.",
        "Chute dans la rue.",
        "Ligne de Blumensaat, fracture de Maisonneuve.",
        "Signe de Hawkins positif, test de Jobe.",
        "Hémopéritoine de découverte fortuite.",
        "SpO2 98 %, HbA1c 7 %.",
        "Pas de lésion. Spondylarthropathie connue.",
        "Maladie d'Osgood-Schlatter.",
    ],
)
def test_eponyms_and_anatomy_stay(text):
    assert not find_names(text, LEX)
    assert not find_addresses(text)
    assert not find_hospitals(text, LEX)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dr Jean-Paul LEFÈVRE, rhumatologue", "Jean-Paul|LEFÈVRE"),
        ("Mme GOUTY: Mise en place", "GOUTY"),
        ("Dr P. Moreau", "P|Moreau"),
        ("Patient : LE GUENNEC Jeanne, née", "LE GUENNEC|Jeanne"),
        ("LESPILETTE, Abdulkadir, 8/07/76", "LESPILETTE|Abdulkadir"),
        ("vu avec M. d'Hauteville ce jour", "d'Hauteville"),
        ("Dr Colles", "Colles"),
        ("Drs Petit et Vercautrin, Boucher.", "Petit|Vercautrin|Boucher"),
        ("revu par Tijl BOUCHER ce jour", "Tijl|BOUCHER"),
        ("Quentrelec épouse Page Maëlys", "Quentrelec|Page|Maëlys"),
        ("né(e) Vandenplas le", "Vandenplas"),
        ("Dr Van de Haegenwouwer", "Van de Haegenwouwer"),
        ("Page 1/2 - Ormebrac, Maëlys - 12/03/1957", "Ormebrac|Maëlys"),
        ("weber ANATOLE", "weber ANATOLE"),
        ("adressé au Zwyntrecht pour avis", "Zwyntrecht"),
        ("Docteur A. Goyenaga", "A|Goyenaga"),
    ],
)
def test_names(text, found):
    assert covered(text, find_names(text, LEX)).replace(" |", "|") == found


def test_addresses_and_towns():
    text = "14 rue du Faubourg-des-Tanneurs, 59480 Vieux-Hainaut"
    assert covered(text, [*find_addresses(text), *find_towns(text, LEX)]) == text


@pytest.mark.parametrize(
    "text",
    [
        "CHU de Liège",
        "Clinique mutualiste de la Presqu'île",
        "Hôpital Joseph-Fabrègue",
        "Cliniques universitaires Saint-Ode",
        "AZ Sint-Zwyntrecht",
        "GHT Bois-Joli",
        "Hôpital privé Claude Bui Duc",
        "pavillon Vercautrin",
    ],
)
def test_hospitals(text):
    assert covered(text, find_hospitals(text, LEX)) == text


KNOWN = known_from_keywords(
    {"PatientName": "LEFEBVRE^Marie-Hélène", "PatientID": "80012345", "PatientBirthDate": "19570312"}
)


@pytest.mark.parametrize(
    "text",
    [
        "LEFEBVRE",
        "lefebvre",
        "Lefèbvre",
        "LEFEVBRE",
        "Marie Hélène",
        "marie-helene",
        "8001 2345",
        "12 mars 1957",
        "M. L.",
    ],
)
def test_a_known_patient_is_found_however_it_is_written(text):
    sentence = f"Vu ce jour {text} pour contrôle."
    spans = find_known(sentence, KNOWN, LEX)
    start = sentence.index(text)
    inside = {c for span in spans for c in range(span.start, span.end)}
    assert all(c in inside for c in range(start, start + len(text)) if sentence[c].isalnum())


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("VO VAN^Thi", "Mme Vo Van revue", ["MME", "REVUE"]),
        ("VAN DEN BROUCKE^Jan", "van den broucke Jan", []),
        ("L'HERMITTE^Anne", "vu chez L'Hermitte hier", ["VU", "CHEZ", "HIER"]),
        ("DU PLESSIS^Jean", "dossier du Plessis Jean", ["DOSSIER"]),
        ("LEFEBVRE^Marie", "vu LEFEB\u00adVRE, Lefe\u0300bvre", ["VU"]),
    ],
)
def test_a_known_name_goes_with_its_particles_and_whatever_breaks_it(name, text, left):
    identity = known_from_keywords({"PatientName": name})
    kept = list(text)
    for span in find_spans(text, identity):
        kept[span.start : span.end] = " " * (span.end - span.start)
    assert [t.folded for t in words("".join(kept))] == left


def test_a_name_that_is_a_word_stays_a_word_in_a_sentence():
    petit = known_from_keywords({"PatientName": "PETIT^Paul"})
    text = "Un petit fragment osseux. PETIT Paul revu, M. Petit va bien."
    found = [text[s.start : s.end] for s in find_known(text, petit, LEX)]
    assert found == ["PETIT", "Paul", "Petit"]


@pytest.mark.parametrize(
    ("text", "towns"),
    [
        ("ctrl provins janvier 2024, vu avec alba", ["provins"]),
        ("Contrôle à Provins en janvier 2024", ["Provins"]),
        ("Contrôle des anciens provins en janvier 2024", []),
    ],
)
def test_the_town_of_the_patient_goes_though_it_is_a_word_where_no_letter_is_large(
    text: str, towns: list[str]
) -> None:
    known = known_from_keywords({"PatientAddress": "70 bis avenue de la République Provins"})
    assert [text[s.start : s.end] for s in find_known(text, known, LEX)] == towns


def test_merged_spans_cover_all_that_any_recogniser_found():
    spans = [Span(0, 10, "NOM", 0.5), Span(4, 6, "DATE", 0.9), Span(8, 14, "TEL", 0.7), Span(20, 21, "ID")]
    merged = merge(spans)
    covered = [{c for s in found for c in range(s.start, s.end)} for found in (spans, merged)]
    assert covered[0] == covered[1]
    assert all(a.end <= b.start for a, b in pairwise(merged))
    assert next(s.label for s in merged if s.start == 4) == "DATE"
