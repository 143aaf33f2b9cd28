"""Proper clients: each asks one thing after another, of every kind, and has its answers checked."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import httpx

from benchmarks.accept_04.checks import Checks
from benchmarks.accept_04.ledger import Reply
from benchmarks.accept_04.material import SITES, TASKS, TEXTS, Asked, Material, Subjects
from benchmarks.accept_04.plan import CUT
from benchmarks.accept_04.references import MOST_HITS

_KINDS = {"predict": 10, "several": 3, "embed": 3, "search": 3, "zeroshot": 1, "report-draft": 1, "models": 2}
_ANSWER_TIMEOUT_S = 90.0
_MOST_FILES = 4


@dataclass(frozen=True, slots=True)
class Asking:
    """What every client shares."""

    url: str
    material: Material
    checks: Checks
    subjects: Subjects

    async def ask(self, client: httpx.AsyncClient, asked: Asked, token: str) -> Reply:
        """One request and its reply, noted and compared."""
        reply = await self.send(client, asked, token)
        self.checks.check(asked, reply)
        return reply

    async def send(self, client: httpx.AsyncClient, asked: Asked, token: str) -> Reply:
        """One request and its reply."""
        form = asked.form(self.material)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": form.headers.get("content-type", "")}
        began = time.monotonic()
        try:
            response = await client.request(
                form.method, f"{self.url}{form.url.path}", content=form.content, headers=headers
            )
        except httpx.HTTPError as error:
            return Reply(CUT, {}, type(error).__name__.encode(), began, time.monotonic())
        return Reply(response.status_code, dict(response.headers), response.content, began, time.monotonic())

    def any_request(self, chance: random.Random) -> Asked:
        """A request of a kind that is drawn."""
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        names = self.material.names
        if kind in ("predict", "several"):
            return self.prediction(chance, 1 if kind == "predict" else chance.randint(2, _MOST_FILES))
        if kind == "embed":
            return Asked(
                route="embed",
                names=tuple(chance.choices(names, k=chance.randint(1, 2))),
                fields={"task": chance.choice(TASKS)},
            )
        if kind == "search":
            text = {"text": chance.choice(TEXTS)} if chance.random() < 0.5 else {}
            found = () if text else (chance.choice(names),)
            return Asked(route="search", names=found, fields={**text, "k": str(MOST_HITS)})
        if kind == "zeroshot":
            fields = {"task": chance.choice(("fracture", "knee-oa")), "language": "fr"}
            return Asked(route="zeroshot", names=(chance.choice(names),), fields=fields)
        if kind == "report-draft":
            return Asked(route="report-draft", names=(chance.choice(names),), fields={"k": "3"})
        return Asked(route="models")

    def prediction(self, chance: random.Random, files: int) -> Asked:
        """A prediction request; among several files one may be broken."""
        names = chance.choices(self.material.names, k=files)
        if files > 1 and chance.random() < 0.3:
            names[-1] = "broken"
        fields = {"site": chance.choice(SITES)}
        if chance.random() < 0.4:
            fields["task"] = chance.choice(TASKS)
        if chance.random() < 0.3:
            fields["sex"] = "M"
        return Asked(route="predict", names=tuple(names), fields=fields, subject=self.subjects.next())


def new_client() -> httpx.AsyncClient:
    """A client that keeps its connection, but not as long as the server does: then none breaks unforced."""
    limits = httpx.Limits(keepalive_expiry=2.0)
    return httpx.AsyncClient(timeout=_ANSWER_TIMEOUT_S, trust_env=False, limits=limits)


async def proper_client(asking: Asking, number: int, token: str, seed: int, stop: asyncio.Event) -> None:
    """Ask one thing after another with short pauses, until told to stop."""
    chance = random.Random(f"{seed}-{number}")
    async with new_client() as client:
        while not stop.is_set():
            reply = await asking.ask(client, asking.any_request(chance), token)
            # Who is told to come back does so after the pause that the server asks for, shortened.
            pause_s = 0.2 if reply.status != 200 else 0.15 * chance.random()
            await asyncio.sleep(pause_s)


async def burst(asking: Asking, requests: int, tokens: tuple[str, ...], chance: random.Random) -> int:
    """So many prediction requests at once, each checked; how many were told to come back."""
    async with new_client() as client:
        replies = await asyncio.gather(
            *(
                asking.ask(client, asking.prediction(chance, 2), tokens[number % len(tokens)])
                for number in range(requests)
            )
        )
    return sum(reply.status == 429 for reply in replies)
