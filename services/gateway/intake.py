"""The one door behind C-STORE, STOW-RS and HL7: spooled, recorded, then acknowledged."""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path

from osteon.dicom import DEFAULT_LIMITS, Limits, read_header
from osteon.domain import RefusedError
from services.gateway.metrics import GatewayMetrics
from services.gateway.queue import Item, Kind, Queue
from services.gateway.settings import read_secret
from services.gateway.spool import Spool


class Intake:
    """Takes instances and messages; when a method returns, nothing is lost any more."""

    def __init__(self, queue: Queue, spool: Spool, metrics: GatewayMetrics, *, key_file: Path) -> None:
        self._queue = queue
        self._spool = spool
        self._metrics = metrics
        self._key = read_secret(key_file).encode()

    def take_instance(self, data: bytes, site: str, protocol: str, max_bytes: int) -> None:
        """Spool and record a DICOM instance.

        Raises:
            RefusedError: no DICOM, or without the UIDs that name it.
        """
        limits = Limits(max_bytes=max_bytes, max_pixels=DEFAULT_LIMITS.max_pixels)
        try:
            instance = read_header(data, limits=limits).instance
            if instance is None:
                raise RefusedError(
                    "StudyInstanceUID, SeriesInstanceUID and SOPInstanceUID",
                    "one missing",
                    "correct the instance",
                )
        except RefusedError:
            self._metrics.refused.labels(protocol, "malformed").inc()
            raise
        study = self.opaque_id("study", instance.study_instance_uid.value)
        item_id = self.opaque_id("instance", instance.sop_instance_uid.value)
        self._take(data, item_id, study, "dicom", site, protocol)

    def take_message(self, data: bytes, control_id: str, site: str) -> None:
        """Spool and record an HL7 message."""
        item_id = self.opaque_id("message", f"{control_id}\0{sha256(data).hexdigest()}")
        self._take(data, item_id, item_id, "hl7", site, "hl7")

    def _take(self, data: bytes, item_id: str, study_id: str, kind: Kind, site: str, protocol: str) -> None:
        name = self._spool.write(data)
        superfluous = self._queue.receive(
            Item(item_id=item_id, study_id=study_id, kind=kind, site=site, spool=name)
        )
        if superfluous is not None:
            self._spool.delete(superfluous)
        self._metrics.received.labels(protocol).inc()

    def opaque_id(self, kind: str, value: str) -> str:
        """A keyed digest that names an item in the queue, the outbox and /v1 without telling who it is."""
        return hmac.new(self._key, f"{kind}\0{value}".encode(), sha256).hexdigest()[:32]
