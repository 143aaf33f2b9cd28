"""What the service's handlers share: settings, key, policy, vault, and a bounded place for each request."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request

from osteon.deid.identity import KnownIdentity
from osteon.deid.keys import ProjectKey
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Notes, Pseudonymiser
from osteon.deid.vault import Vault
from osteon.domain.errors import FaultError, OsteonError, QuarantinedError, UsageError
from services.deid.bodies import body_of
from services.deid.callers import Callers
from services.deid.metrics import DeidMetrics
from services.deid.settings import Settings

Made = TypeVar("Made")
SITE_HEADER = "X-Osteon-Site"
_SITE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger(__name__)
OUTCOME = {2: "bad_request", 3: "refused", 4: "quarantined", 1: "fault"}


class TooBusy(Exception):  # noqa: N818 - a state, answered with 503
    """More requests wait than may."""


class HeldBackError(QuarantinedError):
    """As its parent, with the number of the case that waits for a person."""

    def __init__(self, error: QuarantinedError, case_id: str) -> None:
        super().__init__(error.need, error.got, error.next_step)
        self.case_id = case_id


@dataclass(slots=True)
class Work:
    """What the handlers share; ready when the text engine is loaded."""

    settings: Settings
    callers: Callers
    policy: Policy
    key: ProjectKey
    metrics: DeidMetrics
    slots: asyncio.Semaphore
    vault: Vault | None = None
    waiting: int = 0
    ready: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def pseudonymiser(self, site: str | None) -> Pseudonymiser:
        """For the site that issued the patient numbers: the request's, else the service's own."""
        if site is not None and not _SITE.fullmatch(site):
            raise UsageError(
                "a site name of letters, digits, . _ -", "another", f"correct {SITE_HEADER} or `site`"
            )
        notes: Notes | None = {} if self.vault is not None else None
        return Pseudonymiser(self.key, site or self.settings.site, notes)

    def opened_vault(self) -> Vault:
        """The vault; only routes that exist with one ask for it."""
        if self.vault is None:
            raise FaultError("a service with a vault", "one without", "set OSTEON_DEID_VAULT")
        return self.vault

    def kept(self, pseudonymiser: Pseudonymiser) -> None:
        """What the pseudonymiser made is in the crosswalk, where there is a vault."""
        if self.vault is not None and pseudonymiser.notes:
            self.vault.crosswalk.record(pseudonymiser.notes)

    def held(
        self,
        what: str,
        content: bytes,
        suffix: str,
        site: str,
        error: QuarantinedError,
        known: KnownIdentity | None = None,
        patient: str | None = None,
    ) -> QuarantinedError:
        """The error to answer: with a vault the content waits there, sealed, under a case number."""
        if self.vault is None:
            return error
        from osteon.deid.cases import CaseContent

        sealed = CaseContent(files=((suffix, content),), known=known or KnownIdentity(), patient=patient)
        case_id = self.vault.cases.keep(site, "", what, sealed, error)
        self.vault.audit.append("quarantined", {"case_id": case_id, "what": what, "reason": error.code})
        return HeldBackError(error, case_id)

    async def body(self, request: Request, limit: int, kind: str) -> bytes:
        """The request's body, which takes a place while it comes: bodies of a full queue fill no memory."""
        with self._place(kind):
            return await body_of(request, limit, self.settings.body_timeout_s)

    async def run(self, kind: str, call: Callable[[], Made]) -> Made:
        """The call on a thread, as many at once as the settings admit."""
        try:
            with self._place(kind):
                async with self.slots:
                    with (
                        self.metrics.in_progress.track_inprogress(),
                        self.metrics.seconds.labels(kind).time(),
                    ):
                        made = await asyncio.to_thread(call)
        except OsteonError as error:
            self.metrics.requests.labels(kind, OUTCOME[error.exit_code]).inc()
            raise
        except TooBusy:
            raise
        except Exception as error:  # noqa: BLE001 - its text may hold a value, and the server would log it
            self.metrics.requests.labels(kind, OUTCOME[FaultError.exit_code]).inc()
            raise _fault(error) from None
        self.metrics.requests.labels(kind, "answered").inc()
        return made

    @contextmanager
    def _place(self, kind: str) -> Iterator[None]:
        """One of the places that the settings admit; freed and taken again without a wait, none is lost."""
        if self.waiting >= self.settings.max_waiting + self.settings.max_concurrent:
            self.metrics.requests.labels(kind, "busy").inc()
            raise TooBusy
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1


def _fault(error: Exception) -> FaultError:
    """What is answered in its place; the log has where it was raised, in lines of code without values."""
    kind = type(error).__name__
    _log.error("%s\n%s", kind, "".join(traceback.format_tb(error.__traceback__)))
    return FaultError("a request that the service can work on", kind, "report it: the log says where it was")
