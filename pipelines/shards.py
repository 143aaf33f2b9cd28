"""De-identification in shards: how many there are, and one of them; `stages.deid` joins them."""

from __future__ import annotations

from pipelines.deid_rules import DeidRules
from pipelines.progress import stage_progress
from pipelines.storage import adding, join, reading


def deid_plan(source: str, *, shards: int = 1) -> list[str]:
    """The shards that a folder's studies are done in, as `0/3`: never more than there are studies."""
    from osteon.deid.sources import find_studies

    with reading(source) as incoming:
        count = max(1, min(shards, len(find_studies(incoming))))
    return [f"{number}/{count}" for number in range(count)]


def deid_shard(source: str, workspace: str, *, shard: str, rules: DeidRules) -> int:
    """One shard's studies with their records, in WORKSPACE/deid; studies that are done are not done again.

    Args:
        shard: as `deid_plan` gives it.
    """
    from osteon.deid.shards import deidentify_shard

    number, count = (int(part) for part in shard.split("/"))
    with (
        reading(source) as incoming,
        adding(join(workspace, "deid")) as folder,
        stage_progress("de-identify") as progress,
    ):
        return deidentify_shard(
            incoming, folder, shard=number, shards=count, progress=progress, **rules.loaded
        )
