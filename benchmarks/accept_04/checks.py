"""Is a 200 right: each answer against what the version that it names says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.accept_04.ledger import Ledger, Reply
from benchmarks.accept_04.material import Asked
from benchmarks.accept_04.models import Served
from benchmarks.accept_04.references import TOLERANCE, References

_OWN = {"event_id", "time_utc", "site"}  # what differs from one answer to the next
# A champion that was replaced this long ago answers no more: a look at the registry, loading, a queue.
STALE_S = 30.0


@dataclass(slots=True)
class Reigns:
    """Which version of each task was champion since when."""

    since: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def begin(self, task: str, name: str) -> None:
        """A version is champion from now on."""
        self.since.setdefault(task, []).append((time.monotonic(), name))

    def may_answer(self, task: str, name: str, began: float, ended: float) -> bool:
        """Whether the version was champion during the request, or shortly before it."""
        rows = self.since[task]
        for (start, champion), following in zip(rows, [*rows[1:], (np.inf, "")], strict=True):
            if champion == name and start <= ended and following[0] >= began - STALE_S:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Checks:
    """Compares answers with the references; what is wrong goes to the ledger."""

    references: References
    served: Served
    reigns: Reigns
    ledger: Ledger

    def check(self, asked: Asked, reply: Reply) -> None:
        """Note a reply, and compare it when it is an answer."""
        self.ledger.note(asked, reply)
        answer: Any = json.loads(reply.content) if reply.status == 200 else None
        if asked.subject is not None:
            self.ledger.owe(asked, reply, answer["predictions"] if answer else [])
        if answer is None:
            return
        compare: Mapping[str, Callable[[Asked, Reply, Any], list[str]]] = {
            "predict": self._predict,
            "embed": self._embed,
            "models": self._models,
            "search": self._search,
            "zeroshot": self._zero_shot,
            "report-draft": self._draft,
        }
        self.ledger.compared += 1
        for wrong in compare[asked.route](asked, reply, answer):
            self.ledger.fail(f"wrong answer of {asked.route}", wrong)

    def _predict(self, asked: Asked, reply: Reply, answer: Any) -> list[str]:
        predictions = answer["predictions"]
        wanted = [
            (name, task)
            for name in asked.names
            for task in ([asked.fields["task"]] if "task" in asked.fields else self.references.fitting[name])
        ]
        if [task for _, task in wanted] != [each["task"] for each in predictions]:
            return [f"tasks {[each['task'] for each in predictions]} for {asked.names}"]
        versions = {(each["task"], each["model_version"]) for each in predictions}
        wrong = [] if len(versions) == len({task for task, _ in versions}) else ["two versions in one answer"]
        wrong += [
            f"{version} is not the champion of {task}"
            for task, version in versions
            if not self.reigns.may_answer(task, version, reply.began, reply.ended)
        ]
        for (name, _), prediction in zip(wanted, predictions, strict=True):
            wrong += self.differences(prediction, name, asked)
        return wrong

    def differences(self, prediction: Mapping[str, Any], name: str, asked: Asked) -> list[str]:
        """Fields of a prediction that are not what the bare predictor says."""
        key = (prediction["model_version"], name, asked.fields.get("sex"))
        right = self.references.predictions.get(key)
        if right is None:
            return [f"an unknown version {key[0]}"]
        site = asked.fields.get("site", "local")
        wrong = [
            f"{field} of {name} by {key[0]}"
            for field in right
            if field not in _OWN and not alike(right[field], prediction[field])
        ]
        return wrong + (["site"] if prediction["site"] != site else [])

    def _embed(self, asked: Asked, reply: Reply, answer: Any) -> list[str]:
        version = answer["model_version"]
        if not self.reigns.may_answer(asked.fields["task"], version, reply.began, reply.ended):
            return [f"{version} is not the champion"]
        right = np.stack([self.references.embeddings[version, name] for name in asked.names])
        return [] if np.allclose(right, answer["embeddings"], atol=TOLERANCE) else [f"vectors of {version}"]

    def _models(self, _: Asked, reply: Reply, answer: Any) -> list[str]:
        return [
            f"{each['model_version']} is not the champion of {each['task']}"
            for each in answer["models"]
            if not self.reigns.may_answer(each["task"], each["model_version"], reply.began, reply.ended)
        ]

    def _search(self, asked: Asked, _: Reply, answer: Any) -> list[str]:
        key = ("picture", asked.names[0]) if asked.names else ("text", asked.fields["text"])
        right = self.references.found[key]
        found = [(hit["key"], hit["score"]) for hit in answer["hits"]]
        same = [one for one, _ in right] == [one for one, _ in found]
        near = same and np.allclose([one for _, one in right], [one for _, one in found], atol=TOLERANCE)
        return [] if near else [f"hits of {key}"]

    def _zero_shot(self, asked: Asked, _: Reply, answer: Any) -> list[str]:
        right = [self.references.zero_shot[asked.fields["task"], name] for name in asked.names]
        values = [each["value"] for each in answer["answers"]]
        return [] if alike(right, values) else [f"values of {asked.names}"]

    def _draft(self, asked: Asked, _: Reply, answer: Any) -> list[str]:
        texts = [each["text"] for each in answer["sentences"]]
        known = set(texts) <= self.references.drafts[asked.names[0]]
        return [] if known and len(texts) == len(set(texts)) > 0 else [f"sentences for {asked.names}"]


def alike(right: Any, found: Any) -> bool:
    """Equal, numbers within the tolerance.

    >>> alike({"low": 1.0}, {"low": 1.0 + 1e-9}), alike([1.0], [1.1]), alike(None, 0.0)
    (True, False, False)
    """
    if isinstance(right, Mapping):
        return set(right) == set(found or ()) and all(alike(right[key], found[key]) for key in right)
    if isinstance(right, list | tuple):
        return len(right) == len(found) and all(alike(*pair) for pair in zip(right, found, strict=True))
    if isinstance(right, float) and isinstance(found, float | int):
        return abs(right - found) <= TOLERANCE * max(1.0, abs(right))
    return bool(right == found)
