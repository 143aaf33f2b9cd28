"""Reading pictures: bytes to numbers that a model can use, and headers to closed sets.

>>> from osteon.dicom import read_picture, write_png
>>> write_png(read_picture("knee.dcm"), "knee.png", bits=16)  # doctest: +SKIP
"""

from osteon.dicom.dataset import read_dataset
from osteon.dicom.header import Header, header_of, read_header
from osteon.dicom.limits import DEFAULT_LIMITS, Limits
from osteon.dicom.picture import Picture, picture_of, read_picture, write_png
from osteon.dicom.pixels import stored_pixels

__all__ = [
    "DEFAULT_LIMITS",
    "Header",
    "Limits",
    "Picture",
    "header_of",
    "picture_of",
    "read_dataset",
    "read_header",
    "read_picture",
    "stored_pixels",
    "write_png",
]
