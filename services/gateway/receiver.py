"""The DICOM side: a storage SCP for modalities that are known.

Success is answered only after the instance is on the disk and in the queue (PS3.4 annex B.2.3 tells what
a storage SCP promises with it).
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
    Verification,
)
from sqlalchemy.exc import SQLAlchemyError

from osteon.domain import RefusedError
from services.gateway.intake import Intake
from services.gateway.metrics import GatewayMetrics
from services.gateway.settings import Settings
from services.gateway.transport import quieten_libraries, send_at_once

IMAGE_CLASSES = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
)
#: Everything `osteon.dicom` reads; uncompressed first, so that a sender with a choice keeps it simple.
TRANSFER_SYNTAXES = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
)

# PS3.4 table B.2-1.
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000

_LOG = logging.getLogger(__name__)


class Receiver:
    """A running storage SCP."""

    def __init__(self, settings: Settings, intake: Intake, metrics: GatewayMetrics) -> None:
        self._settings = settings
        self._intake = intake
        self._metrics = metrics
        self._server: Any = None

    def start(self) -> None:
        """Listen in threads of their own until `stop`."""
        quieten_libraries()
        entity = AE(ae_title=self._settings.ae_title)
        entity.require_called_aet = True
        # An empty list would let everyone in: a random title, told to nobody, lets nobody in.
        entity.require_calling_aet = list(self._settings.calling_ae_titles) or [secrets.token_hex(8)]
        entity.maximum_associations = self._settings.max_associations
        entity.maximum_pdu_size = 256 * 1024
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
        entity.add_supported_context(Verification)
        for sop_class in IMAGE_CLASSES:
            entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
        self._server = entity.start_server(
            (self._settings.dicom_host, self._settings.dicom_port),
            block=False,
            evt_handlers=[
                (evt.EVT_CONN_OPEN, send_at_once),
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_REJECTED, self._count_rejected),
            ],
        )

    def stop(self) -> None:
        """Stop listening and abort what is open; senders repeat what was not acknowledged."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.socket.getsockname()[1]) if self._server else 0

    @property
    def listening(self) -> bool:
        """Whether the SCP runs."""
        return self._server is not None

    def _store(self, event: Any) -> int:
        site = self._settings.site_of(event.assoc.requestor.ae_title)
        data = event.encoded_dataset(include_meta=True)
        try:
            self._intake.take_instance(data, site, "c-store", self._settings.max_instance_bytes)
        except RefusedError:
            return CANNOT_UNDERSTAND
        except (OSError, SQLAlchemyError) as error:
            self._metrics.refused.labels("c-store", "not_stored").inc()
            _LOG.error("an instance could not be stored: %s", type(error).__name__)
            return OUT_OF_RESOURCES
        return SUCCESS

    def _count_rejected(self, _event: Any) -> None:
        self._metrics.refused.labels("c-store", "association").inc()
