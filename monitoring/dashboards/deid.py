"""De-identification: what goes through, what is held back, and how long it takes."""

from monitoring.dashboards.panels import Board, Panel, Target

DEID = Board(
    uid="osteon-deid",
    title="Osteon: de-identification",
    description="Counts and labels only; no value of a header or report is ever a metric.",
    panels=[
        Panel(
            title="Requests per minute, by outcome",
            targets=[
                Target(
                    query="sum by (kind, outcome) (rate(osteon_deid_requests_total[5m])) * 60",
                    legend="{{kind}} {{outcome}}",
                )
            ],
        ),
        Panel(
            title="Share that is held back",
            unit="percentunit",
            thresholds=((None, "green"), (0.2, "red")),
            targets=[Target(query="osteon:deid_held_back_ratio:rate1h", legend="{{kind}}")],
        ),
        Panel(
            title="Time to de-identify, 95 %",
            unit="s",
            targets=[
                Target(
                    query="histogram_quantile(0.95, sum by (kind, le)"
                    " (rate(osteon_deid_request_duration_seconds_bucket[15m])))",
                    legend="{{kind}}",
                )
            ],
        ),
        Panel(
            title="Replaced per hour, by kind of identity",
            targets=[
                Target(query="sum by (label) (rate(osteon_deid_spans_total[1h])) * 3600", legend="{{label}}"),
                Target(
                    query="sum(rate(osteon_deid_burned_in_lines_total[1h])) * 3600",
                    legend="lines of text in pictures",
                ),
            ],
        ),
    ],
)
