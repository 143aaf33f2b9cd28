"""Contracts and names; standard library only, no input or output but the manifest's."""

from osteon.domain.embedding import EmbeddingSpace, require_same_space
from osteon.domain.errors import FaultError, OsteonError, QuarantinedError, RefusedError, UsageError
from osteon.domain.event import AGE_BANDS, ROLES, Event, Role, age_band, event_from_dict
from osteon.domain.identity import Identifier, OriginalId, Pseudonym
from osteon.domain.instance import Instance, OriginalInstance, PseudonymousInstance
from osteon.domain.labels import FOLDS, fold, is_test_row
from osteon.domain.manifest import Manifest, canonical_json, sha256_text
from osteon.domain.pair import Pair
from osteon.domain.prediction import Interval, Prediction, input_hmac, prediction_from_dict
from osteon.domain.report import SECTION_NAMES, Report
from osteon.domain.retraining import RetrainingRequest
from osteon.domain.study import Study, StudyImage
from osteon.domain.task import Kind, Task
from osteon.domain.window import Stratum, Window

__all__ = [
    "AGE_BANDS",
    "FOLDS",
    "ROLES",
    "SECTION_NAMES",
    "EmbeddingSpace",
    "Event",
    "FaultError",
    "Identifier",
    "Instance",
    "Interval",
    "Kind",
    "Manifest",
    "OriginalId",
    "OriginalInstance",
    "OsteonError",
    "Pair",
    "Prediction",
    "Pseudonym",
    "PseudonymousInstance",
    "QuarantinedError",
    "RefusedError",
    "Report",
    "RetrainingRequest",
    "Role",
    "Stratum",
    "Study",
    "StudyImage",
    "Task",
    "UsageError",
    "Window",
    "age_band",
    "canonical_json",
    "event_from_dict",
    "fold",
    "input_hmac",
    "is_test_row",
    "prediction_from_dict",
    "require_same_space",
    "sha256_text",
]
