"""What the models in production do."""

from monitoring.dashboards.panels import Board, Panel, Target

_BAD_ABOVE_ZERO = ((None, "green"), (1, "red"))

MODELS = Board(
    uid="osteon-models",
    title="Osteon: models",
    description="What the models in production do.",
    panels=[
        Panel(
            title="Version in production",
            kind="stat",
            width=12,
            targets=[Target(query="max by (task) (osteon_server_champion_version)", legend="{{task}}")],
        ),
        Panel(
            title="Champions that could not be loaded, 24 h",
            kind="stat",
            width=12,
            thresholds=_BAD_ABOVE_ZERO,
            targets=[
                Target(
                    query='sum by (task) (increase(osteon_server_reloads_total{outcome="refused"}[24h]))',
                    legend="{{task}}",
                )
            ],
        ),
        Panel(
            title="Share of abstentions",
            unit="percentunit",
            targets=[Target(query="osteon:server_abstention_ratio:rate1h", legend="{{task}}")],
        ),
        Panel(
            title="Abstentions per hour, by reason",
            targets=[
                Target(
                    query="sum by (task, reason) ("
                    'rate(osteon_server_predictions_total{status="abstained"}[1h])) * 3600',
                    legend="{{task}} {{reason}}",
                )
            ],
        ),
        Panel(
            title="Time of a prediction request, 95 %",
            unit="s",
            targets=[Target(query="osteon:server_predict_seconds:p95_5m", legend="95 %")],
        ),
        Panel(
            title="Mean time to read and to infer",
            unit="s",
            targets=[
                Target(
                    query="rate(osteon_server_decode_seconds_sum[5m])"
                    " / rate(osteon_server_decode_seconds_count[5m])",
                    legend="read",
                ),
                Target(
                    query="sum by (task) (rate(osteon_server_inference_seconds_sum[5m]))"
                    " / sum by (task) (rate(osteon_server_inference_seconds_count[5m]))",
                    legend="{{task}}",
                ),
            ],
        ),
        Panel(
            title="Requests under way",
            thresholds=((None, "green"), (24, "red")),
            targets=[Target(query="sum(osteon_server_waiting_requests)", legend="under way")],
        ),
        Panel(
            title="Events recorded and events that monitoring read, per hour",
            targets=[
                Target(query="sum(rate(osteon_server_events_total[1h])) * 3600", legend="recorded"),
                Target(query="sum(rate(osteon_drift_events_total[1h])) * 3600", legend="read"),
            ],
        ),
        Panel(
            title="Retraining requests, 7 days",
            kind="stat",
            targets=[
                Target(
                    query="sum by (task) (increase(osteon_drift_retraining_requests_total[7d]))",
                    legend="{{task}}",
                )
            ],
        ),
        Panel(
            title="Files that could not be read, per hour",
            targets=[Target(query="sum(rate(osteon_server_refused_files_total[1h])) * 3600", legend="files")],
        ),
    ],
)
