"""Sending as a hospital does: DICOM C-STORE and HL7 over MLLP."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from osteon.dicom import read_dataset
from osteon.domain import FaultError, RefusedError
from services.gateway.transport import quieten_libraries, send_at_once

_START, _END = b"\x0b", b"\x1c\r"
_MAX_CONTEXTS = 128  # PS3.8 section 9.3.2.2: odd numbers from 1 to 255
_WARNINGS = range(0xB000, 0xC000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How many objects the other side has taken."""

    stored: int


def send_study(
    files: Iterable[Path | str],
    host: str,
    port: int,
    calling_ae: str,
    called_ae: str,
    *,
    timeout_s: float = 30.0,
) -> Sent:
    """Send the files of a study in one association.

    Raises:
        FaultError: no connection, a rejected association, or a failure status.
        RefusedError: a file that is no DICOM instance, or whose class the other side does not take.
    """
    contents = [Path(file).read_bytes() for file in files]
    return send_objects(contents, host, port, calling_ae=calling_ae, called_ae=called_ae, timeout_s=timeout_s)


def send_objects(
    objects: Sequence[bytes],
    host: str,
    port: int,
    *,
    calling_ae: str,
    called_ae: str,
    timeout_s: float = 30.0,
) -> Sent:
    """Send DICOM files held in memory in one association; raises as `send_study` does."""
    from pynetdicom import AE, evt

    quieten_libraries()
    datasets = [read_dataset(content) for content in objects]
    entity = AE(ae_title=calling_ae)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = timeout_s
    entity.connection_timeout = timeout_s
    for sop_class, syntax in _contexts(datasets):
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate(
        host, port, ae_title=called_ae, max_pdu=0, evt_handlers=[(evt.EVT_CONN_OPEN, send_at_once)]
    )
    if not association.is_established:
        raise FaultError(
            f"an association with {called_ae}",
            "a rejection" if association.is_rejected else "no connection",
            "check the AE titles, the address and that the other side knows this one",
        )
    try:
        for dataset in datasets:
            _store(association, dataset)
    finally:
        if association.is_established:
            association.release()
    return Sent(stored=len(datasets))


def _contexts(datasets: Sequence[Dataset]) -> list[tuple[str, str]]:
    try:
        pairs = {(str(each.SOPClassUID), str(each.file_meta.TransferSyntaxUID)) for each in datasets}
    except AttributeError:
        raise RefusedError(
            "a SOP class and a transfer syntax", "an instance without", "send files of PS3.10"
        ) from None
    if len(pairs) > _MAX_CONTEXTS:
        raise RefusedError(f"at most {_MAX_CONTEXTS} kinds", f"{len(pairs)}", "send fewer files at once")
    return sorted(pairs)


def _store(association: Any, dataset: Dataset) -> None:
    try:
        status = association.send_c_store(dataset)
    except ValueError:
        raise RefusedError(
            "a presentation context for the instance", "none accepted", "see what the other side stores"
        ) from None
    except RuntimeError:
        raise FaultError("an open association", "one that was closed", "send the study again") from None
    code = status.get("Status")
    if code is None:
        raise FaultError("an answer to C-STORE", "none in time", "send the study again")
    if code != 0 and code not in _WARNINGS:
        raise FaultError("status 0000 to C-STORE", f"{code:04X}", "see the log of the other side")


def send_message(message: bytes, host: str, port: int, *, timeout_s: float = 30.0) -> str:
    """Send one HL7 message over MLLP and wait for its acknowledgement; AA, or CA.

    Raises:
        FaultError: no connection, no acknowledgement, or another than accepted.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(_START + message + _END)
            answer = _read_block(connection)
    except OSError as error:
        raise FaultError("an HL7 acknowledgement", type(error).__name__, "check the address") from None
    code = _acknowledgement(answer)
    if code not in {"AA", "CA"}:
        raise FaultError("an acknowledgement AA", code or "none", "see the log of the other side")
    return code


def _read_block(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(_END):
        chunk = connection.recv(65536)
        if not chunk or len(received) > 1 << 20:
            raise FaultError("a whole acknowledgement", "one that breaks off", "send the message again")
        received += chunk
    return received


def _acknowledgement(block: bytes) -> str:
    """MSA-1 of the answer (HL7 v2.5.1 section 2.15.8), a word of two letters."""
    for segment in block.strip(_START + _END).split(b"\r"):
        fields = segment.split(b"|")
        if fields[0] == b"MSA" and len(fields) > 1 and len(fields[1]) == 2 and fields[1].isalpha():
            return fields[1].decode("ascii", "replace")
    return ""
