"""Writes what is generated from this package: `python -m monitoring.publish`.

The dashboards' JSON, and the Prometheus Operator's resource with the same rules as `monitoring/rules`.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from monitoring.dashboards import BOARDS, dashboard_json

_HERE = Path(__file__).parent
RULES = _HERE / "rules"
DASHBOARDS = _HERE / "dashboards"
OPERATOR_RULES = _HERE.parent / "k8s" / "components" / "prometheus" / "prometheusrule.yaml"


def operator_rules() -> dict[str, Any]:
    """The PrometheusRule resource that holds every group of `monitoring/rules`."""
    groups = [
        group
        for path in sorted(RULES.glob("*.yaml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "osteon", "labels": {"app.kubernetes.io/part-of": "osteon"}},
        "spec": {"groups": groups},
    }


def generated() -> dict[Path, str]:
    """Path -> content of every generated file."""
    rules = "# Written by python -m monitoring.publish from monitoring/rules.\n" + yaml.safe_dump(
        operator_rules(), sort_keys=False, width=110, allow_unicode=True
    )
    boards = {
        DASHBOARDS / f"{board.uid.removeprefix('osteon-')}.json": json.dumps(
            dashboard_json(board), indent=2, ensure_ascii=False
        )
        + "\n"
        for board in BOARDS
    }
    return {OPERATOR_RULES: rules, **boards}


def main() -> None:
    """Write every generated file."""
    for path, content in generated().items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
