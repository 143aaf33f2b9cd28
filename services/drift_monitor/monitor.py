"""The loop of the drift monitor: read events, make the report, show it, file retraining requests."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from traceback import format_tb

import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

from monitoring.alarms import AlarmWatch
from monitoring.drift import drift_report
from monitoring.expected import expected_performance
from monitoring.labelled import labelled_performance
from monitoring.metrics import DriftMetrics
from monitoring.policy import DriftPolicy
from monitoring.probation import Probation
from monitoring.references import References
from monitoring.report import DriftReport
from monitoring.retraining import RequestFolder, requests_from
from monitoring.windows import Vectors
from osteon.domain import FaultError, OsteonError, RetrainingRequest
from osteon.features.labels import with_labels

logger = logging.getLogger("osteon.drift_monitor")

History = Callable[[datetime, datetime], pd.DataFrame]


class Monitor:
    """Holds the newest report; every collaborator is passed in.

    Args:
        history: the events in [since, until).
        vectors: where their embeddings are looked up, when they are read without.
        requests: where retraining requests go; None files none.
        on_alert: file a request only when Alertmanager tells of the drift, instead of at every look.
        labels: event -> what a person answered; None: nobody labels.
        probation: watches new champions by these labels; None: nobody is watched.
    """

    def __init__(
        self,
        history: History,
        references: References,
        policy: DriftPolicy,
        metrics: DriftMetrics,
        *,
        vectors: Vectors | None = None,
        requests: RequestFolder | None = None,
        on_alert: bool = False,
        labels: Callable[[], Mapping[str, float]] | None = None,
        probation: Probation | None = None,
        history_days: float = 90.0,
        seed: int = 0,
        project: str = "osteon",
    ) -> None:
        self._history = history
        self._vectors = vectors
        self._references = references
        self._policy = policy
        self._metrics = metrics
        self._requests, self._on_alert = requests, on_alert
        self._labels, self._probation = labels, probation
        self._history_days = history_days
        self._seed = seed
        self._project = project
        self._watch = AlarmWatch(references, policy, seed=seed)
        self._seen_until: pd.Timestamp | None = None
        self.report: DriftReport | None = None
        self.looked = False

    def look(self, now: datetime | None = None) -> DriftReport:
        """Make the report of this moment and show it."""
        moment, started = now or datetime.now(UTC), time.monotonic()
        events = self._history(moment - timedelta(days=self._history_days), moment)
        report = drift_report(
            events,
            self._references,
            self._policy,
            now=moment,
            seed=self._seed,
            project=self._project,
            vectors=self._vectors,
        )
        expected = expected_performance(
            events, self._references, self._policy, now=moment, seed=self._seed, vectors=self._vectors
        )
        labelled = with_labels(events, self._labels()) if self._labels is not None else None
        if labelled is not None:
            expected += labelled_performance(labelled, self._policy, now=moment)
        alarms = self._watch.look(events, vectors=self._vectors)
        report = replace(report, alarms=alarms, performance=expected)
        self._metrics.show(report, duration_s=time.monotonic() - started, at_unix_s=moment.timestamp())
        self._count_new(events, moment)
        self.report = report
        if not self._on_alert:
            self._file(requests_from(report, self._policy))
        if self._probation is not None and labelled is not None:
            # Last: a registry that is away stops no report.
            self._metrics.show_probation(self._probation.look(labelled, moment))
        return report

    def request(self, told: Iterable[tuple[str, str]]) -> list[RetrainingRequest]:
        """The requests filed for (site, task) pairs that Alertmanager tells of, by the newest report.

        A site that does not drift there, harms nobody or was requested within its cooldown files none.
        """
        wanted = set(told)
        if self.report is None:
            raise FaultError("a drift report", "none yet", "Alertmanager tells it again")
        asked = []
        for request in requests_from(self.report, self._policy):
            sites = tuple(site for site in request.sites if (site, request.task) in wanted)
            if sites:
                asked.append(replace(request, sites=sites))
        return self._file(asked)

    def _file(self, requests: list[RetrainingRequest]) -> list[RetrainingRequest]:
        if self._requests is None:
            return []
        filed = self._requests.file_all(requests)
        for one in filed:
            self._metrics.requests.labels(one.task).inc()
            logger.warning("retraining requested for %s at %d sites", one.task, len(one.sites))
        return filed

    def run(self, stop: threading.Event, interval_s: float) -> None:
        """Look until told to stop; a look that fails is counted and tried again at the next interval.

        Any other error ends the loop, which /healthz shows.
        """
        while not stop.is_set():
            try:
                self.look()
            except (OsteonError, OSError, ValueError, SQLAlchemyError) as error:
                # The text of a foreign error may hold a value of the data: its type has to do.
                reason = str(error) if isinstance(error, OsteonError) else type(error).__name__
                # The place in our code tells a fault from a bad file; frames name lines, never values.
                place = "" if isinstance(error, OsteonError) else "".join(format_tb(error.__traceback__)[-3:])
                logger.error("no report: %s\n%s", reason, place)
                self._metrics.failures.inc()
            self.looked = True
            stop.wait(interval_s)

    def _count_new(self, events: pd.DataFrame, moment: datetime) -> None:
        """Count the events that are newer than those of the look before."""
        times = pd.to_datetime(events["time_utc"], utc=True)
        if self._seen_until is not None:
            for name, number in events.loc[times > self._seen_until, "site"].value_counts().items():
                self._metrics.events.labels(self._metrics.site(str(name))).inc(int(number))
        self._seen_until = pd.Timestamp(moment) if events.empty else times.max()
