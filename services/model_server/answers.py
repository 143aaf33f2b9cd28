"""What the server answers with: its contracts for OpenAPI, and errors as JSON without content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse

from osteon.domain import FaultError, OsteonError, Prediction, QuarantinedError, RefusedError, UsageError

RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictAnswer:
    """Predictions by file in the order sent, then by task. For research use only."""

    predictions: list[Prediction]
    research_use_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedAnswer:
    """Unit-norm embeddings by file in the order sent; they compare within one `embedding_space` only."""

    embeddings: list[list[float]]
    embedding_space: str
    dimensions: int
    model_version: str
    preprocess_version: str
    research_use_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model that is loaded, since when, who approved it and why."""

    task: str
    aliases: tuple[str, ...]
    version: str
    model_version: str
    preprocess_version: str
    embedding_space: str
    digest: str
    since_utc: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsAnswer:
    """Every champion in production, and every challenger that is asked in shadow."""

    models: list[ServedModel]
    challengers: list[ServedModel]
    project: str
    research_use_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """What was needed, what came, what to do next; never a value of the request."""

    need: str
    got: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """An error."""

    error: ErrorDetail


class HttpError(OsteonError):
    """An error with the HTTP status that tells the client what to do, and when where it is to come back."""

    def __init__(
        self, status: int, need: str, got: str, next_step: str, *, retry_after_s: int = RETRY_AFTER_S
    ) -> None:
        super().__init__(need, got, next_step)
        self.status = status
        self.retry_after_s = retry_after_s


def status_of(error: OsteonError) -> int:
    """The HTTP status of an error.

    >>> status_of(RefusedError("a picture", "text", "send a picture"))
    422
    """
    if isinstance(error, HttpError):
        return error.status
    if isinstance(error, UsageError | RefusedError | QuarantinedError):
        return 422
    return 503 if isinstance(error, FaultError) else 500


def error_response(error: OsteonError) -> JSONResponse:
    """The error as JSON, with the headers that its status asks for (RFC 9110)."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(error.retry_after_s if isinstance(error, HttpError) else RETRY_AFTER_S)
    return JSONResponse(error.as_dict(), status_code=status, headers=headers)


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in (
        (401, "No valid bearer token"),
        (403, "The token lacks the scope"),
        (404, "The task has no champion in production"),
        (408, "The request did not arrive in time"),
        (413, "Larger than the server takes"),
        (415, "Not multipart/form-data"),
        (422, "A form field or a picture that the server refuses"),
        (429, "Too many requests under way, or of this token: try again after Retry-After seconds"),
        (503, "No model in production, no answer in time, or the answer could not be recorded"),
    )
}
