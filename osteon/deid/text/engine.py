"""The analyser: Presidio with our recognisers beside the French spaCy model, built once per process.

The rules run first. The model is asked only about lines where its answer could change something: where
two words could be a name, one of them a known first name, and no rule has taken both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from osteon._hidden import hidden
from osteon.deid.identity import KnownIdentity
from osteon.deid.text.composed import Composed, composed
from osteon.deid.text.languages import written_language
from osteon.deid.text.lexicon import Lexicon, lexicon
from osteon.deid.text.recognisers.addresses import find_addresses
from osteon.deid.text.recognisers.ages import find_ages
from osteon.deid.text.recognisers.contact import find_contacts
from osteon.deid.text.recognisers.dates import find_dates
from osteon.deid.text.recognisers.dictated import find_dictated
from osteon.deid.text.recognisers.hospitals import find_hospitals
from osteon.deid.text.recognisers.initials import find_initials
from osteon.deid.text.recognisers.known import find_known
from osteon.deid.text.recognisers.learned import find_learned
from osteon.deid.text.recognisers.model import doubtful_lines, find_model_names
from osteon.deid.text.recognisers.names import find_names
from osteon.deid.text.recognisers.numbers import find_numbers
from osteon.deid.text.recognisers.spelled import find_spelled
from osteon.deid.text.recognisers.spoken_numbers import find_spoken_numbers
from osteon.deid.text.recognisers.tables import find_tables
from osteon.deid.text.recognisers.towns import find_towns
from osteon.deid.text.span import LABELS, Span, merge, trim, without_tags
from osteon.deid.text.wrapped import wrapped_lines
from osteon.domain.errors import FaultError

with hidden("torch", "torchvision", "transformers", "tensorflow", "stanza"):
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

SPACY_MODEL = "fr_core_news_md"
_UNREAD_PIPES = ["parser", "morphologizer", "lemmatizer", "attribute_ruler", "senter", "tagger"]
LANGUAGE = "fr"
_NEAR_BREAK = 30
_ONE_LINE = frozenset({"layouts", "initials"})
Finder = Callable[[str], list[Span]]


class FinderRecogniser(EntityRecognizer):  # type: ignore[misc]  # presidio ships no types
    """Presidio's face of one of our plain functions."""

    def __init__(self, name: str, finder: Finder, language: str) -> None:
        super().__init__(supported_entities=list(LABELS), name=name, supported_language=language)
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
        asked = frozenset(entities)
        return [
            RecognizerResult(span.label, span.start, span.end, span.score)
            for span in self._finder(text)
            if span.label in asked
        ]


class FrenchNlpEngine(SpacyNlpEngine):  # type: ignore[misc]
    """The spaCy model with its entity recogniser alone; another language than French gets none."""

    def __init__(self, language: str) -> None:
        super().__init__(models=[{"lang_code": language, "model_name": SPACY_MODEL}])
        self._language = language

    def load(self) -> None:
        """Loads the installed model; never asks the network."""
        import spacy

        if self._language != LANGUAGE:
            self.nlp = {self._language: spacy.blank("xx")}
            return
        try:
            with hidden("torch", "transformers"):
                model = spacy.load(SPACY_MODEL, exclude=_UNREAD_PIPES)
        except OSError:
            raise FaultError(
                "the French model fr-core-news-md",
                "an installation without it",
                "install the extra: osteon[deid]",
            ) from None
        self.nlp = {self._language: model}


class _NoContext(ContextAwareEnhancer):  # type: ignore[misc]
    """Leaves the scores: our recognisers read what stands around a value themselves."""

    def __init__(self) -> None:
        super().__init__(
            context_similarity_factor=0,
            min_score_with_context_similarity=0,
            context_prefix_count=0,
            context_suffix_count=0,
        )

    def enhance_using_context(
        self,
        text: str,  # noqa: ARG002 - Presidio's signature
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,  # noqa: ARG002
        recognizers: list[EntityRecognizer],  # noqa: ARG002
        context: list[str] | None = None,  # noqa: ARG002
    ) -> list[RecognizerResult]:
        """The results as they came."""
        return raw_results


def finders(lex: Lexicon) -> dict[str, Finder]:
    """Our recognisers by name, for the lexicon's language."""
    code = lex.language
    return {
        "dates": lambda text: find_dates(text, code),
        "ages": lambda text: find_ages(text, code),
        "contact": lambda text: find_contacts(text, code),
        "numbers": lambda text: find_numbers(text, code),
        "addresses": lambda text: find_addresses(text, code),
        "towns": lambda text: find_towns(text, lex),
        "hospitals": lambda text: find_hospitals(text, lex),
        "names": lambda text: find_names(text, lex),
        "initials": find_initials,
        "spelled": lambda text: find_spelled(text, lex),
        "layouts": lambda text: [*find_tables(text), *find_dictated(text, lex)],
        "spoken numbers": lambda text: find_spoken_numbers(text, lex),
    }


@cache
def analyser(language: str = LANGUAGE) -> AnalyzerEngine:
    """The engine of this process for one language, with our recognisers only; built in seconds."""
    registry = RecognizerRegistry(supported_languages=[language])
    every = tuple(finders(lexicon(language)).values())
    # one for all of them: Presidio's own work grows with its recognisers times their results
    registry.add_recognizer(
        FinderRecogniser("osteon", lambda text: [span for find in every for span in find(text)], language)
    )
    engine = FrenchNlpEngine(language)
    engine.load()
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=engine,
        supported_languages=[language],
        default_score_threshold=0,
        context_aware_enhancer=_NoContext(),
    )


def find_spans(text: str, known: KnownIdentity | None = None, *, language: str = LANGUAGE) -> list[Span]:
    """Every identifying span of one text, without overlaps, in order."""
    return next(find_spans_of([text], [known], language))


def find_spans_of(
    texts: Iterable[str],
    known: Iterable[KnownIdentity | None],
    language: str = LANGUAGE,
    *,
    learned: bool = True,
) -> Iterator[list[Span]]:
    """As `find_spans` for many texts: the model sees the doubtful lines of all of them in batches.

    Args:
        learned: ask the tagger as well; without it, what it is fitted on.
    """
    read = [composed(text) for text in texts]
    found: list[list[Span]] = []
    asked: list[tuple[int, int, int]] = []
    for number, (one, identity) in enumerate(zip(read, known, strict=True)):
        lex = lexicon(written_language(one.text, language))
        found.append(_by_rules(one.text, identity, lex))
        asked += [(number, *line) for line in doubtful_lines(one.text, found[-1], lex)]
    if asked and language == LANGUAGE:
        pieces = [read[number].text[start:end] for number, start, end in asked]
        model: Any = analyser(language).nlp_engine.nlp[language]
        for (number, start, _), piece, document in zip(
            asked, pieces, model.pipe(pieces, batch_size=64), strict=True
        ):
            seen = [(e.start_char, e.end_char, e.label_) for e in document.ents]
            found[number] += [
                Span(s.start + start, s.end + start, s.label, s.score, s.rule)
                for s in find_model_names(piece, seen, lexicon(language))
            ]
    for one, spans in zip(read, found, strict=True):
        yield _tidy(spans, one, language if learned else None)


def _by_rules(text: str, known: KnownIdentity | None, lex: Lexicon) -> list[Span]:
    if not text.strip():
        return []
    extra = []
    if known is not None:
        extra = [FinderRecogniser("known", lambda t: find_known(t, known, lex), lex.language)]
    engine = analyser(lex.language)
    results = engine.analyze(text, lex.language, nlp_artifacts=_nothing(), ad_hoc_recognizers=extra)
    found = [Span(r.start, r.end, r.entity_type, r.score) for r in results]
    return found + list(_over_line_ends(text, lex))


def _over_line_ends(text: str, lex: Lexicon) -> Iterator[Span]:
    """What the rules find where a line was broken by the width, read with the next line as one."""
    every = None
    for begin, broken, line in wrapped_lines(text):
        every = every or [finder for name, finder in finders(lex).items() if name not in _ONE_LINE]
        for finder in every:
            yield from (
                Span(begin + s.start, begin + s.end, s.label, s.score, s.rule)
                for s in finder(line)
                if s.end >= broken and s.start < broken + _NEAR_BREAK
            )


def _nothing() -> NlpArtifacts:
    """What Presidio asks a model for, empty: none of our recognisers reads it."""
    return NlpArtifacts([], None, [], [], None, LANGUAGE, [])


def _tidy(spans: Iterable[Span], one: Composed, asks: str | None) -> list[Span]:
    """Merged spans without blanks and signs at their ends, in the coordinates of the text as it came.

    Args:
        asks: the language, where the tagger is to add what it finds beside the spans; it has read French.
    """
    merged = _trimmed(merge(without_tags(spans, one.text)), one.text)
    if asks == LANGUAGE:
        more = without_tags(find_learned(one.text, merged, lexicon()), one.text)
        merged = _trimmed(merge([*merged, *more]), one.text) if more else merged
    return [one.original(span) for span in merged]


def _trimmed(spans: Iterable[Span], text: str) -> list[Span]:
    return [span for each in spans if (span := trim(each, text)) is not None]
