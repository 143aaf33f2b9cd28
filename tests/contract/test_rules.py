"""Prometheus rules: syntax, cases that fire and stay silent, runbooks, and only metrics that exist."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.conftest import ROOT
from tests.metric_names import known_metrics, names_in

RULES = sorted((ROOT / "monitoring" / "rules").glob("*.yaml"))
CASES = sorted((ROOT / "tests" / "contract" / "rules").glob("*.yaml"))
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed: Debian package prometheus"
)


def _rules():
    return [
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def _alerts():
    return {rule["alert"]: rule for rule in _rules() if "alert" in rule}


def _promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_finds_no_fault_in_the_rules():
    _promtool("check", "rules", *map(str, RULES))


@needs_promtool
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_of_the_rules_holds(path):
    _promtool("test", "rules", str(path))


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent():
    fires, silent = set(), set()
    for path in CASES:
        for case in yaml.safe_load(path.read_text())["tests"]:
            for check in case.get("alert_rule_test", []):
                (fires if check["exp_alerts"] else silent).add(check["alertname"])
    assert fires == set(_alerts())
    assert silent == set(_alerts())


def test_every_recorded_ratio_is_used_or_shown():
    used = " ".join(rule["expr"] for rule in _rules())
    used += " ".join(path.read_text() for path in (ROOT / "monitoring" / "dashboards").glob("*.json"))
    for rule in _rules():
        if "record" in rule:
            assert rule["record"] in used, rule["record"]


@pytest.mark.parametrize("name", sorted(_alerts()))
def test_every_alert_has_a_severity_a_summary_and_a_runbook_that_exists(name):
    alert = _alerts()[name]
    assert alert["labels"]["severity"] in {"page", "ticket", "notice"}
    assert alert["annotations"]["summary"]
    page, _, section = alert["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (\w+)$", (ROOT / page).read_text(), flags=re.MULTILINE)
    assert section == name.lower()
    assert name in headings


def test_every_section_of_a_runbook_is_an_alert():
    for page in (ROOT / "docs" / "runbooks").glob("*.md"):
        for heading in re.findall(r"^## (\w+)$", page.read_text(), flags=re.MULTILINE):
            assert heading in _alerts(), f"{page.name}: {heading}"


def test_the_rules_name_only_metrics_that_the_services_have():
    known = known_metrics() | {rule["record"] for rule in _rules() if "record" in rule} | {"up"}
    for rule in _rules():
        unknown = names_in(rule["expr"]) - known
        assert not unknown, f"{rule.get('alert') or rule['record']}: {unknown}"


def test_the_rules_of_the_operator_are_these_rules():
    resource = yaml.safe_load(
        (ROOT / "k8s" / "components" / "prometheus" / "prometheusrule.yaml").read_text()
    )
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    assert resource["spec"]["groups"] == groups, "run python -m monitoring.publish"
