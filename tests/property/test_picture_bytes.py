"""Whatever bytes come, the answer is a picture or a refusal, soon, and without a value in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteon.dicom import read_header, read_picture
from osteon.domain.errors import RefusedError
from tests.dicom_files import SYNTAXES, dicom_bytes

Answer = TypeVar("Answer")


@cache
def whole(syntax: str) -> bytes:
    return dicom_bytes(syntax=syntax)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A small instance in any syntax, with bytes flipped, spliced or cut off."""
    data = bytearray(whole(draw(st.sampled_from(SYNTAXES))))
    for _ in range(draw(st.integers(0, 6))):
        if len(data) <= 128:
            break
        place = draw(st.integers(128, len(data) - 1))
        kind = draw(st.sampled_from(["flip", "splice", "cut"]))
        if kind == "flip":
            data[place] ^= draw(st.integers(1, 255))
        elif kind == "splice":
            data[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
        else:
            data = data[: max(place, 140)]
    return bytes(data)


def answered(read: Callable[[bytes], Answer], data: bytes) -> Answer | RefusedError:
    try:
        return read(data)
    except RefusedError as refusal:
        return refusal


@settings(max_examples=300, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow])
@given(data=damaged())
def test_damaged_bytes_give_a_picture_or_a_refusal(data: bytes) -> None:
    started = time.monotonic()
    answer = answered(read_picture, data)
    if isinstance(answer, RefusedError):
        assert "PLANTED" not in str(answer)
        assert "1.2.826" not in str(answer)
    else:
        picture = answer
        assert picture.pixels.dtype == np.float32
        assert picture.pixels.ndim == 2
        assert picture.pixels.min() >= 0
        assert picture.pixels.max() <= 1
    assert time.monotonic() - started < 5


@settings(max_examples=100, deadline=timedelta(seconds=5))
@given(data=damaged())
def test_damaged_bytes_give_a_header_or_a_refusal(data: bytes) -> None:
    answer = answered(read_header, data)
    assert "PLANTED" not in (str(answer) if isinstance(answer, RefusedError) else repr(answer))


@settings(max_examples=100, deadline=timedelta(seconds=5))
@given(data=st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    for head in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", bytes(128) + b"DICM", b"\x08\x00"):
        with pytest.raises(RefusedError):
            read_picture(head + data)


def test_nothing_is_warned_or_logged_about_values(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    data = dicom_bytes().replace(b"1.2.826.0.1.3680043.10.1.2", b"PLANTED-UID-NOT-VALID-00-X")
    read_picture(data)
    assert "PLANTED" not in caplog.text
    assert not [warning for warning in recwarn if "PLANTED" in str(warning.message)]
