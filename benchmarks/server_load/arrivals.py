"""Load: closed loops for throughput, open-loop Poisson arrivals for latency."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import dataclass
from typing import Literal

import httpx
import numpy as np

SentAs = Literal["form", "body", "json"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a picture is posted to, and how."""

    url: str
    token: str
    sent_as: SentAs
    picture: bytes

    async def post(self, client: httpx.AsyncClient) -> None:
        """One answer, or an error."""
        if self.sent_as == "form":
            files = {"files": ("picture", self.picture, "application/octet-stream")}
            response = await client.post(
                self.url, files=files, headers={"Authorization": f"Bearer {self.token}"}
            )
        elif self.sent_as == "json":
            text = base64.b64encode(self.picture).decode()
            response = await client.post(self.url, json={"picture": text})
        else:
            response = await client.post(self.url, content=self.picture)
        response.raise_for_status()


def poisson_arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Moments of arrival, in seconds from the start."""
    random = np.random.default_rng(seed)
    gaps = random.exponential(1 / rate, size=int(rate * seconds * 2) + 10)
    moments = np.cumsum(gaps)
    return [float(moment) for moment in moments[moments < seconds]]


def even_arrivals(rate: float, seconds: float) -> list[float]:
    """Moments of arrival at equal distances: below the server's rate nobody waits for another."""
    return [number / rate for number in range(1, int(rate * seconds))]


def throughput(target: Target, seconds: float, clients: int) -> float:
    """Answers per second with so many clients that each wait for their answer."""

    async def run() -> float:
        done, start = 0, time.perf_counter()
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:

            async def ask() -> None:
                nonlocal done
                while time.perf_counter() - start < seconds:
                    await target.post(client)
                    done += 1

            await asyncio.gather(*(ask() for _ in range(clients)))
        return done / (time.perf_counter() - start)

    return asyncio.run(run())


def latencies(target: Target, arrivals: list[float]) -> list[float]:
    """Seconds from each arrival to its answer, however many are under way."""

    async def run() -> list[float]:
        start, waited = time.perf_counter(), [0.0] * len(arrivals)
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:

            async def ask(number: int, due: float) -> None:
                await asyncio.sleep(max(0.0, due - (time.perf_counter() - start)))
                await target.post(client)
                waited[number] = time.perf_counter() - start - due

            await asyncio.gather(*(ask(number, due) for number, due in enumerate(arrivals)))
        return waited

    return asyncio.run(run())
