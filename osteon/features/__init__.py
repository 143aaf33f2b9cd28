"""Events of the server: the durable outbox, and the Feast repository that a writer fills from it."""

from osteon.features.outbox import ClaimedEvent, Outbox
from osteon.features.repository import FeatureRepository
from osteon.features.transfer import move_events

__all__ = ["ClaimedEvent", "FeatureRepository", "Outbox", "move_events"]
