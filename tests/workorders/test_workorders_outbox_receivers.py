"""The outbox over HTTP: receivers that fail, stall and lie, and senders that are killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from outbox_helpers import NOW, SECRET, Receiver, file_order, honest, messages, pause, receiver

from base.clock import SystemClock
from base.sections.orders import OutboxSettings
from storage.engine import Database
from workorders.outbox.delivery import deliver, new_session
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.sender import OutboxSender
from workorders.outbox.targets import Target
from workorders.service import OrderService

_WINDS_DOWN_SECONDS = 30  # what is under way times out by itself; these tests give way to others
QUICK = OutboxSettings(
    timeout_seconds=0.5,
    lease_margin_seconds=0.2,
    first_retry_seconds=0.05,
    longest_retry_seconds=0.1,
    poll_seconds=0.02,
)


async def stalls(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.json_response({"id": body["id"]})


async def drips(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def never_ends(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b'{"id": "' + b"x" * 60_000)


async def names_another(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response({"id": "msg_other"})


async def says_ok(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(text="ok")


async def sends_elsewhere(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect(str(request.url))


async def is_busy(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(status=503, headers={"Retry-After": "120"})


async def finds_it_wrong(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(status=422)


async def hangs_up(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


LIES = (
    (honest, "delivered", ""),
    (stalls, "failed", "no answer in"),
    (drips, "failed", "no answer in"),
    (never_ends, "failed", "longer than"),
    (names_another, "failed", "does not name"),
    (says_ok, "failed", "no JSON"),
    (sends_elsewhere, "failed", "HTTP 307"),
    (is_busy, "failed", "HTTP 503"),
    (finds_it_wrong, "refused", "HTTP 422"),
    (hangs_up, "failed", "ServerDisconnectedError"),
)


@pytest.mark.parametrize(("behave", "verdict", "error"), LIES)
async def test_only_a_receiver_that_names_the_message_is_believed(behave: Any, verdict: str, error: str) -> None:
    async with receiver(behave) as room, new_session() as client:
        attempt = await deliver(
            client, room.target(), message_id="msg_1", body='{"id":"msg_1"}', attempt=1, now=NOW, timeout_seconds=0.4
        )
    assert attempt.verdict == verdict and error in attempt.error
    assert attempt.not_before_seconds == (120 if behave is is_busy else 0)
    assert len(room.seen) == 1  # a redirect is not followed


async def test_a_port_where_nobody_listens_is_a_failure() -> None:
    async with new_session() as client:
        attempt = await deliver(
            client, Target("gone", "http://127.0.0.1:9/", SECRET), message_id="m", body="{}", attempt=1, now=NOW,
            timeout_seconds=1,
        )  # fmt: skip
    assert attempt.verdict == "failed" and attempt.error == "ClientConnectorError"


async def test_bad_receivers_harm_no_other(database: Database) -> None:
    clock = SystemClock()
    async with receiver() as good, receiver(stalls) as slow, receiver(never_ends) as liar:
        chosen = [
            good.target("good"),
            slow.target("slow"),
            liar.target("liar"),
            Target("gone", "http://127.0.0.1:9/", SECRET),
        ]
        orders = OrderService(database, clock=clock, outbox=Enqueuer(chosen))
        numbers = [await file_order(database, orders, f"c:{index}", clock) for index in range(5)]
        stop = asyncio.Event()
        running = asyncio.create_task(OutboxSender(database, chosen, QUICK).run(lambda seconds: pause(seconds, stop)))
        for number in numbers:
            await orders.change(number, "accept", actor="seat:s1")
        await _until(lambda: len(good.taken) == 15)
        stop.set()
        await asyncio.wait_for(running, _WINDS_DOWN_SECONDS)
    assert len(good.seen) == 15 and not slow.taken and not liar.taken
    by_order = defaultdict(list)
    for body in good.taken:
        by_order[body["order"]["order_no"]].append(body["event"])
    assert by_order == {number: ["file", "dispatch", "accept"] for number in numbers}
    left = [row for row in await messages(database) if row.target != "good"]
    assert len(left) == 45 and {row.status for row in left} == {"waiting"}


async def test_a_receiver_that_recovers_gets_everything_in_order(database: Database) -> None:
    clock, calls = SystemClock(), 0

    async def sometimes(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        if calls % 3:
            return web.Response(status=500)
        room.taken.append(body)
        return await honest(request, body)

    async with receiver(sometimes) as room:
        orders = OrderService(database, clock=clock, outbox=Enqueuer([room.target()]))
        number = await file_order(database, orders, "c:1", clock)
        await orders.change(number, "accept", actor="seat:s1")
        await orders.change(number, "answer", actor="seat:s1", note="好了")
        stop = asyncio.Event()
        sender = OutboxSender(database, [room.target()], QUICK)
        running = asyncio.create_task(sender.run(lambda seconds: pause(seconds, stop)))
        await _until(lambda: len(room.taken) == 4)
        stop.set()
        await running
    assert [body["event"] for body in room.taken] == ["file", "dispatch", "accept", "answer"]


async def test_senders_are_killed_at_any_moment_and_nothing_is_lost_or_out_of_order(
    database: Database, tmp_path: Path
) -> None:
    """Sender processes are killed with SIGKILL between and within deliveries, two of them alive at a time, while
    orders go on; the receiver, which drops repeats by their id, ends with every event in its order."""
    clock, chance = SystemClock(), random.Random(5)

    async def slow(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        room.taken.append(body)
        await asyncio.sleep(0.01)  # a kill often falls between the receiver's yes and our note of it
        return await honest(request, body)

    async with receiver(slow) as room:
        orders = OrderService(database, clock=clock, outbox=Enqueuer([room.target()]))
        numbers = [await file_order(database, orders, f"c:{index}", clock) for index in range(12)]
        senders = [_start(database, room, tmp_path) for _ in range(2)]
        try:
            await _until(lambda: len(room.taken) > 2)
            for step in ("accept", "extend", "answer"):
                for number in numbers:
                    await orders.change(number, step, actor="seat:s1", note="x", data={"deadline_hours": 1})
                await asyncio.sleep(chance.random() * 0.2)
                victim = senders.pop(0)
                os.kill(victim.pid, signal.SIGKILL)
                victim.wait()
                senders.append(_start(database, room, tmp_path))
            expected = ["file", "dispatch", "accept", "extend", "answer"]
            await _until(lambda: len({body["id"] for body in room.taken}) == len(numbers) * len(expected))
        finally:
            for sender in senders:
                sender.kill()
                sender.wait()
    first_arrivals: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for body in room.taken:
        if body["id"] not in known:
            known.add(body["id"])
            first_arrivals[body["order"]["order_no"]].append(body["event"])
    assert first_arrivals == dict.fromkeys(numbers, expected)


def _start(database: Database, room: Receiver, folder: Path) -> subprocess.Popen[bytes]:
    program = Path(__file__).with_name("outbox_process.py")
    return subprocess.Popen([sys.executable, str(program), database.url, room.url], cwd=Path(__file__).parents[2])


async def _until(condition: Any) -> None:
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110 (what is waited for happens in other processes)
            await asyncio.sleep(0.02)
