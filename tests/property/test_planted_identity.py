"""Identity planted in every corner of a DICOM file is in no byte of the output, log or error."""

import logging
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteon.deid import Policy, deidentify_dicom
from osteon.domain.errors import OsteonError
from tests.identified_instances import PSEUDONYMISER, as_file, plant_everywhere, radiograph

POLICY = Policy.load()
# Not like any word of the policy, which a test generator picks up from the source.
WORDS = st.text(string.ascii_letters, min_size=6, max_size=14).map(lambda word: f"Zq{word}")


def found_in(needle: str, content: bytes) -> bool:
    """Whether the text stands in the bytes in any usual encoding, in either case."""
    lowered = content.lower()
    return any(
        needle.lower().encode(code) in lowered for code in ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS, family=WORDS, number=st.from_regex(r"[A-Z]{2}[0-9]{8}", fullmatch=True))
def test_planted_identity_is_in_no_byte_of_the_output(caplog, word, family, number):
    ds = plant_everywhere(radiograph(name=f"{family}^{word}", number=number), word)
    trailing = b"\xfc\xff\xfc\xffOB\0\0" + len(word).to_bytes(4, "little") + word.encode()
    source = as_file(ds, preamble=word.encode().ljust(128, b"x"), trailing=trailing)
    assert found_in(word, source)
    with caplog.at_level(logging.DEBUG):
        made = deidentify_dicom(source, POLICY, PSEUDONYMISER)
    for needle in (
        word,
        family,
        number,
        "VERCAUTRIN",
        "BRISTOULET",
        "Ormebeuve",
        "Cigognes",
        "19570312",
        "ACC20240098",
        "SN-55127719",
    ):
        assert not found_in(needle, made.content)
        assert needle.lower() not in (caplog.text + repr(made)).lower()


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 20_000), flip=st.integers(0, 20_000), value=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_without_a_word_of_its_content(cut, flip, value):
    source = bytearray(as_file(plant_everywhere(radiograph(), "Zwyrtelowicz")))
    source[flip % len(source)] = value
    try:
        made = deidentify_dicom(bytes(source[: len(source) - cut % len(source)]), POLICY, PSEUDONYMISER)
        said, content = "", made.content
    except OsteonError as error:
        said, content = str(error).lower(), b""
    assert "zwyrtel" not in said
    assert "quentrelec" not in said
    assert not found_in("Zwyrtelowicz", content)


@settings(max_examples=20, deadline=None)
@given(name=st.text(min_size=1, max_size=20).filter(lambda t: t.isprintable() and "\\" not in t))
def test_the_same_input_gives_the_same_bytes_and_a_second_pass_changes_nothing(name):
    source = as_file(radiograph(name=name))
    once = deidentify_dicom(source, POLICY, PSEUDONYMISER).content
    assert deidentify_dicom(source, POLICY, PSEUDONYMISER).content == once
    assert deidentify_dicom(once, POLICY, PSEUDONYMISER).content == once
