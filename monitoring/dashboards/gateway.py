"""What comes in from PACS and RIS, and what goes back."""

from monitoring.dashboards.panels import Board, Panel, Target

GATEWAY = Board(
    uid="osteon-gateway",
    title="Osteon: gateway",
    description="What comes in from PACS and RIS, and what goes back.",
    panels=[
        Panel(
            title="Queue",
            targets=[Target(query="sum by (state) (osteon_gateway_queue_items)", legend="{{state}}")],
        ),
        Panel(
            title="Results on their way",
            targets=[Target(query="sum by (state) (osteon_gateway_queue_deliveries)", legend="{{state}}")],
        ),
        Panel(
            title="Received per minute",
            targets=[
                Target(
                    query="sum by (protocol) (rate(osteon_gateway_received_items_total[5m])) * 60",
                    legend="{{protocol}}",
                )
            ],
        ),
        Panel(
            title="Refused per hour",
            targets=[
                Target(
                    query="sum by (protocol, reason) (rate(osteon_gateway_refused_items_total[1h])) * 3600",
                    legend="{{protocol}} {{reason}}",
                )
            ],
        ),
        Panel(
            title="Finished per minute",
            targets=[
                Target(
                    query="sum by (state, reason) (rate(osteon_gateway_finished_items_total[5m])) * 60",
                    legend="{{state}} {{reason}}",
                )
            ],
        ),
        Panel(
            title="From claiming an item to its results, 95 %",
            unit="s",
            targets=[
                Target(
                    query="histogram_quantile(0.95,"
                    " sum by (le) (rate(osteon_gateway_answer_seconds_bucket[15m])))",
                    legend="95 %",
                )
            ],
        ),
        Panel(
            title="Share that is refused",
            unit="percentunit",
            targets=[Target(query="osteon:gateway_refusal_ratio:rate1h", legend="{{protocol}}")],
        ),
        Panel(
            title="Results sent out, per hour",
            targets=[
                Target(
                    query="sum by (kind, state) (rate(osteon_gateway_deliveries_total[1h])) * 3600",
                    legend="{{kind}} {{state}}",
                )
            ],
        ),
    ],
)
