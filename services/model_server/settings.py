"""Settings of the model server; environment variables are read here and nowhere else in this service."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from osteon.domain import UsageError
from osteon.registry import TrustedSigners

_MIB = 2**20
LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)


class Settings(BaseSettings):
    """What the server needs to know; each field is also `OSTEON_SERVER_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="OSTEON_SERVER_", extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8010, ge=0, le=65535)
    project: str = "osteon"
    site: str = Field("local", description="site of a request that names none")
    sites: tuple[str, ...] = Field(
        (), description="sites a request may name; any well-formed label when empty"
    )

    registry_uri: str = Field("sqlite:///runs/registry/mlflow.db", description="MLflow's address")
    registry_history_url: str | None = Field(None, description="database of promotions; the registry's own")
    registry_cache: Path = Field(Path("runs/cache/packages"), description="packages of a remote registry")
    stale_after_days: float | None = Field(
        None, gt=0, description="days after its promotion from which a model abstains; never when left out"
    )
    trusted_signers_file: Path | None = Field(
        None, description="public keys (PEM) of whom one must have signed a package; any package when none"
    )
    reload_interval_s: float = Field(2.0, gt=0, description="pause between two looks at the registry")
    outbox_url: str = Field("sqlite:///runs/outbox.db", description="database the events are appended to")

    dual_package: Path | None = Field(None, description="dual encoder of searches, from `osteon pretrain`")
    index: str | None = Field(None, description="folder or PostgreSQL address of the embedding index")

    dicomweb_url: str | None = Field(
        None, description="DICOMweb service that pictures may be referred to in; none when left out"
    )
    dicomweb_token_file: Path | None = Field(None, description="file with its bearer token")
    dicomweb_timeout_s: float = Field(20.0, gt=0, description="of one exchange with it")

    token_file: Path = Field(
        Path("runs/secrets/token"),
        description="lines of `TOKEN [SCOPE,SCOPE [PROJECT,PROJECT]]`; made on the first start",
    )
    hmac_key_file: Path = Field(
        Path("runs/secrets/hmac.key"), description="key of input_hmac; made on the first start"
    )
    jwt_key_file: Path | None = Field(
        None, description="public key (PEM) that signed tokens are checked with"
    )
    jwt_algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    jwt_audience: str = "osteon-model-server"
    jwt_issuer: str | None = None

    max_files: int = Field(16, ge=1)
    max_file_bytes: int = Field(64 * _MIB, ge=1)
    max_request_bytes: int = Field(128 * _MIB, ge=1)
    max_pixels: int = Field(36_000_000, ge=1, description="rows x columns of one frame: a stitched leg")
    max_inflated_bytes: int = Field(128 * _MIB, ge=1, description="a deflated instance once inflated")
    max_decoded_bytes: int = Field(256 * _MIB, ge=1, description="pixels of one instance once decoded")
    max_waiting: int = Field(32, ge=1, description="requests under way before 429 is answered")
    requests_per_s: float = Field(200.0, gt=0, description="that one token may go on sending; 429 beyond")
    requests_burst: int = Field(400, ge=1, description="that one token may send at once after a pause")
    upload_timeout_s: float = Field(30.0, gt=0, description="for a request's body to arrive: 408 after it")
    request_timeout_s: float = Field(60.0, gt=0, description="for the answer after that: 503 after it")
    shadow_waiting: int = Field(
        64, ge=0, description="pictures that may wait for a challenger; 0: none asked"
    )
    shadow_bytes: int = Field(256 * _MIB, ge=0, description="memory that these pictures may take")
    workers: int = Field(2, ge=1, description="threads that decode and infer")
    torch_threads: int = Field(1, ge=1, description="threads of one inference, whatever the engine")
    engine: Literal["auto", "torch", "onnxruntime", "openvino", "int8"] = Field(
        "auto", description="auto: what the package was exported to, int8 before onnxruntime, else torch"
    )

    @field_validator("site", "project")
    @classmethod
    def _require_label(cls, value: str) -> str:
        if not LABEL.fullmatch(value):
            raise ValueError("letters, digits, dot, dash and underscore, at most 64")
        return value

    def trusted_signers(self) -> TrustedSigners | None:
        """Whose signature a package needs; None where none is asked for."""
        return TrustedSigners.load(self.trusted_signers_file) if self.trusted_signers_file else None

    def known_site(self, site: str | None) -> str:
        """The site of a request, or the server's own; UsageError when it is not a site of this server."""
        if not site:
            return self.site
        if not LABEL.fullmatch(site) or (self.sites and site not in self.sites):
            raise UsageError("a site that this server knows", "another", "name one of its sites, or none")
        return site


def read_hmac_key(path: Path) -> bytes:
    """The key of `input_hmac`: the file's bytes as they are; made where there is none."""
    _make_secret(path, lambda: secrets.token_hex(32))
    key = path.read_bytes()
    if len(key) < 16:
        raise UsageError("an HMAC key of 16 bytes or more", f"{len(key)} bytes", "make a new key")
    return key


def read_tokens(path: Path) -> str:
    """The token file's text; one random token with every scope is made where there is none."""
    _make_secret(path, lambda: secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii")


def _make_secret(path: Path, make: Callable[[], str]) -> None:
    """A file that its owner alone may read, unless it is there already (perhaps on a read-only mount)."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{make()}\n")
