"""Whether each planted thing became what the standard expects; one verdict each."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from benchmarks.deid_dicom.descriptions import fold, words_of
from benchmarks.deid_dicom.expected import Expectation
from benchmarks.deid_dicom.instances import Planted

METHOD_CODES = {"113100", "113101", "113104", "113105", "113107", "113108"}  # PS3.16 CID 7050


@dataclass(frozen=True, slots=True)
class Fault:
    """One action that was not the expected one; the planted value is synthetic and may be shown."""

    instance: int
    keyword: str
    action: str
    where: str
    why: str
    over_redaction: bool = False


@dataclass(slots=True)
class Score:
    """Counts and faults over all instances, with the maps that must be consistent over them."""

    actions: Counter[str] = field(default_factory=Counter)
    correct: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    forward: dict[tuple[str, str], str] = field(default_factory=dict)
    backward: dict[tuple[str, str], str] = field(default_factory=dict)
    shifts: dict[str, int] = field(default_factory=dict)

    def share(self) -> float:
        """Correct actions over all actions."""
        return sum(self.correct.values()) / max(1, sum(self.actions.values()))

    def add(self, number: int, planted: Planted, content: bytes | None) -> None:
        """Judges one output; None when the program gave none, which makes every action wrong."""
        if content is None:
            for expectation in planted.expectations:
                self._count(number, expectation, "no output")
            return
        out = pydicom.dcmread(BytesIO(content))
        for expectation in planted.expectations:
            self._count(number, expectation, self._why_wrong(expectation, out))
        self._whole(number, planted, content, out)

    def _count(self, number: int, wanted: Expectation, why: str) -> None:
        self.actions[wanted.action] += 1
        if not why:
            self.correct[wanted.action] += 1
            return
        over = (
            wanted.action in {"kept", "cleaned", "shifted", "mapped", "code", "pseudonym"}
            and "left" not in why
        )
        self.faults.append(Fault(number, wanted.keyword, wanted.action, wanted.where, why, over))

    def _why_wrong(self, wanted: Expectation, out: Dataset) -> str:
        parent, element = _find(out, wanted.path)
        if wanted.action == "removed":
            return "" if element is None else "still there"
        if wanted.action == "gone":
            gone = element is None or element.VR == "SQ" or text_of(element) != wanted.original
            return "" if gone else "value left"  # what a sequence holds is looked for in the bytes
        if parent is None:
            return "its sequence is gone"
        if element is None:
            return "removed"
        text = text_of(element)
        if wanted.action == "emptied":
            return "" if text != wanted.original or not text else "value left"
        if wanted.action == "replaced":
            return (
                "value left"
                if text == wanted.original != ""
                else ""
                if text or element.VR == "SQ"
                else "empty"
            )
        return self._kept_or_made(wanted, element, text)

    def _kept_or_made(self, wanted: Expectation, element: pydicom.DataElement, text: str) -> str:
        if wanted.action == "kept":
            return "" if _same(text, wanted.original) else "changed" if text else "emptied"
        if wanted.action == "capped":
            return "" if text == "090Y" else f"not capped: {text}"
        if wanted.action == "code":
            item = element.value[0] if element.value else Dataset()
            return (
                ""
                if f"{item.get('CodeValue')}\\{item.get('CodingSchemeDesignator')}" == wanted.original
                else "lost"
            )
        if wanted.action == "shifted":
            return self._why_not_shifted(wanted, text)
        if wanted.action == "cleaned":
            missing = [w for w in wanted.words if w not in words_of(text)]
            return f"clinical words lost: {' '.join(missing)}" if missing else ""
        return self._why_not_consistent(wanted, text)

    def _why_not_shifted(self, wanted: Expectation, text: str) -> str:
        if len(wanted.original.split(".")[0].rstrip()) <= 6:  # a time of day: whole days leave it as it is
            return "" if text == wanted.original else f"time changed to {text!r}"
        if text[8:] != wanted.original[8:]:
            return f"time of day changed: {text!r}"
        try:
            days = (_day(text) - _day(wanted.original)).days
        except ValueError:
            return f"no date: {text!r}"
        if days == 0:
            return "value left"
        return (
            "" if self.shifts.setdefault(wanted.group, days) == days else "another shift of the same patient"
        )

    def _why_not_consistent(self, wanted: Expectation, text: str) -> str:
        if not text or text == wanted.original:
            return "value left" if text else "empty"
        if self.forward.setdefault((wanted.group, wanted.original), text) != text:
            return "another pseudonym of the same value"
        if self.backward.setdefault((wanted.group, text), wanted.original) != wanted.original:
            return "one pseudonym of two values"
        return ""

    def _whole(self, number: int, planted: Planted, content: bytes, out: Dataset) -> None:
        """What holds for the file: no token in any byte, clean container, stated method, pixels."""
        lowered = content.lower()
        for token in planted.tokens:
            self._count(number, Expectation((), "bytes", "absent"), _where(token, lowered))
        checks = {
            "preamble": "" if content[:128] == bytes(128) else "preamble left",
            "group 0002": _meta_fault(out),
            "PatientIdentityRemoved": "" if out.get("PatientIdentityRemoved") == "YES" else "not stated",
            "DeidentificationMethod": "" if out.get("DeidentificationMethod") else "not stated",
            "method codes": _codes_fault(out),
            "pixels": _pixel_fault(planted, out),
        }
        for name, why in checks.items():
            self._count(number, Expectation((), name, "whole"), why)


def _find(out: Dataset, path: tuple[int, ...]) -> tuple[Dataset | None, pydicom.DataElement | None]:
    here = out
    for tag, item in zip(path[:-1:2], path[1::2], strict=False):
        if tag not in here or item >= len(here[tag].value or []):
            return None, None
        here = here[tag].value[item]
    return here, here.get(path[-1])


def text_of(element: pydicom.DataElement) -> str:
    """The element's value as one text, several values joined by a backslash."""
    value = element.value
    if value is None or element.VR == "SQ":
        return ""
    if isinstance(value, bytes):
        return value.hex()
    if element.VR == "PN":
        return str(value)
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return str(getattr(value, "original_string", value))
    return "\\".join(str(getattr(v, "original_string", v)) for v in value)


def _same(text: str, wanted: str) -> bool:
    if text.strip() == wanted.strip():
        return True
    try:
        pairs = zip(text.split("\\"), wanted.split("\\"), strict=True)
        return all(math.isclose(float(a), float(b), rel_tol=1e-6) for a, b in pairs)  # FL has 24 bits
    except ValueError:
        return text.rstrip("\\") == wanted.rstrip("\\")


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _where(token: str, lowered: bytes) -> str:
    forms = {token, token.lower(), fold(token), fold(token).lower()}
    codes = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso2022_jp", "iso8859_5", "iso8859_7", "euc_kr")
    for form in forms:
        for code in codes:
            found = form.encode(code, "ignore").lower()
            if len(found) >= 4 and found in lowered:
                return f"a planted value left in the bytes ({code})"
    return ""


def _meta_fault(out: Dataset) -> str:
    meta = out.file_meta
    if meta.MediaStorageSOPInstanceUID != out.SOPInstanceUID:
        return "MediaStorageSOPInstanceUID is another"
    extra = {e.keyword for e in meta} & {
        "SourceApplicationEntityTitle",
        "PrivateInformation",
        "SendingApplicationEntityTitle",
    }
    return f"left: {' '.join(sorted(extra))}" if extra else ""


def _codes_fault(out: Dataset) -> str:
    found = {item.CodeValue for item in out.get("DeidentificationMethodCodeSequence", [])}
    return "" if found == METHOD_CODES else f"codes {' '.join(sorted(found))}"


def _pixel_fault(planted: Planted, out: Dataset) -> str:
    frame, before = out.pixel_array, planted.picture.frame
    if frame.shape != before.shape:
        return "another shape"
    changed = frame != before
    if planted.picture.text is None:
        return "clean pixels changed" if changed.any() else ""
    top, left, bottom, right = planted.picture.text
    if (frame[top:bottom, left:right] >= 3800).any():
        return "burned-in name left"
    if planted.picture.marker:
        a, b, c, d = planted.picture.marker
        if changed[a:c, b:d].any():
            return "side marker changed"
    changed[max(0, top - 40) : bottom + 40, max(0, left - 40) : right + 40] = False
    return "pixels changed away from the text" if np.count_nonzero(changed) else ""
