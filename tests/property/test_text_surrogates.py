"""One person one surrogate; form and intervals kept; tags and bands are left alone by a second pass."""

import re
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid import Policy, known_from_keywords
from osteon.deid.text.recognisers.dates import read_dates
from osteon.deid.text.report_text import deidentify_text
from osteon.domain.identity import OriginalId
from tests.identified_instances import PSEUDONYMISER

POLICY = Policy.load()
TAGS = POLICY.with_text(replacement="tag", ages="band")
DAYS = st.dates(date(1930, 1, 1), date(2030, 12, 31))
FORMS = st.sampled_from(["{0:%d/%m/%Y}", "{0:%d.%m.%Y}", "{0:%Y-%m-%d}", "{0:%d-%m-%Y}"])
NAMES = st.sampled_from(
    ["Quentrelec", "Vercautrin", "Zwyntrecht", "Hauterochette", "Oudghirien", "Goyenagarat"]
)


def made(text, policy=POLICY, number="K77120934", known=None):
    return deidentify_text(
        text, known, policy=policy, pseudonymiser=PSEUDONYMISER, patient_id=OriginalId(number)
    ).text


@settings(max_examples=60, deadline=None)
@given(DAYS, st.integers(1, 900), FORMS, FORMS)
def test_intervals_between_dates_are_kept_in_every_form(day, gap, first, second):
    later = day + timedelta(days=gap)
    text = made(f"Vu le {first.format(day)}, revu le {second.format(later)}.")
    found = [d.as_date() for d in read_dates(text) if d.as_date()]
    assert (max(found) - min(found)).days == gap
    assert day not in found


@settings(max_examples=40, deadline=None)
@given(DAYS, FORMS)
def test_a_shifted_date_keeps_its_form(day, form):
    before = form.format(day)
    after = made(f"Examen du {before}.").removeprefix("Examen du ").removesuffix(".")
    assert re.sub(r"\d", "9", after) == re.sub(r"\d", "9", before)


@settings(max_examples=30, deadline=None)
@given(NAMES, st.sampled_from([str.upper, str.lower, str.title]))
def test_one_person_has_one_surrogate_in_every_report_of_the_file(name, case):
    first = made(f"Mme {name} est revue.")
    second = made(f"Contrôle chez Mme {case(name)}.")
    surrogate = first.removeprefix("Mme ").removesuffix(" est revue.")
    assert surrogate.lower() in second.lower()
    assert name.lower() not in (first + second).lower()


@settings(max_examples=30, deadline=None)
@given(NAMES, NAMES, DAYS, st.integers(1, 99), FORMS)
def test_a_second_pass_over_tags_changes_nothing(name, doctor, day, age, form):
    text = (
        f"Patient : {name.upper()} Jean, né le {form.format(day)}, {age} ans, IPP : 8012345678\n"
        f"14 rue des Cigognes, 59480 Ormebeuve, tél. 03 27 55 18 00, a.b@chu-lyon.fr\n"
        f"Dr Paul {doctor}, CHU de Lille. Fracture de Pouteau-Colles."
    )
    once = made(text, TAGS)
    assert made(once, TAGS) == once
    assert name.lower() not in once.lower()
    assert "Fracture de Pouteau-Colles" in once


@settings(max_examples=20, deadline=None)
@given(NAMES, st.sampled_from(["Marie", "Jeanne", "Camille"]), st.booleans())
def test_the_known_patient_leaves_in_no_order(name, first, reversed_order):
    known = known_from_keywords({"PatientName": f"{name.upper()}^{first}", "PatientID": "K1"})
    pair = f"{first} {name}" if reversed_order else f"{name.upper()} {first}"
    out = made(f"Compte rendu de {pair}, née le 3 mars 1957.\n{name}", known=known)
    assert name.lower() not in out.lower()
