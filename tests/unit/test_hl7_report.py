"""HL7 report messages."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.deid.hl7 import read_report_message
from osteon.domain import OsteonError, RefusedError

MESSAGE = (
    "MSH|^~\\&|RIS|H|||20240101||ORU^R01|1|P|2.5|||||FRA|UNICODE UTF-8\r"
    "PID|1||4711^^^H^PI~2550814^^^INS^NH||VERCAUTRIN^Odilon^^^M.||19310203|M|||"
    "12 rue des Tilleuls^^Nîmes^^30000"
    "||06 11 22 33 44\r"
    "OBR|1||ACC776650|RX\r"
    "OBX|1|FT|||Compte rendu\\.br\\Pas de fracture \\T\\ rien\r"
)


def test_identity_and_text_are_read():
    found = read_report_message(MESSAGE.encode())
    assert found.patient_ids == ("4711", "2550814")
    assert found.known.names == (("VERCAUTRIN", "Odilon"),)
    assert found.known.birth_dates == ("19310203",)
    assert found.accession_numbers == ("ACC776650",)
    assert found.text == "Compte rendu\nPas de fracture & rien"


def test_old_messages_in_the_windows_code_page_are_read():
    assert "Nîmes" in read_report_message(MESSAGE.encode("cp1252")).known.addresses[0]


@pytest.mark.parametrize("content", [b"", b"MSH", b"hello", MESSAGE.replace("PID|", "PIX|").encode()])
def test_other_bytes_are_refused(content):
    with pytest.raises(RefusedError):
        read_report_message(content)


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(tail):
    with contextlib.suppress(OsteonError):
        read_report_message(b"MSH|^~\\&|" + tail)
