"""The worker behind a local socket: deadlines, fairness, bounds, cancelling, rubbish, the end."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base import wire
from base.errors import ConfigurationError, HotlineError
from base.fair_queue import FairQueue
from base.local_client import ConnectionLost, LocalConnection
from base.local_worker import Handler, LocalWorker

Answers = Iterator[tuple[wire.Header, bytes]]


class Model:
    """Stands for a model: echoes, can be held, remembers what it really computed."""

    def __init__(self) -> None:
        self.computed: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def __call__(self, header: wire.Header, payload: bytes) -> Answers:
        for part in range(int(header.get("parts", 1))):
            self.entered.set()
            assert self.open.wait(10)
            what = header.get("what", "")
            if what == "known":
                raise HotlineError("this cannot be understood")
            if what == "bug":
                raise ZeroDivisionError("private words")
            self.computed.append(f"{what}{part if header.get('parts') else ''}")
            yield {"size": len(payload), "last": part == int(header.get("parts", 1)) - 1}, payload

    async def held(self) -> None:
        await asyncio.to_thread(self.entered.wait, 10)


@asynccontextmanager
async def serving(path: Path, handler: Handler, *, queue_limit: int = 50) -> AsyncIterator[LocalWorker]:
    worker = LocalWorker(
        path, handler, about={"engine": "echo"}, queue_limit=queue_limit, payload_limit_bytes=1000, deadline_seconds=5.0
    )
    task = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def ask(connection: LocalConnection, header: wire.Header, payload: bytes = b"") -> list[wire.Header]:
    async with aclosing(connection.request(header, payload)) as answers:
        return [answer async for answer, _ in answers]


async def test_it_answers_and_counts(tmp_path: Path) -> None:
    async with serving(tmp_path / "w.sock", Model()) as worker:
        connection = await LocalConnection.open(tmp_path / "w.sock")
        (answer,) = await ask(connection, {"what": "a"}, b"12345")
        assert answer["size"] == 5
        (status,) = await ask(connection, {"op": "status"})
        assert (status["engine"], status["done"], status["waiting"]) == ("echo", 1, 0)
        assert worker.counters.busy_seconds > 0
        await connection.close()


async def test_a_late_request_is_answered_and_never_computed(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model) as worker:
        connection = await LocalConnection.open(tmp_path / "w.sock")
        first = asyncio.create_task(ask(connection, {"what": "first"}))
        await model.held()
        late = asyncio.create_task(ask(connection, {"what": "late", "deadline_seconds": 0.05}))
        nan = asyncio.create_task(ask(connection, {"what": "nan", "deadline_seconds": "soon"}))
        await asyncio.sleep(0.1)
        model.open.set()
        assert (await first)[0]["size"] == 0
        assert (await late)[0]["code"] == "late"
        assert (await nan)[0]["code"] == "late"
        assert model.computed == ["first"]
        assert worker.counters.late == 2
        await connection.close()


async def test_the_loop_lives_while_the_model_works(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model):
        connection = await LocalConnection.open(tmp_path / "w.sock")
        held = asyncio.create_task(ask(connection, {"what": "held"}))
        await model.held()
        (status,) = await asyncio.wait_for(ask(connection, {"op": "status"}), 2)
        assert status["computing"] is True
        model.open.set()
        await held
        await connection.close()


async def test_one_busy_call_does_not_starve_another(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model):
        busy = await LocalConnection.open(tmp_path / "w.sock")
        other = await LocalConnection.open(tmp_path / "w.sock")
        tasks = [asyncio.create_task(ask(busy, {"what": "held", "call_id": "A"}))]
        await model.held()
        tasks += [asyncio.create_task(ask(busy, {"what": f"A{n}", "call_id": "A"})) for n in range(5)]
        await asyncio.sleep(0.05)
        tasks.append(asyncio.create_task(ask(busy, {"what": "B", "call_id": "B"})))
        tasks.append(asyncio.create_task(ask(other, {"what": "C"})))
        background = asyncio.create_task(ask(other, {"what": "idle", "lane": "background"}))
        await asyncio.sleep(0.05)
        model.open.set()
        await asyncio.gather(*tasks, background)
        assert model.computed[0] == "held"
        assert set(model.computed[1:4]) == {"A0", "B", "C"}
        assert model.computed[-1] == "idle"
        await busy.close()
        await other.close()


async def test_between_two_parts_of_a_long_request_others_have_their_turn(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model):
        connection = await LocalConnection.open(tmp_path / "w.sock")
        long = asyncio.create_task(ask(connection, {"what": "long", "parts": 4, "call_id": "A"}))
        await model.held()
        short = asyncio.create_task(ask(connection, {"what": "short", "call_id": "B"}))
        await asyncio.sleep(0.05)
        model.open.set()
        assert len(await long) == 4
        await short
        assert model.computed[:2] == ["long0", "short"]
        await connection.close()


async def test_a_full_queue_refuses(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model, queue_limit=2):
        connection = await LocalConnection.open(tmp_path / "w.sock")
        held = asyncio.create_task(ask(connection, {"what": "held"}))
        await model.held()
        waiting = [asyncio.create_task(ask(connection, {"what": f"w{n}"})) for n in range(2)]
        await asyncio.sleep(0.05)
        assert (await ask(connection, {"what": "too many"}))[0]["code"] == "busy"
        model.open.set()
        await asyncio.gather(held, *waiting)
        await connection.close()


async def test_leaving_early_spares_the_work(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model) as worker:
        connection = await LocalConnection.open(tmp_path / "w.sock")
        gone = await LocalConnection.open(tmp_path / "w.sock")
        held = asyncio.create_task(ask(connection, {"what": "held"}))
        await model.held()
        cancelled = asyncio.create_task(ask(connection, {"what": "cancelled"}))
        dropped = asyncio.create_task(ask(gone, {"what": "dropped"}))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        await gone.close()
        with pytest.raises(ConnectionLost):
            await dropped
        await asyncio.sleep(0.05)
        model.open.set()
        await held
        await asyncio.sleep(0.05)
        assert model.computed == ["held"]
        assert worker.counters.cancelled == 2
        await connection.close()


async def test_errors_are_told_and_the_worker_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path / "w.sock", Model()):
        connection = await LocalConnection.open(tmp_path / "w.sock")
        assert (await ask(connection, {"what": "known"}))[0]["error"] == "this cannot be understood"
        hidden = (await ask(connection, {"what": "bug"}))[0]
        assert hidden["code"] == "failed"
        assert "private" not in hidden["error"]
        assert (await ask(connection, {"what": "fine"}))[0]["size"] == 0
        await connection.close()


def _raw(header: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(header)) + header + payload


RUBBISH = [
    b"GET / HTTP/1.1\r\n\r\n",
    _raw(b"not json at all"),
    _raw(b"[1, 2]"),
    _raw(json.dumps({"id": 1, "bytes": -1}).encode()),
    _raw(json.dumps({"id": 1, "bytes": 10**12}).encode()),
    _raw(json.dumps({"id": 1, "bytes": True}).encode()),
    _raw(b"[" * 60_000),
    struct.pack(">I", 0xFFFFFFFF),
    _raw(json.dumps({"id": 1, "bytes": 100}).encode(), b"short"),
]


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_rubbish_ends_its_own_connection_only(tmp_path: Path, rubbish: bytes) -> None:
    async with serving(tmp_path / "w.sock", Model()):
        good = await LocalConnection.open(tmp_path / "w.sock")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "w.sock")
        writer.write(rubbish)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        assert b"protocol" in answer
        writer.close()
        assert (await ask(good, {"what": "fine"}))[0]["size"] == 0
        await good.close()


async def test_the_end_finishes_the_work_in_hand_and_sends_the_others_away(tmp_path: Path) -> None:
    model = Model()
    model.open.clear()
    async with serving(tmp_path / "w.sock", model) as worker:
        connection = await LocalConnection.open(tmp_path / "w.sock")
        held = asyncio.create_task(ask(connection, {"what": "held"}))
        await model.held()
        waiting = asyncio.create_task(ask(connection, {"what": "waiting"}))
        await asyncio.sleep(0.05)
        worker.stop()
        model.open.set()
        assert (await held)[0]["size"] == 0
        assert (await waiting)[0]["code"] == "stopping"
    assert not (tmp_path / "w.sock").exists()
    await connection.close()


async def test_a_dead_workers_socket_is_taken_over_a_living_ones_is_not(tmp_path: Path) -> None:
    path = tmp_path / "w.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    worker = LocalWorker(path, Model(), about={}, queue_limit=1, payload_limit_bytes=0, deadline_seconds=1.0)
    task = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    assert os.stat(path).st_mode & 0o777 == 0o600
    second = LocalWorker(path, Model(), about={}, queue_limit=1, payload_limit_bytes=0, deadline_seconds=1.0)
    with pytest.raises(ConfigurationError, match="already serves"):
        await second.serve()
    worker.stop()
    await task


def test_a_socket_name_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="shorter data directory"):
        LocalWorker(
            tmp_path / ("x" * 108), Model(), about={}, queue_limit=1, payload_limit_bytes=0, deadline_seconds=1.0
        )


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_the_queue_is_fair_and_loses_nothing(puts: list[tuple[int, bool]]) -> None:
    queue: FairQueue[tuple[int, int, bool]] = FairQueue(100, 10**6)
    for number, (key, background) in enumerate(puts):
        assert queue.put(key, (key, number, background), background=background)
    out: list[tuple[int, int, bool]] = []
    while (item := queue.pop()) is not None:
        out.append(item)
    assert len(queue) == 0
    assert sorted(number for _, number, _ in out) == list(range(len(puts)))
    assert [item[2] for item in out] == sorted(item[2] for item in out), "background comes last"
    for key in range(4):
        mine = [number for k, number, background in out if k == key and not background]
        assert mine == sorted(mine), "first in, first out for one call"
    live = [k for k, _, background in out if not background]
    for start in range(len(live) - 1):
        if live[start] == live[start + 1]:
            assert len(set(live[start:])) == 1, "nobody has two turns in a row while another one waits"


def test_the_queue_is_bounded_by_weight_too() -> None:
    queue: FairQueue[str] = FairQueue(10, 100)
    assert queue.put("a", "one", weight=90)
    assert not queue.put("b", "two", weight=20)
    assert queue.put("b", "again", weight=20, force=True)
    assert queue.remove(lambda item: item == "one") == ["one"]
    assert queue.put("c", "three", weight=20)
    assert len(queue) == 2
