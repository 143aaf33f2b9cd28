"""Words that say how a limb lies and which side it is: they stay, since they name nobody."""

from __future__ import annotations

from osteon.deid.values import fold

_SIDES = "L R G D LEFT RIGHT GAUCHE DROIT DROITE LINKS RECHTS LI RE LT RT LG LD GCHE DTE GCH DRT BILAT"
_VIEWS = "AP PA LAT LATERAL LATERALE OBL OBLIQUE AXIAL AXIALE FACE PROFIL PROFILE FRONT SIDE SCHUSS"
_POSITIONS = (
    "DEBOUT ASSIS COUCHE CHARGE DECHARGE EN APPUI STANDING SUPINE PRONE ERECT UPRIGHT SITTING WEIGHT BEARING "
    "WB NWB STAAND LIGGEND ZITTEND BELAST BELASTE INT EXT INTERNE EXTERNE STRESS VALGUS VARUS INSPI EXPI "
    "FLEXION EXTENSION NEUTRE BILATERAL COMPARATIF PORTABLE MOBILE"
)
SIDES = frozenset(_SIDES.split(" "))
WORDS = SIDES | frozenset(f"{_VIEWS} {_POSITIONS}".split(" "))
_BESIDE_OTHERS = frozenset(word for word in WORDS if len(word) > 2) | {"EN"}  # shorter ones stand alone

LONG_WORDS = frozenset(word for word in WORDS if len(word) >= 4) | {"ENCHARGE", "ENAPPUI"}
_ALIKE = str.maketrans({" ": None, "0": "O", "1": "I"})  # no marker has a figure, no date has nothing else


def is_marker(line: str, forbidden: frozenset[str] = frozenset()) -> bool:
    """True when every word of the line is a position marker, at most one a side, and none the patient's.

    Blanks tell nothing, since a reader may drop them: DROIT LI names two sides, so it is somebody.

    Args:
        line: as read.
        forbidden: words of the known identity, folded; a patient may be called Droit.

    >>> is_marker("GAUCHE"), is_marker("GAUCHE Marie"), is_marker(""), is_marker("ENCHARGE")
    (True, False, False, True)
    >>> is_marker("DROIT", frozenset({"DROIT"})), is_marker("DROIT, O."), is_marker("DROIT Li")
    (False, False, False)
    """
    words = words_of(line)
    return bool(words) and len(SIDES.intersection(words)) <= 1 and not forbidden.intersection(words)


def words_of(line: str) -> list[str]:
    """The marker words of the line; none where it is anything else.

    >>> words_of("ENCHARGE"), words_of("DUPONT")
    (['EN', 'CHARGE'], [])
    """
    letters = fold(line).translate(_ALIKE)
    return [letters] if letters in WORDS else _split(letters)


def _split(letters: str) -> list[str]:
    """The marker words that follow each other in the letters without a rest; none where there is one."""
    if not letters:
        return []
    for word in sorted(_BESIDE_OTHERS, key=len, reverse=True):
        if letters == word:
            return [word]
        if letters.startswith(word) and (rest := _split(letters[len(word) :])):
            return [word, *rest]
    return []


def is_near(text: str, word: str) -> bool:
    """True when the text is the word with one letter more, less or another, or the word itself.

    >>> is_near("DRQITE", "DROITE"), is_near("RIGH", "RIGHT"), is_near("LEET", "RIGHT")
    (True, True, False)
    """
    same = next(
        (k for k, (a, b) in enumerate(zip(text, word, strict=False)) if a != b), min(len(text), len(word))
    )
    rest, other = text[same:], word[same:]
    return rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]
