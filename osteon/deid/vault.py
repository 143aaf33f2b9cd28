"""The identified area of one project: crosswalk, audit trail and review queue, held by this part alone.

It lies outside every output. What is in it is sealed or keyed under the master key, except the audit trail,
which holds no value and must stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from osteon.database import create_engine, open_database
from osteon.deid.audit import AuditTrail
from osteon.deid.cases import Cases
from osteon.deid.crosswalk import Crosswalk
from osteon.deid.keys import KeyRing, ProjectKey, load_ring
from osteon.domain.errors import RefusedError

MIGRATIONS = "osteon.deid:migrations"
DATABASE = "vault.db"


@dataclass(frozen=True, slots=True)
class VaultPlace:
    """Where a vault is and which key opens it; may be sent to a worker process.

    Attributes:
        folder: for the audit trail and sealed contents, and the database where `url` is empty.
        ring: the master key's versions.
        url: an SQLAlchemy address, where several machines share one database.
    """

    folder: Path
    ring: KeyRing = field(repr=False)
    project: str = "osteon"
    url: str = ""

    @classmethod
    def of(cls, folder: Path, key_file: Path, project: str = "osteon", url: str = "") -> VaultPlace:
        """The place, with the key read from its file."""
        return cls(folder, load_ring(key_file), project, url)

    def address(self) -> str:
        """The database's address."""
        return self.url or f"sqlite:///{self.folder / DATABASE}"


@dataclass(frozen=True, slots=True)
class Vault:
    """An open vault."""

    place: VaultPlace
    engine: sa.Engine

    @classmethod
    def open(cls, place: VaultPlace, *, migrate: bool = True) -> Vault:
        """The vault at the place, made when it is not there, readable by its owner alone.

        Args:
            migrate: bring the schema up to date; a worker leaves that to the process that started it.
        """
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not place.url and place.folder.stat().st_mode & 0o077:
            place.folder.chmod(0o700)
        engine = open_database(place.address(), MIGRATIONS) if migrate else create_engine(place.address())
        return cls(place, engine)

    @property
    def audit(self) -> AuditTrail:
        """Who did what and why."""
        return AuditTrail(
            self.place.folder / "audit" / self.place.project, self.place.ring, self.place.project
        )

    @property
    def crosswalk(self) -> Crosswalk:
        """From pseudonym to original."""
        return Crosswalk(self.engine, self.place.ring, self.place.project)

    @property
    def cases(self) -> Cases:
        """What was held back."""
        return Cases(self.engine, self.place.folder / "quarantine", self.place.ring, self.place.project)

    @property
    def key(self) -> ProjectKey:
        """The project's current key."""
        return self.place.ring.project_key(self.place.project)


def require_outside(vault: Path, output: Path) -> None:
    """Returns when the vault is no part of what is given away; RefusedError otherwise."""
    if vault.resolve() == output.resolve() or output.resolve() in vault.resolve().parents:
        raise RefusedError("a vault outside the output", "one inside it", "name another folder: --vault")
