"""Report text: surrogates that agree, dates in their form, nothing known left."""

import pytest

from osteon.deid import Policy, known_from_keywords
from osteon.deid.text.evaluation import evaluate_notes, wilson
from osteon.deid.text.report_text import deidentify_text
from osteon.domain import RefusedError
from tests.identified_instances import PSEUDONYMISER

POLICY = Policy.load()
TAGS = POLICY.model_copy(update={"text": POLICY.text.model_copy(update={"replacement": "tag"})})
KNOWN = known_from_keywords(
    {
        "PatientName": "QUENTRELEC^Maëlys",
        "PatientID": "K77120934",
        "PatientBirthDate": "19570312",
        "PatientAddress": "14 rue des Cigognes 59480 Ormebeuve",
    }
)
REPORT = """Patiente : QUENTRELEC Maëlys, née le 12/03/1957, 14 rue des Cigognes, 59480 Ormebeuve
Examen du 4 mars 2024, contrôle du 18/03/2024. Dr Odilon VERCAUTRIN
Fracture de Pouteau-Colles droite. Mme Quentrelec sera revue. Signe de Tinel absent."""


def deidentified(text=REPORT, policy=POLICY, known=KNOWN):
    return deidentify_text(text, known, policy=policy, pseudonymiser=PSEUDONYMISER)


def test_no_known_value_is_left():
    made = deidentified()
    for value in ("quentrelec", "maëlys", "cigognes", "ormebeuve", "12/03/1957", "vercautrin"):
        assert value not in made.text.lower()
        assert value not in repr(made).lower()


def test_medical_words_stay():
    assert "Fracture de Pouteau-Colles droite" in deidentified().text
    assert "Signe de Tinel absent" in deidentified().text


def test_one_person_has_one_surrogate_in_every_case():
    text = deidentified("Mme QUENTRELEC. Revue : Quentrelec, et encore quentrelec.").text
    words = [w.strip(".,") for w in text.split()]
    names = {w.lower() for w in (words[1], words[4], words[7])}
    assert len(names) == 1
    assert words[1].isupper()


def test_dates_are_shifted_by_the_patients_days_in_the_same_form():
    made = deidentified("Le 04/03/2024, puis le 18 mars 2024 (2024-03-18).")
    first, second = made.text.split(", ")
    assert "/" in first
    assert "2024-03-18" not in second
    assert second.count("-") == 2


def test_a_roman_month_is_shifted_to_a_roman_month():
    day, month, year = deidentified("Vu le 04/VIII/2024 ici").text.removeprefix("Vu le ").split("/")
    assert (day.isdigit(), set(month) <= set("IVX"), year[:4].isdigit()) == (True, True, True)


def test_tags_replace_by_label():
    text = deidentified("Dr Odilon VERCAUTRIN, le 04/03/2024", TAGS).text
    assert text == "Dr <PRENOM> <NOM>, le <DATE>"


def test_source_entities_are_in_the_coordinates_of_the_input():
    made = deidentified()
    found = {REPORT[s.start : s.end] for s in made.source_entities}
    assert {"QUENTRELEC", "4 mars 2024", "12/03/1957"} <= found


def test_the_same_text_gives_the_same_output():
    assert deidentified().text == deidentified().text


def test_a_text_beyond_the_limit_is_refused():
    policy = POLICY.model_copy(update={"limits": POLICY.limits.model_copy(update={"text_characters": 10})})
    with pytest.raises(RefusedError):
        deidentified(policy=policy)


def test_the_evaluation_counts_spans_characters_and_documents(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text(
        '{"note_id":"a","note_text":"Dr Vercautrin","entities":[{"start":3,"end":13,"label":"NOM"}]}\n'
        '{"note_id":"b","note_text":"rien ici","entities":[{"start":0,"end":4,"label":"NOM"}]}\n'
    )
    measures = evaluate_notes(path, POLICY)
    label = measures["labels"]["NOM"]
    assert (label["recall"], label["n"]) == (0.5, 2)
    assert (label["low"], label["high"]) == wilson(1, 2)
    assert label["documents_fully_redacted"]["value"] == 0.5
    assert measures["overall"]["precision"] == 1.0
    assert measures["documents_fully_redacted"]["value"] == 0.5
    assert measures["documents_fully_redacted"]["n"] == 2


def test_the_share_of_whole_documents_is_told_by_label_and_over_all(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text(
        '{"note_text":"Dr Vercautrin, rien","entities":[{"start":3,"end":13,"label":"NOM"},'
        '{"start":15,"end":19,"label":"VILLE"}]}\n'
        '{"note_text":"Dr Vercautrin","entities":[{"start":3,"end":13,"label":"NOM"}]}\n'
        '{"note_text":"Vu le 03/04/2021","entities":[]}\n'
    )
    measures = evaluate_notes(path, POLICY)
    whole = {label: row["documents_fully_redacted"] for label, row in measures["labels"].items()}
    assert (whole["NOM"]["value"], whole["NOM"]["n"]) == (1.0, 2)
    assert (whole["VILLE"]["value"], whole["VILLE"]["n"]) == (0.0, 1)
    assert measures["documents_fully_redacted"]["value"] == 2 / 3
    assert measures["redacted_characters_outside"] == {"DATE": 8}


def test_wilsons_interval_matches_its_published_number():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263 gives 0.2553 to 0.3662.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_recall_on_the_development_notes(shared_data):
    measures = evaluate_notes(shared_data / "text" / "public_small_dev.jsonl", POLICY)
    assert measures["overall"]["recall"] >= 0.99
    assert measures["overall"]["precision"] >= 0.95
