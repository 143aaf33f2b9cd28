"""A policy as a table of steps, one per tag: its own rules, and the standard's letter for all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from osteon.deid.actions import Action, Rule
from osteon.deid.elements import BINARY_SIZES, padded
from osteon.deid.standard import Option, letter_of, listed_tags

NUMBERS = frozenset(
    {"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "UV", "SV", "OW", "OB", "US or SS", "US or OW"}
)
MOMENTS = {
    "DA": re.compile(r"\d{4}\.?\d{2}\.?\d{2}"),
    "TM": re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?"),
    "DT": re.compile(r"\d{4}(\d{2}(\d{2}(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?"),
}
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What happens to one attribute.

    Attributes:
        values: texts that may be kept; None where `pattern` or the VR decides.
        otherwise: "zero" where the attribute stays, empty, when its value may not.
        value: the fixed value of a dummy; None for the one of its VR.
        modifiers: code sequences that may stand inside an item.
        encoded: the values that may be kept, as an output holds them.
        is_number: a text of decimal numbers, each kept as it is.
    """

    tag: int
    keyword: str
    vr: str
    action: Action
    values: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None
    otherwise: str | None = None
    value: str | None = None
    kind: str | None = None
    modifiers: frozenset[str] = frozenset()
    verb: str = field(init=False)
    encoded: frozenset[bytes] = field(init=False)
    is_number: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verb", self.action.value)
        object.__setattr__(self, "encoded", frozenset(self._plain_values()))
        number = self.vr in {"DS", "IS"} and self.values is None and self.pattern is None
        object.__setattr__(self, "is_number", number)

    def _plain_values(self) -> Iterator[bytes]:
        """Each value that reads the same from its bytes whatever the character set."""
        if self.vr in BINARY_SIZES or self.vr == "UI":
            return
        for value in self.values or ():
            if value.isascii() and value.isprintable() and "\\" not in value and value == value.strip():
                yield padded(value, self.vr)


def compile_plan(rules: tuple[Rule, ...], options: tuple[Option, ...]) -> Mapping[int, Step]:
    """Tag -> step; a tag without one is removed. A rule of the policy goes before the table."""
    plan: dict[int, Step] = {}
    for tag in listed_tags():
        step = _listed(tag, frozenset(options))
        if step is not None:
            plan[tag] = step
    for rule in rules:
        for keyword in rule.attributes:
            step = _ruled(rule, keyword)
            plan.pop(step.tag, None)
            if rule.action is not Action.REMOVE:
                plan[step.tag] = step
    return plan


def _ruled(rule: Rule, keyword: str) -> Step:
    return Step(
        tag=int(tag_for_keyword(keyword) or 0),
        keyword=keyword,
        vr=dictionary_VR(keyword),
        action=rule.action,
        values=rule.value_set,
        pattern=rule.compiled,
        otherwise=rule.otherwise,
        value=rule.value,
        kind=rule.kind,
        modifiers=frozenset(k for k in rule.attributes if "Modifier" in k),
    )


def _listed(tag: int, options: frozenset[Option]) -> Step | None:
    """The step of an attribute that table E.1-1 lists; None where it goes or is too new here."""
    letter, keyword = letter_of(tag, options), keyword_for_tag(tag)
    if letter in {None, "X"} or not keyword or tag >> 16 <= 0x0004:
        return None
    vr = dictionary_VR(tag)
    if letter in {"K", "C", "U*"}:
        return _cleaned(tag, keyword, vr, kept=letter == "K")
    action = {"Z": Action.ZERO, "D": Action.DUMMY, "U": Action.UID}[str(letter)]
    if action is Action.UID and vr != "UI":
        return None
    if action is Action.DUMMY and vr == "UI":
        action = Action.UID
    return Step(tag, keyword, vr, action)


def _cleaned(tag: int, keyword: str, vr: str, *, kept: bool) -> Step:
    if vr == "SQ":
        coded = keyword.endswith("CodeSequence")  # an item without a code would be no item of it
        return Step(tag, keyword, vr, Action.CODES if coded else Action.ITEMS)
    if vr in MOMENTS:
        if kept or vr == "TM":  # a shift by whole days leaves the time of day
            return Step(tag, keyword, vr, Action.KEEP, pattern=MOMENTS[vr], otherwise="zero")
        return Step(tag, keyword, vr, Action.SHIFT)
    if vr == "AS":
        return Step(tag, keyword, vr, Action.AGE)
    if vr == "UI":
        return (
            Step(tag, keyword, vr, Action.RETAIN, pattern=_UID)
            if kept
            else Step(tag, keyword, vr, Action.UID)
        )
    if vr in NUMBERS and kept:
        return Step(tag, keyword, vr, Action.KEEP)
    if kept:
        return Step(tag, keyword, vr, Action.RETAIN)
    return Step(tag, keyword, vr, Action.CLEAN if vr in _CLEANED_VRS else Action.DUMMY)


_CLEANED_VRS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
