"""Drift metrics for Prometheus: labels from closed sets only, on a registry that is passed in."""

from collections import Counter as Tally
from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitoring.alterations import ALTERATIONS
from monitoring.policy import STATISTICS, STRATUM_KEYS
from monitoring.probation import STATES, ProbationReport
from monitoring.report import (
    VERDICTS,
    AlarmReport,
    DriftReport,
    PerformanceReport,
    StreamReport,
    Verdict,
    worst,
)
from monitoring.sequential import MIX_CAUSES
from osteon.domain import QUALITIES, Task

OTHER = "other"
TASKS = tuple(task.value for task in Task)
KEYS = ("all", *STRATUM_KEYS)


class DriftMetrics:
    """The gauges of the newest report, and counters of what was read.

    Sites and tasks that are not in the closed sets are shown as `other`; the worst of those that fall
    together is what is shown. Device names and other free values never become a label.
    """

    def __init__(self, registry: CollectorRegistry, sites: Iterable[str]) -> None:
        self._sites = frozenset(sites)
        where = ["site", "task"]
        self.statistic = Gauge(
            "osteon_drift_statistic", "Statistic of the whole site", [*where, "statistic"], registry=registry
        )
        self.p_value = Gauge(
            "osteon_drift_p_value",
            "p-value of the whole site, family-wise for statistics that decide",
            [*where, "statistic"],
            registry=registry,
        )
        self.verdict = Gauge(
            "osteon_drift_verdict",
            "1 for the verdict of the whole site",
            [*where, "verdict"],
            registry=registry,
        )
        self.streams = Gauge(
            "osteon_drift_streams",
            "Streams by what narrows them and by verdict",
            [*where, "key", "verdict"],
            registry=registry,
        )
        self.window_events = Gauge(
            "osteon_drift_window_events",
            "Events in the compared windows",
            [*where, "window"],
            registry=registry,
        )
        self.detectable = Gauge(
            "osteon_drift_smallest_detectable_ks",
            "Smallest change of one component that the windows could show",
            where,
            registry=registry,
        )
        self.alarm_level = Gauge(
            "osteon_drift_alarm_level",
            "Height of the highest chart of the site over that of an alarm",
            [*where, "key"],
            registry=registry,
        )
        self.alarms = Gauge(
            "osteon_drift_alarms", "Streams whose alarm holds", [*where, "key"], registry=registry
        )
        self.cause = Gauge(
            "osteon_drift_alarm_cause",
            "Share of the site's change that a known cause explains",
            [*where, "cause"],
            registry=registry,
        )
        self.mix_change = Gauge(
            "osteon_drift_mix_change",
            "Share of a change of the case mix that is prevalence or population; no drift by itself",
            [*where, "cause"],
            registry=registry,
        )
        self.quality_shift = Gauge(
            "osteon_drift_quality_shift",
            "How far a number of picture quality moved while an alarm holds, in standard deviations",
            [*where, "quality"],
            registry=registry,
        )
        self.performance = Gauge(
            "osteon_drift_expected_performance",
            "Metric of a yes/no model estimated without labels, its interval, and the reference's",
            [*where, "metric", "bound"],
            registry=registry,
        )
        self.performance_doubted = Gauge(
            "osteon_drift_expected_performance_doubted",
            "1 where the estimate's assumptions do not hold",
            [*where, "metric"],
            registry=registry,
        )
        self.probation = Gauge(
            "osteon_model_probation", "1 for how the champion stands", ["task", "state"], registry=registry
        )
        self.rolled_back = Gauge(
            "osteon_model_rolled_back_timestamp_seconds",
            "When the champion was taken back for harm",
            ["task"],
            registry=registry,
        )
        self.promised_loss = Gauge(
            "osteon_model_loss",
            "Bounded loss of the champion by labels: its mean, what it is surely above, what was promised",
            ["task", "bound"],
            registry=registry,
        )
        self.reported = Gauge(
            "osteon_drift_report_timestamp_seconds", "When the newest report was made", registry=registry
        )
        self.took = Gauge(
            "osteon_drift_report_duration_seconds", "How long the newest report took", registry=registry
        )
        self.events = Counter(
            "osteon_drift_events", "Events read from the feature repository", ["site"], registry=registry
        )
        for site in (*self._sites, OTHER):
            self.events.labels(site)  # from zero on, so that the first event is an increase
        self.failures = Counter("osteon_drift_failures", "Reports that could not be made", registry=registry)
        self.requests = Counter(
            "osteon_drift_retraining_requests", "Retraining requests filed", ["task"], registry=registry
        )

    def site(self, name: str) -> str:
        """The label of a site: its name when configured, else `other`."""
        return name if name in self._sites else OTHER

    def show(self, report: DriftReport, *, duration_s: float, at_unix_s: float) -> None:
        """Replace what is shown by a report; streams that are gone disappear."""
        for gauge in (
            self.statistic,
            self.p_value,
            self.verdict,
            self.streams,
            self.window_events,
            self.detectable,
            self.alarm_level,
            self.alarms,
            self.cause,
            self.mix_change,
            self.quality_shift,
            self.performance,
            self.performance_doubted,
        ):
            gauge.clear()
        whole: dict[tuple[str, str], list[StreamReport]] = {}
        counted: Tally[tuple[str, str, str, Verdict]] = Tally()
        for stream in report.streams:
            where = (self.site(stream.stratum.site), stream.task if stream.task in TASKS else OTHER)
            counted[(*where, stream.key, stream.verdict)] += 1
            if stream.key == "all":
                whole.setdefault(where, []).append(stream)
        for where, streams in whole.items():
            self._show_site(where, streams)
            for key in KEYS:
                for verdict in VERDICTS:
                    self.streams.labels(*where, key, verdict).set(counted[(*where, key, verdict)])
        self._show_alarms(report.alarms)
        self._show_performance(report.performance)
        self.took.set(duration_s)
        self.reported.set(at_unix_s)

    def show_probation(self, reports: Iterable[ProbationReport]) -> None:
        """Replace what is shown of the champions' probation."""
        for gauge in (self.probation, self.rolled_back, self.promised_loss):
            gauge.clear()
        for report in reports:
            for state in STATES:
                self.probation.labels(report.task, state).set(state == report.state)
            if report.state == "rolled_back":
                began = datetime.fromisoformat(report.since_utc).timestamp()
                self.rolled_back.labels(report.task).set(began)
            bounds = {"mean": report.loss, "low": report.low, "promised": report.promised}
            for bound, value in bounds.items():
                if value is not None:
                    self.promised_loss.labels(report.task, bound).set(value)

    def _show_alarms(self, alarms: Iterable[AlarmReport]) -> None:
        levels: dict[tuple[tuple[str, str], str], float] = {}
        for alarm in alarms:
            where = (self.site(alarm.stratum.site), alarm.task if alarm.task in TASKS else OTHER)
            level, count = (gauge.labels(*where, alarm.key) for gauge in (self.alarm_level, self.alarms))
            levels[where, alarm.key] = max(alarm.level, levels.get((where, alarm.key), 0.0))
            level.set(levels[where, alarm.key])
            count.inc(alarm.verdict == "drift")
            if alarm.key == "all":
                self._show_causes(where, alarm)

    def _show_causes(self, where: tuple[str, str], alarm: AlarmReport) -> None:
        for cause in alarm.causes:
            if cause.name in ALTERATIONS:
                self.cause.labels(*where, cause.name).set(cause.explained)
        for cause in alarm.mix_causes:
            if cause.name in MIX_CAUSES:
                self.mix_change.labels(*where, cause.name).set(cause.explained)
        for name, moved in alarm.quality_shift.items():
            if name in QUALITIES:
                self.quality_shift.labels(*where, name).set(moved)

    def _show_performance(self, performance: Iterable[PerformanceReport]) -> None:
        """Sites that fall together as `other` are not shown: an interval of several is none."""
        for one in performance:
            where = (self.site(one.site), one.task, one.metric)
            if one.site not in self._sites:
                continue
            bounds = {"value": one.value, "low": one.low, "high": one.high, "reference": one.reference_value}
            for bound, value in bounds.items():
                self.performance.labels(*where, bound).set(value)
            self.performance_doubted.labels(*where).set(one.doubt is not None)

    def _show_site(self, where: tuple[str, str], streams: list[StreamReport]) -> None:
        shown = worst(stream.verdict for stream in streams)
        for verdict in VERDICTS:
            self.verdict.labels(*where, verdict).set(verdict == shown)
        stream = next(stream for stream in streams if stream.verdict == shown)
        self.window_events.labels(*where, "production").set(sum(s.production.events for s in streams))
        self.window_events.labels(*where, "reference").set(
            sum(s.reference.events for s in streams if s.reference is not None)
        )
        self.detectable.labels(*where).set(stream.smallest_detectable_ks)
        for name in STATISTICS:
            measured = stream.statistics.get(name)
            if measured is None:
                continue
            self.statistic.labels(*where, name).set(measured.value)
            p = measured.p_value if measured.p_adjusted is None else measured.p_adjusted
            if p is not None:
                self.p_value.labels(*where, name).set(p)
