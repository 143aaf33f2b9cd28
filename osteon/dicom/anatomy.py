"""What was imaged, in closed sets: body part, view and side, from codes or from French and English words.

Sources: DICOM PS3.16 CID 4009/4031 (anatomic regions) with annex L (BodyPartExamined terms),
CID 4010 (views), CID 244 (laterality).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

BODY_PARTS = frozenset(
    {"hand", "wrist", "knee", "forearm", "ankle", "leg", "foot", "elbow", "shoulder", "hip", "pelvis",
     "spine", "chest", "skull", "other", "unknown"}
)  # fmt: skip
VIEWS = frozenset({"ap", "pa", "lateral", "oblique", "unknown"})
LATERALITIES = frozenset({"left", "right", "unknown"})

#: Words as they stand in folded text (no accents, lower case, single spaces); earliest in the text wins.
_WORDS: dict[str, tuple[str, ...]] = {
    "forearm": ("avant bras", "avantbras", "forearm", "radius", "ulna", "cubitus", "deux os de l avant bras"),
    "hand": ("main", "mains", "hand", "hands", "finger", "fingers", "doigt", "doigts", "thumb", "pouce",
             "metacarpien", "metacarpiens", "metacarpe", "phalange", "bone age", "age osseux", "boneage"),
    "wrist": ("poignet", "poignets", "wrist", "wrists", "scaphoide", "scaphoid", "carpe", "carpal"),
    "knee": ("genou", "genoux", "knee", "knees", "patella", "rotule"),
    "ankle": ("cheville", "chevilles", "ankle", "ankles", "malleole", "tibio tarsienne"),
    "leg": ("jambe", "jambes", "leg", "lower leg", "lowerleg", "tibia", "fibula", "perone", "tibfib"),
    "foot": ("pied", "pieds", "foot", "feet", "toe", "toes", "orteil", "orteils", "calcaneus", "calcaneum",
             "heel", "avant pied", "metatarsien", "tarse"),
    "elbow": ("coude", "coudes", "elbow", "elbows", "olecrane", "olecranon"),
    "shoulder": ("epaule", "epaules", "shoulder", "shoulders", "clavicle", "clavicule", "scapula",
                 "omoplate"),
    "hip": ("hanche", "hanches", "hip", "hips", "coxo femorale"),
    "pelvis": ("bassin", "pelvis", "sacroiliac", "sijoint", "sacro iliaque"),
    "spine": ("rachis", "spine", "colonne", "cspine", "tspine", "lspine", "sspine", "sacrum", "coccyx",
              "vertebre", "vertebres"),
    "chest": ("thorax", "chest", "poumon", "poumons", "lung", "rib", "ribs", "cotes", "gril costal",
              "sternum"),
    "skull": ("crane", "skull", "head", "tete", "jaw", "mandible", "mandibule", "sinus", "orbit", "zygoma"),
    "other": ("femur", "thigh", "cuisse", "humerus", "upper arm", "arm", "bras", "abdomen", "asp", "breast",
              "sein", "upperarm"),
}  # fmt: skip

#: SNOMED CT and SRT codes of CID 4009/4031.
_REGION_CODES: dict[str, tuple[str, ...]] = {
    "hand": ("85562004", "T-D8700", "7569003", "T-D8800", "76505004", "T-D8810"),
    "wrist": ("74670003", "T-15460", "8205005", "T-D8600"),
    "knee": ("72696002", "T-D9200", "64234005", "T-12730"),
    "forearm": ("14975008", "T-D8500"),
    "ankle": ("70258002", "T-15750", "344001", "T-D9500"),
    "leg": ("30021000", "T-D9400", "87342007", "T-12750", "12611008", "T-12740"),
    "foot": ("56459004", "T-D9700", "29707007", "T-D9800", "80144004", "T-12770", "27949001", "T-15770"),
    "elbow": ("16953009", "T-15430", "127949000", "T-D8300"),
    "shoulder": ("16982005", "T-D2220", "51299004", "T-12310", "79601000", "T-12280", "85856004", "T-15420"),
    "hip": ("29836001", "T-D2500", "24136001", "T-15710"),
    "pelvis": ("816092008", "12921003", "T-D6000", "39723000", "T-15680", "22356005", "T-12340"),
    "spine": ("421060004", "T-D04FF", "122494005", "T-11501", "122495006", "T-11502", "122496007", "T-11503",
              "54735007", "T-11AD0", "64688005", "T-11BF0", "1217253001", "1217256009", "1217257000"),
    "chest": ("816094009", "51185008", "T-D3000", "113197003", "T-11300", "56873002", "T-11210"),
    "skull": ("89546000", "T-11100", "69536005", "T-D1100", "91609006", "T-11180", "91397008", "T-11196"),
    "other": ("71341001", "T-12710", "68367000", "T-D9100", "85050009", "T-12410", "40983000", "T-D8200",
              "818981001", "T-D4000"),
}  # fmt: skip
_REGION_BY_CODE = {code: part for part, codes in _REGION_CODES.items() for code in codes}

_VIEW_CODES = {
    "399348003": "ap", "R-10206": "ap", "399033003": "ap", "272479007": "pa", "R-10214": "pa",
    "399067008": "lateral", "399173006": "lateral", "399198007": "lateral", "399352003": "lateral",
    "399260004": "lateral", "30730003": "lateral", "R-10228": "lateral", "R-10232": "lateral",
    "R-10236": "lateral", "399182000": "oblique", "399312000": "oblique", "399059000": "oblique",
    "260427002": "oblique", "260426006": "oblique", "399184004": "oblique", "399236003": "oblique",
    "399335002": "ap", "399071006": "pa",
}  # fmt: skip
_VIEW_WORDS: dict[str, tuple[str, ...]] = {
    "oblique": ("oblique", "obl", "lao", "rao", "lpo", "rpo", "llo", "rlo", "3 4", "trois quarts", "mlo",
                "lmo"),
    "lateral": ("lateral", "lat", "ll", "rl", "ml", "lm", "profil", "profils", "lld", "rld", "medio lateral",
                "latero medial", "mediolateral", "lateromedial", "sagittal"),
    "pa": ("pa", "postero anterior", "posteroanterior", "dorso palmaire", "dorsopalmaire", "palmaire"),
    "ap": ("ap", "antero posterior", "anteroposterior", "face", "frontal", "dorso plantaire", "dorsoplantar"),
}  # fmt: skip

_SIDE_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("left", "lt", "gauche", "gauches", "gche"),
    "right": ("right", "rt", "droit", "droite", "droits", "droites", "dte", "drt"),
}
_SIDE_CODES = {"7771000": "left", "G-A101": "left", "24028007": "right", "G-A100": "right"}


def fold(text: str) -> str:
    """Text without accents, case or punctuation, words parted by one space.

    >>> fold("AVANT-BRAS (gauche), Épaule")
    'avant bras gauche epaule'
    """
    plain = unicodedata.normalize("NFKD", text[:1024]).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def body_part_of(codes: Iterable[str], texts: Iterable[str]) -> str:
    """The body part that the first telling code or text names; "unknown" when none does.

    >>> body_part_of([], ["EXTREMITY", "Radio de l'avant-bras droit"])
    'forearm'
    """
    for code in codes:
        if code in _REGION_BY_CODE:
            return _REGION_BY_CODE[code]
    return _first_named(texts, _WORDS)


def view_of(codes: Iterable[str], texts: Iterable[str]) -> str:
    """The view that the first telling code or text names; "unknown" when none does.

    >>> view_of([], ["", "GENOU PROFIL"])
    'lateral'
    """
    for code in codes:
        if code in _VIEW_CODES:
            return _VIEW_CODES[code]
    return _first_named(texts, _VIEW_WORDS)


def laterality_of(values: Iterable[str], codes: Iterable[str], texts: Iterable[str]) -> str:
    """The side: L or R as DICOM writes it, else a code, else a word; "unknown" when both or none.

    >>> laterality_of(["B"], [], ["main gauche"])
    'unknown'
    """
    for value in values:
        side = {"L": "left", "R": "right", "B": "unknown", "U": "unknown"}.get(value.strip().upper()[:1])
        if side is not None:
            return side
    for code in codes:
        if code in _SIDE_CODES:
            return _SIDE_CODES[code]
    for text in texts:
        words = set(fold(text).split())
        sides = [side for side, names in _SIDE_WORDS.items() if words & set(names)]
        if sides:
            return sides[0] if len(sides) == 1 else "unknown"
    return "unknown"


def _first_named(texts: Iterable[str], names: dict[str, tuple[str, ...]]) -> str:
    for text in texts:
        folded = f" {fold(text)} "
        found = [
            (folded.find(f" {word} "), -len(word), meaning)
            for meaning, words in names.items()
            for word in words
            if f" {word} " in folded
        ]
        if found:
            return min(found)[2]
    return "unknown"
