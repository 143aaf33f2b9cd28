"""A de-identified data set as a DICOM file: an empty preamble and our own group 0002.

Source: DICOM PS3.10 section 7.1, PS3.5 annexes A.2 and A.4.
"""

from __future__ import annotations

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from osteon.deid.elements import Element, Elements, encode_element, padded, raw_bytes, text_in
from osteon.domain.errors import RefusedError

IMPLEMENTATION_CLASS_UID = "2.25.308473911470652903180244386521720519391"
IMPLEMENTATION_VERSION_NAME = "OSTEON_1"

_PIXEL_DATA = 0x7FE00010
_DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"


def as_file(header: Elements, target: Dataset) -> bytes:
    """The header with what the pixel stage wrote, in explicit VR little endian or encapsulated, as a file.

    Args:
        header: tag -> (VR, value) of what the policy lets through.
        target: pixels, and attributes of the header that they changed; its `file_meta` names the syntax.
    Raises:
        RefusedError: an element whose value cannot be encoded.
    """
    written = {int(tag): _encoded(int(tag), element) for tag, element in target.items()}
    body = [
        written[t] if t in written else encode_element(t, *header[t]) for t in sorted({*header, *written})
    ]
    return b"".join([b"\0" * 128, b"DICM", _meta(header, str(target.file_meta.TransferSyntaxUID)), *body])


def as_bytes(header: Elements) -> bytes:
    """A data set without pixels as a file in explicit VR little endian."""
    meta = _meta(header, str(ExplicitVRLittleEndian))
    return b"".join([b"\0" * 128, b"DICM", meta, *(encode_element(t, *header[t]) for t in sorted(header))])


def _encoded(tag: int, element: Element) -> bytes:
    value = raw_bytes(element)
    if value is None:
        raise RefusedError("attributes that can be written", "one that cannot", "send the instance again")
    if tag == _PIXEL_DATA and isinstance(element, DataElement) and element.is_undefined_length:
        return encode_element(tag, "OB", b"")[:-4] + b"\xff\xff\xff\xff" + value + _DELIMITER
    return encode_element(tag, str(element.VR), value)


def _meta(header: Elements, syntax: str) -> bytes:
    elements = (
        (0x00020001, "OB", b"\x00\x01"),
        (0x00020002, "UI", padded(text_in(header, "SOPClassUID"), "UI")),
        (0x00020003, "UI", padded(text_in(header, "SOPInstanceUID"), "UI")),
        (0x00020010, "UI", padded(syntax, "UI")),
        (0x00020012, "UI", padded(IMPLEMENTATION_CLASS_UID, "UI")),
        (0x00020013, "SH", padded(IMPLEMENTATION_VERSION_NAME, "SH")),
    )
    body = b"".join(encode_element(*element) for element in elements)
    return encode_element(0x00020000, "UL", len(body).to_bytes(4, "little")) + body
