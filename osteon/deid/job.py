"""One run over a folder: what every worker of it needs, and the output folder held while it lasts."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from osteon.deid.cases import Decision, decisions_digest
from osteon.deid.keys import ProjectKey, load_key
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import QUARANTINE, RECORDS, record_name
from osteon.deid.sources import StudySource
from osteon.deid.vault import Vault, VaultPlace, require_outside
from osteon.domain.errors import RefusedError
from osteon.domain.manifest import sha256_text

_FORMAT = "2"  # of the records: an older run's are made again


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker of one run needs, sent once."""

    folder: Path
    output: Path
    policy: Policy
    key: ProjectKey
    vault: VaultPlace | None = None
    decisions: Mapping[str, Mapping[str, Decision]] = field(default_factory=dict)


@contextmanager
def opened_job(
    in_dir: Path,
    out_dir: Path,
    key_file: Path,
    policy: Policy | None,
    *,
    project: str,
    vault: Path | None,
    alone: bool = True,
) -> Iterator[Job]:
    """The job of one run, with the output folder held: by this run alone, or shared with other shards."""
    policy = policy or Policy.load()
    _require_own(in_dir, out_dir)
    place = None
    decisions: Mapping[str, Mapping[str, Decision]] = {}
    if vault is not None:
        require_outside(vault, out_dir)
        place = VaultPlace.of(vault, key_file, project)
        decisions = Vault.open(place).cases.decisions()
    job = Job(in_dir, out_dir, policy, load_key(key_file, project), place, decisions)
    with held_output(out_dir, alone):
        for folder in (RECORDS, QUARANTINE):
            (out_dir / folder).mkdir(parents=True, exist_ok=True)
        yield job


def _require_own(in_dir: Path, out_dir: Path) -> None:
    """Returns when the output is of such runs alone: what no study gives any more is removed there."""
    source, target = in_dir.resolve(), out_dir.resolve()
    if target == source or source in target.parents:
        raise RefusedError("an output folder outside the input", "one inside it", "name another folder")
    if target in source.parents:
        raise RefusedError("an output folder beside the input", "one above it", "name another folder")
    if not (target / RECORDS).is_dir() and next(target.glob("*/dicom/*"), None) is not None:
        raise RefusedError(
            "an output folder that is empty, or of an earlier run",
            "one with other studies",
            "name another folder",
        )


@contextmanager
def held_output(output: Path, alone: bool = True) -> Iterator[None]:
    """A lock beside the output: freed when its holder dies, however it dies."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with (output.parent / f".{output.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            raise RefusedError(
                "an output folder that no other run writes", "one in use", "wait for that run, or stop it"
            ) from None
        yield


def study_mark(study: StudySource, key: ProjectKey) -> str:
    """Names a study in the review queue without telling which it is."""
    return record_name(study, Pseudonymiser(key)).removesuffix(".json")


def state_of(study: StudySource, job: Job) -> str:
    """Changes when the study's input changes, or the rules that it is made under."""
    decisions = job.decisions.get(study_mark(study, job.key), {})
    parts = [study.signature(job.folder), job.policy.hash, job.key.fingerprint, _FORMAT]
    return sha256_text("\0".join([*parts, *([decisions_digest(decisions)] if decisions else [])]))
