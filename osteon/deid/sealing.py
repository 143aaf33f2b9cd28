"""Sealed bytes: encrypted and bound to what they belong to, so that neither can be read nor exchanged."""

from __future__ import annotations

import os

from osteon.deid.keys import KeyRing
from osteon.domain.errors import FaultError

_NONCE = 12


def seal(ring: KeyRing, purpose: str, project: str, content: bytes, bound_to: str) -> bytes:
    """The content under the ring's current version.

    Source: AES-256-GCM (NIST SP 800-38D); the version's number and a random nonce stand before the
    ciphertext, `bound_to` is authenticated with it.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    version, nonce = ring.current.to_bytes(4, "big"), os.urandom(_NONCE)
    cipher = AESGCM(ring.subkey(purpose, project, ring.current))
    return version + nonce + cipher.encrypt(nonce, content, version + bound_to.encode())


def unseal(ring: KeyRing, purpose: str, project: str, sealed: bytes, bound_to: str) -> bytes:
    """The content; FaultError when it was changed, belongs elsewhere or its key is not in the ring."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    version, nonce, rest = sealed[:4], sealed[4 : 4 + _NONCE], sealed[4 + _NONCE :]
    try:
        cipher = AESGCM(ring.subkey(purpose, project, int.from_bytes(version, "big")))
        return cipher.decrypt(nonce, rest, version + bound_to.encode())
    except (InvalidTag, ValueError):
        raise FaultError(
            "sealed content of this key and place", "another, or a damaged one", "restore it from its copy"
        ) from None


def sealed_by(sealed: bytes) -> int:
    """Number of the master key's version that the content is sealed under."""
    return int.from_bytes(sealed[:4], "big")
