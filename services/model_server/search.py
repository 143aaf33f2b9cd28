"""Searches, questions put as sentences, and drafts from quoted sentences: what a dual encoder can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from osteon.dicom import Picture
from osteon.domain import Event, FaultError, Task, input_hmac
from osteon.features.audit import Action, AuditLog, Fact
from osteon.features.index import EmbeddingIndex, Hit, SearchFilter, open_index
from osteon.features.index.entry import KINDS
from services.model_server.answers import HttpError
from services.model_server.search_answers import (
    FoundEntry,
    QuotedSentence,
    ReportDraft,
    SearchAnswer,
    ZeroShotAnswers,
    ZeroShotFile,
)
from services.model_server.search_form import SearchUpload
from services.model_server.settings import Settings
from services.model_server.tokens import Grant

if TYPE_CHECKING:
    from osteon.models.dual_embedder import DualEmbedder
    from osteon.models.explanation import Explanation

_MOST_SENTENCES = 2000  # looked through for distinct ones; then what was found is all there is


class Search:
    """The dual encoder and the index of one server; without a dual encoder every call says so."""

    def __init__(self, settings: Settings, hmac_key: bytes, read: Callable[[bytes], Picture]) -> None:
        self._key = hmac_key
        self._read = read
        self._embedder: DualEmbedder | None = None
        self._index: EmbeddingIndex | None = None
        self._audit = AuditLog(settings.outbox_url)
        if settings.dual_package is not None:
            from osteon.models.dual_embedder import DualEmbedder

            self._embedder = DualEmbedder.load(settings.dual_package)
        if settings.index is not None:
            self._index = open_index(settings.index)
            self._warm_up(settings.project)

    def _warm_up(self, project: str) -> None:
        """Read the index once, so that the first request is as fast as the others."""
        assert self._index is not None
        state = self._index.state()
        if state is not None:
            query = np.zeros(state.space.dimensions, dtype=np.float32)
            query[0] = 1.0
            for kind in KINDS:
                self._index.search(kind, query, 1, SearchFilter(projects=frozenset({project})))

    def with_vector(self, events: list[Event], picture: Picture | None) -> list[Event]:
        """The events of one picture, the first answered one with the picture's vector for the index.

        A picture on which every model abstained is not searched for: it may be no radiograph at all.
        """
        answered = next(
            (number for number, event in enumerate(events) if event.prediction.status == "answered"), None
        )
        if self._embedder is None or picture is None or answered is None:
            return events
        vector = self._embedder.embed_pictures([picture])[0]
        event = replace(
            events[answered],
            search_embedding=tuple(vector.tolist()),
            search_space=self._embedder.space.name,
        )
        return [*events[:answered], event, *events[answered + 1 :]]

    def search(self, grant: Grant, upload: SearchUpload) -> SearchAnswer:
        """The nearest pictures or sentences of the token's projects to one picture or one text.

        Raises:
            HttpError: 409 without a dual encoder or an index of its space, 422 neither picture nor text.
        """
        embedder, index = self._ready()
        if (len(upload.files), upload.text is not None) not in ((1, False), (0, True)):
            raise HttpError(422, "one picture or one text", "both, neither or several", "send one of them")
        if upload.text is not None:
            query = embedder.embed_texts([upload.text])[0]
        else:
            query = self._picture_query(embedder, upload)
        hits = index.search(upload.kind, query, upload.k, self._narrow(grant, upload))
        asked_by = "picture" if upload.text is None else "text"
        self._record("search", grant, kind=upload.kind, asked_by=asked_by, k=upload.k, found=len(hits))
        return SearchAnswer(
            hits=[FoundEntry(**asdict(hit)) for hit in hits],
            embedding_space=embedder.space.name,
            model_version=embedder.version,
        )

    def zero_shot(self, grant: Grant, upload: SearchUpload) -> ZeroShotAnswers:
        """The task's question, put as sentences, to every picture."""
        embedder = self._require_embedder()
        if upload.task is None or not upload.files or upload.text is not None:
            raise HttpError(422, "pictures and a task", "another form", "send files and task")
        vectors = embedder.embed_pictures([self._read(data) for data in upload.files])
        answers = [self._asked(embedder, upload.task, vector, upload.language) for vector in vectors]
        self._record("zeroshot", grant, task=upload.task.value, language=upload.language, files=len(answers))
        return ZeroShotAnswers(
            answers=answers, embedding_space=embedder.space.name, model_version=embedder.version
        )

    def draft(self, grant: Grant, upload: SearchUpload) -> ReportDraft:
        """Distinct sentences of the projects' reports nearest to the pictures of one study.

        Source: CXR-RePaiR, Endo et al. 2021, PMLR 158, "Retrieval-based chest X-ray report generation".
        """
        embedder, index = self._ready()
        if not upload.files or upload.text is not None:
            raise HttpError(422, "pictures of one study", "none, or a text", "send one or more files")
        query, narrow = self._picture_query(embedder, upload), self._narrow(grant, upload)
        hits = _distinct(lambda count: index.search("sentence", query, count, narrow), upload.k)
        self._record("report_draft", grant, files=len(upload.files), found=len(hits))
        return ReportDraft(
            sentences=[
                QuotedSentence(
                    text=hit.text or "", source_study=hit.study or "", site=hit.site, score=hit.score
                )
                for hit in hits
            ],
            embedding_space=embedder.space.name,
            model_version=embedder.version,
        )

    def explain_phrase(self, grant: Grant, upload: SearchUpload) -> tuple[Picture, Explanation, str]:
        """One picture, where a phrase is found in it, and the version of the dual encoder.

        Raises:
            HttpError: 409 without a dual encoder, 422 not one picture and a phrase.
        """
        embedder = self._require_embedder()
        if len(upload.files) != 1 or upload.text is None:
            raise HttpError(422, "one picture and a text", "another form", "send files once, and text")
        picture = self._read(upload.files[0])
        found = embedder.explain_phrase(picture, upload.text)
        self._record("explain_phrase", grant, files=1)
        return picture, found, embedder.version

    def _asked(
        self, embedder: DualEmbedder, task: Task, vector: NDArray[np.float32], language: str
    ) -> ZeroShotFile:
        answer = embedder.ask(task, vector, language)
        return ZeroShotFile(
            task=task.value,
            language=language,
            probabilities=dict(answer.probabilities),
            value=answer.value,
        )

    def _picture_query(self, embedder: DualEmbedder, upload: SearchUpload) -> NDArray[np.float32]:
        from osteon.models.dual_embedder import mean_direction

        return mean_direction(embedder.embed_pictures([self._read(data) for data in upload.files]))

    def _narrow(self, grant: Grant, upload: SearchUpload) -> SearchFilter:
        digests = (input_hmac(self._key, data) for data in upload.files)
        return SearchFilter(
            projects=grant.projects,
            sites=upload.sites,
            body_parts=upload.body_parts,
            since=upload.since,
            until=upload.until,
            not_subject=upload.subject,
            not_inputs=frozenset(digests),
        )

    def _require_embedder(self) -> DualEmbedder:
        if self._embedder is None:
            raise HttpError(
                409, "a dual encoder", "a server without one", "start it with OSTEON_SERVER_DUAL_PACKAGE"
            )
        return self._embedder

    def _ready(self) -> tuple[DualEmbedder, EmbeddingIndex]:
        embedder = self._require_embedder()
        if self._index is None:
            raise HttpError(409, "an index", "a server without one", "start it with OSTEON_SERVER_INDEX")
        state = self._index.state()
        if state is None:
            raise HttpError(409, "an index with entries", "an empty one", "run `osteon index build`")
        if state.space != embedder.space:
            raise HttpError(
                409,
                "an index of this dual encoder's embedding space",
                "one of another",
                "build an index with this model, or serve the other model",
            )
        return embedder, self._index

    def _record(self, action: Action, grant: Grant, **facts: Fact) -> None:
        """One row before the answer goes out; FaultError when it cannot be written."""
        try:
            for project in sorted(grant.projects):
                self._audit.append(action, project=project, actor=grant.actor, facts=facts)
        except SQLAlchemyError:
            raise FaultError(
                "to record the search", "an audit that does not take it", "send the request again later"
            ) from None


def _distinct(search: Callable[[int], list[Hit]], k: int) -> list[Hit]:
    """The best k hits of different words; many reports say the same."""
    count = 4 * k
    while True:
        hits = search(count)
        first: dict[str, Hit] = {}
        for hit in hits:
            first.setdefault(" ".join((hit.text or "").lower().split()).rstrip(".;"), hit)
        if len(first) >= k or len(hits) < count or count >= _MOST_SENTENCES:
            return list(first.values())[:k]
        count = min(4 * count, _MOST_SENTENCES)
