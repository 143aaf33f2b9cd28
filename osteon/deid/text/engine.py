"""The analyser: Presidio with our recognisers beside the French spaCy model, built once per process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from osteon.deid.identity import KnownIdentity
from osteon.deid.text.hidden import hidden
from osteon.deid.text.lexicon import Lexicon, lexicon
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.contact import find_contacts
from osteon.deid.text.recognisers.dates import find_dates
from osteon.deid.text.recognisers.known import find_known
from osteon.deid.text.recognisers.model import find_model_names
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.numbers import find_numbers
from osteon.deid.text.recognisers.places import find_addresses, find_hospitals, find_towns
from osteon.deid.text.span import LABELS, Span, merge, trim
from osteon.domain.errors import FaultError

with hidden("torch", "torchvision", "transformers", "tensorflow", "stanza"):
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

SPACY_MODEL = "fr_core_news_md"
_UNREAD_PIPES = ["parser", "morphologizer", "lemmatizer", "attribute_ruler", "senter", "tagger"]
LANGUAGE = "fr"
Finder = Callable[[str], list[Span]]


class FinderRecogniser(EntityRecognizer):  # type: ignore[misc]  # presidio ships no types
    """Presidio's face of one of our plain functions."""

    def __init__(self, name: str, finder: Finder) -> None:
        super().__init__(supported_entities=list(LABELS), name=name, supported_language=LANGUAGE)
        self._finder = finder

    def load(self) -> None:
        """Nothing to load: the lists are read with the first text."""

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002 - Presidio passes it to every recogniser
    ) -> list[RecognizerResult]:
        """The function's spans as Presidio's results."""
        return [
            RecognizerResult(span.label, span.start, span.end, span.score)
            for span in self._finder(text)
            if span.label in entities
        ]


class ModelRecogniser(EntityRecognizer):  # type: ignore[misc]
    """Names that the spaCy model sees and the lexicon does not contradict."""

    def __init__(self, lex: Lexicon) -> None:
        super().__init__(supported_entities=list(LABELS), name="spacy", supported_language=LANGUAGE)
        self._lexicon = lex

    def load(self) -> None:
        """The model is loaded by the engine."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - all of them
        nlp_artifacts: NlpArtifacts | None = None,
    ) -> list[RecognizerResult]:
        """Spans of the model's persons, places and organisations that may be redacted."""
        seen = [(e.start_char, e.end_char, e.label_) for e in nlp_artifacts.entities] if nlp_artifacts else []
        return [
            RecognizerResult(span.label, span.start, span.end, span.score)
            for span in find_model_names(text, seen, self._lexicon)
        ]


class FrenchNlpEngine(SpacyNlpEngine):  # type: ignore[misc]
    """The spaCy model with its entity recogniser alone: parser and lemmas are never read here."""

    def __init__(self) -> None:
        super().__init__(models=[{"lang_code": LANGUAGE, "model_name": SPACY_MODEL}])

    def load(self) -> None:
        """Loads the installed model; never asks the network."""
        import spacy

        try:
            with hidden("torch", "transformers"):
                model = spacy.load(SPACY_MODEL, exclude=_UNREAD_PIPES)
        except OSError:
            raise FaultError(
                "the French model fr-core-news-md",
                "an installation without it",
                "install the extra: osteon[deid]",
            ) from None
        self.nlp = {LANGUAGE: model}


@cache
def analyser() -> AnalyzerEngine:
    """The engine of this process, with our recognisers only; the first call takes seconds."""
    lex = lexicon()
    registry = RecognizerRegistry(supported_languages=[LANGUAGE])
    finders: dict[str, Finder] = {
        "dates": find_dates,
        "ages": find_ages,
        "contact": find_contacts,
        "numbers": find_numbers,
        "addresses": find_addresses,
        "towns": lambda text: find_towns(text, lex),
        "hospitals": lambda text: find_hospitals(text, lex),
        "names": lambda text: find_names(text, lex),
    }
    for name, finder in finders.items():
        registry.add_recognizer(FinderRecogniser(name, finder))
    registry.add_recognizer(ModelRecogniser(lex))
    engine = FrenchNlpEngine()
    engine.load()
    return AnalyzerEngine(
        registry=registry, nlp_engine=engine, supported_languages=[LANGUAGE], default_score_threshold=0
    )


def find_spans(text: str, known: KnownIdentity | None = None, artifacts: Any = None) -> list[Span]:
    """Every identifying span of one text, without overlaps, in order."""
    if not text.strip():
        return []
    extra = []
    if known is not None:
        extra = [FinderRecogniser("known", lambda t: find_known(t, known, lexicon()))]
    results = analyser().analyze(text, LANGUAGE, nlp_artifacts=artifacts, ad_hoc_recognizers=extra)
    return tidy((Span(r.start, r.end, r.entity_type, r.score) for r in results), text)


def find_spans_of(texts: Iterable[str], known: Iterable[KnownIdentity | None]) -> Iterator[list[Span]]:
    """As `find_spans` for many texts: the model sees them in batches."""
    texts = list(texts)
    batch = analyser().nlp_engine.process_batch(texts, LANGUAGE, batch_size=64)
    for (text, artifacts), identity in zip(batch, known, strict=True):
        yield find_spans(text, identity, artifacts)


def tidy(spans: Iterable[Span], text: str) -> list[Span]:
    """Merged spans without blanks and punctuation at their ends."""
    trimmed = (trim(span, text) for span in merge(spans))
    return [span for span in trimmed if span is not None]
