"""What the search routes answer with: contracts for OpenAPI. No answer says whose a picture or report is."""

from __future__ import annotations

from dataclasses import dataclass

RESEARCH_USE = "For research use only, until the hospital's own validation says otherwise."
QUOTED = "Every sentence is quoted from a report of this project; nothing is generated. " + RESEARCH_USE


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntry:
    """A picture or a sentence of the index; `score` is the cosine to the query, in [-1, 1].

    `key` is the event of a picture that the server answered for, or its study and position.
    """

    key: str
    kind: str
    score: float
    project: str
    site: str
    body_part: str
    view: str
    day: str | None
    study: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What was found, best first. For research use only."""

    hits: list[FoundEntry]
    embedding_space: str
    model_version: str
    statement: str = RESEARCH_USE
    research_use_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShotFile:
    """The answer for one file: probabilities are a softmax of similarities and are not calibrated.

    `value` is the probability of the second of two answers, or the expected grade.
    """

    task: str
    language: str
    probabilities: dict[str, float]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShotAnswers:
    """Answers by file in the order sent. For research use only."""

    answers: list[ZeroShotFile]
    embedding_space: str
    model_version: str
    calibrated: bool = False
    statement: str = RESEARCH_USE
    research_use_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedSentence:
    """A sentence as it stands in the report of `source_study`."""

    text: str
    source_study: str
    site: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """Sentences of other studies' reports that lie nearest to the pictures, best first."""

    sentences: list[QuotedSentence]
    embedding_space: str
    model_version: str
    statement: str = QUOTED
    research_use_only: bool = True
