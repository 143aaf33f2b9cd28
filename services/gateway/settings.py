"""Settings of the gateway; environment variables are read here and nowhere else in this service."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from osteon.domain import UsageError

_MIB = 2**20
_AE_TITLE = re.compile(r"[A-Za-z0-9_.-]{1,16}")
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)


class Settings(BaseSettings):
    """What `python -m services.gateway` needs to know; prefix OSTEON_GATEWAY_."""

    model_config = SettingsConfigDict(env_prefix="OSTEON_GATEWAY_", extra="forbid", frozen=True)

    project: str = "osteon"
    site: str = Field("local", description="site of an instance whose sender names none")
    state: Path = Field(Path("runs/gateway"), description="folder of the spool, the queue and the results")
    database_url: str = Field("", description="SQLAlchemy address of the queue; a file in `state` when empty")

    host: str = "127.0.0.1"
    port: int = Field(8030, ge=0, le=65535, description="HTTP: STOW-RS, /v1, health and metrics")
    token_file: Path = Field(
        Path("runs/secrets/gateway.token"),
        description="bearer token of STOW-RS and /v1; made on the first start",
    )

    ae_title: str = "OSTEON"
    dicom_host: str = "127.0.0.1"
    dicom_port: int = Field(11112, ge=0, le=65535)
    calling_ae_titles: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="who may send: AE titles separated by commas, each with its site (MOD1:chu-a,MOD2)",
    )
    max_associations: int = Field(16, ge=1)
    max_instance_bytes: int = Field(256 * _MIB, ge=1)

    hl7_host: str = "127.0.0.1"
    hl7_port: int = Field(2575, ge=0, le=65535)
    max_message_bytes: int = Field(8 * _MIB, ge=1)
    handover: Path | None = Field(
        None, description="folder the de-identification stage reads; reports are refused without one"
    )

    model_server_url: str = "http://127.0.0.1:8010"
    model_server_token_file: Path = Path("runs/secrets/token")
    model_timeout_s: float = Field(60.0, gt=0)
    deid_url: str | None = Field(
        None, description="de-identification service; events are unlinked without it"
    )
    deid_token_file: Path | None = None

    live_models: Path | None = Field(
        None, description="YAML of models switched out of shadow mode, per site; none when absent"
    )
    pacs_host: str | None = None
    pacs_port: int = Field(104, ge=1, le=65535)
    pacs_ae_title: str = "PACS"
    ris_host: str | None = None
    ris_port: int = Field(2575, ge=1, le=65535)

    workers: int = Field(1, ge=1)
    max_attempts: int = Field(
        100, ge=1, description="tries before an item waits for a person; about a day with these pauses"
    )
    backoff_s: float = Field(2.0, gt=0, description="pause after the first failure; doubles with each")
    max_backoff_s: float = Field(900.0, gt=0)
    lease_s: float = Field(180.0, gt=0, description="after this an item of a dead worker is taken up again")
    poll_s: float = Field(0.5, gt=0)

    @field_validator("calling_ae_titles", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = (part.strip().partition(":") for part in value.split(",") if part.strip())
        return {title: site for title, _, site in pairs}

    @field_validator("calling_ae_titles")
    @classmethod
    def _require_titles(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(_AE_TITLE.fullmatch(title) for title in value):
            raise ValueError("AE titles of at most 16 letters, digits, _ . or -")
        if not all(_LABEL.fullmatch(site) for site in value.values() if site):
            raise ValueError("sites of letters, digits, dot, dash and underscore, at most 64")
        return value

    @field_validator("site", "project")
    @classmethod
    def _require_label(cls, value: str) -> str:
        if not _LABEL.fullmatch(value):
            raise ValueError("letters, digits, dot, dash and underscore, at most 64")
        return value

    @property
    def queue_url(self) -> str:
        """Where the queue is."""
        return self.database_url or f"sqlite:///{self.state / 'gateway.db'}"

    def site_of(self, calling_ae_title: str) -> str:
        """The site of a sender."""
        return self.calling_ae_titles.get(calling_ae_title) or self.site


def read_secret(path: Path) -> str:
    """The first word of a secret's file; a random one is made for its owner alone where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return existing_secret(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{secrets.token_urlsafe(32)}\n")
        stream.flush()
        os.fsync(stream.fileno())
    return existing_secret(path)


def existing_secret(path: Path) -> str:
    """The first word of a secret's file.

    Raises:
        UsageError: no file, or an empty one.
    """
    words = path.read_text(encoding="ascii").split() if path.is_file() else []
    if not words:
        raise UsageError("a file with a bearer token", "none, or an empty one", "write the token into it")
    return words[0]
