"""From an answer to the Event that monitoring reads, without anything that names a person."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from osteon.dicom import Picture
from osteon.domain import Event, FaultError, PictureQuality, Prediction, Role, age_band
from osteon.features.outbox import Outbox
from services.model_server.metrics import ServerMetrics
from services.model_server.upload import Upload

# Makers of radiography systems; a header's Manufacturer is free text, so that only these words pass.
_MAKERS = (
    "agfa",
    "canon",
    "carestream",
    "fujifilm",
    "fuji",
    "ge",
    "hologic",
    "kodak",
    "konica",
    "lodox",
    "philips",
    "planmed",
    "samsung",
    "shimadzu",
    "siemens",
    "swissray",
    "toshiba",
)


def device_label(device: str, key: bytes) -> str:
    """A device as a label without free text: the maker's word and six digits of a keyed digest.

    Equal devices get equal labels; whatever a header says in its free text stays out of events.

    >>> device_label("FUJIFILM FCR 5000", b"0" * 16)[:9], device_label("", b"0" * 16)
    ('fujifilm-', 'unknown')
    """
    words = re.findall(r"[a-z]+", device.lower())
    if not words:
        return "unknown"
    maker = next((maker for maker in _MAKERS if maker in words), "other")
    digest = hmac.new(key, " ".join(device.lower().split()).encode(), hashlib.sha256).hexdigest()
    return f"{maker}-{digest[:6]}"


class Recorder:
    """Writes one event per prediction, before the answer goes out."""

    def __init__(self, outbox: Outbox, *, hmac_key: bytes, metrics: ServerMetrics) -> None:
        self._outbox = outbox
        self._key = hmac_key
        self._metrics = metrics

    def event(
        self,
        upload: Upload,
        picture: Picture | None,
        prediction: Prediction,
        embedding: NDArray[np.float32] | None,
        *,
        request_id: str,
        quality: PictureQuality | None = None,
        role: Role = "champion",
    ) -> Event:
        """The event of one prediction."""
        sex = upload.sex or (picture.sex if picture else "unknown")
        return Event(
            event_id=prediction.event_id,
            time_utc=prediction.time_utc,
            project=prediction.project,
            site=prediction.site,
            device=device_label(picture.device if picture else "", self._key),
            view=prediction.view,
            body_part=prediction.body_part,
            age_band=age_band(picture.age_years if picture else None),
            sex=sex,
            subject=upload.subject,
            model_version=prediction.model_version,
            preprocess_version=prediction.preprocess_version,
            prediction=prediction,
            embedding=() if embedding is None else tuple(embedding.tolist()),
            embedding_space=prediction.embedding_space,
            role=role,
            request_id=request_id,
            quality=quality,
        )

    def record(self, events: Sequence[Event]) -> None:
        """Write the events, all or none, to the disk; FaultError when that is not possible."""
        try:
            self._outbox.append(*events)
        except SQLAlchemyError:
            raise FaultError(
                "to record the answer", "an outbox that does not take it", "send the request again later"
            ) from None
        self._metrics.events.inc(len(events))
