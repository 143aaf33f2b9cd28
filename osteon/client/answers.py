"""What the server's answers become; what is not of the contract is a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray

from osteon.domain import FaultError, OsteonError, Prediction, RefusedError, UsageError, prediction_from_dict

Answer = TypeVar("Answer")
_REFUSED = frozenset({413, 415, 422})
_WRONG_CALL = frozenset({400, 401, 403, 404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Unit-norm vectors of pictures in the order sent, float32 (N, D); they compare within one space only."""

    vectors: NDArray[np.float32]
    embedding_space: str
    model_version: str
    preprocess_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InProduction:
    """A model that the server has loaded, in which role, since when, and who approved it."""

    role: str
    task: str
    aliases: tuple[str, ...]
    version: str
    model_version: str
    embedding_space: str
    since_utc: str
    approved_by: str
    reason: str


def checked(response: httpx.Response) -> httpx.Response:
    """The response when it is an answer.

    Raises:
        UsageError: the call is wrong: its token, its task.
        RefusedError: the server does not take this input.
        FaultError: the server cannot answer now.
    """
    status = response.status_code
    if status == 200:
        return response
    kind: type[OsteonError] = FaultError
    if status in _REFUSED:
        kind = RefusedError
    elif status in _WRONG_CALL:
        kind = UsageError
    try:
        error = response.json()["error"]
        need, got, next_step = (str(error[name]) for name in ("need", "got", "next"))
    except (ValueError, KeyError, TypeError):
        need, got, next_step = "an answer of the model server", f"HTTP {status}", "see its /readyz"
    raise kind(need, got, next_step)


def predictions(response: httpx.Response) -> list[Prediction]:
    """The predictions of `POST /v1/predict`."""
    return _parsed(response, lambda body: [prediction_from_dict(each) for each in body["predictions"]])


def embeddings(response: httpx.Response) -> Embeddings:
    """The vectors of `POST /v1/embed`."""
    return _parsed(
        response,
        lambda body: Embeddings(
            vectors=np.asarray(body["embeddings"], dtype=np.float32).reshape(-1, int(body["dimensions"])),
            embedding_space=str(body["embedding_space"]),
            model_version=str(body["model_version"]),
            preprocess_version=str(body["preprocess_version"]),
        ),
    )


def picture(response: httpx.Response, media_type: str) -> bytes:
    """The file of that type that `POST /v1/explain-phrase` answers with."""
    if response.headers.get("Content-Type") != media_type:
        raise _strange()
    return response.content


def in_production(response: httpx.Response) -> list[InProduction]:
    """The models of `GET /v1/models`: champions first, then challengers."""
    return _parsed(
        response,
        lambda body: [
            InProduction(
                role=role,
                aliases=tuple(each["aliases"]),
                **{
                    name: str(each[name])
                    for name in InProduction.__slots__
                    if name not in ("role", "aliases")
                },
            )
            for role, models in (("champion", body["models"]), ("challenger", body["challengers"]))
            for each in models
        ],
    )


def _parsed(response: httpx.Response, parse: Callable[[dict[str, Any]], Answer]) -> Answer:
    try:
        return parse(response.json())
    except (ValueError, KeyError, TypeError, AttributeError, OsteonError):
        raise _strange() from None


def _strange() -> FaultError:
    return FaultError(
        "an answer of the server's contract", "another", "use the client of the server's version"
    )
