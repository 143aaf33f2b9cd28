"""Report text in, text under surrogates or tags out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from osteon.deid.identity import KnownIdentity
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.text.ages import redacted_ages
from osteon.deid.text.engine import find_spans, find_spans_of
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.dates import read_dates
from osteon.deid.text.recognisers.known import find_known
from osteon.deid.text.span import Span
from osteon.deid.text.surrogates import Surrogates
from osteon.domain.errors import QuarantinedError, RefusedError
from osteon.domain.identity import OriginalId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedText:
    """The text that may leave, where the input was redacted, and how often by label."""

    text: str = field(repr=False)
    source_entities: tuple[Span, ...]
    replaced: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a text is about: what is known of the patient, and the scope of the surrogates."""

    known: KnownIdentity | None = field(default=None, repr=False)
    patient_id: OriginalId | None = None
    note_id: str = ""

    def patient_number(self) -> OriginalId | None:
        """The patient's number: given, or the first known one."""
        if self.patient_id is not None:
            return self.patient_id
        return OriginalId(self.known.numbers[0]) if self.known and self.known.numbers else None


def deidentify_text(
    text: str,
    known: KnownIdentity | None = None,
    *,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    patient_id: OriginalId | None = None,
    note_id: str = "",
) -> DeidentifiedText:
    """The text with every identifying span replaced.

    Raises:
        RefusedError: the text is longer than the policy admits.
        QuarantinedError: a known value is still there when the output is read again.
    """
    _require_length(text, policy)
    subject = Subject(known=known, patient_id=patient_id, note_id=note_id)
    spans = find_spans(text, known, language=policy.text.language)
    return replace_spans(text, spans, subject, policy, pseudonymiser)


def deidentify_texts(
    texts: Iterable[str], subjects: Iterable[Subject], *, policy: Policy, pseudonymiser: Pseudonymiser
) -> Iterator[DeidentifiedText | QuarantinedError]:
    """As `deidentify_text` for many, in batches; what must be quarantined comes back as its error."""
    texts, subjects = list(texts), list(subjects)
    for text in texts:
        _require_length(text, policy)
    found = find_spans_of(texts, (subject.known for subject in subjects), policy.text.language)
    for text, subject, spans in zip(texts, subjects, found, strict=True):
        try:
            yield replace_spans(text, spans, subject, policy, pseudonymiser)
        except QuarantinedError as error:
            yield error


def replace_spans(
    text: str, spans: list[Span], subject: Subject, policy: Policy, pseudonymiser: Pseudonymiser
) -> DeidentifiedText:
    """The text with the spans replaced as the policy says, read again for what is known."""
    surrogates = _surrogates(subject, policy, pseudonymiser)
    spans = redacted_ages(spans, text, policy.text.ages, policy.text.age_cap_years)
    dates = {(d.span.start, d.span.end): d for d in read_dates(text, policy.text.language)}
    pieces, position = [], 0
    for span in spans:
        pieces.append(text[position : span.start])
        tag = policy.text.replacement == "tag"
        pieces.append(f"<{span.label}>" if tag else surrogates.replace(text, span, dates))
        position = span.end
    output = "".join(pieces) + text[position:]
    if subject.known is not None:
        _verify(output, subject.known, policy.text.language)
    return DeidentifiedText(
        text=output,
        source_entities=tuple(spans),
        replaced=dict(sorted(Counter(s.label for s in spans).items())),
    )


def _surrogates(subject: Subject, policy: Policy, pseudonymiser: Pseudonymiser) -> Surrogates:
    number = subject.patient_number()
    if number is not None:
        scope, days = pseudonymiser.patient(number).value, pseudonymiser.days(number)
    else:
        scope = f"note:{subject.note_id}"
        days = pseudonymiser.days(OriginalId(scope))
    options = policy.text
    return Surrogates(
        pseudonymiser, scope, days, subject.known, options.age_cap_years, options.ages, options.language
    )


def _verify(output: str, known: KnownIdentity, language: str) -> None:
    """Reads the output again for known values; not for dates: a shifted one may fall on a birth date."""
    left = [
        s
        for s in find_known(output, known, lexicon(language))
        if s.label != "DATE_NAISSANCE" and s.rule == "known" and s.score == 1.0
    ]
    if left:
        raise QuarantinedError(
            "a text without known identity",
            f"{len(left)} known values after replacement",
            "review the report",
        )


def _require_length(text: str, policy: Policy) -> None:
    if len(text) > policy.limits.text_characters:
        raise RefusedError(
            f"a text of at most {policy.limits.text_characters} characters", "a longer one", "split the text"
        )
