"""What Feast is told about events: entities and feature views over the table of events."""

from __future__ import annotations

from typing import Any

from osteon.features.feast_import import quick_import
from osteon.features.table import QUALITY_COLUMNS

EVENT_KEY = "event_id"
SUBJECT_KEY = "subject"
EMBEDDINGS_VIEW = "event_embeddings"
PREDICTIONS_VIEW = "event_predictions"
METADATA_VIEW = "event_metadata"
SUBJECT_VIEW = "subject_latest"
EVENT_VIEWS = (EMBEDDINGS_VIEW, PREDICTIONS_VIEW, METADATA_VIEW)

_PREDICTION_TEXT = ("task", "status", "reason", "unit", "probabilities", "input_hmac")
_PREDICTION_NUMBERS = ("value", "interval_low", "interval_high", "interval_coverage")
_METADATA = (
    "schema_version",
    "project",
    "site",
    "device",
    "view",
    "body_part",
    "laterality",
    "age_band",
    "sex",
    "model_version",
    "preprocess_version",
    "embedding_space",
    "role",
    "request_id",
)


def feature_objects(pattern: str, pattern_of_all: str) -> list[Any]:
    """Entities and feature views for `FeatureStore.apply`.

    Args:
        pattern: the Parquet files of the champions' events.
        pattern_of_all: those of all events, challengers' too.

    An event is an entity with one row. A subject (a pseudonym that came with the request) has as many rows as
    answers, so that a point-in-time join gives what was known of a patient at a date: a challenger's answer
    was never given, so it is none of them.
    """
    with quick_import():
        from feast import Entity, FeatureView, Field, FileSource, ValueType
        from feast.data_format import ParquetFormat
        from feast.types import Array, Float32, Float64, String

    event = Entity(name="event", join_keys=[EVENT_KEY], value_type=ValueType.STRING)
    subject = Entity(name="subject", join_keys=[SUBJECT_KEY], value_type=ValueType.STRING)

    def source(name: str, files: str) -> FileSource:
        return FileSource(name=name, path=files, timestamp_field="time_utc", file_format=ParquetFormat())

    answers, every_event = source("events", pattern), source("all_events", pattern_of_all)
    vector = Field(name="embedding", dtype=Array(Float32))
    space = Field(name="embedding_space", dtype=String)
    prediction = [Field(name=name, dtype=String) for name in _PREDICTION_TEXT]
    prediction += [Field(name=name, dtype=Float64) for name in _PREDICTION_NUMBERS]
    metadata = [Field(name=name, dtype=String) for name in _METADATA]
    metadata += [Field(name=name, dtype=Float32) for name in QUALITY_COLUMNS]
    latest = [Field(name=EVENT_KEY, dtype=String), *prediction, Field(name="model_version", dtype=String)]

    def view(name: str, entity: Entity, schema: list[Field]) -> FeatureView:
        rows = answers if entity is subject else every_event
        return FeatureView(name=name, entities=[entity], schema=schema, source=rows, online=True)

    return [
        event,
        subject,
        view(EMBEDDINGS_VIEW, event, [vector, space]),
        view(PREDICTIONS_VIEW, event, prediction),
        view(METADATA_VIEW, event, metadata),
        view(SUBJECT_VIEW, subject, latest),
    ]
