"""Grafana dashboards as code; `python -m monitoring.publish` writes their JSON beside this file."""

from monitoring.dashboards.deid import DEID
from monitoring.dashboards.fleet import FLEET
from monitoring.dashboards.gateway import GATEWAY
from monitoring.dashboards.hospital import HOSPITAL
from monitoring.dashboards.models import MODELS
from monitoring.dashboards.panels import Board, Panel, Target, dashboard_json

BOARDS = (FLEET, HOSPITAL, MODELS, GATEWAY, DEID)

__all__ = ["BOARDS", "Board", "Panel", "Target", "dashboard_json"]
