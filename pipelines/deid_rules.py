"""How studies are de-identified, as the pipeline's parameters say it: texts and numbers, empty for none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from osteon.deid import Policy


class Shared(TypedDict):
    """What the whole batch and each of its shards are told alike."""

    key_file: Path
    policy: Policy
    workers: int | None
    project: str
    vault: Path | None


@dataclass(frozen=True, kw_only=True)
class DeidRules:
    """Key, policy, processes, project and vault of a run; the package's own policy where none is named."""

    key_file: str
    policy: str = ""
    workers: int = 0
    project: str = "osteon"
    vault: str = ""

    @cached_property
    def loaded(self) -> Shared:
        """The same as the library takes them, with the policy read."""
        from osteon.deid import Policy

        return Shared(
            key_file=Path(self.key_file),
            policy=Policy.load(Path(self.policy) if self.policy else None),
            workers=self.workers or None,
            project=self.project,
            vault=Path(self.vault) if self.vault else None,
        )
