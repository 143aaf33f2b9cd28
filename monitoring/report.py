"""The drift report: one stream per site, task and stratum, each with numbers and a verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from osteon.domain import Stratum, Window

Verdict = Literal["drift", "no_drift", "cannot_tell"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Doubt = Literal[
    "no_reference", "too_few_reference_events", "too_few_production_events", "embedding_space_changed"
]
REPORT_SCHEMA_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One statistic of one stream; `p_adjusted`, for those that decide, is family-wise over the report."""

    value: float
    p_value: float | None
    p_adjusted: float | None
    least_effect: float | None
    decides: bool
    alarms: bool


@dataclass(frozen=True, kw_only=True)
class StreamReport:
    """What one stream showed.

    Attributes:
        doubt: why the verdict is `cannot_tell`; None otherwise.
        reference_source: `stored` beside the model, or `first_events` of the model at the site.
        smallest_detectable_ks: the smallest change of one component (Kolmogorov-Smirnov distance) that these
            windows could have shown at the corrected level: how sure a `no_drift` is.
    """

    task: str
    model_version: str
    embedding_space: str
    stratum: Stratum
    verdict: Verdict
    doubt: Doubt | None
    reference: Window | None
    reference_source: Literal["stored", "first_events"]
    production: Window
    statistics: dict[str, Measured]
    smallest_detectable_ks: float

    @property
    def key(self) -> str:
        """Which label narrows the stream: `all` for the whole site."""
        return narrowed_by(self.stratum)


@dataclass(frozen=True, kw_only=True)
class NamedCause:
    """A known cause and the share of the change that it explains, 0 to 1."""

    name: str
    explained: float


@dataclass(frozen=True, kw_only=True)
class AlarmReport:
    """How one stream stands, event by event.

    Attributes:
        level: height of its charts over that of an alarm.
        since_utc: the change began after this event, by the charts.
        alarm_utc: the event that raised the alarm that still holds.
        smallest_detectable: standard deviations; a silent stream shows that no larger change is there. None:
            it has seen too little to show anything.
        causes: known ones that explain a good part of the change, the likeliest first; none: an unknown one.
        run_length_days: promised on average between two false alarms of this stream.
        mix_causes: what of the case mix changed (`prevalence`, `population`); no drift by itself.
        mix_since_utc: the case mix changed after this event.
        quality_shift: how far exposure, contrast, clipping, noise and sharpness moved, in standard deviations
            of the reference, while an alarm holds; empty where events have no quality.
    """

    task: str
    model_version: str
    stratum: Stratum
    verdict: Verdict
    level: float
    events: int
    since_utc: str
    alarm_utc: str
    smallest_detectable: float | None
    causes: tuple[NamedCause, ...]
    run_length_days: float
    mix_causes: tuple[NamedCause, ...] = ()
    mix_since_utc: str = ""
    quality_shift: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Which label narrows the stream: `all` for the whole site."""
        return narrowed_by(self.stratum)


@dataclass(frozen=True, kw_only=True)
class PerformanceReport:
    """What a yes/no model's metric is at a site by now, estimated without labels.

    Attributes:
        reference_value: the metric on the labelled reference of all sites.
        low, high: hold what labels of the production window would give, at `coverage`.
        doubt: why the estimate may not be trusted; None when nothing speaks against it.
    """

    task: str
    model_version: str
    site: str
    metric: str
    reference_value: float
    value: float
    low: float
    high: float
    coverage: float
    events: int
    effective_reference: float
    doubt: str | None


def narrowed_by(stratum: Stratum) -> str:
    """The label that narrows a stratum, `all` for the whole site.

    >>> narrowed_by(Stratum(site="north", device="unit-a"))
    'device'
    """
    names = (field.name for field in fields(Stratum) if field.name != "site")
    return next((name for name in names if getattr(stratum, name) != "all"), "all")


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """Every stream at one time, under one policy and one seed."""

    project: str
    time_utc: str
    seed: int
    policy_hash: str
    family_wise_level: float
    hypotheses: int
    streams: tuple[StreamReport, ...]
    alarms: tuple[AlarmReport, ...] = ()
    performance: tuple[PerformanceReport, ...] = ()
    schema_version: str = REPORT_SCHEMA_VERSION

    def site_verdict(self, site: str) -> Verdict:
        """`drift` when any stream of the site drifts, else the worst verdict of its whole-site streams."""
        return worst(
            stream.verdict
            for stream in self.streams
            if stream.stratum.site == site and (stream.key == "all" or stream.verdict == "drift")
        )

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites with at least one stream, sorted."""
        return tuple(sorted({stream.stratum.site for stream in self.streams}))

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values, with one summary per site first."""
        whole = asdict(self)
        streams = whole.pop("streams")
        for fields_, stream in zip(streams, self.streams, strict=True):
            fields_["key"] = stream.key
        alarms = whole.pop("alarms")
        for fields_, alarm in zip(alarms, self.alarms, strict=True):
            fields_["key"] = alarm.key
        return {
            **whole,
            "sites": {site: self._summary(site) for site in self.sites},
            "streams": list(streams),
            "alarms": list(alarms),
        }

    def _summary(self, site: str) -> dict[str, Any]:
        here = [stream for stream in self.streams if stream.stratum.site == site]
        return {
            "verdict": self.site_verdict(site),
            "production_events": sum(stream.production.events for stream in here if stream.key == "all"),
            "streams": {verdict: sum(stream.verdict == verdict for stream in here) for verdict in VERDICTS},
        }


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict to show for several: drift over cannot tell over no drift; none at all cannot tell.

    >>> worst(["no_drift", "cannot_tell"]), worst([])
    ('cannot_tell', 'cannot_tell')
    """
    seen = set(verdicts)
    for verdict in ("drift", "cannot_tell", "no_drift"):
        if verdict in seen:
            return verdict
    return "cannot_tell"
