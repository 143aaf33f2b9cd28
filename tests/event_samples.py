"""Events for tests, all distinct, deterministic by number."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np

from osteon.domain import Event, Interval, PictureQuality, Prediction, Role

START = datetime(2026, 1, 1, tzinfo=UTC)


def make_event(
    number: int,
    *,
    site: str = "lyon",
    subject: str | None = None,
    dimensions: int = 8,
    hours: float | None = None,
    role: Role = "champion",
) -> Event:
    """Event `number`, `number` hours after START; champion and challenger of a number share its request."""
    name = str(number) if role == "champion" else f"{role} {number}"
    event_id = hashlib.sha256(name.encode()).hexdigest()[:32]
    time_utc = (START + timedelta(hours=number if hours is None else hours)).isoformat()
    vector = np.random.default_rng(number).normal(size=dimensions).astype(np.float32)
    prediction = Prediction(
        event_id=event_id,
        task="bone-age",
        status="answered",
        reason=None,
        value=100.0 + number,
        unit="months",
        interval=Interval(low=90.0 + number, high=110.0 + number, coverage=0.9),
        model_version=f"bone-age-{role}",
        preprocess_version="p1",
        input_hmac="0" * 64,
        embedding_space="s1",
        time_utc=time_utc,
        site=site,
    )
    return Event(
        event_id=event_id,
        time_utc=time_utc,
        project="osteon",
        site=site,
        device="CR 30-X",
        view="PA",
        body_part="hand",
        age_band="5-9",
        sex="F",
        subject=subject,
        model_version=f"bone-age-{role}",
        preprocess_version="p1",
        prediction=prediction,
        embedding=tuple(float(x) for x in vector / np.linalg.norm(vector)),
        embedding_space="s1",
        role=role,
        request_id=f"request-{number}",
        quality=PictureQuality(
            exposure=0.25,
            contrast=0.2,
            clipped=0.125,
            noise=-2.0 - number / 1024,
            sharpness=0.5,
            detail=-0.25,
        ),
    )
