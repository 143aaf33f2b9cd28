"""Who may ask what: bearer tokens with scopes, from a file or signed by an identity provider."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from osteon.domain import UsageError, sha256_text
from services.model_server.answers import HttpError
from services.model_server.settings import LABEL, Settings, read_tokens

SEARCH_SCOPES = ("search", "zeroshot", "report-draft", "explain-phrase")
SCOPES = ("predict", "embed", "models", *SEARCH_SCOPES)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one token allows.

    Attributes:
        scopes: empty for a token that is not valid.
        projects: whose records it may search; empty stands for the server's own project.
        actor: names the token in the audit without telling it.
    """

    scopes: frozenset[str]
    projects: frozenset[str] = frozenset()
    actor: str = ""


@dataclass(frozen=True, slots=True)
class SignedTokens:
    """How signed tokens (JWT, RFC 7519) are checked."""

    key: str
    algorithms: tuple[str, ...]
    audience: str
    issuer: str | None

    def grant(self, token: str) -> Grant:
        """What a valid token says (RFC 8693 section 4.2: `scope` is a list separated by spaces).

        `projects`, ours, is written likewise. The actor is a digest of issuer and subject, so that a renewed
        token is the same actor.
        """
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
            return Grant(frozenset())
        scopes = frozenset(str(claims.get("scope", "")).split()) & frozenset(SCOPES)
        projects = frozenset(str(claims.get("projects", "")).split())
        who = f"{claims.get('iss', '')}\0{claims.get('sub', token)}"
        return Grant(scopes, projects, f"jwt:{sha256_text(who)[:12]}")


class Tokens:
    """The tokens that this server accepts."""

    def __init__(
        self, tokens: Mapping[str, Grant], signed: SignedTokens | None = None, *, project: str = "osteon"
    ) -> None:
        self._tokens = {token.encode(): grant for token, grant in tokens.items()}
        self._signed = signed
        self._project = project

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
        return cls(parse_tokens(read_tokens(settings.token_file)), signed, project=settings.project)

    def require(self, token: str | None, scope: str) -> Grant:
        """What the token allows, its projects named, when it may do that; HttpError 401 or 403 otherwise.

        All but searches belong to the server's own project.
        """
        if token is None:
            raise _unauthorised("none")
        grant = self._grant(token)
        if not grant.scopes:
            raise _unauthorised("one that is not valid")
        if scope not in grant.scopes:
            raise HttpError(403, f"a token with the scope {scope}", "one without", "ask for a token with it")
        if not grant.projects:
            return replace(grant, projects=frozenset({self._project}))
        if scope not in SEARCH_SCOPES and self._project not in grant.projects:
            raise HttpError(403, "a token of this server's project", "another's", "ask that project's server")
        return grant

    def _grant(self, token: str) -> Grant:
        found = Grant(frozenset())
        for known, grant in self._tokens.items():  # every one is compared: time tells nothing
            if hmac.compare_digest(known, token.encode()):
                found = grant
        if not found.scopes and self._signed is not None and token.count(".") == 2:
            found = self._signed.grant(token)
        return found


def parse_tokens(text: str) -> dict[str, Grant]:
    """Lines of `TOKEN [SCOPE,SCOPE [PROJECT,PROJECT]]`; `#` begins a comment.

    A token alone has every scope; without projects it is of the server's own.

    >>> grant = parse_tokens("abcdefghijklmnop predict,search lyon")["abcdefghijklmnop"]
    >>> sorted(grant.scopes), sorted(grant.projects)
    (['predict', 'search'], ['lyon'])
    """
    tokens: dict[str, Grant] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        scopes = frozenset(words[1].split(",")) if len(words) > 1 else frozenset(SCOPES)
        projects = frozenset(words[2].split(",")) if len(words) > 2 else frozenset()
        named = all(LABEL.fullmatch(project) for project in projects)
        if len(words) > 3 or len(words[0]) < 16 or not scopes <= frozenset(SCOPES) or not named:
            raise UsageError(
                f"lines of a token of 16 characters or more, scopes among {', '.join(SCOPES)}, and projects",
                "another line",
                "correct the token file",
            )
        tokens[words[0]] = Grant(scopes, projects, f"token:{sha256_text(words[0])[:12]}")
    return tokens


def _unauthorised(got: str) -> HttpError:
    return HttpError(401, "a bearer token", got, "send `Authorization: Bearer TOKEN`")
