"""One hospital: what changed, and how sure that is."""

from monitoring.dashboards.panels import Board, Panel, Target

_SITE = 'site=~"$site"'

HOSPITAL = Board(
    uid="osteon-hospital",
    title="Osteon: hospital",
    description="Has what a site sends changed, by which statistic, and how sure is that.",
    variables={"site": "label_values(osteon_drift_verdict, site)"},
    panels=[
        Panel(
            title="Verdicts",
            kind="table",
            width=12,
            targets=[Target(query=f"osteon_drift_verdict{{{_SITE}}} == 1")],
        ),
        Panel(
            title="Pictures in the compared windows",
            kind="bargauge",
            width=12,
            targets=[
                Target(query=f"osteon_drift_window_events{{{_SITE}}}", legend="{{site}} {{task}} {{window}}")
            ],
        ),
        Panel(
            title="Charts event by event",
            description="Height over that of an alarm: 1 is the alarm.",
            thresholds=((None, "green"), (1.0, "red")),
            targets=[
                Target(query=f"osteon_drift_alarm_level{{{_SITE}}}", legend="{{site}} {{task}} {{key}}")
            ],
        ),
        Panel(
            title="What the change looks like",
            description="Share of the change that a known cause explains, while an alarm holds.",
            unit="percentunit",
            targets=[
                Target(query=f"osteon_drift_alarm_cause{{{_SITE}}}", legend="{{site}} {{task}} {{cause}}")
            ],
        ),
        Panel(
            title="Exposure, noise and sharpness",
            description="How far each moved, in standard deviations of the reference, while an alarm holds.",
            targets=[
                Target(query=f"osteon_drift_quality_shift{{{_SITE}}}", legend="{{site}} {{task}} {{quality}}")
            ],
        ),
        Panel(
            title="Who comes and what is answered",
            description="What changed of the case mix; no drift by itself.",
            unit="percentunit",
            targets=[
                Target(query=f"osteon_drift_mix_change{{{_SITE}}}", legend="{{site}} {{task}} {{cause}}")
            ],
        ),
        Panel(
            title="Performance estimated without labels",
            description="Yes/no models; with a 90 % interval, and the value on the labelled reference.",
            targets=[
                Target(
                    query=f"osteon_drift_expected_performance{{{_SITE}}}",
                    legend="{{site}} {{task}} {{metric}} {{bound}}",
                )
            ],
        ),
        Panel(
            title="p-values (family-wise where a statistic decides)",
            description="Below 0.05 a deciding statistic calls a drift.",
            thresholds=((None, "red"), (0.05, "green")),
            targets=[
                Target(query=f"osteon_drift_p_value{{{_SITE}}}", legend="{{site}} {{task}} {{statistic}}")
            ],
        ),
        Panel(
            title="Separability of the windows",
            description="AUROC of a classifier between reference and production; 0.5 is no change.",
            targets=[
                Target(
                    query=f'osteon_drift_statistic{{{_SITE},statistic="classifier_auroc"}}',
                    legend="{{site}} {{task}}",
                )
            ],
        ),
        Panel(
            title="Mean shift, standard deviations",
            targets=[
                Target(
                    query=f'osteon_drift_statistic{{{_SITE},statistic="mahalanobis"}}',
                    legend="{{site}} {{task}}",
                )
            ],
        ),
        Panel(
            title="Rise of abstentions",
            unit="percentunit",
            targets=[
                Target(
                    query=f'osteon_drift_statistic{{{_SITE},statistic="abstention_rate"}}',
                    legend="{{site}} {{task}}",
                )
            ],
        ),
        Panel(
            title="Streams that drift, by what narrows them",
            targets=[
                Target(
                    query=f'sum by (site, key) (osteon_drift_streams{{{_SITE},verdict="drift"}})',
                    legend="{{site}} {{key}}",
                )
            ],
        ),
        Panel(
            title="Smallest change that could be seen",
            description="Kolmogorov-Smirnov distance of one component: how sure a `no drift` is.",
            targets=[
                Target(query=f"osteon_drift_smallest_detectable_ks{{{_SITE}}}", legend="{{site}} {{task}}")
            ],
        ),
    ],
)
