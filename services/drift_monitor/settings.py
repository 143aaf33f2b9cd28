"""Settings of the drift monitor; environment variables are read here and nowhere else in this service."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """What `python -m services.drift_monitor` needs to know; prefix OSTEON_DRIFT_."""

    model_config = SettingsConfigDict(env_prefix="OSTEON_DRIFT_", extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8084, ge=1, le=65535)
    project: str = "osteon"
    sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="sites with a label of their own, separated by commas; others are `other`"
    )
    features: Path = Field(Path("runs/features"), description="folder of the feature repository")
    references: Path = Field(Path("runs/references"), description="folder of the reference windows")
    requests: Path | None = Field(None, description="folder for retraining requests; none are filed without")
    requests_on: Literal["look", "alert"] = Field(
        "look", description="file requests at every look, or when Alertmanager tells of a drift"
    )
    labels_url: str | None = Field(None, description="database of persons' labels; none are used without")
    registry_uri: str | None = Field(
        None, description="registry whose new champions are on probation; nobody is watched without"
    )
    policy: Path | None = Field(None, description="drift policy (YAML) in the place of the shipped one")
    interval_s: float = Field(300.0, gt=0, description="time between two looks at the events")
    history_days: float = Field(90.0, gt=0, description="older events are not read")
    seed: int = 0
    token: SecretStr | None = Field(None, description="bearer token of /v1")
    token_file: Path | None = Field(None, description="file that holds the bearer token of /v1")

    @field_validator("sites", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if (self.token is None) == (self.token_file is None):
            raise ValueError("set one of OSTEON_DRIFT_TOKEN and OSTEON_DRIFT_TOKEN_FILE")
        return self

    def bearer_token(self) -> str:
        """The token that /v1 asks for; never empty."""
        if self.token is not None:
            words = [self.token.get_secret_value()]
        else:
            # The model server's file may follow a token with its scopes: the first word is the token.
            words = self.token_file.read_text(encoding="ascii").split() if self.token_file else []
        if not words or not words[0]:
            raise ValueError("the bearer token is empty: write one into the token file")
        return words[0]
