"""The audit trail: who did what, when and why; append-only, each entry bound to the one before.

An entry is one JSON line. `previous` is the SHA-256 of the line before it, `mac` is keyed: without the
master key no entry can be written or changed unnoticed. The head, a keyed note of how many entries there
are and what the last one is, makes a cut trail noticed as well. Only an older trail put back together with
its own older head looks whole; against that, keep the head that each release statement prints.

Entries hold pseudonyms, rules, counts, persons and their reasons; never a value of a data set.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osteon.deid.keys import KeyRing
from osteon.deid.trail_file import last_lines, whole_lines
from osteon.domain.errors import FaultError, UsageError
from osteon.domain.manifest import canonical_json

SCHEMA_VERSION = "1"
GENESIS = "0" * 64
EVENTS = frozenset(
    {
        "run_started", "run_finished", "quarantined", "approved", "corrected", "rejected", "reidentified",
        "reidentification_refused", "released", "reread", "key_rotated", "viewed",
    }
)  # fmt: skip
_LOG, _HEAD, _LOCK = "audit.jsonl", "audit.head", "audit.lock"


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries there are, and the SHA-256 of the last one's line."""

    entries: int
    last: str

    def __str__(self) -> str:
        return f"{self.entries}:{self.last}"


@dataclass(frozen=True, slots=True)
class TrailCheck:
    """What reading the whole trail showed; `fault` is empty when it is whole."""

    entries: int
    head: str
    fault: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The trail in one folder; several processes may append at once.

    Attributes:
        folder: in the identified area.
        ring: the master key's versions; each entry names the one that keyed it.
        project: stands in every entry.
    """

    folder: Path
    ring: KeyRing
    project: str = "osteon"

    def append(
        self, event: str, facts: Mapping[str, Any] | None = None, *, person: str = "", reason: str = ""
    ) -> Head:
        """Adds one entry and returns the new head; when it returns, the entry is on the disk.

        Raises:
            UsageError: an event that is not in the closed list.
            FaultError: the trail is not whole: nothing is added before a person has looked.
        """
        if event not in EVENTS:
            raise UsageError("an event of the closed list", "another", "see EVENTS in osteon/deid/audit.py")
        with self._locked():
            head = self._mended_head()
            entry: dict[str, Any] = {
                "schema_version": SCHEMA_VERSION,
                "seq": head.entries + 1,
                "time_utc": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "project": self.project,
                "event": event,
                "person": person.strip(),
                "reason": reason.strip(),
                "facts": dict(facts or {}),
                "key_version": self.ring.current,
                "previous": head.last,
            }
            line = canonical_json(
                {**entry, "mac": self._mac("entry", canonical_json(entry), self.ring.current)}
            )
            with (self.folder / _LOG).open("ab") as stream:
                stream.write(line.encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            new = Head(head.entries + 1, _sha(line))
            self._write_head(new)
        return new

    def head(self) -> Head:
        """The head as it stands; FaultError when it is missing or forged."""
        path = self.folder / _HEAD
        if not path.exists() and not (self.folder / _LOG).exists():
            return Head(0, GENESIS)
        try:
            stored = json.loads(path.read_text(encoding="ascii"))
            head, version = Head(int(stored["entries"]), str(stored["last"])), int(stored["key_version"])
            mac = str(stored["mac"])
        except (OSError, ValueError, KeyError, TypeError):
            raise _broken("a head that cannot be read") from None
        try:
            wanted = self._mac("head", str(head), version)
        except UsageError:
            raise _broken("a head of an unknown key") from None
        if not hmac.compare_digest(mac.encode("utf-8", "replace"), wanted.encode()):
            raise _broken("a head that this key did not make")
        return head

    def entries(self) -> Iterator[dict[str, Any]]:
        """The entries, oldest first, as they stand; `verify` says whether to believe them."""
        for line in whole_lines(self.folder / _LOG):
            yield json.loads(line)

    def heads(self) -> Iterator[tuple[dict[str, Any], Head]]:
        """Each entry with the head that it made."""
        for number, line in enumerate(whole_lines(self.folder / _LOG), 1):
            yield json.loads(line), Head(number, _sha(line))

    def verify(self) -> TrailCheck:
        """Reads everything again: the chain, each entry's key, the head."""
        with self._locked():
            try:
                head = self._mended_head()
            except FaultError as error:
                return TrailCheck(0, "", error.got, 0)
            previous, number = GENESIS, 0
            for number, line in enumerate(whole_lines(self.folder / _LOG), 1):
                if fault := self._fault(line, number, previous):
                    return TrailCheck(number - 1, str(head), fault, number)
                previous = _sha(line)
        if (number, previous) != (head.entries, head.last):
            return TrailCheck(number, str(head), "entries are missing at the end", number + 1)
        return TrailCheck(number, str(head))

    def holds(self, noted: str) -> bool:
        """True when the trail still has the entry that a head noted earlier names."""
        number, _, last = noted.partition(":")
        for seq, line in enumerate(whole_lines(self.folder / _LOG), 1):
            if str(seq) == number:
                return _sha(line) == last
        return (number, last) == ("0", GENESIS)

    def _fault(self, line: str, number: int, previous: str) -> str:
        try:
            entry = json.loads(line)
            mac, version = str(entry.pop("mac")), int(entry["key_version"])
            wanted = self._mac("entry", canonical_json(entry), version)
        except (ValueError, KeyError, TypeError, AttributeError, UsageError):
            return "an entry that cannot be read"
        if not hmac.compare_digest(mac.encode("utf-8", "replace"), wanted.encode()):
            return "an entry that was changed"
        if entry["seq"] != number or entry["previous"] != previous:
            return "an entry that is missing or out of its place"
        return ""

    def _mended_head(self) -> Head:
        """The head after what a killed writer left is put right: a torn line goes, a whole one counts.

        A line was only promised to its writer when the head was written; one whole line may be ahead of it.
        """
        head, path = self.head(), self.folder / _LOG
        if not path.exists():
            if head.entries:
                raise _broken("a head without its entries")
            return head
        with path.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            tail = last_lines(stream, size)
            whole = tail[: tail.rfind(b"\n") + 1]
            new = self._head_of(whole, head)
            if len(whole) < len(tail):
                stream.truncate(size - len(tail) + len(whole))
                os.fsync(stream.fileno())
        if new != head:
            self._write_head(new)
        return new

    def _head_of(self, whole: bytes, head: Head) -> Head:
        """The head that the last whole line gives: the stored one, or the next."""
        last = whole.splitlines()
        if not last:
            if head.entries:
                raise _broken("a head without its entries")
            return head
        line = last[-1].decode("utf-8", "replace")
        if _sha(line) == head.last:
            return head
        if self._fault(line, head.entries + 1, head.last):
            raise _broken("a last entry that is not the head's")
        return Head(head.entries + 1, _sha(line))

    def _write_head(self, head: Head) -> None:
        version = self.ring.current
        content = canonical_json(
            {
                "entries": head.entries,
                "last": head.last,
                "key_version": version,
                "mac": self._mac("head", str(head), version),
            }
        )
        part = self.folder / f".{_HEAD}.part"
        with part.open("w", encoding="ascii") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(self.folder / _HEAD)

    def _mac(self, kind: str, text: str, version: int) -> str:
        key = self.ring.subkey("audit", self.project, version)
        return hmac.new(key, f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sha(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _broken(got: str) -> FaultError:
    return FaultError(
        "an audit trail that is whole", got, "run osteon deid audit verify; restore the trail from its copy"
    )
