"""Requests computed together, and guesses that give way: the worker's side."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from base import wire
from base.errors import HotlineError
from base.local_client import LocalConnection
from base.local_worker import Job, LocalWorker, Together

Answer = wire.Header | HotlineError | None


class Model:
    """Remembers which requests came together; waits while it is held."""

    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.entered = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def __call__(self, jobs: Sequence[Job]) -> list[Answer]:
        self.together.append([str(job.header["what"]) for job in jobs])
        self.entered.set()
        assert self.open.wait(10)
        if any(job.header["what"] == "bug" for job in jobs):
            raise ZeroDivisionError("private words")
        return [self._one(job) for job in jobs]

    def _one(self, job: Job) -> Answer:
        if not job.wanted:
            return None
        return HotlineError("not understood") if job.header["what"] == "bad" else {"said": job.header["what"]}


@asynccontextmanager
async def serving(path: Path, model: Model, size: int = 3) -> AsyncIterator[tuple[LocalWorker, LocalConnection]]:
    worker = LocalWorker(
        path, Together(model, size), about={}, queue_limit=50, payload_limit_bytes=1000, deadline_seconds=5.0
    )
    task = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    connection = await LocalConnection.open(path)
    try:
        yield worker, connection
    finally:
        await connection.close()
        worker.stop()
        await task


async def ask(
    connection: LocalConnection, what: str, *, request_id: str | None = None, **header: object
) -> wire.Header:
    async with aclosing(connection.request({"what": what, **header}, request_id=request_id)) as answers:
        (answer,) = [answer async for answer, _ in answers]
        return answer


async def behind(model: Model, connection: LocalConnection, *asked: dict[str, str]) -> list[asyncio.Task[wire.Header]]:
    """`asked` come, in this order, while the model is held by a first request."""
    model.open.clear()
    tasks = [asyncio.create_task(ask(connection, "first"))]
    assert await asyncio.to_thread(model.entered.wait, 10)
    for header in asked:
        tasks.append(asyncio.create_task(ask(connection, header.pop("what"), **header)))
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return tasks


async def test_what_waits_is_computed_together_but_nobody_waits_for_company(tmp_path: Path) -> None:
    model = Model()
    async with serving(tmp_path / "w.sock", model) as (worker, connection):
        tasks = await behind(model, connection, *({"what": f"w{n}", "call_id": f"c{n}"} for n in range(5)))
        model.open.set()
        answers = await asyncio.gather(*tasks)
        assert [answer["said"] for answer in answers] == ["first", "w0", "w1", "w2", "w3", "w4"]
        assert model.together == [["first"], ["w0", "w1", "w2"], ["w3", "w4"]]
        assert worker.counters.done == 6


async def test_guesses_stay_alone_and_come_last(tmp_path: Path) -> None:
    model = Model()
    async with serving(tmp_path / "w.sock", model) as (_, connection):
        asked = [{"what": f"g{n}", "lane": "background"} for n in range(2)] + [{"what": "a"}, {"what": "b"}]
        tasks = await behind(model, connection, *asked)
        model.open.set()
        await asyncio.gather(*tasks)
        assert model.together == [["first"], ["a", "b"], ["g0"], ["g1"]]


async def test_a_guess_that_became_urgent_overtakes_the_others(tmp_path: Path) -> None:
    model = Model()
    async with serving(tmp_path / "w.sock", model) as (_, connection):
        tasks = await behind(model, connection, {"what": "g0", "lane": "background"})
        wanted = connection.new_id()
        tasks.append(asyncio.create_task(ask(connection, "g1", request_id=wanted, lane="background")))
        await asyncio.sleep(0.02)
        connection.tell("hasten", wanted)
        connection.tell("hasten", "of nobody")
        await asyncio.sleep(0.05)
        model.open.set()
        await asyncio.gather(*tasks)
        assert model.together == [["first"], ["g1"], ["g0"]]


async def test_one_error_among_several_is_told_to_its_own_client(tmp_path: Path) -> None:
    model = Model()
    async with serving(tmp_path / "w.sock", model) as (worker, connection):
        tasks = await behind(model, connection, {"what": "good"}, {"what": "bad"})
        model.open.set()
        _, good, bad = await asyncio.gather(*tasks)
        assert good["said"] == "good"
        assert (bad["error"], bad["code"]) == ("not understood", "failed")
        broken = await ask(connection, "bug")
        assert broken["code"] == "failed"
        assert "private" not in broken["error"]
        assert (await ask(connection, "after"))["said"] == "after"
        assert worker.counters.failed == 2


async def test_whoever_leaves_while_others_are_computed_is_told_to_the_model(tmp_path: Path) -> None:
    model = Model()
    async with serving(tmp_path / "w.sock", model) as (worker, connection):
        tasks = await behind(model, connection, {"what": "a"}, {"what": "b"})
        model.entered.clear()
        model.open.set()
        model.open.clear()
        await tasks[0]
        assert await asyncio.to_thread(model.entered.wait, 10)
        tasks[1].cancel()
        await asyncio.sleep(0.05)
        model.open.set()
        assert (await tasks[2])["said"] == "b"
        assert worker.counters.cancelled == 1
