"""The whole fleet at one glance."""

from monitoring.dashboards.panels import Board, Panel, Target

_BAD_ABOVE_ZERO = ((None, "green"), (1, "red"))
_UP = {"0": ("down", "red"), "1": ("up", "green")}

FLEET = Board(
    uid="osteon-fleet",
    title="Osteon: fleet",
    description="Everything at one glance. Research use only.",
    panels=[
        Panel(
            title="Services",
            kind="stat",
            width=24,
            mappings=_UP,
            thresholds=((None, "red"), (1, "green")),
            targets=[
                Target(query='up{job=~"model-server|gateway|deid|drift-monitor|portal"}', legend="{{job}}")
            ],
        ),
        Panel(
            title="Sites and tasks by drift verdict",
            kind="stat",
            width=8,
            targets=[Target(query="osteon:drift_sites:count", legend="{{verdict}}")],
        ),
        Panel(
            title="Items for a person to review",
            kind="stat",
            width=8,
            thresholds=_BAD_ABOVE_ZERO,
            targets=[
                Target(query='sum(osteon_gateway_queue_items{state="failed"})', legend="items"),
                Target(query='sum(osteon_gateway_queue_deliveries{state="failed"})', legend="results"),
            ],
        ),
        Panel(
            title="Age of the drift report",
            kind="stat",
            unit="s",
            width=8,
            thresholds=((None, "green"), (3600, "red")),
            targets=[Target(query="time() - osteon_drift_report_timestamp_seconds", legend="age")],
        ),
        Panel(
            title="Predictions per minute",
            targets=[
                Target(
                    query="sum by (task) (rate(osteon_server_predictions_total[5m])) * 60", legend="{{task}}"
                )
            ],
        ),
        Panel(
            title="Requests with an error of ours",
            unit="percentunit",
            description="Objective: 0.5 % over 30 days.",
            thresholds=((None, "green"), (0.005, "red")),
            targets=[
                Target(query="osteon:server_error_ratio:rate5m", legend="5 min"),
                Target(query="osteon:server_error_ratio:rate1h", legend="1 h"),
                Target(query="osteon:server_error_ratio:rate6h", legend="6 h"),
            ],
        ),
    ],
)
