"""What BentoML's client is told at `/schema.json`, so that `client.predict(files=[...])` works."""

from __future__ import annotations

from typing import Any

from osteon.domain import Task

_FORM = {
    "files": {"type": "array", "items": {"type": "file"}},
    "task": {"type": "string", "enum": [task.value for task in Task]},
    "sex": {"type": "string", "enum": ["M", "F"]},
    "site": {"type": "string"},
    "subject": {"type": "string"},
}


def client_schema(name: str) -> dict[str, Any]:
    """The service in the form of `bentoml.Service.schema`."""
    return {
        "name": name,
        "type": "service",
        "routes": [
            _route("predict", "/v1/predict", "Predictions for radiographs of one study."),
            _route("embed", "/v1/embed", "Embeddings of radiographs."),
        ],
        "description": "Osteon's model server. For research use only.",
    }


def _route(name: str, path: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "route": path,
        "description": description,
        "batchable": False,
        "input": {"type": "object", "properties": _FORM, "required": ["files"]},
        "output": {"type": "object"},
        "is_task": False,
    }
