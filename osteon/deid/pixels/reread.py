"""The output's pixels looked at and read again: what still reads like identity never leaves."""

from __future__ import annotations

import hashlib
import re

import cv2
import numpy as np

from osteon.deid.identity import KnownIdentity
from osteon.deid.pixels.cleaning import CleanedFrame
from osteon.deid.pixels.grey import Grey, grey_of
from osteon.deid.pixels.reading import reader, words_of
from osteon.deid.values import fold
from osteon.domain.errors import QuarantinedError

_LONG_SIDE = 1600  # what the whole picture is read at: letters of ten pixels and more at full size
_MIN_WORD = 4
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d{2}\b|\b(?:19|20)\d{2}[./-]\d{2}[./-]\d{2}\b|\b\d{7,}\b"
)
_DATE_CONFIDENCE = 60.0


def words_of_identity(known: KnownIdentity) -> frozenset[str]:
    """The words and numbers of a known identity as they may stand in a picture, folded."""
    texts = [part for name in (*known.names, *known.people) for part in name]
    texts += [*known.numbers, *known.birth_dates, *known.institutions, *known.addresses]
    return frozenset(word for text in texts for word in words_of(text) if len(word) >= 2)


def read_again(cleaned: CleanedFrame, words: frozenset[str], uid: str, share: float) -> bool:
    """Whether the output was read again: where anything was removed, and a share of the others.

    Args:
        cleaned: what would leave.
        words: of the known identity, folded.
        uid: the output's own identifier; decides by its digest whether it belongs to the share.
        share: of the pictures from which nothing was removed, 0 to 1.
    Raises:
        QuarantinedError: a known word was left, or what reads like a date or a number.
    """
    sampled = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4]) < share * 2**32
    if not (cleaned.removed or sampled):
        return False
    _read_whole(grey_of(cleaned.frame), words)
    return True


def _read_whole(grey: Grey, words: frozenset[str]) -> None:
    factor = min(1.0, _LONG_SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    text, confidence = reader().read(np.asarray(cv2.bitwise_not(small), np.uint8), "sparse")
    found = {word for word in words_of(text) if len(word) >= _MIN_WORD}
    if found & words:
        raise QuarantinedError(
            "an output without identity", "a known value that reads in the pixels", "review the instance"
        )
    if confidence >= _DATE_CONFIDENCE and _DATE.search(fold(text)):
        raise QuarantinedError(
            "an output without identity", "what reads like a date or a number", "review the instance"
        )
