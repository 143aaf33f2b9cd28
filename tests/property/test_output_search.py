"""Short cuts of header de-identification against the plain way: both must say the same."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from osteon.deid import Policy
from osteon.deid.elements import LATIN, padded, texts_of
from osteon.deid.identity import KnownIdentity
from osteon.deid.replacement import kept
from osteon.deid.source import Raw, Source
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.known import find_known
from osteon.deid.values import are_numbers
from osteon.deid.verification import _forms, _holds, _readable

PLAN = Policy.load().plan
NEEDLES = st.lists(st.text("AB1.^é'-", min_size=4, max_size=7), max_size=4).map(tuple)
TEXT_BYTES = frozenset(b for b in range(256) if chr(b).isalnum() or b in b" '^-./" or b >= 0x80)


def plainly_holds(content: bytes, needles: tuple[str, ...]) -> bool:
    """Each form of each needle looked for in all of the bytes."""
    lowered = content.lower()
    squeezed = lowered.replace(b"\0", b"")
    return any(
        needle.lower().encode() in lowered or needle.lower().encode() in squeezed
        if needle.isascii()
        else any(form in lowered for form in _forms(needle))
        for needle in needles
    )


@settings(max_examples=300, deadline=None)
@given(NEEDLES, st.data())
def test_a_value_is_found_however_it_is_written(needles, data):
    codecs = st.sampled_from(["utf-8", "latin-1", "utf-16-le", "utf-16-be"])
    pieces = [data.draw(st.binary(max_size=6))]
    for needle in needles:
        cut = data.draw(st.integers(0, 2))
        written = data.draw(st.sampled_from([needle, needle.lower()])).encode(data.draw(codecs))
        pieces += [written[: len(written) - cut], data.draw(st.sampled_from([b"", b"\0", b"a", b"1"]))]
    content = b"".join(pieces)
    assert _holds(content, needles) == plainly_holds(content, needles)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"ABCDEFG", b"abc", b"1.2", b"\0", b"\x01\x02", b"\xe9"]), max_size=40))
def test_every_stretch_of_seven_text_bytes_is_searched(pieces):
    pixels = b"".join(pieces) + bytes(64)
    readable = _readable(pixels)
    for start in range(len(pixels) - 6):
        stretch = pixels[start : start + 7]
        if TEXT_BYTES.issuperset(stretch):
            assert stretch in readable


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789+-. \\eE", max_size=20))
@example("-12345678.123456")
@example("1\\2 ")
def test_numbers_are_kept_as_if_each_were_read(text):
    value = text.encode() + b" " * (len(text) % 2)
    texts = texts_of(Raw("DS", value, True, False), "DS", LATIN)
    wanted = ("DS", padded("\\".join(texts), "DS")) if are_numbers([t for t in texts if t]) else None
    step = PLAN[0x00180060]  # KVP
    assert kept(step, Source({}), Raw("DS", value, True, False), lambda _texts: False) == wanted


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["M", "F", "O", "m", "M\\F", "X", " M", ""]), st.sampled_from([b"", b" ", b"\0", b"  "])
)
def test_listed_values_are_kept_as_if_they_were_read(text, end):
    step = PLAN[0x00100040]  # PatientSex
    element = Raw("CS", text.encode() + end, True, False)
    texts = texts_of(element, "CS", LATIN)
    wanted = ("CS", padded("\\".join(texts), "CS")) if all(t in step.values for t in texts) else None
    assert kept(step, Source({}), element, lambda _texts: False) == wanted


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["", " ", "-", "/ ", "\n"]), min_size=7, max_size=7))
def test_a_known_number_is_found_with_whatever_stands_between_its_characters(separators):
    number = "K1234567"
    written = "".join(c + s for c, s in zip(number, [*separators, ""], strict=True))
    found = find_known(f"Dossier {written}, vu le 3 mai.", KnownIdentity(numbers=(number,)), lexicon())
    assert [(span.start, span.end) for span in found if span.label == "IPP"] == [(8, 8 + len(written))]
