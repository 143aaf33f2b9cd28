"""The Event contract: what the server records of one answer, and monitoring reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from osteon.domain.errors import UsageError
from osteon.domain.prediction import Prediction, prediction_from_dict
from osteon.domain.quality import PictureQuality, quality_from_dict

# 2: role and request_id; an event of version 1 is a champion's. 3: quality; earlier ones have none.
EVENT_SCHEMA_VERSION = "3"
Role = Literal["champion", "challenger"]
ROLES: tuple[Role, ...] = get_args(Role)
_READABLE_VERSIONS = ("1", "2", EVENT_SCHEMA_VERSION)
AGE_BANDS = ("0-4", "5-9", "10-14", "15-19", "20-39", "40-59", "60-79", "80+", "unknown")
_BAND_LIMITS = (5, 10, 15, 20, 40, 60, 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One recorded answer with its embedding; `subject` is a pseudonym or None (then unlinked).

    Attributes:
        embedding: unit-norm vector, float32, D values; empty when the picture was refused.
        search_embedding, search_space: the picture in the dual encoder's space, for the index; on one event
            of a picture that some model answered for, where the server has a dual encoder. Else empty.
        role: `champion`, whose answer went out, or `challenger`, which was asked in shadow.
        request_id: of the request answered, random; a champion's and a challenger's event of one input have
            the same `request_id`, task and `input_hmac`. Empty in events of schema version 1.
        quality: how the picture was taken; None when it could not be read, and before schema version 3.
    """

    event_id: str
    time_utc: str
    project: str
    site: str
    device: str
    view: str
    body_part: str
    age_band: str
    sex: str
    subject: str | None
    model_version: str
    preprocess_version: str
    prediction: Prediction
    embedding: tuple[float, ...]
    embedding_space: str
    search_embedding: tuple[float, ...] = ()
    search_space: str = ""
    role: Role = "champion"
    request_id: str = ""
    quality: PictureQuality | None = None
    schema_version: str = EVENT_SCHEMA_VERSION

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise UsageError(f"a role among {', '.join(ROLES)}", "another", "name one of them")
        if self.age_band not in AGE_BANDS:
            raise UsageError(f"an age band among {', '.join(AGE_BANDS)}", "another", "use age_band()")

    @property
    def linked(self) -> bool:
        """True when a pseudonym came with the request."""
        return self.subject is not None

    def as_dict(self) -> dict[str, Any]:
        """The event as JSON values; says whether it is linked."""
        vectors = {
            "embedding": list(self.embedding),
            "search_embedding": list(self.search_embedding),
        }
        rest = replace(self, embedding=(), search_embedding=())  # asdict would copy each number
        return {**asdict(rest), **vectors, "linked": self.linked}


def event_from_dict(fields: Mapping[str, Any]) -> Event:
    """The event that `as_dict` wrote; unknown keys and versions are refused, earlier become the newest."""
    known = {key: value for key, value in fields.items() if key != "linked"}
    if known.get("schema_version") not in _READABLE_VERSIONS:
        raise UsageError(
            f"an event of schema version {' or '.join(_READABLE_VERSIONS)}", "another", "update this program"
        )
    known["schema_version"] = EVENT_SCHEMA_VERSION
    try:
        known["prediction"] = prediction_from_dict(known["prediction"])
        known["embedding"] = tuple(known["embedding"])
        known["search_embedding"] = tuple(known.get("search_embedding", ()))
        known["quality"] = quality_from_dict(known.get("quality"))
        return Event(**known)
    except (KeyError, TypeError):
        raise UsageError(
            "the fields of the Event contract", "other or missing fields", "see osteon/domain/event.py"
        ) from None


def age_band(age_years: float | None) -> str:
    """The closed label for an age, `unknown` when there is none.

    >>> age_band(7.5), age_band(None), age_band(93)
    ('5-9', 'unknown', '80+')
    """
    if age_years is None or age_years < 0:
        return "unknown"
    for limit, band in (
        (5, "0-4"),
        (10, "5-9"),
        (15, "10-14"),
        (20, "15-19"),
        (40, "20-39"),
        (60, "40-59"),
        (80, "60-79"),
    ):
        if age_years < limit:
            return band
    return "80+"
