"""What is known against a version or for it: the gate's decision, and harm done in production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from osteon.domain import RefusedError, Task
from osteon.registry.client import mlflow_faults
from osteon.registry.version import Version

if TYPE_CHECKING:
    from mlflow import MlflowClient

_GATE_FILE = "gate/decision.json"
_HARM_FILE, HARM_TAG = "harm/evidence.json", "harm"
GATE_TAG, GATE_PASSED, GATE_REFUSED = "gate", "passed", "refused"


class Verdicts:
    """Decisions and evidence, kept by MLflow with each version.

    Args:
        name_of: task -> the name of its registered model.
    """

    def __init__(self, client: MlflowClient, name_of: Callable[[Task], str]) -> None:
        self._client, self._name_of = client, name_of

    def record_gate(self, task: Task, version: str, decision: Mapping[str, Any]) -> None:
        """Keep a gate's decision with the version: `passed`, the refusals, and the whole of it as a file.

        Args:
            decision: JSON values with `passed`, `policy_hash` and `reasons`.
        """
        name = self._name_of(task)
        run = self._client.get_model_version(name, str(version)).run_id
        self._client.log_dict(run, dict(decision), _GATE_FILE)
        told = {
            "gate_policy": decision["policy_hash"],
            "gate_reasons": "; ".join(decision["reasons"])[:4000],
            # Last: it says that the others are there.
            GATE_TAG: GATE_PASSED if decision["passed"] else GATE_REFUSED,
        }
        for key, value in told.items():
            self._client.set_model_version_tag(name, str(version), key, value)

    def gate_of(self, task: Task, version: str) -> dict[str, Any] | None:
        """The newest gate decision of the version; None when it met none."""
        with mlflow_faults():
            found = self._client.get_model_version(self._name_of(task), str(version))
            if GATE_TAG not in found.tags:
                return None
            from mlflow.artifacts import load_dict

            folder = self._client.get_run(found.run_id).info.artifact_uri
            decision: dict[str, Any] = load_dict(f"{folder}/{_GATE_FILE}")
            return decision

    def mark_harmful(self, task: Task, version: str, evidence: Mapping[str, Any]) -> None:
        """Keep with the version that it did harm in production, and by what evidence."""
        name = self._name_of(task)
        with mlflow_faults():
            run = self._client.get_model_version(name, str(version)).run_id
            self._client.log_dict(run, dict(evidence), _HARM_FILE)
            self._client.set_model_version_tag(name, str(version), HARM_TAG, str(evidence["time_utc"]))


def refuse_doubtful(version: Version) -> None:
    """Nothing is known against the version.

    Raises:
        RefusedError: the gate refused it, or it was rolled back for harm.
    """
    if version.tags.get(GATE_TAG) == GATE_REFUSED:
        raise RefusedError(
            "a version that passed the gate",
            f"one refused: {version.tags.get('gate_reasons', '')}",
            "train a better one, or answer for it with --despite-gate",
        )
    if version.tags.get(HARM_TAG):
        raise RefusedError(
            "a version that did no harm",
            "one rolled back for harm",
            "train a better one, or answer for it with --despite-gate",
        )
