"""Pictures to ask about, requests about them, and bodies that no server should like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any, Final

import httpx
import numpy as np
from PIL import Image

from tests.radiographs import bone_pixels, cr_bytes, png_bytes

TASKS: Final = ("fracture", "bone-age", "knee-oa")
TEXTS: Final = ("Fracture du poignet gauche.", "no fracture of the knee", "Pas de lésion osseuse.")
SITES: Final = ("local", "lyon", "lille")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Material:
    """Files by name; `broken` can be sent among good ones and is then abstained on."""

    good: Mapping[str, bytes]
    broken: bytes

    @property
    def names(self) -> list[str]:
        """Names of the pictures, in a fixed order."""
        return list(self.good)


def make_material() -> Material:
    """Hands, knees, a chest that no model covers, pictures without a header; DICOM, PNG, JPEG, 16 bits."""
    good = {f"hand-{seed}": cr_bytes(seed) for seed in range(4)}
    good |= {f"knee-{seed}": cr_bytes(seed, body_part="KNEE") for seed in range(10, 13)}
    good["chest"] = cr_bytes(20, body_part="CHEST")
    good |= {f"png-{seed}": png_bytes(seed) for seed in range(30, 33)}
    good["png-16"] = _encoded(Image.fromarray(bone_pixels(40) << 4), "PNG")
    good["jpeg"] = _encoded(Image.fromarray((bone_pixels(41) >> 4).astype(np.uint8)), "JPEG")
    return Material(good, broken=cr_bytes(50)[:9000])


def _encoded(picture: Image.Image, form: str) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format=form)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as a client means it.

    Attributes:
        route: the last word of its path.
        names: of the pictures sent; "broken" stands for the broken one.
        subject: of a prediction, the pseudonym that no other request has: what its events are found by.
    """

    route: str
    names: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None

    def form(self, material: Material) -> httpx.Request:
        """The request without host and token, its body encoded."""
        if self.route == "models":
            return httpx.Request("GET", "http://server/v1/models")
        parts: list[Any] = [("files", (name, file_of(material, name))) for name in self.names]
        own = {"subject": self.subject} if self.subject else {}
        fields = {**self.fields, **own}
        given = parts or [(name, (None, text.encode())) for name, text in fields.items()]
        request = httpx.Request(
            "POST", f"http://server/v1/{self.route}", files=given, data=fields if parts else None
        )
        request.read()
        return request


def file_of(material: Material, name: str) -> bytes:
    """The bytes of a picture by its name."""
    return material.broken if name == "broken" else material.good[name]


class Subjects:
    """Pseudonyms by number, each given once."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def next(self) -> str:
        """One that was not given yet."""
        number, letters = next(self._numbers), ""
        for _ in range(16):
            number, rest = divmod(number, 32)
            letters = _CROCKFORD[rest] + letters
        return f"P{letters}"
