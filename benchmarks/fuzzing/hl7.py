"""HL7 v2 messages: seeds of every form that a RIS writes, broken where it hurts."""

from __future__ import annotations

import random

from benchmarks.fuzzing.faults import cut, doubling, insertion, with_faults

_PID = (
    "PID|1||K7712093^^^H^PI~1850578006084^^^INS^NI||QUENTRELEC^Maëlys^^^Mme||19570312|F|||"
    "14 rue des Cigognes^^Ormebeuve^^59480||03 20 11 22 33|||||V77120"
)
_OBX = "OBX|1|TX|R^Compte rendu||Radiographie du genou gauche.~Pas de fracture.||||||F"
_SIGNS = b"|^~\\&\r\n\x0b\x1c\x00"
_PIECES = (
    b"\\X4142\\", b"\\.br\\", b"\\H\\", b"\\F\\", b"\\X", b"\\.sp+999999999\\", b"MSH|", b"PID|",
    b"OBX|1|FT|||", b"\r" * 64, b"~" * 4096, b"^" * 4096, b"|" * 600, b"\xff\xfe", "é".encode(),
    "é".encode("latin-1"),
    b"\x0b", b"\x1c\r",
)  # fmt: skip


def seeds() -> list[bytes]:
    """Whole messages: plain, framed, other delimiters, escapes, several observations, other code pages."""
    plain = "\r".join(
        (
            "MSH|^~\\&|RIS|H|EAI|H|20240304101500||ORU^R01|1|P|2.5.1|||||FRA|UNICODE UTF-8",
            _PID,
            "PV1|1|O|RADIO^1^2||||1000123^VERCAUTRIN^Odilon|||||||||||V771209",
            "ORC|RE|O1|F1||||||||||1000123^VERCAUTRIN^Odilon",
            "OBR|1|O1|F1|RXGENG^Genou gauche||||||||||||1000123^VERCAUTRIN^Odilon||ACC20240098",
            _OBX,
            "OBX|2|FT|C^Conclusion||\\H\\Conclusion\\N\\ : pas de fracture\\.br\\\\X0D0A\\Dr V\\T\\B||||||F",
            "ZDS|1.2.840.1.1^RIS^Application^DICOM",
        )
    )
    other = plain.replace("|", "!").replace("^", "$").replace("MSH!$~\\&", "MSH!$~\\&")
    return [
        plain.encode(),
        b"\x0b" + plain.encode("cp1252") + b"\x1c\r",
        other.encode(),
        plain.replace("\r", "\n").encode("latin-1"),
        f"MSH|^~\\&|R|H|||20240101||ORU^R01|1|P|2.5\r{_PID}\rOBR|1\r".encode(),
        (f"MSH|^~\\&\r{_PID}\r" + "\r".join([_OBX] * 200)).encode(),
    ]


def mutated(draw: random.Random, whole: list[bytes]) -> bytes:
    """A message with one to six faults: cut, doubled, swapped, blown up, flipped."""
    return with_faults(draw, whole, _FAULTS, 6)


def run(content: bytes) -> str:
    """Reads the message as the product does; the project's own errors are answers, any other is a finding."""
    from osteon.deid.hl7 import read_report_message

    read_report_message(content)
    return "read"


def _flip(data: bytes, draw: random.Random) -> bytes:
    if not data:
        return data
    place = draw.randrange(len(data))
    return data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]


def _swap_sign(data: bytes, draw: random.Random) -> bytes:
    old, new = (bytes([draw.choice(_SIGNS)]) for _ in range(2))
    return data.replace(old, new, draw.choice((1, 3, -1)))


def _drop(data: bytes, draw: random.Random) -> bytes:
    first = draw.randint(0, len(data))
    return data[:first] + data[draw.randint(first, len(data)) :]


def _blow_up(data: bytes, draw: random.Random) -> bytes:
    """A bomb: one separator, escape or letter, a million times."""
    piece = draw.choice(
        (*(bytes([sign]) for sign in _SIGNS), b"A", b"\\X41", b"\\.br", b"A^", b"A~", b"\rPID|")
    )
    place = draw.randint(0, len(data))
    return data[:place] + piece * draw.choice((1_000, 50_000, 1_000_000)) + data[place:]


_insert, _double = insertion(_PIECES), doubling(2000, (1, 2, 50))
_FAULTS = (cut, _flip, _flip, _insert, _insert, _swap_sign, _double, _drop, _blow_up)
