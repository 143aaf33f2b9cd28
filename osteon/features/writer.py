"""The writer: moves events from the outbox to the feature store, in a process of its own.

python -m osteon.features.writer           moves what waits, then ends
python -m osteon.features.writer --loop    goes on until it is told to stop (SIGTERM, Ctrl-C)
"""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from pathlib import Path

from osteon.features.outbox import Outbox
from osteon.features.repository import FeatureRepository
from osteon.features.settings import WriterSettings
from osteon.features.transfer import move_events

logger = logging.getLogger("osteon.features.writer")


def run(settings: WriterSettings, stop: threading.Event, *, loop: bool) -> None:
    """Move events until `stop` is set, or once.

    In a loop an outbox or a feature store that fails (a full disk, a database that restarts) is tried again
    after the pause: what was claimed comes back when its lease ends. Only the kind of an error is logged.
    """
    outbox = Outbox(settings.outbox_url)
    repository = FeatureRepository(settings.repository, settings.project)
    repository.apply()
    logger.info("writer ready")
    while True:
        try:
            added = move_events(outbox, repository, batch=settings.batch, lease_s=settings.lease_s)
        except Exception as error:  # whatever a store's driver raises
            if not loop:
                raise
            logger.error(
                "events not moved, tried again in %g s (%s)", settings.interval_s, type(error).__name__
            )
        else:
            if added:
                logger.info("moved %d events", added)
        if not loop or stop.wait(settings.interval_s):
            return


def main() -> None:
    """The command line of the writer; settings come from OSTEON_WRITER_* or the options."""
    parser = argparse.ArgumentParser(prog="osteon.features.writer", description="Outbox to feature store.")
    parser.add_argument("--loop", action="store_true", help="go on until told to stop")
    parser.add_argument("--outbox-url", help="database that the server appends to")
    parser.add_argument("--repository", type=Path, help="folder of the feature repository")
    options = vars(parser.parse_args())
    loop = options.pop("loop")
    settings = WriterSettings(**{name: value for name, value in options.items() if value is not None})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("feast").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(settings, stop, loop=loop)


if __name__ == "__main__":
    main()
