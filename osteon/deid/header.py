"""Header rules: a new data set that holds only what the policy lets through.

Nothing is deleted from the input: an empty data set is filled by the rules, so a forgotten case is
an attribute too few, never one too many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from osteon.deid.codes import clean_codes
from osteon.deid.identity import KnownIdentity
from osteon.deid.policy import Action, Policy, Rule
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.values import age_between, are_numbers, cap_age, clean_description, fold, shift_date
from osteon.dicom.dataset import MALFORMED, items_of, text_of
from osteon.domain.identity import OriginalId

_NUMBERS = frozenset({"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "OW", "OB", "US or SS", "US or OW"})
_MAX_DEPTH = 16


@dataclass(slots=True)
class HeaderRecord:
    """What was done, by keyword and count; never a value."""

    actions: Counter[str] = field(default_factory=Counter)
    dropped: set[str] = field(default_factory=set)
    private: int = 0


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """Applies one policy with one pseudonymiser to the header of one instance."""

    policy: Policy
    pseudonymiser: Pseudonymiser
    patient_id: OriginalId
    known: KnownIdentity
    record: HeaderRecord = field(default_factory=HeaderRecord)

    def apply(self, source: Dataset) -> Dataset:
        """A new data set with what the policy lets through (pixels apart)."""
        target = self._items(source, 0)
        for rule in self.policy.rules:
            if rule.when_absent == "add":
                for keyword in rule.attributes:
                    if keyword not in target:
                        setattr(target, keyword, self._absent(rule))
        if not target.get("PatientAge"):
            age = cap_age(age_between(text_of(source, "PatientBirthDate"), text_of(source, "StudyDate")))
            if age:
                target.PatientAge = age
        _state_what_was_done(target, self.policy)
        return target

    def _absent(self, rule: Rule) -> str:
        if rule.action is Action.PSEUDONYM and rule.kind == "patient":
            return self.pseudonymiser.patient(self.patient_id).value
        return ""

    def _items(self, source: Dataset, depth: int) -> Dataset:
        target = Dataset()
        if depth > _MAX_DEPTH:
            self.record.actions["too_deep"] += 1
            return target
        for tag in sorted(source.keys()):
            if tag.is_private:
                self.record.private += 1
                continue
            rule = self.policy.by_tag.get(int(tag))
            keyword = keyword_for_tag(tag) or "unknown"
            if (
                rule is None
                or rule.action is Action.REMOVE
                or not self._apply_rule(rule, source, target, keyword, depth)
            ):
                self.record.actions["removed"] += 1
                self.record.dropped.add(keyword)
            else:
                self.record.actions[rule.action.value] += 1
        return target

    def _apply_rule(self, rule: Rule, source: Dataset, target: Dataset, keyword: str, depth: int) -> bool:
        if rule.action is Action.ITEMS:
            items = [self._items(item, depth + 1) for item in items_of(source, keyword)]
            return _set_sequence(target, keyword, [item for item in items if len(item)])
        if rule.action is Action.CODES:
            nested = frozenset(k for k in rule.attributes if "Modifier" in k)
            return _set_sequence(
                target, keyword, clean_codes(items_of(source, keyword), self.policy.coding_schemes, nested)
            )
        if rule.action is Action.DUMMY and dictionary_VR(keyword) == "SQ":
            setattr(target, keyword, [])
            return True
        element = _element(source, keyword)
        if element is not None and rule.action is Action.KEEP and self._keep(rule, element, target, keyword):
            return True
        if element is None or rule.action is Action.KEEP:
            return _empty(rule, target, keyword)
        texts = _texts(element)
        new = self._replace[rule.action](self, rule, texts)
        if new is None:
            return False
        setattr(target, keyword, new)
        return True

    def _keep(self, rule: Rule, element: DataElement, target: Dataset, keyword: str) -> bool:
        vr = dictionary_VR(keyword)
        if vr != element.VR and not (element.VR in _NUMBERS and vr in _NUMBERS):
            return False
        texts = _texts(element)
        if vr == "UI":
            if not all(text in UID_dictionary for text in texts):
                return False
        elif rule.value_set is not None:
            if not all(text in rule.value_set for text in texts):
                return False
        elif rule.compiled is not None:
            if not all(rule.compiled.fullmatch(text) for text in texts) or self._tells_identity(texts):
                return False
        elif vr not in _NUMBERS or (vr in {"DS", "IS"} and not are_numbers([t for t in texts if t])):
            return False
        target.add(DataElement(element.tag, element.VR, element.value))
        return True

    def _tells_identity(self, texts: list[str]) -> bool:
        """True when a kept text holds a known name, number or institution."""
        haystack = f" {fold(' '.join(texts))} "
        words = [part for name in (*self.known.names, *self.known.people) for part in name]
        needles = (*words, *self.known.numbers, *self.known.institutions)
        return any(len(fold(n)) >= 3 and fold(n) in haystack for n in needles)

    def _zero(self, _rule: Rule, _texts: list[str]) -> str:
        return ""

    def _dummy(self, rule: Rule, _texts: list[str]) -> str | None:
        return rule.value

    def _uid(self, _rule: Rule, texts: list[str]) -> str | list[str] | None:
        mapped = [
            t if t in UID_dictionary else self.pseudonymiser.uid(OriginalId(t)).value for t in texts if t
        ]
        return (mapped if len(mapped) > 1 else mapped[0]) if mapped else None

    def _pseudonym(self, rule: Rule, texts: list[str]) -> str:
        if rule.kind == "patient":
            return self.pseudonymiser.patient(self.patient_id).value
        number = texts[0] if texts else ""
        return self.pseudonymiser.accession(OriginalId(number)).value if number else ""

    def _shift(self, _rule: Rule, texts: list[str]) -> str | list[str]:
        days = self.pseudonymiser.days(self.patient_id)
        shifted = [shift_date(text, days) for text in texts]
        return shifted if len(shifted) > 1 else (shifted[0] if shifted else "")

    def _age(self, _rule: Rule, texts: list[str]) -> str | None:
        return cap_age(texts[0], self.policy.text.age_cap_years) or None if texts else None

    def _clean(self, _rule: Rule, texts: list[str]) -> str | None:
        names = {
            fold(word)
            for name in (*self.known.names, *self.known.people)
            for part in name
            for word in part.split()
        }
        return clean_description(" ".join(texts), self.policy.words - names) or None

    _replace = {
        Action.ZERO: _zero,
        Action.DUMMY: _dummy,
        Action.UID: _uid,
        Action.PSEUDONYM: _pseudonym,
        Action.SHIFT: _shift,
        Action.AGE: _age,
        Action.CLEAN: _clean,
    }


Replacement = Callable[[HeaderRules, Rule, list[str]], str | list[str] | None]


def _empty(rule: Rule, target: Dataset, keyword: str) -> bool:
    """Leaves an attribute empty where the rule says that it must be there; False where it goes."""
    if rule.otherwise == "zero":
        target.add(DataElement(tag_for_keyword(keyword) or 0, dictionary_VR(keyword), None))
        return True
    return False


def _set_sequence(target: Dataset, keyword: str, items: list[Dataset]) -> bool:
    if not items:
        return False
    setattr(target, keyword, items)
    return True


def _element(source: Dataset, keyword: str) -> DataElement | None:
    """The element with its value read; None where its bytes are not what its VR says."""
    try:
        element = source[keyword]
        _ = element.value
        return element
    except MALFORMED:
        return None


def _texts(element: DataElement) -> list[str]:
    value = element.value
    if value is None:
        return []
    if isinstance(value, bytes):
        return []
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        value = [value]
    return [str(getattr(part, "original_string", part)).strip(" \0") for part in value]


def _state_what_was_done(target: Dataset, policy: Policy) -> None:
    """Says that and how identity was removed.

    Source: DICOM PS3.15 E.1.1 and PS3.3 C.12.1.1.7, C.7.1.1.
    """
    target.PatientIdentityRemoved = "YES"
    target.DeidentificationMethod = f"Osteon {policy.name} {policy.version} {policy.hash[:16]}"
    target.LongitudinalTemporalInformationModified = "MODIFIED"
    codes = []
    for value, meaning in policy.method_codes:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        codes.append(item)
    target.DeidentificationMethodCodeSequence = codes
