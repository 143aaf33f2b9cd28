"""Values that stay after a check, and the fixed values that take the place of identity."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydicom._uid_dict import UID_dictionary

from osteon.deid.elements import BINARY_SIZES, Element, padded, raw_bytes, texts_of
from osteon.deid.plan import NUMBERS, Step
from osteon.deid.source import Source
from osteon.deid.values import are_numbers

Value = tuple[str, bytes]

DUMMY_TEXT = "ANONYMIZED"
_UNDECIDED_VRS = frozenset({"US or SS", "US or OW"})
# Decimals that `are_numbers` lets pass, none longer than 16 characters, with an even length's one space.
_PLAIN_NUMBERS = re.compile(rb"(?:[+-]?\d{1,8}(?:\.\d{1,6})?\\)*[+-]?\d{1,8}(?:\.\d{1,6})? ?")
_DUMMIES = {"DA": "19000101", "DT": "19000101000000", "TM": "000000", "PN": "ANONYMOUS", "DS": "0", "IS": "0",
            "AS": "000Y", "UR": "urn:anonymized"}  # fmt: skip


def dummy(step: Step) -> Value | None:
    """A value that tells nothing, legal under the attribute's VR (PS3.15 E.1.1, action D)."""
    vr = step.vr.split(" or ")[0]
    if step.value is not None:
        return vr, padded(step.value, vr)
    if vr in BINARY_SIZES or vr == "UN":
        return vr, bytes(max(2, BINARY_SIZES.get(vr, 2) * (2 if vr == "AT" else 1)))
    return vr, padded(_DUMMIES.get(vr, DUMMY_TEXT), vr)


def kept(step: Step, source: Source, element: Element, tells: Callable[[list[str]], bool]) -> Value | None:
    """The value as it is where it passes the step's check; None otherwise."""
    vr = _actual_vr(step, source, element)
    if vr is None:
        return None
    if vr == step.vr and (ready := _as_read(step, element.value)) is not None:
        return vr, ready
    if vr in BINARY_SIZES:
        value = raw_bytes(element)
        return None if value is None or len(value) % max(2, BINARY_SIZES[vr]) else (vr, value)
    texts = texts_of(element, vr, source.encodings)
    if vr == "UI":
        passes = all(text in UID_dictionary for text in texts)
    elif step.values is not None:
        passes = all(text in step.values for text in texts)
    elif step.pattern is not None:
        passes = all(step.pattern.fullmatch(text) for text in texts) and not tells(texts)
    else:
        passes = vr in {"DS", "IS"} and are_numbers([text for text in texts if text])
    return (vr, padded("\\".join(texts), vr)) if passes else None


def _as_read(step: Step, value: object) -> bytes | None:
    """The bytes themselves where they need no decoding to be seen to pass; None leaves the matter open."""
    if not isinstance(value, bytes):
        return None
    if step.values is not None:
        return value if value in step.encoded else None
    plain = step.is_number and _PLAIN_NUMBERS.fullmatch(value) and not len(value) % 2
    return value if plain else None


def _actual_vr(step: Step, source: Source, element: Element) -> str | None:
    """The VR that the bytes have: the source's own, else the dictionary's; None: they contradict."""
    own = element.VR
    if own == step.vr and own not in _UNDECIDED_VRS:
        return own
    if own in {None, "UN"}:
        own = step.vr
    if own != step.vr and not (own in NUMBERS and step.vr in NUMBERS):
        return None
    if own == "US or SS":
        signed = source.unsigned("PixelRepresentation") == 1 and step.keyword != "LUTDescriptor"
        return "SS" if signed else "US"
    return "OW" if own == "US or OW" else own
