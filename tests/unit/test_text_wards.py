"""Names as wards, registers and exports write them; other countries' numbers; words that no name is."""

import pytest

from osteon.deid.text.languages import alternatives_of, by_first_letter
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.addresses import find_addresses
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.contact import find_contacts
from osteon.deid.text.recognisers.dates import find_dates, read_dates
from osteon.deid.text.recognisers.dictated import find_dictated
from osteon.deid.text.recognisers.hospitals import find_hospitals
from osteon.deid.text.recognisers.initials import find_initials
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.numbers import find_numbers
from osteon.deid.text.recognisers.spelled import find_spelled
from osteon.deid.text.recognisers.towns import find_towns

LEX = lexicon()


def parts(text, spans):
    return {text[span.start : span.end] for span in spans}


def words(text, spans):
    return {word for part in parts(text, spans) for word in part.replace("(", "").split()}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Revu avec VERCAUTRY K et l'interne", {"VERCAUTRY", "K"}),
        ("Présents : Vercautry K., Dr Dubonnard", {"Vercautry", "K", "Dubonnard"}),
        ("réalisé par BOUCHARD B (stagiaire)", {"BOUCHARD", "B"}),
        ("Mme VERCAUTRY (PAUL) Guillaume", {"VERCAUTRY", "PAUL", "Guillaume"}),
        ("IDE Perle : antalgique fait", {"Perle"}),
        ("14/02/2021 9h05 Bois: pouls perçus", {"Bois"}),
        ("Picard I., manipulateur", {"Picard", "I"}),
        ("Amené par: Tine (brancardier)", {"Tine"}),
        ("vu en ville par du Vercautry puis", {"du", "Vercautry"}),
        ("Panseuse : Jade   Circulante : Vercautry", {"Jade", "Vercautry"}),
        ("Anesthésiste : Vercautry", {"Vercautry"}),
        ("son gendre Prune Bouchard sont prévenus", {"Prune", "Bouchard"}),
        ("J'ai eu Vercautry ce matin", {"Vercautry"}),
        ("Allô, c'est Rose de la radio", {"Rose"}),
        ("Non urgent\nMaison\ncc : le service", {"Maison"}),
        ("agressé par le nommé Céleste Vercautry", {"Céleste", "Vercautry"}),
        ("bloc jeudi 13 juillet par Vercautrie", {"Vercautrie"}),
        ("14/02/2021 9h05 de Vercautry: pouls perçus", {"de", "Vercautry"}),
        ("je l'épelle, prénom Perle, né le", {"Perle"}),
        ("Signature IDE: VERCAUTRY A Heure: 14h10", {"VERCAUTRY", "A"}),
        ("Patient 8042994601 BOUCHARD TOM 1932/04/09", {"BOUCHARD", "TOM"}),
    ],
)
def test_a_name_is_found_as_a_ward_writes_it(text, name):
    assert words(text, find_names(text, LEX)) >= name


@pytest.mark.parametrize(
    "text",
    [
        "Résultat : ostéome ostéoïde du triquetrum, uncarthrose, hémithorax libre",
        "CLASSIFICATION DE SEVER",
        "fracture supracondylienne stade 2 Lagrange-Rigault",
        "RX genou dr. du 14.06.2023",
        "STAFF TRAUMATO : hépatite C, stade B",
        "Madame, Monsieur le Médecin conseil,",
        "Sortie ce jour avec SpO2 97 % AA",
        "La personne vient pour une demande d'aide FSL",
    ],
)
def test_terms_and_roles_are_nobody(text):
    assert not [s for s in find_names(text, LEX) if s.start < len(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("je l'épelle : D, U, V, A, L, prénom Léo", "D, U, V, A, L"),
        ("ça s'épelle d u v a l né le", "d u v a l"),
        ("Étiquette D-U-V-E-R-T", "D-U-V-E-R-T"),
        ("imprimé ce jour P.GRONDIN", "P.GRONDIN"),
        ("PID|1||80012||VERCAUTRY^LAMINE^^^", "VERCAUTRY^LAMINE"),
        ("|12 rue Haute^^Condom^^32100|", "Condom"),
        ("internes A. Tournez, B. Petit, etc.", "B. Petit"),
        ("• DO (R.), 53 ans", "DO (R."),
        ("MERM : Nele Vercautry / COUTURIER J", "COUTURIER J"),
    ],
)
def test_a_name_is_found_letter_by_letter_glued_or_exported(text, name):
    assert name in parts(text, find_spelled(text, LEX))


@pytest.mark.parametrize(
    "text", ["items A, B, C, D, E", "E.coli et S.aureus", "stade C.Pas de lésion", "ORU^R01"]
)
def test_a_list_a_germ_and_a_stage_are_no_spelled_names(text):
    assert not find_spelled(text, LEX)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("le 19/VIII/1951", "19/VIII/1951"),
        ("Contrôle mer 20/12.", "mer 20/12"),
        ("le 13 AOU 2015", "13 AOU 2015"),
        ("RX ctrl 01.10.", "01.10"),
        ("le 19 août 18\nMme Vercautry", "19 août 18"),
    ],
)
def test_a_date_is_found_in_further_forms(text, found):
    assert found in parts(text, find_dates(text))


def test_a_roman_month_is_read_as_a_month():
    assert [found.month for found in read_dates("19/VIII/1951") if found.form == "roman"] == [8]


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Patient de 93 années", "93 années"),
        ("(88 ans 1/2)", "88 ans 1/2"),
        ("âgée de 16  ANS", "16  ANS"),
        ("M. K.V. 34a entré le 02.04", "34a"),
    ],
)
def test_an_age_is_found_in_further_forms(text, age):
    assert age in parts(text, find_ages(text))


def test_years_alone_are_a_duration():
    assert not find_ages("Évolution sur 5 années, puis 3 années de suivi")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("NAM : TREM 5012 1234", "TREM 5012 1234"),
        ("CIN : BK 306526", "BK 306526"),
        ("CNI AE608828", "AE608828"),
    ],
)
def test_a_number_of_another_country_is_found(text, number):
    assert number in parts(text, find_numbers(text))


def test_a_hour_an_article_of_law_and_a_dose_are_no_numbers():
    assert not parts("R. 1112-1-2 du code", find_numbers("R. 1112-1-2 du code"))
    assert "2020-08-19 14" not in parts("2020-08-19 14:32", find_numbers("2020-08-19 14:32"))
    assert not find_numbers("KETOPROFENE LP 100 MG")


@pytest.mark.parametrize("phone", ["(514) 555-0123", "+221 77 123 45 67", "+225 07 08 09 10 11"])
def test_a_telephone_of_another_country_is_found(phone):
    text = f"voisine (joindre {phone})"
    assert phone in parts(text, find_contacts(text))


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("3 rue Haute\nDigne (Québec) K7J 9K5\nTél. : 01", "K7J 9K5"),
        ("commissariat de Vernier, ce jour", "Vernier"),
        ("Service de radiologie\nVernier\nTél : 01 02", "Vernier"),
        ("Digne, le 22/11/2020", "Digne"),
        ("Huy, le 24/09/2018", "Huy"),
        ("Condom, le 2022/08/02", "Condom"),
        ("employé à DIGNE, en arrêt", "DIGNE"),
        ("Provenance : Digne\n", "Digne"),
    ],
)
def test_a_town_is_found_in_a_letterhead_and_after_an_office(text, town):
    assert town in parts(text, find_towns(text, LEX))


def test_the_town_after_a_street_goes_with_it():
    assert parts(
        "vit au 50 cité des Rives, Die, seule", find_addresses("vit au 50 cité des Rives, Die, seule")
    ) == {"50 cité des Rives, Die"}


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("habite rue du Fond de Vercautry 18 à 5020 Vedrin", "rue du Fond de Vercautry 18"),
        ("née le 24.08.1947, Rte de Vercautry 88, 1213 Onex", "Rte de Vercautry 88"),
    ],
)
def test_a_number_after_its_street_goes_with_it(text, street):
    assert any(part.endswith(street) for part in parts(text, find_addresses(text)))


def test_a_year_of_birth_alone_is_found():
    assert parts("M. Stoffels (°1958)", find_dates("M. Stoffels (°1958)")) == {"1958"}


def test_a_surgical_approach_is_no_street():
    assert not find_addresses("Voie d'abord delto-pectorale. Réduction de la fracture.")


@pytest.mark.parametrize(
    "text",
    ["CHSF", "Hôpital provincial de Riom", "Cabinet Vercautry et associés", "EpiCURA Salon", "Sacré-Cœur"],
)
def test_a_hospital_is_found_by_its_letters_and_further_kinds(text):
    assert text in parts(f"avis {text} ce jour", find_hospitals(f"avis {text} ce jour", LEX))


def test_a_hospital_that_sent_the_patient_is_found_and_a_ward_is_not():
    assert "LRB" in parts("Transfert de LRB le 3 mai", find_hospitals("Transfert de LRB le 3 mai", LEX))
    assert not find_hospitals("Transfert de USIC le 3 mai", LEX)


def test_a_dictated_note_names_who_was_seen_and_where_the_patient_went():
    text = (
        "urgences necker mlle vercautry chute mecanique radio du poignet normale vu avec dubonnard "
        "famille prevenue (perle 06 12 34 56 78) retour domicile chicoutimi"
    )
    assert parts(text, find_dictated(text, LEX)) >= {
        "necker",
        "vercautry",
        "dubonnard",
        "perle",
        "chicoutimi",
    }


def test_initials_of_a_secretary_are_found_and_the_letters_of_a_word_are_not():
    assert parts("Secrétaire : dt/ma", find_initials("Secrétaire : dt/ma")) == {"dt/ma"}
    assert not find_initials("AT 8 JOURS A PARTIR DU 26.03")


def test_alternatives_are_grouped_without_a_change_of_meaning():
    assert alternatives_of("a(?:b|c)|[|]d") == ["a(?:b|c)", "[|]d"]
    assert by_first_letter(["[ée]pouse", "s?oeur", "sage", "soeur"]) == "[ée](?:pouse)|s?oeur|s(?:age|oeur)"
