"""What the DICOM sides share: libraries that keep values to themselves, and packets that leave at once."""

from __future__ import annotations

import logging
import socket
import warnings
from typing import Any


def quieten_libraries() -> None:
    """Keep UIDs and names out of the log; the gateway's metrics say what happened instead.

    pynetdicom logs data-set values and UIDs, highdicom logs UIDs and warns with the patient's name.
    """
    for name in ("pynetdicom", "highdicom", "pydicom", "httpx", "hl7"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"(pynetdicom|highdicom|pydicom|hl7)(\.|$)")


def send_at_once(event: Any) -> None:
    """Set TCP_NODELAY on a new connection.

    Without it each answer waits 40 ms for Nagle's algorithm and the delayed acknowledgement to meet.
    """
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
