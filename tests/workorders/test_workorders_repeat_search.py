"""A whole city's open orders: repeats meet over all the days that are looked back, and few of the orders are read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from base.clock import ManualClock
from storage.engine import Database
from storage.tables import Order
from workorders import repeat_search
from workorders.repeat_review import RepeatReview
from workorders.repeat_search import Found, search
from workorders.service import OrderService

NOW = ManualClock().now()
DISTRICTS, STREETS, KINDS = 16, 20, 25  # streets of each district
DARK = "路口的灯坏了三天，晚上什么也看不见"


class City:
    """Orders that have nothing to do with each other: each address and each story has characters of its own."""

    def __init__(self, seed: int = 5) -> None:
        self._chance = random.Random(seed)
        self._numbers: Iterator[int] = count(1)
        self.rows: list[dict[str, Any]] = []

    def add(self, days_ago: float, **told: Any) -> str:
        number, at = f"{next(self._numbers):012d}", NOW - timedelta(days=days_ago)
        place = self._chance.randrange(DISTRICTS)
        row: dict[str, Any] = {
            "order_no": number,
            "idempotency_key": number,
            "tracking_hash": "0" * 64,
            "status": "dispatched",
            "channel": "web",
            "request_type": "求助",
            "title": "一件事",
            "detail": self.words(24),
            "district": f"第{place}区",
            "street": f"第{place}区{self._chance.randrange(STREETS)}街道",
            "address": self.words(8),
            "deadline_hours": 24,
            "copies": [],
            "extra": {},
            **dict.fromkeys(("created_at", "filed_at", "updated_at"), at),
            **self.kind(self._chance.randrange(KINDS)),
        }
        self.rows.append({**row, **told})
        return number

    def kind(self, kind: int) -> dict[str, str]:
        leaf = self._chance.randrange(20)
        names = {"category_level1": "城市管理", "category_level2": f"类{kind}", "category_level3": f"项{kind}-{leaf}"}
        return {**names, "category_code": f"{kind:02d}{leaf:04d}"}

    def again(self, days_ago: float, number: str, **told: Any) -> str:
        """Another citizen tells of the same matter."""
        names = ("district", "street", "address", "detail", "category_code", "category_level2", "category_level3")
        before = self.rows[int(number) - 1]
        return self.add(days_ago, **{**{name: before[name] for name in names}, **told})

    def words(self, length: int) -> str:
        return "".join(chr(self._chance.randrange(0x4E00, 0x9FA5)) for _ in range(length))

    async def move_in(self, database: Database) -> None:
        async with database.write() as session:
            for start in range(0, len(self.rows), 1_000):
                await session.execute(insert(Order), self.rows[start : start + 1_000])


async def looked(database: Database, *, days: float = 30, wanted: int = 50) -> Found:
    async with database.read() as session:
        return await search(session, since=NOW - timedelta(days=days), wanted=wanted)


def pairs(found: Found) -> list[tuple[str, list[str]]]:
    return [(group.main, [repeat.order_no for repeat in group.repeats]) for group in found.groups]


async def test_two_orders_a_week_apart_meet_among_twenty_thousand(database: Database) -> None:
    city = City()
    for index in range(15_000):
        city.add(30 - index / 750)  # the newest is ten days old
    lamp = city.add(7, detail=DARK)
    for _ in range(5_000):
        city.add(3)
    fresh = [city.add(1) for _ in range(60)]
    told = {number: city.again(0.5, number) for number in fresh}
    today = city.again(0, lamp)
    await city.move_in(database)
    asked = _asked(database)
    found = await looked(database, wanted=20)
    assert pairs(found)[0] == (lamp, [today])
    assert {(main, repeats[0]) for main, repeats in pairs(found)[1:21]} <= set(told.items())
    assert not found.complete  # there are more groups than were wanted
    assert found.opened < 1_000 and len(asked) < 20


async def test_also_where_nobody_else_repeats_anything(database: Database) -> None:
    city = City()
    lamp = city.add(29)
    for index in range(2_000):
        city.add(28 - index / 100)
    again = city.again(8, lamp)
    for index in range(1_000):
        city.add(7 - index / 200)
    await city.move_in(database)
    found = await looked(database)
    assert pairs(found) == [(lamp, [again])] and found.complete
    assert found.opened < 1_500  # who is alone at a place is not opened
    assert pairs(await looked(database, days=28)) == []


async def test_the_plan_leads_by_the_index_of_places(database: Database) -> None:
    city = City()
    for index in range(8_000):
        city.add(index / 280, status="closed" if index % 3 else "dispatched")
    await city.move_in(database)
    if not database.is_sqlite:
        async with database.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    asked = _asked(database)
    await looked(database, wanted=0, days=20)
    statement, values = next(one for one in asked if "category_level2 = " in one[0])
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    async with database.engine.connect() as connection:
        rows = (await connection.exec_driver_sql(explain + statement, values)).all()
    plan = "\n".join(str(row[-1]) for row in rows)
    assert "ix_orders_repeats" in plan and "SCAN orders" not in plan and "Seq Scan" not in plan, plan


async def test_where_the_street_is_not_told_and_who_filing_has_linked(database: Database) -> None:
    city = City()
    there = {"district": "第1区", "address": "学院路5号院北门外", "detail": DARK, **city.kind(3)}
    first = city.add(9, **there, street="第1区1街道")
    nowhere = city.add(5, **there, street=None)
    other = city.add(4, **{**there, "address": "成府路28号楼前"}, street=None)
    last = city.add(2, **there, street="第1区1街道")
    main = city.add(20)
    linked = city.add(1, duplicate_of=main)  # of another kind, elsewhere: filing knew the citizen
    await city.move_in(database)
    found = pairs(await looked(database))
    assert found == [(main, [linked]), (first, [nowhere, last])] and other not in str(found)


@pytest.mark.parametrize("limit", ["SCANNED", "OPENED", "OF_A_PLACE"])
async def test_a_limit_that_was_reached_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    city = City()
    first = city.add(20)
    for number in range(150):
        city.again(19 - number / 10, first, detail=city.words(24), address=city.words(8))
    await city.move_in(database)
    assert (await looked(database)).complete
    monkeypatch.setattr(repeat_search, limit, 100)
    assert not (await looked(database)).complete


async def test_no_order_is_shown_twice_and_pages_agree(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders without a street are read with those of several streets."""
    city = City()
    for index in range(40):
        there = {"district": "第1区", "street": f"第1区{index % 4}街道" if index % 5 else None, **city.kind(1)}
        first = city.add(29 - index / 10, **there)
        for _ in range(2):
            city.again(20 - index / 4, first)
    await city.move_in(database)
    whole = await looked(database)
    monkeypatch.setattr(repeat_search, "_PAGE", 3)
    found = await looked(database)
    numbers = [number for main, repeats in pairs(found) for number in (main, *repeats)]
    assert len(numbers) == len(set(numbers)) == 120 and sorted(pairs(found)) == sorted(pairs(whole))


async def test_the_list_shows_them(database: Database) -> None:
    city = City()
    lamp = city.add(25, detail=DARK)
    today = city.again(0, lamp)
    await city.move_in(database)
    review = RepeatReview(database, OrderService(database, clock=ManualClock()), clock=ManualClock())
    (group,) = (await review.list(days=30))["items"]
    assert group["main"]["order_no"] == lamp and [row["order_no"] for row in group["repeats"]] == [today]
    assert (await review.list(days=7))["items"] == []


def _asked(database: Database) -> list[tuple[str, Any]]:
    """Statements and their values, from now on."""
    asked: list[tuple[str, Any]] = []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def note(_connection: Connection, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    return asked
