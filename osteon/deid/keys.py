"""The master key's versions and the keys made of them; the only module that reads the key file.

A key file holds one master key in one or more versions. Each project, and each use beside pseudonyms (the
crosswalk, the audit trail, the quarantine), gets a key of its own from it, so that no two can be linked and
none tells the master key.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from osteon.domain.errors import RefusedError, UsageError

KEY_BYTES = 32
_HEADER = "osteon-pseudonym-keys-v2"
_HEADER_OF_ONE = "osteon-pseudonym-key-v1"
DIRECT, DERIVED = "direct", "hkdf"
_PROJECT = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """Derives keyed digests for one project; neither `repr` nor `str` shows the secret.

    Two projects that share a key file still get unlinkable pseudonyms: each has a secret of its own, and
    the project's name is part of every digest.

    Attributes:
        version: of the master key it was made from; stands in the manifest of every output.

    >>> ProjectKey(b"k" * 32, "osteon")
    ProjectKey(osteon, redacted)
    """

    secret: bytes
    project: str = "osteon"
    version: int = 1

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


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One version of the master key."""

    number: int
    scheme: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every version of one master key, oldest first; the last one makes new pseudonyms."""

    versions: tuple[MasterKey, ...]

    @property
    def current(self) -> int:
        """Number of the version that makes new pseudonyms."""
        return self.versions[-1].number

    def project_key(self, project: str, version: int | None = None) -> ProjectKey:
        """The project's key of that version, the current one when None.

        A file of before there were versions is its version 1, used as it is: its pseudonyms stay.
        """
        master = self._version(version)
        if master.scheme == DIRECT:
            return ProjectKey(master.secret, project, master.number)
        return ProjectKey(self.subkey("pseudonyms", project, master.number), project, master.number)

    def subkey(self, purpose: str, project: str, version: int | None = None) -> bytes:
        """32 bytes for one purpose of one project.

        Source: HKDF with SHA-256, RFC 5869; purpose and project, length-prefixed, are its `info`.
        """
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        parts = (purpose.encode(), project.encode())
        info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return HKDF(SHA256(), KEY_BYTES, b"osteon", info).derive(self._version(version).secret)

    def _version(self, number: int | None) -> MasterKey:
        wanted = self.current if number is None else number
        found = next((one for one in self.versions if one.number == wanted), None)
        if found is None:
            raise UsageError("a version of the key file", "a number that it lacks", "restore the older file")
        return found


@lru_cache(maxsize=256)
def _scope(project: str, kind: str) -> bytes:
    """Project and kind, each after its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in (project.encode(), kind.encode()))


def create_key(path: Path) -> None:
    """Writes a fresh random key, readable by its owner alone; never overwrites one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_new(path, (MasterKey(1, DERIVED, secrets.token_bytes(KEY_BYTES)),))
    except FileExistsError:
        raise UsageError(
            "a path where no file is", "a path that is taken", "keep that key, or choose another path"
        ) from None


def rotate_key(path: Path) -> int:
    """Adds a fresh version to the key file, whole or not at all; returns its number.

    Older versions stay: without them the pseudonyms that they made could not be told any more.
    """
    ring = load_ring(path)
    number = ring.current + 1
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    _write_new(part, (*ring.versions, MasterKey(number, DERIVED, secrets.token_bytes(KEY_BYTES))))
    part.replace(path)
    return number


def _write_new(path: Path, versions: tuple[MasterKey, ...]) -> None:
    lines = [f"{one.number} {one.scheme} {base64.b64encode(one.secret).decode()}" for one in versions]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write("\n".join([_HEADER, *lines]) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def load_key(path: Path, project: str = "osteon", version: int | None = None) -> ProjectKey:
    """The project's key from the file, of its current version unless told; see `load_ring`."""
    return load_ring(path).project_key(project, version)


def load_ring(path: Path) -> KeyRing:
    """All versions in the file; refuses a file that others may read.

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
    lines = text.split("\n")
    if lines[0].strip() == _HEADER_OF_ONE:
        return KeyRing((_master(1, f"1 {DIRECT} {''.join(lines[1:]).strip()}"),))
    if lines[0].strip() != _HEADER:
        raise RefusedError("a key file of osteon", "another file", "create one: osteon deid key create PATH")
    versions = tuple(_master(number, line) for number, line in enumerate(filter(str.strip, lines[1:]), 1))
    if not versions:
        raise _damaged()
    return KeyRing(versions)


def _master(number: int, line: str) -> MasterKey:
    words = line.split()
    if len(words) != 3 or words[0] != str(number) or words[1] not in {DIRECT, DERIVED}:
        raise _damaged()
    try:
        secret = base64.b64decode(words[2], validate=True)
    except ValueError:
        raise _damaged() from None
    if len(secret) != KEY_BYTES:
        raise _damaged()
    return MasterKey(number, words[1], secret)


def _damaged() -> RefusedError:
    return RefusedError("a whole key file", "a damaged one", "restore it from your backup")
