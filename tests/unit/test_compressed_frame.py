"""Compressed frames lose what hides beside the picture and nothing of the picture."""

import contextlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid.bitstream import clean_frame
from osteon.domain import QuarantinedError

PICTURE = np.random.default_rng(0).integers(0, 255, (48, 40)).astype(np.uint8)
CODECS = {
    "jpeg": (imagecodecs.jpeg_encode, imagecodecs.jpeg_decode),
    "jpeg-lossless": (lambda a: imagecodecs.jpeg_encode(a, lossless=True), imagecodecs.jpeg_decode),
    "jpeg-ls": (imagecodecs.jpegls_encode, imagecodecs.jpegls_decode),
    "jpeg2000": (lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k"), imagecodecs.jpeg2k_decode),
}


def with_comment(stream, text):
    """A comment segment after the start, and bytes after the end."""
    if stream[:2] == b"\xff\xd8":
        comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
        return stream[:2] + comment + stream[2:] + text
    siz = 4 + int.from_bytes(stream[4:6], "big")
    comment = b"\xff\x64" + (len(text) + 4).to_bytes(2, "big") + b"\0\1" + text
    return stream[:siz] + comment + stream[siz:] + text


@pytest.mark.parametrize("codec", CODECS)
def test_comments_and_trailing_bytes_go_and_the_picture_stays(codec):
    encode, decode = CODECS[codec]
    stream = bytes(encode(PICTURE))
    cleaned = clean_frame(with_comment(stream, b"DUPONT MARIE"))
    assert b"DUPONT" not in cleaned
    assert np.array_equal(decode(cleaned), decode(stream))
    assert clean_frame(cleaned) == cleaned


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8", b"\xff\x4f\xff\x51", b""]))
def test_broken_streams_are_quarantined_and_never_loop(tail, head):
    with contextlib.suppress(QuarantinedError):
        clean_frame(head + tail)
