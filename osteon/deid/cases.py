"""The review queue: what was held back, sealed, with its reason; and what a person decided about it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from osteon.artefact import atomic_write
from osteon.deid.identity import KnownIdentity
from osteon.deid.keys import KeyRing
from osteon.deid.sealing import seal, unseal
from osteon.domain.errors import OsteonError, UsageError

SCHEMA_VERSION = "1"
WAITING, APPROVED, CORRECTED, REJECTED = "waiting", "approved", "corrected", "rejected"
STATES = (WAITING, APPROVED, CORRECTED, REJECTED)
_PURPOSE = "quarantine"
_COLUMNS = (
    "case_id", "schema_version", "project", "site", "study_mark", "what", "reason", "need", "got",
    "next_step", "state", "received_utc", "decided_utc", "person", "decision_reason", "waiver",
)  # fmt: skip
_TABLE = sa.table("deid_case", *(sa.column(name) for name in _COLUMNS))
File = tuple[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as the queue lists it; no value of a data set."""

    case_id: str
    site: str
    study_mark: str
    what: str
    reason: str
    need: str
    got: str
    next_step: str
    state: str
    received_utc: str
    decided_utc: str = ""
    person: str = ""
    decision_reason: str = ""
    waiver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContent:
    """What was held back, in memory: its files as (suffix, bytes), and what is known of the patient."""

    files: tuple[File, ...] = field(repr=False)
    known: KnownIdentity = field(default_factory=KnownIdentity, repr=False)
    patient: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about one case.

    Attributes:
        waiver: the reason that no longer holds it back.
        boxes: (left, top, width, height) to be blacked out in every frame first.
        text: stands in place of the report.
    """

    state: str
    waiver: str = ""
    boxes: tuple[tuple[int, int, int, int], ...] = ()
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of one project: rows in the identified area's database, contents sealed beside it."""

    engine: sa.Engine
    folder: Path
    ring: KeyRing
    project: str = "osteon"

    def case_id(self, site: str, study_mark: str, what: str, files: Iterable[File]) -> str:
        """The same for the same bytes of a study however often they come; tells nothing of them."""
        key = self.ring.subkey("case", self.project, self.ring.versions[0].number)
        digests = "".join(hashlib.sha256(content).hexdigest() for _, content in files)
        return hmac.new(key, f"{site}\0{study_mark}\0{what}\0{digests}".encode(), hashlib.sha256).hexdigest()[
            :24
        ]

    def keep(self, site: str, study_mark: str, what: str, content: CaseContent, error: OsteonError) -> str:
        """The content sealed and a row that waits; a case that is known already keeps its state.

        A case that came without a study, by the service, belongs to the first study that has the same bytes;
        the same bytes in another study are another case.
        """
        case_id = self.case_id(site, "", what, content.files)
        if study_mark and not self._taken_over(case_id, study_mark):
            case_id = self.case_id(site, study_mark, what, content.files)
        known = self._row(case_id)
        if known is None:
            self._seal(case_id, "content", _packed(content))
            row = {
                "case_id": case_id, "schema_version": SCHEMA_VERSION, "project": self.project, "site": site,
                "study_mark": study_mark, "what": what, "reason": error.code, "need": error.need[:300],
                "got": error.got[:300], "next_step": error.next_step[:300], "state": WAITING,
                "received_utc": _now(),
            }  # fmt: skip
            try:
                with self.engine.begin() as connection:
                    connection.execute(sa.insert(_TABLE).values(row))
            except sa.exc.IntegrityError:  # another process kept the same bytes meanwhile
                return case_id
        return case_id

    def listed(self, state: str | None = WAITING) -> list[Case]:
        """Cases in one state, oldest first; all of them when None."""
        query = sa.select(_TABLE).where(_TABLE.c.project == self.project)
        if state is not None:
            query = query.where(_TABLE.c.state == state)
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(_TABLE.c.received_utc, _TABLE.c.case_id)).all()
        return [_case(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """State -> number of cases."""
        query = (
            sa.select(_TABLE.c.state, sa.func.count())
            .where(_TABLE.c.project == self.project)
            .group_by(_TABLE.c.state)
        )
        with self.engine.connect() as connection:
            found = {str(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in STATES}

    def get(self, case_id: str) -> Case:
        """The case; UsageError when the project has none of that number."""
        row = self._row(case_id)
        if row is None:
            raise UsageError(
                "the number of a case of this project", "another", "see: osteon deid review list"
            )
        return _case(row)

    def content(self, case_id: str) -> CaseContent:
        """What was held back; UsageError when a rejection has deleted it."""
        return _unpacked(self._unseal(case_id, "content"))

    def decide(
        self,
        case_id: str,
        decision: Decision,
        *,
        person: str,
        reason: str,
        states: Sequence[str] = (WAITING,),
    ) -> Case:
        """Records the decision; a rejected case's content is deleted.

        Raises:
            UsageError: the case was decided before.
        """
        values = {
            "state": decision.state, "waiver": decision.waiver, "person": person.strip(),
            "decision_reason": reason.strip(), "decided_utc": _now(),
        }  # fmt: skip
        wanted = sa.and_(
            _TABLE.c.case_id == case_id, _TABLE.c.project == self.project, _TABLE.c.state.in_(states)
        )
        with self.engine.begin() as connection:
            if connection.execute(sa.update(_TABLE).where(wanted).values(**values)).rowcount != 1:
                raise UsageError("a case that waits", "one that was decided", "see: osteon deid review show")
            if decision.boxes or decision.text is not None:  # by whoever decided, before anybody sees it
                extra = json.dumps({"boxes": decision.boxes, "text": decision.text}, ensure_ascii=False)
                self._seal(case_id, "correction", extra.encode())
            if (
                decision.state == REJECTED
            ):  # before it is on record: killed here, the case waits without content
                for part in ("content", "correction"):
                    self._path(case_id, part).unlink(missing_ok=True)
        return self.get(case_id)

    def hold_again(self, case_id: str, error: OsteonError) -> None:
        """The case waits for another reason than before; not a rejected one."""
        values = {
            "state": WAITING, "reason": error.code, "need": error.need[:300], "got": error.got[:300],
            "next_step": error.next_step[:300], "waiver": "", "decided_utc": "",
        }  # fmt: skip
        wanted = sa.and_(_TABLE.c.case_id == case_id, _TABLE.c.state != REJECTED)
        with self.engine.begin() as connection:
            connection.execute(sa.update(_TABLE).where(wanted).values(**values))

    def _taken_over(self, case_id: str, study_mark: str) -> bool:
        """Whether the case without a study exists and is, now or since before, this study's."""
        mine = sa.and_(
            _TABLE.c.case_id == case_id,
            _TABLE.c.project == self.project,
            _TABLE.c.study_mark.in_(("", study_mark)),
        )
        with self.engine.begin() as connection:
            done = connection.execute(sa.update(_TABLE).where(mine).values(study_mark=study_mark))
        return bool(done.rowcount)

    def decisions(self) -> dict[str, dict[str, Decision]]:
        """Study mark -> case -> what was decided; cases that wait are not in it."""
        query = sa.select(_TABLE).where(_TABLE.c.project == self.project, _TABLE.c.state != WAITING)
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        found: dict[str, dict[str, Decision]] = defaultdict(dict)
        for row in rows:
            found[row.study_mark][row.case_id] = self.decision(_case(row))
        return dict(found)

    def decision(self, case: Case) -> Decision:
        """What was decided about the case, with its correction."""
        if case.state != CORRECTED:
            return Decision(state=case.state, waiver=case.waiver)
        extra = json.loads(self._unseal(case.case_id, "correction"))
        boxes = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in extra["boxes"])
        return Decision(state=case.state, waiver=case.waiver, boxes=boxes, text=extra["text"])

    def _row(self, case_id: str) -> Any:
        query = sa.select(_TABLE).where(_TABLE.c.case_id == case_id, _TABLE.c.project == self.project)
        with self.engine.connect() as connection:
            return connection.execute(query).first()

    def _path(self, case_id: str, part: str) -> Path:
        return self.folder / f"{case_id}.{part}"

    def _seal(self, case_id: str, part: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sealed = seal(self.ring, _PURPOSE, self.project, content, f"{case_id}\0{part}")
        atomic_write(self._path(case_id, part), sealed)

    def _unseal(self, case_id: str, part: str) -> bytes:
        try:
            sealed = self._path(case_id, part).read_bytes()
        except FileNotFoundError:
            raise UsageError(
                "a case whose content is kept", "one without", "a rejected case's content is deleted"
            ) from None
        return unseal(self.ring, _PURPOSE, self.project, sealed, f"{case_id}\0{part}")


def decisions_digest(decisions: Mapping[str, Decision]) -> str:
    """Changes when any decision about a study changes."""
    lines = [f"{case}\0{one.state}\0{one.waiver}\0{one.boxes}\0{one.text}" for case, one in decisions.items()]
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()


def _case(row: Any) -> Case:
    return Case(**{name: getattr(row, name) for name in Case.__dataclass_fields__})


def _packed(content: CaseContent) -> bytes:
    header = {
        "files": [(suffix, len(data)) for suffix, data in content.files],
        "known": asdict(content.known),
        "patient": content.patient,
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(4, "big") + text + b"".join(data for _, data in content.files)


def _unpacked(packed: bytes) -> CaseContent:
    place = 4 + int.from_bytes(packed[:4], "big")
    header = json.loads(packed[4:place])
    files = []
    for suffix, length in header["files"]:
        files.append((str(suffix), packed[place : place + length]))
        place += length
    known: dict[str, Any] = {
        key: tuple(tuple(one) if isinstance(one, list) else one for one in value)
        if isinstance(value, list)
        else value
        for key, value in header["known"].items()
    }
    return CaseContent(files=tuple(files), known=KnownIdentity(**known), patient=header["patient"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
