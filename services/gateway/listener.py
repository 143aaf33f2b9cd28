"""The HL7 side: an MLLP listener that takes reports (ORU^R01) for the research path.

A message is acknowledged (AA) once it is on the disk and in the queue; AE asks the sender to try again,
AR says that this gateway does not take it. Source: HL7 v2.5.1 sections 2.9.2 and appendix C (MLLP).
"""

from __future__ import annotations

import asyncio
import logging

import hl7
from hl7.mllp import HL7StreamReader, HL7StreamWriter, InvalidBlockError, start_hl7_server
from sqlalchemy.exc import SQLAlchemyError

from services.gateway.intake import Intake
from services.gateway.metrics import GatewayMetrics
from services.gateway.settings import Settings

_LOG = logging.getLogger(__name__)
_IDLE_S = 600.0


class Listener:
    """A running MLLP server on the event loop that started it."""

    def __init__(self, settings: Settings, intake: Intake, metrics: GatewayMetrics) -> None:
        self._settings = settings
        self._intake = intake
        self._metrics = metrics
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen until `stop`."""
        self._server = await start_hl7_server(
            self._converse,
            host=self._settings.hl7_host,
            port=self._settings.hl7_port,
            encoding="utf-8",
            encoding_errors="surrogateescape",
            limit=self._settings.max_message_bytes,
        )

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def _converse(self, reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not writer.is_closing():
                message = await asyncio.wait_for(reader.readmessage(), _IDLE_S)
                writer.writemessage(await asyncio.to_thread(self._answer, message))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass  # the sender has closed the connection
        except (
            TimeoutError,
            ConnectionError,
            InvalidBlockError,
            asyncio.LimitOverrunError,
            hl7.HL7Exception,
            ValueError,
            LookupError,
        ) as error:
            self._metrics.refused.labels("hl7", "malformed").inc()
            _LOG.warning("an HL7 connection was closed: %s", type(error).__name__)
        finally:
            writer.close()

    def _answer(self, message: hl7.Message) -> hl7.Message:
        if self._settings.handover is None or not _is_report(message):
            reason = "no_handover" if self._settings.handover is None else "not_a_report"
            self._metrics.refused.labels("hl7", reason).inc()
            return message.create_ack("AR")
        data = str(message).encode("utf-8", "surrogateescape")
        try:
            self._intake.take_message(data, _field(message, 10), self._settings.site)
        except (OSError, SQLAlchemyError) as error:
            self._metrics.refused.labels("hl7", "not_stored").inc()
            _LOG.error("a message could not be stored: %s", type(error).__name__)
            return message.create_ack("AE")
        return message.create_ack("AA")


def _is_report(message: hl7.Message) -> bool:
    return _field(message, 9).startswith("ORU^R01")


def _field(message: hl7.Message, number: int) -> str:
    """A field of MSH as text; empty when absent."""
    try:
        return str(message.segment("MSH")(number))
    except (LookupError, TypeError):
        return ""
