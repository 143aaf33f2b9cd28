"""Predictions and events as JSON obey the schema of their types, the one that the server publishes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from pydantic import TypeAdapter

from osteon.domain import Event, Prediction, UsageError, event_from_dict, prediction_from_dict
from services.model_server.api import build_api
from tests.event_samples import make_event

EVENT = make_event(1, subject="P0123456789ABCDEF")
ABSTENTION = replace(EVENT.prediction, status="abstained", reason="picture_blank", value=None, interval=None)


def strict(schema: dict[str, Any]) -> Draft202012Validator:
    """The schema with every object closed: a field too many is an error, as a field too few is."""

    def close(node: Any) -> Any:
        if isinstance(node, dict):
            closed = {key: close(value) for key, value in node.items()}
            if "properties" in node:
                closed["additionalProperties"] = False
                closed["required"] = sorted(node["properties"])
            return closed
        return [close(each) for each in node] if isinstance(node, list) else node

    return Draft202012Validator(close(schema))


@pytest.mark.parametrize("prediction", [EVENT.prediction, ABSTENTION], ids=["answered", "abstained"])
def test_a_prediction_is_of_its_schema_and_comes_back_equal(prediction: Prediction) -> None:
    text = json.dumps(prediction.as_dict())
    strict(TypeAdapter(Prediction).json_schema()).validate(json.loads(text))
    assert prediction_from_dict(json.loads(text)) == prediction


def test_an_event_is_of_its_schema_and_comes_back_equal() -> None:
    fields = json.loads(json.dumps(EVENT.as_dict()))
    assert fields.pop("linked") is True
    strict(TypeAdapter(Event).json_schema()).validate(fields)
    assert event_from_dict(fields) == EVENT


def test_an_event_of_version_1_is_a_champions_and_one_of_an_unknown_version_is_refused() -> None:
    fields = EVENT.as_dict() | {"schema_version": "1"}
    del fields["role"], fields["request_id"], fields["quality"]
    event = event_from_dict(fields)
    assert (event.role, event.request_id, event.quality, event.schema_version) == ("champion", "", None, "3")
    for changes in ({"schema_version": "4"}, {"quality": {"exposure": 0.5}}, {"role": "shadow"}):
        with pytest.raises(UsageError):
            event_from_dict(EVENT.as_dict() | changes)


def test_a_prediction_with_an_identifier_in_it_is_not_of_the_schema() -> None:
    validator = strict(TypeAdapter(Prediction).json_schema())
    with pytest.raises(ValidationError):
        validator.validate({**EVENT.prediction.as_dict(), "patient_id": "1"})


def test_the_server_publishes_the_schema_of_predictions() -> None:
    document = build_api().openapi()
    published = document["components"]["schemas"]["Prediction"]["properties"]
    assert set(published) == set(EVENT.prediction.as_dict())
    errors = document["paths"]["/v1/predict"]["post"]["responses"]
    assert {"200", "401", "403", "413", "415", "422", "429", "503"} <= set(errors)
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert body["schema"]["anyOf"] == [{"required": ["files"]}, {"required": ["dicomweb"]}]
