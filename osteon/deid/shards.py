"""The same batch in shards: machines that share nothing but the output's storage, joined at the end."""

from __future__ import annotations

from pathlib import Path

from osteon.deid.batch import Progress, do_studies, finish
from osteon.deid.job import opened_job, state_of
from osteon.deid.policy import Policy
from osteon.deid.sources import find_studies
from osteon.domain.errors import UsageError
from osteon.domain.manifest import Manifest


def deidentify_shard(
    in_dir: Path,
    out_dir: Path,
    key_file: Path,
    shard: int,
    shards: int,
    policy: Policy | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    project: str = "osteon",
    vault: Path | None = None,
) -> int:
    """Every `shards`-th study from `shard` on, with its record; no table and no manifest. The number done.

    Shards may run at the same time into one folder. Arguments are those of `deidentify_sample`.

    Raises:
        UsageError: a shard that is not one of them.
    """
    if not 0 <= shard < shards:
        raise UsageError(f"a shard from 0 to {shards - 1}", "another", "count shards from 0")
    with opened_job(in_dir, out_dir, key_file, policy, project=project, vault=vault, alone=False) as job:
        states = {study: state_of(study, job) for study in find_studies(in_dir)[shard::shards]}
        do_studies(job, states, workers, progress)
    return len(states)


def join_shards(
    in_dir: Path,
    out_dir: Path,
    key_file: Path,
    policy: Policy | None = None,
    *,
    project: str = "osteon",
    vault: Path | None = None,
) -> Manifest:
    """Tables and manifest of a folder whose shards are done: the same as of one run without shards.

    Raises:
        RefusedError: a study has no record, or its input has changed since.
    """
    with opened_job(in_dir, out_dir, key_file, policy, project=project, vault=vault) as job:
        return finish(job, {study: state_of(study, job) for study in find_studies(in_dir)})
