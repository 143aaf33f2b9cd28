"""How fast one token may ask: a bucket of requests per caller, filled at a steady rate."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from pyrate_limiter import Rate, TokenBucket

from services.model_server.answers import HttpError

_MOST_CALLERS = 10_000  # beyond it, whoever asked longest ago has a full bucket again


class Rates:
    """One token bucket per caller, so that a caller who asks too fast takes nothing from the others.

    A caller is what the audit names: a token of the file, or the subject of
    signed ones, however often these are renewed.

    Args:
        per_s: requests a second that a caller may go on sending.
        burst: requests that it may send at once after a pause.
    """

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        thousand_last_ms = max(1, round(1_000_000 / per_s))
        self._rates = [Rate(1000, thousand_last_ms, burst=burst)]
        self._buckets = TokenBucket()
        self._clock = clock
        self._filled: OrderedDict[str, tuple[float, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, caller: str) -> None:
        """Take one request out of the caller's bucket; HttpError 429 says when there will be one."""
        now_ms = int(self._clock() * 1000)
        with self._lock:
            state = self._filled.pop(caller, None) or self._buckets.initial(self._rates)
            self._filled[caller], decision = self._buckets.step(self._rates, state, now_ms, 1)
            if len(self._filled) > _MOST_CALLERS:
                self._filled.popitem(last=False)
        if not decision.allowed:
            raise HttpError(
                429,
                "a slower caller",
                "more requests than its token may send",
                "wait for Retry-After seconds",
                retry_after_s=math.ceil((decision.retry_after_ms or 1000) / 1000),
            )
