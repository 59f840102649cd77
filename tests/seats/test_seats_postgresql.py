"""Offers and claims decided by a real PostgreSQL server, where several writers are at work at the same moment."""

from __future__ import annotations

import asyncio

from fresh_database import fresh_postgresql
from test_seats_cases import cases as cases
from test_seats_cases import clock as clock
from test_seats_cases import test_a_citizen_is_told_once_for_each_wait as test_told  # noqa: F401
from test_seats_cases import test_of_many_who_offer_at_once_one_wins_and_a_seat_has_one_offer as test_one  # noqa: F401
from test_seats_cases import test_turned_down_or_not_answered_it_goes_past_that_seat_for_a_while as test_past  # noqa: F401

from base.clock import ManualClock
from conversations.desk import Desk
from conversations.locks import KeyedLocks
from conversations.subscriptions import Hub
from seats.cases import Cases
from storage.engine import Database
from storage.tables import Conversation

database = fresh_postgresql  # instead of the folder's SQLite


async def test_of_many_cores_whose_seats_claim_at_once_one_wins(
    database: Database, cases: Cases, clock: ManualClock
) -> None:
    async with database.write() as session:
        for name in ("c1", "c2", "c3"):
            row = await session.get(Conversation, name)
            assert row is not None
            row.status, row.waiting_since = "waiting", clock.now()
    cores = [Desk(database, locks=KeyedLocks(), hub=Hub(), clock=clock) for _ in range(8)]
    for name in ("c1", "c2", "c3"):
        won = await asyncio.gather(*(core.claim(name, f"s{n}") for n, core in enumerate(cores)))
        assert sum(won) == 1
        async with database.read() as session:
            row = await session.get(Conversation, name)
        assert row is not None and row.seat_id == f"s{won.index(True)}"
