"""Which seats are at a desk anywhere: the same contract in the database and in Redis, and from one to the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis_server import RedisServer

from base.clock import ManualClock, SystemClock
from cluster.presence import DatabasePresence, RedisPresence, SeatPresence
from cluster.redis_link import RedisLink
from seats.roster import Roster
from seats.store import SeatStore
from storage.engine import Database

Make = Callable[[], SeatPresence]


async def seat_in(database: Database, login: str) -> str:
    seat = await SeatStore(database).add(login, "a-long-password", display_name=login)
    await Roster(database).came(seat.id)
    await Roster(database).heard({seat.id: 1_000.0})
    return seat.id


@pytest.fixture(params=["database", "redis"])
async def make(request: pytest.FixtureRequest, database: Database) -> Make:
    """Makes the presence of one node after another."""
    if request.param == "database":
        return lambda: DatabasePresence(Roster(database))
    server: RedisServer = request.getfixturevalue("redis_server")

    def one() -> SeatPresence:
        link = RedisLink(server.url, timeout_seconds=30, clock=SystemClock())
        return RedisPresence(link, DatabasePresence(Roster(database)), clock=ManualClock())

    return one


async def test_a_seat_at_one_node_is_known_at_another_until_its_page_is_silent(make: Make, database: Database) -> None:
    first, second = await seat_in(database, "first"), await seat_in(database, "second")
    here, there = make(), make()
    assert first in await here.exchange({first: 0.0}, within_seconds=600)
    assert await there.exchange({second: 1.0}, within_seconds=600) >= {first, second}
    assert await here.exchange({}, within_seconds=600) >= {first, second}
    assert await make().exchange({first: 50.0, second: 0.0}, within_seconds=600) >= {first, second}


async def test_a_page_that_was_silent_for_too_long_is_no_presence(make: Make, database: Database) -> None:
    silent = await seat_in(database, "silent")
    assert silent not in await make().exchange({silent: 90.0}, within_seconds=60)


async def test_while_redis_is_away_the_database_knows_and_nobody_is_gone_by_the_change(
    redis_server: RedisServer, database: Database
) -> None:
    mine, other = await seat_in(database, "mine"), await seat_in(database, "other")
    clock = ManualClock()
    link = RedisLink(redis_server.url, timeout_seconds=30, clock=clock)
    here = RedisPresence(link, DatabasePresence(Roster(database)), clock=clock)
    elsewhere = RedisPresence(link, DatabasePresence(Roster(database)), clock=ManualClock())
    await elsewhere.exchange({other: 0.0}, within_seconds=60)
    assert await here.exchange({mine: 0.0}, within_seconds=60) == {mine, other}
    redis_server.kill()
    # The other node has not told the database yet: its seat is not taken for gone.
    assert await here.exchange({mine: 0.0}, within_seconds=60) == {mine, other}
    clock.advance(61)
    assert await here.exchange({mine: 0.0}, within_seconds=60) == {mine}
    await elsewhere.exchange({other: 0.0}, within_seconds=60)
    assert await here.exchange({mine: 0.0}, within_seconds=60) == {mine, other}
    redis_server.start()  # empty: it knows nobody yet
    clock.advance(2)
    assert await here.exchange({mine: 0.0}, within_seconds=60) == {mine, other}
    clock.advance(61)
    assert await here.exchange({mine: 0.0}, within_seconds=60) == {mine}
    await link.close()
