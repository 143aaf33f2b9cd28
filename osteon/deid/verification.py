"""Reading the output again: every known identity value is searched for in every byte.

An output in which one is found never leaves; it goes to quarantine.
"""

from __future__ import annotations

import re
from functools import cache

from osteon.deid.identity import KnownIdentity
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.values import fold
from osteon.domain.errors import QuarantinedError

_MIN_IN_HEADER, _MIN_IN_PIXELS = 4, 7
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_NEUTRAL = frozenset({"HAND", "KNEE", "FOOT", "LEFT", "RIGHT", "FACE", "NONE", "ANONYMOUS"})


def identity_needles(known: KnownIdentity, pseudonymiser: Pseudonymiser | None = None) -> tuple[str, ...]:
    """Texts that may not stand in an output: names part by part, numbers, dates, phones, addresses, UIDs.

    Values that our own key made are no identity: a second pass finds them in its input.
    """
    words = [part for name in (*known.names, *known.people) for part in _name_words(name)]
    values = [
        *known.numbers,
        *known.addresses,
        *known.phones,
        *known.mails,
        *known.institutions,
        *known.uids,
    ]
    found = [fold(value).strip() for value in (*words, *values)]
    own = pseudonymiser.owns if pseudonymiser else (lambda _value: False)
    return tuple(
        dict.fromkeys(v for v in found if len(v) >= _MIN_IN_HEADER and v not in _NEUTRAL and not own(v))
    )


def verify_instance(content: bytes, known: KnownIdentity, pseudonymiser: Pseudonymiser) -> None:
    """Returns when no byte of the file holds a known value.

    Names are searched without case and accents, in one-byte and two-byte encodings. In the pixels only
    values of at least seven characters count: shorter ones occur there by chance.

    Raises:
        QuarantinedError: one was found; the text says which kind of place, never the value.
    """
    needles = identity_needles(known, pseudonymiser)
    start = content.rfind(_PIXEL_DATA)
    header, pixels = (content[:start], content[start:]) if start >= 0 else (content, b"")
    if _holds(header, needles):
        raise QuarantinedError("an output without identity", "a known value in the header", "review the instance")
    if _holds(pixels, tuple(n for n in needles if len(n) >= _MIN_IN_PIXELS)):
        raise QuarantinedError("an output without identity", "a known value in the pixel bytes", "review the instance")


def _name_words(name: tuple[str, ...]) -> list[str]:
    return [word for part in name for word in re.split(r"[\s'’-]+", part)] + list(name)


def _holds(content: bytes, needles: tuple[str, ...]) -> bool:
    if not needles or not content:
        return False
    return _pattern(needles).search(content) is not None


@cache
def _pattern_of(needles: tuple[str, ...]) -> re.Pattern[bytes]:
    forms: set[bytes] = set()
    for needle in needles:
        for text in (needle, needle.lower()):
            forms.update((text.encode("utf-8"), text.encode("utf-16-le"), text.encode("utf-16-be")))
    return re.compile(b"|".join(re.escape(form) for form in sorted(forms)), re.IGNORECASE)


def _pattern(needles: tuple[str, ...]) -> re.Pattern[bytes]:
    pattern = _pattern_of(needles)
    if _pattern_of.cache_info().currsize > 256:
        _pattern_of.cache_clear()
    return pattern
