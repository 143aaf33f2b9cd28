"""Small files that ask for very much: refused in bounded memory and time, and the next file is read."""

import contextlib
import random
import resource
import time

import pytest

from benchmarks.fuzz_deid import Worker
from benchmarks.fuzzing import hl7 as hl7_fuzz
from benchmarks.fuzzing import pdf as pdf_fuzz
from osteon.deid.hl7 import read_report_message
from osteon.deid.pdf_text import Reader, read_pdf_text
from osteon.domain import OsteonError, QuarantinedError, RefusedError

BOMBS = pdf_fuzz.bombs()
LETTER = pdf_fuzz.seeds()[0]
PID = "MSH|^~\\&|R|H|||20240101||ORU^R01|1|P|2.5\rPID|1||K7712^^^H^PI||QUENTRELEC^Maëlys\r"


@pytest.mark.parametrize("name", sorted(set(BOMBS) - {pdf_fuzz.SLOWEST}))
def test_a_pdf_bomb_is_refused_or_held_back_and_the_next_letter_is_read(name):
    with pytest.raises((RefusedError, QuarantinedError)):
        read_pdf_text(BOMBS[name])
    assert "pas de fracture" in read_pdf_text(LETTER)


def test_a_pdf_that_takes_too_long_is_given_up_and_the_same_reader_goes_on():
    reader = Reader(cpu_seconds=0.5)
    assert reader.read(BOMBS[pdf_fuzz.SLOWEST]) == {"refused": "time"}
    assert "pas de fracture" in reader.read(LETTER)["pages"][0]


def test_a_reader_that_was_killed_is_started_again():
    reader = Reader()
    reader.read(LETTER)
    reader._process.kill()
    reader._process.wait()
    assert "pages" in reader.read(LETTER)


def test_no_error_of_a_pdf_tells_what_is_in_it():
    with pytest.raises(RefusedError) as error:
        read_pdf_text(LETTER[: len(LETTER) // 2].replace(b"Type", b"Quentrelec"))
    assert "uentrelec" not in str(error.value)


def hl7_bombs():
    return {
        "segments": PID + "OBX|1|TX|||a\r" * 30_000,
        "fields": PID + "OBR" + "|" * 100_000,
        "repetitions": PID.replace("K7712", "~".join(["K7712"] * 100_000)),
        "components": PID.replace("K7712", "^" * 100_000),
        "names": PID + "".join(f"OBR|{n}|||||||||{n}^A{n}^B{n}\r" for n in range(2_000)),
        "text": PID + "OBX|1|TX|||" + "a" * 3_000_000,
        "lines": PID + "OBX|1|TX|||" + "~" * 100_000,
        "patients": PID + "PID|2||K1\r" * 100,
        "bytes": PID + "x" * (17 << 20),
    }


@pytest.mark.parametrize("name", sorted(hl7_bombs()))
def test_an_hl7_bomb_is_refused_at_once(name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with pytest.raises(RefusedError):
        read_report_message(hl7_bombs()[name].encode())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5


@pytest.mark.parametrize(("kind", "seconds"), [(hl7_fuzz, 4), (pdf_fuzz, 4)])
def test_a_short_fuzz_finds_no_crash(kind, seconds):
    draws, end = random.Random(20), time.monotonic() + seconds
    seeds = kind.seeds()[:3]
    while time.monotonic() < end:
        with contextlib.suppress(OsteonError):
            kind.run(kind.mutated(draws, seeds))


def test_an_input_without_an_answer_is_a_finding_and_the_next_one_is_answered():
    worker = Worker(("hl7",), seed=0)
    try:
        assert worker.ask("hl7", 0, wait_s=0.0)[0] == "!no answer in 0.0 s"
        assert worker.ask("hl7", 0, seconds=-1.0, wait_s=0.0)[0] == "!took more than -1.0 s"
        assert not worker.ask("hl7", 0)[0].startswith("!")
    finally:
        worker.stop()
