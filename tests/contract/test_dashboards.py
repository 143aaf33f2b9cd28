"""The dashboards: current, importable, and asking only for metrics that exist."""

import json
import shutil
import subprocess

import pytest
import yaml

from monitoring.dashboards import BOARDS, dashboard_json
from monitoring.dashboards.panels import COLUMNS
from monitoring.publish import RULES, generated
from tests.metric_names import known_metrics, names_in


def _recorded():
    return {
        rule["record"]
        for path in RULES.glob("*.yaml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }


def test_every_generated_file_is_current():
    for path, content in generated().items():
        assert path.read_text() == content, f"{path.name}: run python -m monitoring.publish"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_query_names_only_metrics_that_exist(board):
    known = known_metrics() | _recorded() | {"up"}
    for panel in board.panels:
        for target in panel.targets:
            unknown = names_in(target.query) - known
            assert not unknown, f"{panel.title}: {unknown}"


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed: Debian package prometheus"
)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_prometheus_can_parse_every_query(tmp_path, board):
    queries = [target.query.replace("$site", ".*") for panel in board.panels for target in panel.targets]
    rules = [{"record": f"q:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=none", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_panels_do_not_overlap_and_have_their_own_numbers(board):
    panels = dashboard_json(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= COLUMNS
        taken |= cells


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_variable_is_used_and_every_used_one_defined(board):
    text = json.dumps(dashboard_json(board))
    for variable in board.variables:
        assert f"${variable}" in text
    assert ("$site" in text) == ("site" in board.variables)


def test_every_dashboard_has_an_address_of_its_own():
    assert len({board.uid for board in BOARDS}) == len(BOARDS)
