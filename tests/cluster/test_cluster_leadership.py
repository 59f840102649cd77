"""One of several nodes leads; when its connection is gone it leads no more, and another one does."""

from __future__ import annotations

import asyncio

from cluster_helpers import eventually
from sqlalchemy import text

from base.clock import ManualClock, SystemClock
from cluster.leadership import Alone, Elected
from storage.engine import Database


class Candidate:
    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.elected = Elected(url, name, clock=SystemClock())
        self.task = asyncio.create_task(self.elected.run())

    async def end(self) -> None:
        await self.elected.close()
        await self.task


async def test_the_only_node_leads_always() -> None:
    alone = Alone()
    await alone.run()
    assert alone.leads


async def test_one_leads_until_its_connection_is_killed_or_it_goes(postgresql_url: str) -> None:
    nodes = [Candidate(postgresql_url, name) for name in ("a", "b")]
    database = Database(postgresql_url)
    try:
        await eventually(lambda: sum(node.elected.leads for node in nodes) == 1)
        first = next(node for node in nodes if node.elected.leads)
        other = next(node for node in nodes if node is not first)
        kill = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name")
        async with database.write() as session:
            await session.execute(kill, {"name": f"hotline leader {first.name}"})
        # It stands again within a second, like the other: one of the two is elected, and nobody believes anything else.
        await eventually(lambda: first.elected.term + other.elected.term >= 2)
        await eventually(lambda: sum(node.elected.leads for node in nodes) == 1)
        leader = next(node for node in nodes if node.elected.leads)
        await leader.end()
        left = next(node for node in nodes if node is not leader)
        await eventually(lambda: left.elected.leads)
        assert not leader.elected.leads
        await left.end()
    finally:
        await database.close()


async def test_a_leader_that_gets_no_answer_does_not_believe_in_itself(postgresql_url: str) -> None:
    clock = ManualClock()
    elected = Elected(postgresql_url, "a", clock=clock)
    task = asyncio.create_task(elected.run())
    await eventually(lambda: elected.leads)
    clock.advance(5)
    assert not elected.leads, "the last answer is too old"
    await eventually(lambda: elected.leads)  # it has asked again
    await elected.close()
    await task


async def test_without_a_database_nobody_leads_and_nothing_fails() -> None:
    elected = Elected("postgresql+asyncpg://hotline@127.0.0.1:1/none", "a", clock=SystemClock())
    task = asyncio.create_task(elected.run())
    await asyncio.sleep(0.2)
    assert not elected.leads
    await elected.close()
    await task
