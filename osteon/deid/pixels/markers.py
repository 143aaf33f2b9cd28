"""Words that say how a limb lies and which side it is: they stay, since they name nobody."""

from __future__ import annotations

import re

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extractOne

from osteon.deid.pixels.reading import words_of

_SIDES = "L R G D LEFT RIGHT GAUCHE DROIT DROITE LINKS RECHTS LI RE LT RT LG LD GCHE DTE GCH DRT BILAT"
_VIEWS = "AP PA LAT LATERAL LATERALE OBL OBLIQUE AXIAL AXIALE FACE PROFIL PROFILE FRONT SIDE SCHUSS"
_POSITIONS = (
    "DEBOUT ASSIS COUCHE CHARGE DECHARGE EN APPUI STANDING SUPINE PRONE ERECT UPRIGHT SITTING WEIGHT BEARING "
    "WB NWB STAAND LIGGEND ZITTEND BELAST BELASTE INT EXT INTERNE EXTERNE STRESS VALGUS VARUS INSPI EXPI "
    "FLEXION EXTENSION NEUTRE BILATERAL COMPARATIF PORTABLE MOBILE"
)
_WORDS = frozenset(f"{_SIDES} {_VIEWS} {_POSITIONS}".split(" "))
#: What tesseract makes of a lone letter or bar beside a word, and of a ring around a letter.
_NOISE = frozenset({"I", "O", "0", "1"})
_INITIAL = re.compile(r",|\b[A-Za-z0-9]\.")
_LEAST_CONFIDENCE = 50.0
_RESEMBLES = 55.0  # percent of the letters of both


def is_marker(text: str, confidence: float, forbidden: frozenset[str] = frozenset()) -> bool:
    """True when every word of the line is a position marker and none belongs to the patient.

    Args:
        text, confidence: as read.
        forbidden: words of the known identity, folded; a patient may be called Droit.

    >>> is_marker("GAUCHE", 90), is_marker("GAUCHE Marie", 90), is_marker("", 0)
    (True, False, False)
    >>> is_marker("DROIT", 90, frozenset({"DROIT"})), is_marker("DROIT, O.", 90)
    (False, False)
    """
    words = words_of(text)
    real = [word for word in words if word not in _NOISE]
    return (
        confidence >= _LEAST_CONFIDENCE
        and bool(real)
        and not _has_initial(text)
        and len(words) - len(real) <= 1
        and all(word in _WORDS and word not in forbidden for word in real)
    )


def _has_initial(text: str) -> bool:
    """True for a comma, or a single letter with a dot: DROIT, O. is somebody."""
    return bool(_INITIAL.search(text))


def resembles_marker(text: str) -> bool:
    """True when a word of the line could be a marker that was misread: it is worth another try.

    >>> resembles_marker("DEOIT"), resembles_marker("12/03/1957"), resembles_marker("QUENTRELEC")
    (True, False, False)
    """
    long = [word for word in words_of(text) if len(word) > 2]
    return any(extractOne(word, _WORDS, scorer=ratio, score_cutoff=_RESEMBLES) for word in long)
