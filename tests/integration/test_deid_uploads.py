"""Bodies that come slowly: they take a place in the queue, and not for ever."""

import asyncio
import json

from prometheus_client import CollectorRegistry

from osteon.deid import create_key
from services.deid.app import create_app
from services.deid.metrics import DeidMetrics
from services.deid.settings import Settings

TOKEN = "a-token-for-the-tests-only"
BODY = {"type": "http.request", "body": b'{"patient_id": "1"}', "more_body": False}


def service(folder, **more):
    create_key(folder / "key")
    settings = Settings(token=TOKEN, key_file=folder / "key", max_concurrent=1, max_waiting=1, **more)
    return create_app(settings, DeidMetrics(CollectorRegistry()))


async def upload(app, messages):
    """Status and body of the answer to a request whose body comes from the queue."""
    sent = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/v1/pseudonym", "raw_path": b"/v1/pseudonym", "query_string": b"",
        "root_path": "", "server": ("test", 80), "client": ("test", 1),
        "headers": [(b"host", b"test"), (b"authorization", f"Bearer {TOKEN}".encode())],
    }  # fmt: skip

    async def send(message):
        sent.append(message)

    await app(scope, messages.get, send)
    return sent[0]["status"], sent[1]["body"]


def whole():
    queue = asyncio.Queue()
    queue.put_nowait(BODY)
    return queue


def test_bodies_that_are_still_coming_take_a_place_in_the_queue(tmp_path):
    """A full queue is told before the body is held in memory, not after."""
    app = service(tmp_path)

    async def session():
        slow = [asyncio.Queue() for _ in range(2)]
        running = [asyncio.create_task(upload(app, queue)) for queue in slow]
        await asyncio.sleep(0.1)
        refused, _ = await asyncio.wait_for(upload(app, whole()), 5)
        for queue in slow:
            queue.put_nowait(BODY)
        return refused, [status for status, _ in await asyncio.gather(*running)]

    assert asyncio.run(session()) == (503, [200, 200])


def test_a_body_that_never_ends_gives_its_place_back(tmp_path):
    app = service(tmp_path, body_timeout_s=0.2)

    async def session():
        late = await asyncio.gather(*(upload(app, asyncio.Queue()) for _ in range(2)))
        return late, await asyncio.wait_for(upload(app, whole()), 5)

    late, (answered, _) = asyncio.run(session())
    assert [status for status, _ in late] == [408, 408]
    assert set(json.loads(late[0][1])["error"]) >= {"need", "got", "next"}
    assert answered == 200
