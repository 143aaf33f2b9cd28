"""Who may ask what: bearer tokens with scopes, from a file or signed by an identity provider."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osteon.domain import UsageError
from services.model_server.answers import HttpError
from services.model_server.settings import Settings, read_tokens

SCOPES = ("predict", "embed", "models")


@dataclass(frozen=True, slots=True)
class SignedTokens:
    """How signed tokens (JWT, RFC 7519) are checked."""

    key: str
    algorithms: tuple[str, ...]
    audience: str
    issuer: str | None

    def scopes(self, token: str) -> frozenset[str]:
        """Scopes of a valid token (RFC 8693 section 4.2: `scope` is a list separated by spaces)."""
        import jwt

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.key,
                algorithms=list(self.algorithms),
                audience=self.audience,
                issuer=self.issuer,
                options={"require": ["exp", "aud"]},
            )
        except jwt.PyJWTError:
            return frozenset()
        return frozenset(str(claims.get("scope", "")).split()) & frozenset(SCOPES)


class Tokens:
    """The tokens that this server accepts."""

    def __init__(self, tokens: Mapping[str, frozenset[str]], signed: SignedTokens | None = None) -> None:
        self._tokens = {token.encode(): scopes for token, scopes in tokens.items()}
        self._signed = signed

    @classmethod
    def load(cls, settings: Settings) -> Tokens:
        """The tokens of the settings' file, and the key for signed ones where it is set."""
        signed = None
        if settings.jwt_key_file is not None:
            signed = SignedTokens(
                settings.jwt_key_file.read_text(encoding="ascii"),
                settings.jwt_algorithms,
                settings.jwt_audience,
                settings.jwt_issuer,
            )
        return cls(parse_tokens(read_tokens(settings.token_file)), signed)

    def require(self, token: str | None, scope: str) -> None:
        """Return when the token may do that; HttpError 401 or 403 otherwise."""
        if token is None:
            raise _unauthorised("none")
        scopes = self._scopes(token)
        if not scopes:
            raise _unauthorised("one that is not valid")
        if scope not in scopes:
            raise HttpError(403, f"a token with the scope {scope}", "one without", "ask for a token with it")

    def _scopes(self, token: str) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for known, scopes in self._tokens.items():  # every one is compared: time tells nothing
            if hmac.compare_digest(known, token.encode()):
                found = scopes
        if not found and self._signed is not None and token.count(".") == 2:
            found = self._signed.scopes(token)
        return found


def parse_tokens(text: str) -> dict[str, frozenset[str]]:
    """Lines of `TOKEN [SCOPE,SCOPE]`; a token alone has every scope; `#` begins a comment.

    >>> sorted(parse_tokens("abcdefghijklmnop predict,models")["abcdefghijklmnop"])
    ['models', 'predict']
    """
    tokens: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        scopes = frozenset(words[1].split(",")) if len(words) > 1 else frozenset(SCOPES)
        if len(words) > 2 or len(words[0]) < 16 or not scopes <= frozenset(SCOPES):
            raise UsageError(
                f"lines of a token of 16 characters or more and scopes among {', '.join(SCOPES)}",
                "another line",
                "correct the token file",
            )
        tokens[words[0]] = scopes
    return tokens


def _unauthorised(got: str) -> HttpError:
    return HttpError(401, "a bearer token", got, "send `Authorization: Bearer TOKEN`")
