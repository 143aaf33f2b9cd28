"""Takes items from the queue to their answers, and results to where they go."""

from __future__ import annotations

import logging
import threading
import time

from osteon.domain import FaultError, RefusedError
from services.gateway.metrics import GatewayMetrics
from services.gateway.model_client import BusyError, ModelClient
from services.gateway.outbox import Outbox
from services.gateway.queue import Delivery, Item, Queue
from services.gateway.send import send_message, send_objects
from services.gateway.settings import Settings
from services.gateway.shadow import load_live_models
from services.gateway.spool import Spool

_LOG = logging.getLogger(__name__)


class Worker:
    """One loop over the queue; several may run, in one process or many."""

    def __init__(
        self, settings: Settings, queue: Queue, spool: Spool, outbox: Outbox, metrics: GatewayMetrics
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._spool = spool
        self._outbox = outbox
        self._metrics = metrics
        self._client = ModelClient(settings)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            if not self.step():
                stop.wait(self._settings.poll_s)
        self._client.close()

    def step(self) -> bool:
        """Do one item or one delivery; whether there was any."""
        item = self._queue.claim()
        if item is not None:
            self._process(item)
            return True
        delivery = self._queue.claim_delivery()
        if delivery is not None:
            self._deliver(delivery)
            return True
        return False

    def _process(self, item: Item) -> None:
        if item.attempts > self._settings.max_attempts:  # it ended the process each time it was tried
            self._queue.fail(item, "exhausted")
            self._finish("failed", "exhausted")
            return
        started = time.monotonic()
        try:
            reason = self._hand_over(item) if item.kind == "hl7" else self._predict(item)
        except RefusedError:
            self._queue.fail(item, "refused")
            self._spool.delete(item.spool)
            self._finish("failed", "refused")
        except BusyError as busy:
            self._finish(self._queue.retry(item, "busy", busy.pause_s), "busy")
        except FaultError as fault:
            # need and got hold no value of the instance (see osteon.domain.errors).
            _LOG.warning("an item waits: %s", fault)
            self._finish(self._queue.retry(item, "no_answer"), "no_answer")
        except OSError as error:
            _LOG.error("an item waits: %s", type(error).__name__)
            self._finish(self._queue.retry(item, "storage"), "storage")
        else:
            self._finish("answered", reason)
            self._metrics.answer_time_s.observe(time.monotonic() - started)

    def _finish(self, state: str, reason: str) -> None:
        self._metrics.finished.labels("waiting" if state == "received" else state, reason or "none").inc()

    def _predict(self, item: Item) -> str:
        instance = self._spool.read(item.spool)
        predictions = self._client.predict(instance, item.site)
        if not predictions:
            self._queue.answer(item, reason="no_task")
            self._spool.delete(item.spool)
            return "no_task"
        live = load_live_models(self._settings.live_models)
        deliveries = self._outbox.write(item, instance, predictions, live)
        reason = "live" if deliveries else "shadow"
        self._queue.answer(item, [each for each in deliveries if self._address(each)], reason)
        self._spool.delete(item.spool)
        return reason

    def _hand_over(self, item: Item) -> str:
        folder = self._settings.handover
        if folder is None:
            raise FaultError("a folder for reports", "none", "set OSTEON_GATEWAY_HANDOVER")
        self._spool.hand_over(item.spool, folder / item.site / "hl7" / f"{item.item_id}.hl7")
        self._queue.answer(item, reason="handed_over")
        return "handed_over"

    def _address(self, delivery: Delivery) -> tuple[str, int] | None:
        settings = self._settings
        host, port = (
            (settings.pacs_host, settings.pacs_port)
            if delivery.kind == "sr"
            else (settings.ris_host, settings.ris_port)
        )
        return (host, port) if host else None

    def _deliver(self, delivery: Delivery) -> None:
        address = self._address(delivery)
        try:
            if address is None:
                raise FaultError("an address to deliver to", "none", "set the PACS or RIS address")
            self._send(delivery, *address)
        except (FaultError, OSError) as error:
            state = self._queue.retry_delivery(delivery)
            _LOG.warning("a delivery waits: %s", type(error).__name__)
            self._metrics.delivered.labels(delivery.kind, state).inc()
        else:
            self._queue.delivered(delivery)
            self._metrics.delivered.labels(delivery.kind, "delivered").inc()

    def _send(self, delivery: Delivery, host: str, port: int) -> None:
        content = self._outbox.read(delivery.file)
        if delivery.kind == "oru":
            send_message(content, host, port)
            return
        send_objects(
            [content],
            host,
            port,
            calling_ae=self._settings.ae_title,
            called_ae=self._settings.pacs_ae_title,
        )
