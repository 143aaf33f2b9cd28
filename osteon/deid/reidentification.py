"""From a pseudonym back to the patient: by a named person, for a reason, on record."""

from __future__ import annotations

import re

from osteon.deid.crosswalk import Entry
from osteon.deid.persons import require_person
from osteon.deid.values import fold
from osteon.deid.vault import Vault
from osteon.domain.errors import RefusedError, UsageError
from osteon.domain.identity import Pseudonym


def reidentify(vault: Vault, pseudonym: str, *, person: str, reason: str) -> Entry:
    """What the pseudonym stands for; the audit trail has the entry before the caller has the answer.

    Raises:
        UsageError: no person or reason, or a reason that holds the very identity.
        RefusedError: this project never made that pseudonym; that was asked is recorded too.
    """
    require_person(person, reason)
    wanted = Pseudonym(pseudonym.strip())
    found = vault.crosswalk.find(wanted)
    if found is None:
        vault.audit.append("reidentification_refused", {"why": "unknown"}, person=person, reason=reason)
        raise RefusedError(
            "a pseudonym of this project's crosswalk", "another", "check it, and the project it came from"
        )
    if _tells(reason, found.original.value):
        raise UsageError("a reason without identity", "one with it", "name the request, never the patient")
    facts = {"kind": found.kind, "pseudonym": found.pseudonym.value, "made_by_key_version": found.key_version}
    vault.audit.append("reidentified", facts, person=person, reason=reason)
    return found


def _tells(reason: str, original: str) -> bool:
    words = set(re.split(r"\W+", fold(reason)))
    return any(part in words for part in re.split(r"\W+", fold(original)) if len(part) > 2)
