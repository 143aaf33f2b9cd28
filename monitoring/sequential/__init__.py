"""Alarms event by event, with a promised time to a false one.

A stream is compared with its reference in whitened, rank-scaled components (`space`), by moving means and by
charts that know what a cause looks like (`charts`), at heights learned from resampled references
(`calibration`).
"""

from monitoring.sequential.attribution import LEAST_EXPLAINED, KnownCauses, LikelyCause
from monitoring.sequential.calibration import Calibration, calibrate
from monitoring.sequential.charts import ChartSettings, ChartState
from monitoring.sequential.detectability import Detectability, detectability
from monitoring.sequential.likelihood import CauseLikelihood
from monitoring.sequential.mix import MIX_CAUSES, Case, CaseMix, MixModel, MixStream
from monitoring.sequential.space import MonitoredSpace
from monitoring.sequential.stream import REMEMBERED, Charted, ChartRun, Stream, StreamModel

__all__ = [
    "LEAST_EXPLAINED",
    "MIX_CAUSES",
    "REMEMBERED",
    "Calibration",
    "Case",
    "CaseMix",
    "CauseLikelihood",
    "ChartRun",
    "ChartSettings",
    "ChartState",
    "Charted",
    "Detectability",
    "KnownCauses",
    "LikelyCause",
    "MixModel",
    "MixStream",
    "MonitoredSpace",
    "Stream",
    "StreamModel",
    "calibrate",
    "detectability",
]
