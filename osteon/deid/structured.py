"""Structured reports: the content tree rebuilt item by item, each value through pseudonyms or text engine.

A dose report, an encapsulated document or any other class never comes here: it is quarantined as a whole.
Source: DICOM PS3.15 E.3.4 and table E.3.4-1; PS3.3 C.17.3 (content items), C.18 (their values).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from osteon.deid.codes import clean_codes, code_of, known_meaning
from osteon.deid.elements import Elements, encode_items, padded, raw_bytes, tag_of, texts_of
from osteon.deid.header import HeaderRules
from osteon.deid.identity import name_parts
from osteon.deid.part10 import as_bytes
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.source import Source
from osteon.deid.standard import content_letter
from osteon.deid.values import fold, shift_moment
from osteon.domain.errors import QuarantinedError
from osteon.domain.identity import OriginalId

_CONTENT, _CONCEPT, _CODE = 0x0040A730, 0x0040A043, 0x0040A168
_TEXT, _NAME, _UID = 0x0040A160, 0x0040A123, 0x0040A124
_DATES = {"DATE": (0x0040A121, "DA"), "DATETIME": (0x0040A120, "DT"), "TIME": (0x0040A122, "TM")}
_REFERENCES = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM"})
_COORDINATES = frozenset({"SCOORD", "SCOORD3D", "TCOORD"})
_COMMENT = ("DCM", "121106")  # "Comment": what a text becomes whose own concept is no code of the standard
_MAX_DEPTH = 32
_METHOD = 0x00120063
_SEAL = re.compile(r"SEAL ([0-9a-f]{32})")
_NO_SEAL = "SEAL " + "0" * 32

CleanText = Callable[[str], str]


@dataclass(frozen=True)
class DocumentRules:
    """Rebuilds the content tree of one report under the rules of its header."""

    header: HeaderRules
    clean_text: CleanText

    def apply(self, source: Source) -> Elements:
        """Tag -> (VR, value) of the whole report, sealed so that a second pass knows it."""
        made = self.header.apply(source)
        made.pop(_CONTENT, None)
        made.update(self._concept(source) or {})
        made[_CONTENT] = ("SQ", encode_items(self._children(source, 0)))
        made[0x00080005] = ("CS", b"ISO_IR 192")
        return sealed(made, self.header.pseudonymiser)

    def _children(self, source: Source, depth: int) -> list[Elements]:
        if depth > _MAX_DEPTH:
            raise QuarantinedError("a report of usual depth", "a deeper one", "review the report")
        made = (self._item(item, depth) for item in source.items(_CONTENT))
        return [item for item in made if item is not None]

    def _item(self, source: Source, depth: int) -> Elements | None:
        """One content item with its children; None where it goes."""
        kind = source.text("ValueType")
        concept = source.items(_CONCEPT)
        letter = content_letter(*code_of(concept[0]), self.header.policy.options) if concept else None
        if letter == "X":
            return None
        named = self._concept(source)
        if named is None and concept:
            if kind not in {"TEXT", "CONTAINER"}:
                return None
            named = {_CONCEPT: ("SQ", encode_items([_entry(*_COMMENT)]))}
        value = self._value(kind, source, letter)
        if value is None:
            return None
        made = {**self.header.items(source, depth + 1), **(named or {}), **value}
        for tag in (_CONTENT, _TEXT, _NAME, _UID, _CODE, *(tag for tag, _ in _DATES.values())):
            if tag not in value:
                made.pop(tag, None)
        children = self._children(source, depth + 1)
        if children:
            made[_CONTENT] = ("SQ", encode_items(children))
        return made

    def _concept(self, source: Source) -> Elements | None:
        items = clean_codes(source.items(_CONCEPT), self.header.policy.coding_schemes, frozenset())
        return {_CONCEPT: ("SQ", encode_items(items))} if items else None

    def _value(self, kind: str, source: Source, letter: str | None) -> Elements | None:
        """The item's value in its new form; None where an item of this kind goes."""
        if kind == "TEXT":
            text = "ANONYMIZED" if letter == "D" else self.clean_text(self._text(source, _TEXT, "UT"))
            return {_TEXT: ("UT", padded(text, "UT"))}
        if kind == "PNAME":
            return {_NAME: ("PN", padded(self._person(self._text(source, _NAME, "PN")), "PN"))}
        if kind == "UIDREF":
            uid = self._text(source, _UID, "UI")
            return (
                {_UID: ("UI", padded(self.header.pseudonymiser.uid(OriginalId(uid)).value, "UI"))}
                if uid
                else None
            )
        if kind in _DATES:
            return self._moment(*_DATES[kind], source)
        if kind == "CODE":
            items = clean_codes(source.items(_CODE), self.header.policy.coding_schemes, frozenset())
            return {_CODE: ("SQ", encode_items(items))} if items else None
        return {} if kind in {"CONTAINER", "NUM", *_REFERENCES, *_COORDINATES} else None

    def _moment(self, tag: int, vr: str, source: Source) -> Elements | None:
        text = self._text(source, tag, vr)
        moved = text if vr == "TM" else shift_moment(text, self.header.days)
        return {tag: (vr, padded(moved, vr))} if moved and re.fullmatch(r"[0-9.+-]+", moved) else None

    def _person(self, name: str) -> str:
        """The patient's pseudonym where it is the patient's name; else a pseudonym of that person."""
        wanted = {fold(part) for part in name_parts(name)}
        for known in self.header.known.names:
            if wanted and wanted <= {fold(part) for part in known}:
                return self.header.pseudonymiser.patient(self.header.patient_id).value
        return self.header.pseudonymiser.person(OriginalId(" ".join(sorted(wanted)))).value if wanted else ""

    def _text(self, source: Source, tag: int, vr: str) -> str:
        element = source.elements.get(tag)
        texts = texts_of(element, vr, source.encodings) if element is not None else []
        return "\\".join(texts)


def _entry(scheme: str, code: str) -> Elements:
    meaning = known_meaning(scheme, code) or "Comment"
    return {
        tag_of("CodeValue"): ("SH", padded(code, "SH")),
        tag_of("CodingSchemeDesignator"): ("SH", padded(scheme, "SH")),
        tag_of("CodeMeaning"): ("LO", padded(meaning, "LO")),
    }


def sealed(made: Elements, pseudonymiser: Pseudonymiser) -> Elements:
    """The same report with a keyed seal over every byte of it beside the method's text.

    Surrogates in a text look like names, so a second pass would replace them again. It does not where the
    seal holds: nobody without the key can make one, and any change breaks it.
    """
    method = _SEAL.sub("", made[_METHOD][1].decode()).rstrip(" \\")
    blank = {**made, _METHOD: ("LO", padded(f"{method}\\{_NO_SEAL}", "LO"))}
    seal = pseudonymiser.key.digest("seal", as_bytes(blank).hex()).hex()[:32]
    return {**made, _METHOD: ("LO", padded(f"{method}\\SEAL {seal}", "LO"))}


def own_report(source: Source, policy_hash: str, pseudonymiser: Pseudonymiser) -> Elements | None:
    """The report's elements where this key and policy made it and nothing was changed since; else None."""
    method = source.text("DeidentificationMethod")
    found = _SEAL.search(method)
    if found is None or policy_hash[:16] not in method:
        return None
    made: Elements = {}
    for tag, element in source.elements.items():
        value = raw_bytes(element)
        if value is None or not element.VR or len(value) % 2:
            return None
        made[tag] = (element.VR, value)
    again = sealed(made, pseudonymiser)[_METHOD][1]
    return made if hmac.compare_digest(again, made[_METHOD][1]) else None
