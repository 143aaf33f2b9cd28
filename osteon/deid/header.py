"""Header steps: a new data set that holds only what the policy lets through.

Nothing is deleted from the input: an empty data set is filled by the steps, so a forgotten case is
an attribute too few, never one too many. Values are handled as the bytes that were read; what is
removed is never decoded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import keyword_for_tag

from osteon.deid.actions import Action
from osteon.deid.codes import UNKNOWN, clean_codes
from osteon.deid.elements import (
    MAX_SHORT,
    TEXT_VRS,
    Element,
    Elements,
    encode_items,
    fits,
    padded,
    tag_of,
    texts_of,
)
from osteon.deid.graphics import clean_overlays
from osteon.deid.identity import KnownIdentity
from osteon.deid.plan import Step
from osteon.deid.policy import Policy
from osteon.deid.private import keep_safe_private
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.replacement import dummy, kept
from osteon.deid.source import Source
from osteon.deid.standard import Option
from osteon.deid.values import age_between, cap_age, clean_description, fold, shift_moment
from osteon.domain.identity import OriginalId

_MAX_DEPTH = 16
_CHARSET = 0x00080005
_KEYWORD = lru_cache(maxsize=8192)(lambda tag: keyword_for_tag(tag) or "unknown")


@dataclass(slots=True)
class HeaderRecord:
    """What was done, by keyword and count; never a value."""

    actions: Counter[str] = field(default_factory=Counter)
    tags: set[int] = field(default_factory=set)
    private: int = 0

    @property
    def dropped(self) -> set[str]:
        """Keywords of what was removed."""
        return {_KEYWORD(tag) for tag in self.tags}


@dataclass(frozen=True)
class HeaderRules:
    """Applies one policy with one pseudonymiser to the header of one instance."""

    policy: Policy
    pseudonymiser: Pseudonymiser
    patient_id: OriginalId
    known: KnownIdentity
    record: HeaderRecord = field(default_factory=HeaderRecord)

    def apply(self, source: Source) -> Elements:
        """Tag -> (VR, value) of what the policy lets through (pixels apart)."""
        made = self.items(source, 0)
        for rule in self.policy.rules:
            if rule.when_absent == "add":
                for keyword in rule.attributes:
                    self._add(made, keyword, rule.kind if rule.action is Action.PSEUDONYM else None)
        age = self.policy.plan.get(0x00101010)
        if age is not None and age.action is Action.AGE and not made.get(0x00101010, ("", b""))[1]:
            found = age_between(source.text("PatientBirthDate"), source.text("StudyDate"))
            if found := cap_age(found, self.policy.text.age_cap_years):
                made[0x00101010] = ("AS", padded(found, "AS"))
        _state_what_was_done(made, self.policy)
        if not all(value.isascii() for vr, value in made.values() if vr in TEXT_VRS):
            made[_CHARSET] = ("CS", b"ISO_IR 192")
        return made

    def items(self, source: Source, depth: int) -> Elements:
        """Tag -> (VR, value) of what stays of a data set or of an item in it."""
        made: Elements = {}
        if depth > _MAX_DEPTH:
            self.record.actions["too_deep"] += 1
            return made
        plan, do, actions, gone = self.policy.plan, self._do, self.record.actions, []
        for tag, element in source.elements.items():
            step = plan.get(tag)
            if step is None:
                gone.append(tag)
                continue
            value = do[step.verb](self, step, source, element, depth)
            if value is None or (len(value[1]) > MAX_SHORT and not fits(*value)):
                gone.append(tag)
            else:
                made[tag] = value
                actions[step.verb] += 1
        self._note_removed(gone)
        if Option.RETAIN_SAFE_PRIVATE in self.policy.options:
            made.update(keep_safe_private(source))
        if Option.CLEAN_GRAPHICS in self.policy.options and depth == 0:
            made.update(clean_overlays(source))
        return made

    def _note_removed(self, tags: list[int]) -> None:
        listed = [tag for tag in tags if not tag & 0x10000]
        self.record.private += len(tags) - len(listed)
        self.record.tags.update(listed)
        if listed:
            self.record.actions["removed"] += len(listed)

    def _add(self, made: Elements, keyword: str, kind: str | None) -> None:
        tag = tag_of(keyword)
        if tag not in made:
            step = self.policy.plan[tag]
            text = self.patient if kind == "patient" else ""
            made[tag] = (step.vr, padded(text, step.vr))

    def tells_identity(self, texts: list[str]) -> bool:
        """True when a kept text holds a known name, number or institution."""
        haystack = f" {fold(' '.join(texts))} "
        for needle in self._needles:  # noqa: SIM110 - asked of every kept text, and twice as fast
            if needle in haystack:
                return True
        return False

    @cached_property
    def _needles(self) -> tuple[str, ...]:
        words = [part for name in (*self.known.names, *self.known.people) for part in name]
        folded = {fold(n).strip() for n in (*words, *self.known.numbers, *self.known.institutions)}
        return tuple(n for n in folded if len(n) >= 3)

    @cached_property
    def patient(self) -> str:
        """The patient's pseudonym."""
        return self.pseudonymiser.patient(self.patient_id).value

    @cached_property
    def days(self) -> int:
        """The patient's date shift."""
        return self.pseudonymiser.days(self.patient_id)

    @cached_property
    def _names(self) -> frozenset[str]:
        people = (*self.known.names, *self.known.people)
        return frozenset(fold(word) for name in people for part in name for word in part.split())

    def _keep(self, step: Step, source: Source, element: Element, _depth: int) -> Any:
        value = kept(step, source, element, self.tells_identity)
        return (step.vr, b"") if value is None and step.otherwise == "zero" else value

    def _retain(self, step: Step, source: Source, element: Element, _depth: int) -> Any:
        texts = texts_of(element, step.vr, source.encodings)
        if step.vr in {"OB", "OW", "UN"} or self.tells_identity(texts):
            return None
        if step.pattern is not None and not all(step.pattern.fullmatch(text) for text in texts):
            return None
        return step.vr, padded("\\".join(texts), step.vr)

    def _zero(self, step: Step, *_: object) -> Any:
        return step.vr.split(" or ")[0], b""

    def _dummy(self, step: Step, source: Source, element: Element, depth: int) -> Any:
        if step.vr != "SQ":
            return dummy(step)
        if step.keyword.endswith("CodeSequence"):
            return "SQ", encode_items([UNKNOWN])
        return self._items_of(step, source, element, depth) or ("SQ", b"")

    def _uid(self, _step: Step, source: Source, element: Element, _depth: int) -> Any:
        texts = [text for text in texts_of(element, "UI", source.encodings) if text]
        mapped = [t if t in UID_dictionary else self.pseudonymiser.uid(OriginalId(t)).value for t in texts]
        return ("UI", padded("\\".join(mapped), "UI")) if mapped else None

    def _pseudonym(self, step: Step, source: Source, element: Element, _: int) -> Any:
        if step.kind == "patient":
            return step.vr, padded(self.patient, step.vr)
        texts = texts_of(element, step.vr, source.encodings)
        made = self.pseudonymiser.accession(OriginalId(texts[0])).value if texts and texts[0] else ""
        return step.vr, padded(made, step.vr)

    def _shift(self, step: Step, source: Source, element: Element, _depth: int) -> Any:
        shifted = [shift_moment(text, self.days) for text in texts_of(element, step.vr, source.encodings)]
        return step.vr, padded("\\".join(shifted), step.vr)

    def _age(self, _step: Step, source: Source, element: Element, _depth: int) -> Any:
        texts = texts_of(element, "AS", source.encodings)
        age = cap_age(texts[0], self.policy.text.age_cap_years) if texts else ""
        return ("AS", padded(age, "AS")) if age else None

    def _clean(self, step: Step, source: Source, element: Element, _depth: int) -> Any:
        limit = 16 if step.vr == "SH" else 64
        given = " ".join(texts_of(element, step.vr, source.encodings))
        text = clean_description(given, self.policy.words, limit, self._names)
        return (step.vr, padded(text, step.vr)) if text else None

    def _codes(self, step: Step, source: Source, _element: Element, _depth: int) -> Any:
        items = clean_codes(source.items(step.tag), self.policy.coding_schemes, step.modifiers)
        return ("SQ", encode_items(items)) if items or step.otherwise == "zero" else None

    def _items_of(self, step: Step, source: Source, _: Element, depth: int) -> Any:
        made = []
        for item in source.items(step.tag):
            kept_item = self.items(item, depth + 1)
            for code in clean_codes((item,), self.policy.coding_schemes, frozenset()):
                kept_item.update(code)
            if kept_item:
                made.append(kept_item)
        return ("SQ", encode_items(made)) if made or step.otherwise == "zero" else None

    # By the verb of a step: plain texts hash faster than members of an enumeration.
    _do: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "keep": _keep,
        "retain": _retain,
        "zero": _zero,
        "dummy": _dummy,
        "uid": _uid,
        "pseudonym": _pseudonym,
        "shift": _shift,
        "age": _age,
        "clean": _clean,
        "codes": _codes,
        "items": _items_of,
    }


def _state_what_was_done(made: Elements, policy: Policy) -> None:
    """Says that and how identity was removed.

    Source: DICOM PS3.15 E.1.1 and PS3.3 C.12.1.1.7, C.7.1.1.
    """
    made[0x00120062] = ("CS", b"YES ")
    made[0x00120063] = ("LO", padded(f"Osteon {policy.name} {policy.version} {policy.hash[:16]}", "LO"))
    made[0x00120064] = ("SQ", _method_items(policy.method_codes))
    dates = {Option.RETAIN_FULL_DATES: b"UNMODIFIED", Option.RETAIN_MODIFIED_DATES: b"MODIFIED"}
    made[0x00280303] = ("CS", next((dates[o] for o in policy.options if o in dates), b"REMOVED "))


@lru_cache(maxsize=64)
def _method_items(codes: tuple[tuple[str, str], ...]) -> bytes:
    return encode_items(
        {
            0x00080100: ("SH", padded(code, "SH")),
            0x00080102: ("SH", b"DCM "),
            0x00080104: ("LO", padded(meaning[:64], "LO")),
        }
        for code, meaning in codes
    )
