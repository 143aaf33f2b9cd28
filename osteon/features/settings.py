"""Settings of the writer; environment variables are read here and nowhere else in this part."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WriterSettings(BaseSettings):
    """What `python -m osteon.features.writer` needs to know."""

    model_config = SettingsConfigDict(env_prefix="OSTEON_WRITER_", extra="forbid")

    outbox_url: str = Field("sqlite:///runs/outbox.db", description="database that the server appends to")
    repository: Path = Field(Path("runs/features"), description="folder of the feature repository")
    project: str = "osteon"
    batch: int = Field(500, ge=1, description="events moved at once")
    interval_s: float = Field(2.0, gt=0, description="pause when there was nothing to move")
    lease_s: float = Field(60.0, gt=0, description="a writer that died gives its events back after this")
