"""Settings of the portal; environment variables are read here and nowhere else in this service."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from osteon.domain import UsageError


class Settings(BaseSettings):
    """What `python -m services.portal` needs to know; prefix OSTEON_PORTAL_."""

    model_config = SettingsConfigDict(env_prefix="OSTEON_PORTAL_", extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    project: str = "osteon"
    token_file: Path = Field(
        Path("runs/secrets/token"), description="access token: asked for at login, and sent to the services"
    )
    secure_cookie: bool = Field(False, description="true where the portal is reached by TLS")
    session_hours: float = Field(12.0, gt=0)
    model_server_url: str = "http://127.0.0.1:8010"
    gateway_url: str = "http://127.0.0.1:8030"
    deid_url: str = "http://127.0.0.1:8020"
    drift_monitor_url: str = "http://127.0.0.1:8084"
    timeout_s: float = Field(2.0, gt=0, description="longest wait for one service")
    refresh_s: int = Field(30, ge=0, description="the page asks for itself again after this; 0 for never")

    def access_token(self) -> str:
        """The first word of the token file.

        Raises:
            UsageError: no file, or an empty one.
        """
        words = self.token_file.read_text(encoding="ascii").split() if self.token_file.is_file() else []
        if not words:
            raise UsageError("a file with the access token", "none, or an empty one", "write a token into it")
        return words[0]
