"""Events for tests of monitoring, with a planted shift; and as the frame that the repository gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from osteon.domain import Event, Prediction
from osteon.features.table import event_row

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def events(
    n: int,
    *,
    site: str = "north",
    shift: float = 0.0,
    seed: int = 0,
    until: datetime = NOW,
    hours: float = 100.0,
    width: int = 8,
    task: str = "fracture",
    model_version: str = "fracture:1",
    space: str = "space-1",
    device: str = "unit-a",
    abstained: float = 0.0,
) -> list[Event]:
    """`n` events of one site, evenly spread over the hours before `until`, embeddings moved by `shift`."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, width)) + shift
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = []
    for i, vector in enumerate(vectors):
        time = (until - timedelta(hours=hours * (n - i) / n)).isoformat()
        answered = rng.random() >= abstained
        prediction = Prediction(
            event_id=f"{site}-{seed}-{i}",
            task=task,
            status="answered" if answered else "abstained",
            reason=None if answered else "image_quality",
            value=float(rng.random()) if answered else None,
            unit="probability",
            interval=None,
            model_version=model_version,
            preprocess_version="p1",
            input_hmac="0" * 64,
            embedding_space=space,
            time_utc=time,
            site=site,
        )
        rows.append(
            Event(
                event_id=prediction.event_id,
                time_utc=time,
                project="osteon",
                site=site,
                device=device,
                view="PA",
                body_part="hand",
                age_band="5-9",
                sex="F" if i % 2 else "M",
                subject=None,
                model_version=model_version,
                preprocess_version="p1",
                prediction=prediction,
                embedding=tuple(float(x) for x in vector),
                embedding_space=space,
            )
        )
    return rows


def event_frame(n: int, **more: Any) -> pd.DataFrame:
    """The same events as rows of the feature repository."""
    return pd.DataFrame([event_row(event) for event in events(n, **more)])
