"""Ages by rule: kept, capped, banded or taken away; notes by themselves get bands."""

import pytest

from osteon.deid import Policy
from osteon.deid.text.ages import age_surrogate, require_age_rule
from osteon.deid.text.evaluation import evaluate_notes
from osteon.deid.text.notes import deidentify_batch
from osteon.deid.text.report_text import deidentify_text
from osteon.domain.errors import UsageError
from tests.identified_instances import PSEUDONYMISER

POLICY = Policy.load()
TEXT = "Homme de 34 ans, sa mère de 93 ans, son fils âgé de 7 mois."


def made(**options):
    return deidentify_text(TEXT, policy=POLICY.with_text(**options), pseudonymiser=PSEUDONYMISER).text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("keep", TEXT),
        ("cap", "Homme de 34 ans, sa mère de 90 ans, son fils âgé de 7 mois."),
        ("band", "Homme de 30-34 ans, sa mère de 90 ans, son fils âgé de 6-11 mois."),
        ("redact", "Homme de [age], sa mère de [age], son fils âgé de [age]."),
    ],
)
def test_each_rule_writes_ages_its_way(rule, text):
    assert made(ages=rule) == text


@pytest.mark.parametrize("rule", ["cap", "band", "redact"])
def test_a_second_pass_changes_no_age(rule):
    once = made(ages=rule)
    policy = POLICY.with_text(ages=rule)
    assert deidentify_text(once, policy=policy, pseudonymiser=PSEUDONYMISER).text == once


@pytest.mark.parametrize(
    "written", ["34 ans", "13 ans et 8 mois", "5ans", "67 a", "18 mois", "3 semaines", "101 ans"]
)
@pytest.mark.parametrize("rule", ["cap", "band", "redact"])
def test_a_rules_own_output_is_its_fixed_point(written, rule):
    once = age_surrogate(written, rule, 89)
    assert age_surrogate(once, rule, 89) == once


def test_reports_of_studies_keep_ages_and_notes_get_bands():
    assert POLICY.text.ages == "cap"
    (row,) = deidentify_batch([{"note_id": "a", "note_text": TEXT}], POLICY, PSEUDONYMISER)
    assert row["note_text"].startswith("Homme de 30-34 ans")
    assert [e["label"] for e in row["source_entities"]] == ["AGE", "AGE", "AGE"]


def test_the_evaluation_counts_ages_as_the_policy_replaces_them(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text(
        '{"note_id":"a","note_text":"Homme de 34 ans.","entities":[{"start":9,"end":15,"label":"AGE"}]}\n'
    )
    assert evaluate_notes(path, POLICY)["labels"]["AGE"]["recall"] == 1.0
    keeping = POLICY.with_text(ages_in_notes="keep")
    assert evaluate_notes(path, keeping)["labels"]["AGE"]["recall"] == 0.0


def test_gold_without_any_age_says_nothing_about_ages(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text(
        '{"note_text":"Mme Vercautrin, 34 ans.","entities":[{"start":4,"end":14,"label":"NOM"}]}\n'
    )
    overall = evaluate_notes(path, POLICY)["overall"]
    assert overall["precision"] == 1.0
    assert overall["precision_with_unmarked_ages"] == 10 / 15


def test_the_rule_changes_the_policys_hash():
    assert POLICY.with_text(ages="redact").hash != POLICY.hash


def test_an_unknown_rule_is_refused():
    with pytest.raises(UsageError):
        require_age_rule("round")
