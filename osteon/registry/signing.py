"""Signatures of model packages: who vouches that these bytes are what may be served.

Ed25519 (RFC 8032) over the digest of the package's manifest, which names the hash of every file. The private
key stays with the person who signs; a server has public keys only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from osteon.domain import RefusedError, UsageError, canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PEM_END = b"-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed: this package is a model of this task in this project."""

    project: str
    task: str
    digest: str

    def as_bytes(self) -> bytes:
        """The bytes under the signature; they begin unlike anything else that such a key could sign."""
        fields = {"project": self.project, "task": self.task, "digest": self.digest}
        return b"osteon model package v1\n" + canonical_json(fields).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A statement's signature; `key` is the first 16 hexadecimal digits of the public key's SHA-256."""

    statement: Statement
    key: str
    value: bytes


def make_signing_key(path: Path) -> str:
    """Writes a private key (PEM, readable by its owner alone) and `PATH.pub` beside it; gives the key's name.

    Raises:
        UsageError: one of the two files is there already.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = path.with_name(f"{path.name}.pub")
    if path.exists() or public_path.exists():
        raise UsageError("a place without a key", "a key that is there", "name another file")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(private)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public_path.write_bytes(public)
    return key_name(key.public_key())


def sign(statement: Statement, key_file: Path) -> Signature:
    """The statement signed with a private key.

    Raises:
        UsageError: no such file.
        RefusedError: the file is no Ed25519 key in PEM without a password.
    """
    key = _private_key(key_file)
    return Signature(
        statement=statement, key=key_name(key.public_key()), value=key.sign(statement.as_bytes())
    )


def key_name(key: Ed25519PublicKey) -> str:
    """What a key is called: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class TrustedSigners:
    """Public keys by name; a package counts as signed when one of them verifies."""

    keys: Mapping[str, Ed25519PublicKey]

    @classmethod
    def load(cls, path: Path) -> TrustedSigners:
        """The public keys of a file: one PEM block after the other.

        Raises:
            UsageError: no such file.
            RefusedError: it holds no key, or one that is not an Ed25519 public key.
        """
        if not path.is_file():
            raise UsageError("a file of public keys", "no file at that path", "check the path")
        blocks = [block + _PEM_END for block in path.read_bytes().split(_PEM_END) if block.strip()]
        keys = [_public_key(block) for block in blocks]
        if not keys:
            raise RefusedError("at least one public key", "an empty file", "add a signer's .pub file to it")
        return cls({key_name(key): key for key in keys})

    def accept(self, signatures: Iterable[Signature]) -> str | None:
        """The name of the first trusted key whose signature holds; None when none does."""
        from cryptography.exceptions import InvalidSignature

        for signature in signatures:
            key = self.keys.get(signature.key)
            if key is None:
                continue
            try:
                key.verify(signature.value, signature.statement.as_bytes())
            except InvalidSignature:
                continue
            return signature.key
        return None


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not path.is_file():
        raise UsageError("a signing key", "no file at that path", "make one: osteon registry keygen FILE")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise RefusedError(
            "an Ed25519 private key (PEM, no password)",
            "another file",
            "make one: osteon registry keygen FILE",
        )
    return key


def _public_key(block: bytes) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise RefusedError("Ed25519 public keys (PEM)", "another content", "use signers' .pub files")
    return key
