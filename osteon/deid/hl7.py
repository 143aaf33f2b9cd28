"""HL7 v2 report messages: identity from PID and PV1, the report's text from OBX.

Source: HL7 v2.5.1 chapters 2.7 (escapes), 3.4.2 (PID), 3.4.3 (PV1), 7.4 (OBR, OBX).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from osteon.deid.identity import KnownIdentity
from osteon.domain.errors import RefusedError

MAX_BYTES = 16 * 1024 * 1024
MAX_SEGMENTS = 20_000
MAX_FIELDS = 500
MAX_PARTS = 2_000  # repetitions and components of one field
MAX_TEXT = 2_000_000
MAX_KNOWN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMessage:
    """One ORU message: whose it is, of which examination, and what it says."""

    known: KnownIdentity = field(repr=False)
    patient_ids: tuple[str, ...] = field(repr=False)
    accession_numbers: tuple[str, ...] = field(repr=False)
    study_uids: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)


class _Segments:
    """Segments of one message by name, with the delimiters that its MSH declares."""

    def __init__(self, message: str) -> None:
        self.field_sign = message[3]
        encoding = message[4:8].split(self.field_sign)[0] + "^~\\&"
        self.component, self.repeat, self.escape, self.sub = (
            encoding[0],
            encoding[1],
            encoding[2],
            encoding[3],
        )
        if message.count("\r") + message.count("\n") > MAX_SEGMENTS:
            raise _too_much(f"{MAX_SEGMENTS} segments")
        lines = re.split(r"[\r\n]+", message.strip("\x0b\x1c\r\n"))
        if any(line.count(self.field_sign) > MAX_FIELDS for line in lines):
            raise _too_much(f"{MAX_FIELDS} fields in a segment")
        self.lines = [line.split(self.field_sign) for line in lines if len(line) >= 3]

    def all(self, name: str) -> list[list[str]]:
        return [line for line in self.lines if line[0] == name]

    def repeats(self, segment: list[str], place: int) -> list[list[str]]:
        """Repetitions of a field, each as its components."""
        if place >= len(segment) or not segment[place]:
            return []
        if segment[place].count(self.repeat) + segment[place].count(self.component) > MAX_PARTS:
            raise _too_much(f"{MAX_PARTS} repetitions and components in a field")
        return [
            [self.plain(part) for part in repeat.split(self.component)]
            for repeat in segment[place].split(self.repeat)
            if repeat
        ]

    def plain(self, text: str) -> str:
        """The text with HL7 escapes read."""
        e = re.escape(self.escape)
        signs = {"F": self.field_sign, "S": self.component, "T": self.sub, "R": self.repeat, "E": self.escape}
        text = re.sub(rf"{e}\.(?:br|sp|in|ti)[^{e}]*{e}", "\n", text)
        text = re.sub(
            rf"{e}X((?:[0-9A-Fa-f]{{2}})+){e}", lambda m: bytes.fromhex(m[1]).decode("latin-1"), text
        )
        text = re.sub(rf"{e}([FSTRE]){e}", lambda m: signs[m[1]], text)
        return re.sub(rf"{e}[HN]{e}", "", text)


def read_report_message(content: bytes) -> ReportMessage:
    """The identity and the text of one ORU message.

    Raises:
        RefusedError: not an HL7 v2 message, too large, or without a patient.
    """
    if len(content) > MAX_BYTES:
        raise RefusedError(
            f"a message of at most {MAX_BYTES} bytes", "a larger one", "send one report per message"
        )
    message = _decode(content).lstrip("\x0b\r\n\ufeff ")
    if not message.startswith("MSH") or len(message) < 9:
        raise RefusedError("an HL7 v2 message", "other bytes", "send the ORU message as the RIS wrote it")
    segments = _Segments(message)
    patients = segments.all("PID")
    if len(patients) != 1:
        raise RefusedError("one PID segment", f"{len(patients)}", "send one patient per message")
    known, patient_ids = _identity(segments, patients[0])
    if len(known.names) + len(known.people) + len(known.numbers) + len(known.addresses) > MAX_KNOWN:
        raise _too_much(f"{MAX_KNOWN} names, numbers and addresses")
    return ReportMessage(
        known=known,
        patient_ids=patient_ids,
        accession_numbers=_firsts(
            segments, (("ORC", 2), ("ORC", 3), ("OBR", 2), ("OBR", 3), ("OBR", 18), ("OBR", 20))
        ),
        study_uids=_firsts(segments, (("ZDS", 1),)),
        text=_report_text(segments),
    )


def _too_much(need: str) -> RefusedError:
    return RefusedError(f"a message of at most {need}", "more", "send one report per message")


def _decode(content: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _identity(segments: _Segments, pid: list[str]) -> tuple[KnownIdentity, tuple[str, ...]]:
    numbers = [c[0] for place in (2, 3, 4) for c in segments.repeats(pid, place) if c[0]]
    others = [c[0] for place in (18, 19, 20) for c in segments.repeats(pid, place) if c[0]]
    visits = [
        c[0]
        for pv1 in segments.all("PV1")
        for place in (5, 19, 50)
        for c in segments.repeats(pv1, place)
        if c[0]
    ]
    orders = _firsts(segments, (("ORC", 2), ("ORC", 3), ("OBR", 2), ("OBR", 3), ("OBR", 18), ("OBR", 20)))
    people = [
        tuple(part for part in components[1:4] if part)
        for name, places in (
            ("PV1", (7, 8, 9, 17)),
            ("OBR", (10, 16, 28, 32, 33, 34, 35)),
            ("ORC", (10, 11, 12)),
            ("OBX", (16,)),
        )
        for segment in segments.all(name)
        for place in places
        for components in segments.repeats(segment, place)
    ]
    sex = next((c[0] for c in segments.repeats(pid, 8)), "")
    known = KnownIdentity(
        names=tuple(
            tuple(p for p in c[:3] if p) for place in (5, 6, 9) for c in segments.repeats(pid, place)
        ),
        people=tuple(dict.fromkeys(name for name in people if name)),
        numbers=tuple(dict.fromkeys([*numbers, *others, *visits, *orders])),
        birth_dates=tuple(c[0][:8] for c in segments.repeats(pid, 7) if c[0]),
        addresses=tuple(" ".join(p for p in c[:6] if p) for c in segments.repeats(pid, 11)),
        phones=tuple(
            p
            for place in (13, 14)
            for c in segments.repeats(pid, place)
            for p in c
            if sum(x.isdigit() for x in p) > 6
        ),
        mails=tuple(p for c in segments.repeats(pid, 13) for p in c if "@" in p),
        sex=sex if sex in {"M", "F", "O"} else None,
    )
    return known, tuple(dict.fromkeys(numbers))


def _firsts(segments: _Segments, places: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    found = [
        components[0]
        for name, place in places
        for segment in segments.all(name)
        for components in segments.repeats(segment, place)
        if components[0]
    ]
    return tuple(dict.fromkeys(found))


def _report_text(segments: _Segments) -> str:
    """All text observations in order; repetitions are lines."""
    parts = []
    texts = [obx for obx in segments.all("OBX") if len(obx) > 5 and obx[2] in {"TX", "FT", "ST"}]
    if sum(len(obx[5]) for obx in texts) > MAX_TEXT:
        raise _too_much(f"{MAX_TEXT} characters of text")
    for obx in texts:
        if obx[5].count(segments.repeat) > MAX_SEGMENTS:
            raise _too_much(f"{MAX_SEGMENTS} lines in an observation")
        parts.append("\n".join(segments.plain(line) for line in obx[5].split(segments.repeat)))
    return "\n".join(parts)
