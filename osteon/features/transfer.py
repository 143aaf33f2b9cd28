"""The step from the outbox to the feature store: at least once sent, once taken."""

from __future__ import annotations

from osteon.features.outbox import DEFAULT_LEASE_S, Outbox
from osteon.features.repository import FeatureRepository


def move_events(
    outbox: Outbox, repository: FeatureRepository, *, batch: int = 500, lease_s: float = DEFAULT_LEASE_S
) -> int:
    """Move everything that waits; how many events the feature store did not have before.

    Written first and acknowledged after: a crash between the two sends the events again, and
    `write_events` takes each once.
    """
    added = 0
    while claimed := outbox.claim(batch, lease_s):
        added += repository.write_events([each.event for each in claimed])
        outbox.ack(claimed)
    return added
