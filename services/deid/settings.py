"""Settings of the de-identification service; environment variables are read here and nowhere else in it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from osteon.domain.errors import UsageError
from services.deid.callers import Caller, parse_people

_MIB = 2**20
_MIN_TOKEN = 16


class Settings(BaseSettings):
    """What `python -m services.deid` needs to know; prefix OSTEON_DEID_."""

    model_config = SettingsConfigDict(env_prefix="OSTEON_DEID_", extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8020, ge=1, le=65535)
    project: str = "osteon"
    site: str = Field("local", description="who issued the patient numbers, where a request does not say")
    key_file: Path = Field(description="the project's pseudonymisation key; only this service may read it")
    policy_file: Path | None = Field(None, description="policy (YAML) in the place of the shipped one")
    token: SecretStr | None = Field(None, description="bearer token of /v1")
    token_file: Path | None = Field(None, description="file that holds the bearer token of /v1")
    people_file: Path | None = Field(
        None, description="lines of TOKEN SCOPES NAME: who may review, re-identify and audit"
    )
    vault: Path | None = Field(
        None, description="the identified area: crosswalk, audit trail, review queue; none without it"
    )
    vault_url: SecretStr = Field(
        SecretStr(""), description="SQL database of the vault, where machines share it"
    )
    max_dicom_bytes: int = Field(256 * _MIB, ge=1024)
    max_text_bytes: int = Field(8 * _MIB, ge=64)
    body_timeout_s: float = Field(120.0, gt=0, description="for a whole body to come; then 408")
    max_concurrent: int = Field(2, ge=1, description="requests worked on at once")
    max_waiting: int = Field(16, ge=0, description="requests that may wait; more are answered 503")

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if (self.token is None) == (self.token_file is None):
            raise ValueError("set one of OSTEON_DEID_TOKEN and OSTEON_DEID_TOKEN_FILE")
        return self

    def bearer_token(self) -> str:
        """The token that /v1 asks for; never short."""
        if self.token is not None:
            token = self.token.get_secret_value().strip()
        else:
            assert self.token_file is not None  # the validator saw to it
            try:
                token = self.token_file.read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError):
                raise UsageError("a readable token file", "none", "set OSTEON_DEID_TOKEN_FILE") from None
        if len(token) < _MIN_TOKEN:
            raise UsageError(
                f"a token of {_MIN_TOKEN} characters or more", "a shorter one", "make a longer one"
            )
        return token

    def people(self) -> dict[str, Caller]:
        """Token -> the person whose it is; empty where no file is set."""
        if self.people_file is None:
            return {}
        try:
            return parse_people(self.people_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            raise UsageError("a readable file of people", "none", "set OSTEON_DEID_PEOPLE_FILE") from None
