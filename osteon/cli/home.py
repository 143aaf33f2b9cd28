"""Where an installation keeps its files, and the secrets it makes on its first start."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one installation; nothing lies outside `root`."""

    root: Path

    @property
    def deid_key(self) -> Path:
        """The pseudonymisation key: read by the de-identification service, its stage and its command."""
        return self.root / "secrets" / "deid.key"

    @property
    def token(self) -> Path:
        """The bearer token of the services."""
        return self.root / "secrets" / "token"

    @property
    def hmac_key(self) -> Path:
        """The key of every `input_hmac`."""
        return self.root / "secrets" / "hmac.key"

    @property
    def sample(self) -> Path:
        """The synthetic hospitals."""
        return self.root / "sample"

    @property
    def workspace(self) -> Path:
        """Every stage's artefact: the research side."""
        return self.root / "workspace"

    @property
    def encoder(self) -> Path:
        """The dual encoder of pictures and reports that the run left."""
        return self.workspace / "pretrain"

    @property
    def index(self) -> Path:
        """The sample's pictures and report sentences in its space; `index` beside it is a person's own."""
        return self.root / "sample_index"

    @property
    def registry(self) -> Path:
        """MLflow's database and files."""
        return self.root / "registry"

    @property
    def features(self) -> Path:
        """The Feast repository."""
        return self.root / "features"

    @property
    def references(self) -> Path:
        """The reference windows of the drift monitor."""
        return self.root / "references"

    @property
    def clinical(self) -> Path:
        """The gateway's spool and results: the identified side, emptied as studies are answered."""
        return self.root / "clinical"

    @property
    def state(self) -> Path:
        """The services' databases."""
        return self.root / "state"

    @property
    def outbox(self) -> str:
        """Address of the database of events; the audit of searches is there too."""
        return f"sqlite:///{self.state / 'outbox.db'}"

    @property
    def week(self) -> Path:
        """New studies that `osteon replay` sends."""
        return self.root / "week"

    @property
    def replayed(self) -> Path:
        """Marks that the sample was sent through the services once."""
        return self.state / "replayed"

    @property
    def logs(self) -> Path:
        """One log per service and run."""
        return self.root / "log"

    @property
    def run(self) -> Path:
        """What is running now."""
        return self.root / "run"

    @property
    def scratch(self) -> Path:
        """What may be deleted at any time."""
        return self.root / "scratch"


def open_home(root: Path) -> Home:
    """The home with its folders and secrets; what is there already is kept."""
    home = Home(root.absolute())
    for folder in (home.state, home.logs, home.run, home.scratch):
        folder.mkdir(parents=True, exist_ok=True)
    (home.root / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    _secret(home.token, lambda: secrets.token_urlsafe(32))
    _secret(home.hmac_key, lambda: secrets.token_hex(32))
    if not home.deid_key.exists():
        from osteon.deid import keys

        keys.create_key(home.deid_key)
    return home


def _secret(path: Path, make: Callable[[], str]) -> None:
    """A file that its owner alone may read; never overwritten."""
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(make() + "\n")
