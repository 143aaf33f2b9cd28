"""Worker processes of a batch: a bounded queue in front of them, one retry when a worker is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from osteon.domain.errors import FaultError

IN_FLIGHT_PER_WORKER = 4
_ATTEMPTS = 2
Item = TypeVar("Item")
Made = TypeVar("Made")


def map_unordered(
    work: Callable[[Any, Item], Made],
    shared: Any,
    items: Sequence[Item],
    workers: int | None,
    preload: Sequence[str] = (),
) -> Iterator[tuple[Item, Made]]:
    """`work(shared, item)` of each item with the item, as they are finished.

    At most four items per worker are under way: a slow disk or reader slows the workers down in place of
    filling the memory.

    Args:
        shared: sent once to each worker.
        workers: processes; as many as there are processors when None; with one, no process is started.
        preload: modules that the fork server imports before it forks.
    """
    workers = max(1, min(workers or os.cpu_count() or 1, len(items)))
    if workers == 1:
        for item in items:
            yield item, work(shared, item)
        return
    remaining = list(items)
    for attempt in range(_ATTEMPTS):
        try:
            for item, made in _in_pool(work, shared, remaining, workers, preload):
                remaining.remove(item)
                yield item, made
            return
        except BrokenProcessPool:
            if attempt == _ATTEMPTS - 1:
                raise FaultError(
                    "workers that stay alive",
                    "a worker that was killed",
                    "give it memory, or fewer workers; run again to go on",
                ) from None


def _in_pool(
    work: Callable[[Any, Item], Made],
    shared: Any,
    items: Sequence[Item],
    workers: int,
    preload: Sequence[str],
) -> Iterator[tuple[Item, Made]]:
    context = multiprocessing.get_context("forkserver")
    if preload:
        context.set_forkserver_preload(list(preload))
    waiting = iter(tuple(items))  # the caller takes finished ones out of its list
    running: dict[Future[Any], Item] = {}
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(work, shared)
    ) as pool:
        try:
            while True:
                while len(running) < workers * IN_FLIGHT_PER_WORKER:
                    item = next(waiting, None)
                    if item is None:
                        break
                    running[pool.submit(_in_worker, item)] = item
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BaseException:  # Ctrl-C too: no work is left waiting; it is raised again
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_worker: tuple[Callable[[Any, Any], Any], Any] | None = None  # set once in each worker process


def _start_worker(work: Callable[[Any, Any], Any], shared: Any) -> None:
    global _worker
    _worker = (work, shared)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops the pool
    import cv2

    cv2.setNumThreads(1)


def _in_worker(item: Any) -> Any:
    if _worker is None:
        raise FaultError("a started worker", "one without its job", "report this")
    work, shared = _worker
    return work(shared, item)
