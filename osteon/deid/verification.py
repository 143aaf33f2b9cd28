"""Reading the output again: every known identity value is searched for in every byte.

An output in which one is found never leaves; it goes to quarantine.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np

from osteon.deid.identity import KnownIdentity
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.source import Source
from osteon.deid.standard import Option
from osteon.deid.values import fold
from osteon.domain.errors import QuarantinedError

_MIN_IN_HEADER, _MIN_IN_PIXELS = 4, 7
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_BREAKS = re.compile(r"[\s'’-]+")
# 1 where a byte could be a letter or a digit; from 0x80 on are accents in any one-byte or UTF-8 form.
_TEXT_BYTES = bytes(chr(b).isalnum() or b in b" '^-./" or b >= 0x80 for b in range(256))
_NO_LETTERS = bytes(range(256)).translate(None, b"abcdefghijklmnopqrstuvwxyz")
_NO_DIGITS = bytes(range(256)).translate(None, b"0123456789")
_SHORTEST_TEXT = b"\1" * _MIN_IN_PIXELS


def identity_needles(
    known: KnownIdentity, pseudonymiser: Pseudonymiser | None = None, neutral: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Texts that may not stand in an output: names part by part, numbers, dates, phones, addresses, UIDs.

    Values that our own key made are no identity: a second pass finds them in its input. Nor are `neutral`
    words, which stand in every output.
    """
    words = [part for name in (*known.names, *known.people) for part in _name_words(name)]
    values = [
        *known.numbers,
        *known.birth_dates,
        *known.addresses,
        *known.phones,
        *known.mails,
        *known.institutions,
        *known.uids,
    ]
    found: list[str] = []
    for value in (*words, *values):
        found.append(value.strip().upper())
        if not value.isascii():
            found.append(fold(value).strip())
    own = pseudonymiser.owns if pseudonymiser else (lambda _value: False)
    return tuple(
        dict.fromkeys(v for v in found if len(v) >= _MIN_IN_HEADER and v not in neutral and not own(v))
    )


def searched_for(known: KnownIdentity, policy: Policy, source: Source) -> KnownIdentity:
    """The identity that may not stand in an output under the policy.

    Left out are what an option retains, and departments written in words of the vocabulary alone
    (`RADIOLOGIE`): they name no place.
    """
    kept: set[str] = set()
    for option, keywords in _RETAINED.items():
        if option in policy.options:
            kept |= {source.text(keyword) for keyword in keywords}
    institutions = tuple(
        name
        for name in known.institutions
        if name not in kept and not all(w in policy.words for w in re.findall(r"\w+", fold(name)))
    )
    return replace(
        known,
        institutions=institutions,
        addresses=tuple(v for v in known.addresses if v not in kept),
        numbers=tuple(v for v in known.numbers if v not in kept),
        uids=() if Option.RETAIN_UIDS in policy.options else known.uids,
    )


_RETAINED = {
    Option.RETAIN_INSTITUTION_IDENTITY: (
        "InstitutionName",
        "InstitutionAddress",
        "InstitutionalDepartmentName",
    ),
    Option.RETAIN_DEVICE_IDENTITY: ("DeviceSerialNumber",),
}


def verify_instance(
    content: bytes, known: KnownIdentity, pseudonymiser: Pseudonymiser, neutral: frozenset[str] = frozenset()
) -> None:
    """Returns when no byte of the file holds a known value.

    Names are searched without case and accents, in one-byte and two-byte encodings. In the pixels only
    values of at least seven characters count: shorter ones occur there by chance.

    Raises:
        QuarantinedError: one was found; the text says which kind of place, never the value.
    """
    needles = identity_needles(known, pseudonymiser, neutral)
    start = max(content.find(_PIXEL_DATA + b"OW"), content.find(_PIXEL_DATA + b"OB"))
    header, pixels = (content[:start], content[start:]) if start >= 0 else (content, b"")
    if _holds(header, needles):
        raise QuarantinedError(
            "an output without identity", "a known value in the header", "review the instance"
        )
    readable = _readable(pixels)
    if readable and _holds(readable, tuple(n for n in needles if len(n) >= _MIN_IN_PIXELS)):
        raise QuarantinedError(
            "an output without identity", "a known value in the pixel bytes", "review the instance"
        )


def _readable(pixels: bytes) -> bytes:
    """The stretches of the pixels where at least seven bytes in a row could be letters or digits.

    Only there can a value of that length stand; looking at nothing else makes the search ten times faster.
    """
    marked = pixels.translate(_TEXT_BYTES)
    if _SHORTEST_TEXT not in marked:
        return b""
    mask = np.frombuffer(marked, bool)
    two = mask[:-1] & mask[1:]
    four = two[:-2] & two[2:]
    starts = np.flatnonzero(four[:-3] & four[3:])
    if len(starts) > len(pixels) // 8:
        return pixels
    breaks = np.flatnonzero(np.diff(starts) > 1)
    firsts, lasts = starts[np.r_[0, breaks + 1]], starts[np.r_[breaks, -1]]
    return b"\0".join(
        pixels[a : b + _MIN_IN_PIXELS + 1] for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)
    )


def _name_words(name: tuple[str, ...]) -> list[str]:
    return [word for part in name for word in _BREAKS.split(part)] + list(name)


def _holds(content: bytes, needles: tuple[str, ...]) -> bool:
    """True when a needle stands in the bytes in any usual encoding; ASCII letters in either case."""
    if not needles or not content:
        return False
    lowered = content.lower()
    squeezed = lowered.replace(b"\0", b"")  # ASCII in two-byte encodings reads as ASCII here
    # What stands in the bytes stands in them with letters alone too, and with digits alone; both are short.
    letters, digits = lowered.translate(None, _NO_LETTERS), lowered.translate(None, _NO_DIGITS)
    for needle in needles:
        plain = needle.isascii()
        for form in (needle.lower().encode(),) if plain else _forms(needle):
            if form.translate(None, _NO_LETTERS) not in letters:
                continue
            if form.translate(None, _NO_DIGITS) not in digits:
                continue
            if form in lowered or (plain and form in squeezed):
                return True
    return False


@lru_cache(maxsize=1 << 15)
def _forms(needle: str) -> frozenset[bytes]:
    """The needle's bytes as a file could hold it, ASCII letters in lower case.

    `bytes.lower` leaves accented letters alone, so they are looked for in both cases.
    """
    return frozenset(
        {
            form
            for text in (needle, needle.lower())
            for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
            if len(form := text.encode(encoding, "ignore").lower()) >= _MIN_IN_HEADER
        }
    )
