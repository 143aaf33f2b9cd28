"""The pseudonymisation key of one project; the only module that reads it."""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from osteon.domain.errors import RefusedError, UsageError

KEY_BYTES = 32
_HEADER = "osteon-pseudonym-key-v1"
_PROJECT = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """Derives keyed digests for one project; neither `repr` nor `str` shows the secret.

    Two projects that share a key file still get unlinkable pseudonyms: the project's name is part of
    every digest.

    >>> ProjectKey(b"k" * 32, "osteon")
    ProjectKey(osteon, redacted)
    """

    secret: bytes
    project: str = "osteon"

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise UsageError(
                f"a key of {KEY_BYTES} bytes", "another length", "create one: osteon deid key create"
            )
        if not _PROJECT.fullmatch(self.project):
            raise UsageError("a project name of a-z, 0-9, . _ -", "another", "choose a short lower-case name")

    def __repr__(self) -> str:
        return f"ProjectKey({self.project}, redacted)"

    __str__ = __repr__

    def digest(self, kind: str, value: str) -> bytes:
        """HMAC-SHA256 of the value, separated by project and by kind of identifier.

        Source: RFC 2104; the parts are length-prefixed so that no two inputs collide.
        """
        content = value.encode("utf-8", "surrogatepass")
        message = _scope(self.project, kind) + len(content).to_bytes(4, "big") + content
        return hmac.digest(self.secret, message, "sha256")

    @property
    def fingerprint(self) -> str:
        """Names the key in manifests without telling anything about it."""
        return self.digest("fingerprint", "").hex()[:16]


@lru_cache(maxsize=256)
def _scope(project: str, kind: str) -> bytes:
    """Project and kind, each after its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in (project.encode(), kind.encode()))


def create_key(path: Path) -> None:
    """Writes a fresh random key, readable by its owner alone; never overwrites one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"{_HEADER}\n{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            "a path where no file is", "a path that is taken", "keep that key, or choose another path"
        ) from None
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def load_key(path: Path, project: str = "osteon") -> ProjectKey:
    """The key in the file; refuses a file that others may read.

    Nor may its group, unless the file is not ours: Kubernetes mounts a Secret as root's, readable by the
    pod's group alone.
    """
    try:
        status = path.stat()
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise UsageError(
            "a key file", "no file at that path", "create one: osteon deid key create PATH"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise UsageError("a readable key file", "an unreadable one", "check its owner and mode") from None
    mounted = status.st_uid != os.geteuid()
    if stat.S_IMODE(status.st_mode) & (0o037 if mounted else 0o077):
        raise RefusedError(
            "a key file that only its owner can read", "one that others can read", "chmod 600 on the key file"
        )
    lines = text.split()
    if len(lines) != 2 or lines[0] != _HEADER:
        raise RefusedError("a key file of osteon", "another file", "create one: osteon deid key create PATH")
    try:
        return ProjectKey(base64.b64decode(lines[1], validate=True), project)
    except ValueError:
        raise RefusedError("a whole key file", "a damaged one", "restore it from your backup") from None
