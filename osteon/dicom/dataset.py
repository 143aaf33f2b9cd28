"""Bytes to a pydicom data set, within limits, and without a word about its values.

pydicom warns with the offending value in the text ("Invalid value for VR UI: '...'"), so its
validation and its logger are silenced here: rule 3 of the design, no data-set value in a log.
"""

from __future__ import annotations

import logging
import struct
import threading
import warnings
import zlib
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pydicom
from pydicom.config import IGNORE
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from osteon.dicom.limits import DEFAULT_LIMITS, Limits
from osteon.domain.errors import RefusedError, UsageError

Source = str | PathLike[str] | bytes


class Attributes(Protocol):
    """What is asked of a data set by keyword, wherever it was read."""

    def get(self, key: str, /) -> Any: ...  # noqa: D102
    def __contains__(self, key: str, /) -> bool: ...
    def __getitem__(self, key: str, /) -> Any: ...


#: What pydicom and the decoders raise on bytes that are not what they claim to be (found by fuzzing).
MALFORMED: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # with it NotImplementedError, RecursionError and every error of imagecodecs
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_PREAMBLE = 128
_NOT_DICOM = RefusedError("a DICOM instance or a PNG, JPEG or TIFF picture", "other bytes", "check the file")
_QUIET = threading.Event()


def quieten_libraries() -> None:
    """Keep pydicom and Pillow from writing values to warnings and logs."""
    if not _QUIET.is_set():
        pydicom.config.settings.reading_validation_mode = IGNORE
        logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
        warnings.filterwarnings("ignore", module=r"(pydicom|PIL)(\.|$)")
        _QUIET.set()


def read_bytes(source: Source, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of a file or a buffer, refused before reading when they are too many."""
    if isinstance(source, bytes | bytearray | memoryview):
        limits.check_bytes(len(source))
        return bytes(source)
    path = Path(source)
    if not path.is_file():
        raise UsageError("the path of a file", "no file there", "check the path")
    limits.check_bytes(path.stat().st_size)
    return path.read_bytes()


def looks_like_dicom(head: bytes) -> bool:
    """Whether the first bytes may start a DICOM file, with or without its preamble.

    Source: DICOM PS3.10 section 7.1; files from before it start at group 0002 or 0008 at once.
    """
    if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return True
    return head[:2] in (b"\x02\x00", b"\x08\x00") or head[:4] in (b"\x00\x08\x00\x05", b"\x00\x08\x00\x08")


def read_dataset(source: Source, *, pixels: bool = True, limits: Limits = DEFAULT_LIMITS) -> Dataset:
    """The data set of a DICOM file; `pixels=False` stops before the pixel data.

    Raises:
        RefusedError: not DICOM, malformed, or beyond the limits.
        UsageError: no such file.
    """
    quieten_libraries()
    if isinstance(source, bytes | bytearray | memoryview):
        limits.check_bytes(len(source))
        return _parse(BytesIO(source), pixels, limits)
    path = Path(source)
    if not path.is_file():
        raise UsageError("the path of a file", "no file there", "check the path")
    limits.check_bytes(path.stat().st_size)
    with path.open("rb") as stream:
        return _parse(stream, pixels, limits)


def _parse(stream: BinaryIO, pixels: bool, limits: Limits) -> Dataset:
    head = stream.read(_PREAMBLE + 4)
    if not looks_like_dicom(head):
        raise _NOT_DICOM
    stream.seek(0)
    try:
        inflated = _inflate(stream, limits)
        if inflated is not None:
            stream = inflated
        dataset = pydicom.dcmread(stream, force=True, stop_before_pixels=not pixels)
        if len(dataset) == 0:
            raise _NOT_DICOM
    except MALFORMED as error:
        raise RefusedError(
            "a well-formed DICOM data set",
            f"one that breaks off or contradicts itself ({_kind(error)})",
            "send the instance again from its source",
        ) from None
    return dataset


def _inflate(stream: BinaryIO, limits: Limits) -> BytesIO | None:
    """A deflated file as an explicit little endian one, inflated within the limit; None when not deflated.

    pydicom inflates without a bound: a megabyte of zeros may become a terabyte.
    Source: DICOM PS3.5 section A.5.
    """
    if stream.read(_PREAMBLE + 4)[_PREAMBLE:] != b"DICM":
        stream.seek(0)
        return None
    group = pydicom.filereader.read_dataset(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _length: tag.group != 2,
    )
    meta = FileMetaDataset(group)
    uid = str(meta.get("TransferSyntaxUID", ""))
    if uid != DeflatedExplicitVRLittleEndian:
        stream.seek(0)
        return None
    body = _inflate_bytes(stream.read(), limits.max_inflated_bytes)
    return BytesIO(bytes(_PREAMBLE) + b"DICM" + _meta_bytes(meta) + body)


def _meta_bytes(meta: FileMetaDataset) -> bytes:
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = pydicom.filebase.DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    pydicom.filewriter.write_file_meta_info(buffer, meta, enforce_standard=False)
    return bytes(buffer.getvalue())


def _inflate_bytes(deflated: bytes, limit: int) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = engine.decompress(deflated, limit)
    if engine.unconsumed_tail:
        raise RefusedError(f"at most {limit} bytes once inflated", "more", "send the instance uncompressed")
    if not engine.eof:
        raise RefusedError("a whole deflated data set", "one that breaks off", "send the instance again")
    return inflated


def _kind(error: Exception) -> str:
    """The type of an error, never its text: pydicom writes values there."""
    return type(error).__name__


def text_of(dataset: Attributes, keyword: str) -> str:
    """An attribute as trimmed text; empty when absent, multi-valued parts joined by a backslash."""
    try:
        value: Any = dataset.get(keyword)
        if value is None:
            return ""
        if isinstance(value, str):
            return value.strip(" \0")
        if isinstance(value, MultiValue | list | tuple):
            return "\\".join(str(item).strip(" \0") for item in value)
        return str(value).strip(" \0")
    except MALFORMED:
        return ""


def numbers_of(dataset: Attributes, keyword: str) -> tuple[float, ...]:
    """An attribute as numbers; empty when absent or not numbers."""
    try:
        return tuple(float(part) for part in text_of(dataset, keyword).split("\\") if part.strip())
    except ValueError:
        return ()


def items_of(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence; empty when absent or malformed."""
    try:
        value = dataset.get(keyword)
        return tuple(item for item in value if isinstance(item, Dataset)) if value else ()
    except MALFORMED:
        return ()
