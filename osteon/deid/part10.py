"""A de-identified data set as a DICOM file: an empty preamble and our own group 0002.

Source: DICOM PS3.10 section 7.1, PS3.5 annexes A.2 and A.4.
"""

from __future__ import annotations

from pydicom.uid import ExplicitVRLittleEndian

from osteon.deid.elements import Elements, encode_dataset, encode_element, padded, text_in

IMPLEMENTATION_CLASS_UID = "2.25.308473911470652903180244386521720519391"
IMPLEMENTATION_VERSION_NAME = "OSTEON_1"

_PIXEL_DATA = 0x7FE00010
_PREAMBLE = bytes(128) + b"DICM"
_NO_LENGTH = b"\xff\xff\xff\xff"
_DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"


def as_file(header: Elements, syntax: str, *, encapsulated: bool = False) -> bytes:
    """The header and its pixels, in explicit VR little endian or encapsulated, as a file.

    Args:
        header: tag -> (VR, value) of what the policy lets through, and the pixels.
        syntax: the transfer syntax of the pixels.
        encapsulated: the pixels are fragments, whose element has no length of its own.
    """
    if not encapsulated:
        return b"".join([_PREAMBLE, _meta(header, syntax), encode_dataset(header)])
    before = {tag: element for tag, element in header.items() if tag < _PIXEL_DATA}
    after = {tag: element for tag, element in header.items() if tag > _PIXEL_DATA}
    head = encode_element(_PIXEL_DATA, "OB", b"")[:-4] + _NO_LENGTH
    pixels = [head, header[_PIXEL_DATA][1], _DELIMITER]
    return b"".join(
        [_PREAMBLE, _meta(header, syntax), encode_dataset(before), *pixels, encode_dataset(after)]
    )


def as_bytes(header: Elements) -> bytes:
    """A data set without pixels as a file in explicit VR little endian."""
    return as_file(header, str(ExplicitVRLittleEndian))


def _meta(header: Elements, syntax: str) -> bytes:
    elements = (
        (0x00020001, "OB", b"\x00\x01"),
        (0x00020002, "UI", padded(text_in(header, "SOPClassUID"), "UI")),
        (0x00020003, "UI", padded(text_in(header, "SOPInstanceUID"), "UI")),
        (0x00020010, "UI", padded(syntax, "UI")),
        (0x00020012, "UI", padded(IMPLEMENTATION_CLASS_UID, "UI")),
        (0x00020013, "SH", padded(IMPLEMENTATION_VERSION_NAME, "SH")),
    )
    body = encode_dataset({tag: (vr, value) for tag, vr, value in elements})
    return encode_element(0x00020000, "UL", len(body).to_bytes(4, "little")) + body
