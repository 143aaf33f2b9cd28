"""From panels in a few words to the JSON that Grafana imports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 39
COLUMNS = 24
HEIGHT = 8
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """One query and the name of its series."""

    query: str
    legend: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture of a dashboard; `mappings` gives values words and colours."""

    title: str
    targets: Sequence[Target]
    kind: Literal["timeseries", "stat", "table", "bargauge"] = "timeseries"
    unit: str = "short"
    width: int = 12
    description: str = ""
    thresholds: Sequence[tuple[float | None, str]] = ((None, "green"),)
    mappings: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard; `variables` maps a name to the query of its values."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]
    variables: dict[str, str] = field(default_factory=dict)


def dashboard_json(board: Board) -> dict[str, Any]:
    """The dashboard for Grafana 10 and later; panels flow left to right in rows of 24 columns."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["osteon"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [_datasource(), *(_variable(*item) for item in board.variables.items())]},
        "panels": [
            _panel(number, panel, place)
            for number, (panel, place) in enumerate(
                zip(board.panels, _places(board.panels), strict=True), start=1
            )
        ],
    }


def _places(panels: Sequence[Panel]) -> list[dict[str, int]]:
    places, x, y = [], 0, 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y = 0, y + HEIGHT
        places.append({"h": HEIGHT, "w": panel.width, "x": x, "y": y})
        x += panel.width
    return places


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    steps = [{"color": colour, "value": value} for value, colour in panel.thresholds]
    options: dict[str, Any] = {}
    if panel.kind in {"stat", "bargauge"}:
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": steps},
                "mappings": [
                    {
                        "type": "value",
                        "options": {
                            value: {"text": text, "color": colour, "index": index}
                            for index, (value, (text, colour)) in enumerate(panel.mappings.items())
                        },
                    }
                ]
                if panel.mappings
                else [],
            },
            "overrides": [],
        },
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _DATASOURCE,
                "expr": target.query,
                "legendFormat": target.legend or "__auto",
                "instant": instant,
                "range": not instant,
                **({"format": "table"} if panel.kind == "table" else {}),
            }
            for index, target in enumerate(panel.targets)
        ],
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": query, "refId": "A"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "sort": 1,
        "current": {"text": ["All"], "value": ["$__all"]},
    }
