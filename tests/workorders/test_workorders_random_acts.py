"""Whatever people, units and systems do to an order, in any order, at the same time and again: it is there once, it
moves by the rules only, and what hangs on it agrees with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from base.clock import ManualClock
from base.errors import HotlineError
from storage import migrate
from storage.engine import Database
from storage.follow_up_tables import Objection, OrderCopy, ReturnVisit
from storage.tables import Order, OrderEvent
from workorders.model import Assignment, OrderDraft
from workorders.order import RULES
from workorders.service import OrderService
from workorders.visits import Answers, ReturnVisits

UNITS = ("市热力集团", "海淀区学院路街道办事处", "海淀区人民政府")
ACTORS = ("seat:s1", "citizen:c1", "system:core", *(f"unit:{unit}" for unit in UNITS))
EVENTS = tuple(event for event in RULES if event not in ("file", "merge", "follow", "follow_extend"))
_seen = 0


class World:
    """One database for all examples: each files an order of its own."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock()
        self.database = Database(f"sqlite+aiosqlite:///{path}")
        self.orders = OrderService(self.database, clock=self.clock)
        self.visits = ReturnVisits(self.database, self.orders, clock=self.clock)

    async def file(self, key: str) -> str:
        draft = OrderDraft(
            "投诉",
            "",
            "暖气不热",
            "phone",
            contact_phone="13900001234",
            assignment=Assignment(UNITS[0], "直派", (UNITS[2],), "ordinary", 168, "职责"),
        )
        async with self.database.write() as session:
            filed = await self.orders.file(session, draft, key=key, now=self.clock.now(), actor="bot:policy")
        return filed.order_no

    async def act(self, number: str, step: tuple[str, str, str, int]) -> None:
        event, actor, note, seed = step
        data: dict[str, Any] = {"unit": UNITS[seed % 3], "copies": [UNITS[(seed + 1) % 3]], "deadline_hours": 24}
        try:
            await self.orders.change(number, event, actor=actor, note=note, data=data, event_id=f"e{seed}")
        except HotlineError:
            return  # refused: and nothing may have happened

    async def visit(self, number: str, solved: bool) -> None:
        """A whole return visit, with everything done twice."""
        await asyncio.gather(self.visits.sweep(), self.visits.sweep())
        for task in await self.visits.tasks(limit=500):
            if task["order_no"] != number:
                continue
            try:
                await self.visits.take(task["id"], person="v1")
                answers = Answers(True, solved, solved)
                await asyncio.gather(*(self.visits.record(task["id"], answers, person="v1") for _ in range(2)))
            except HotlineError:
                continue

    async def check(self, number: str) -> None:
        async with self.database.read() as session:
            order = (await session.execute(select(Order).where(Order.order_no == number))).scalar_one()
            query = select(OrderEvent).where(OrderEvent.order_no == number).order_by(OrderEvent.id)
            events = (await session.execute(query)).scalars().all()
            objections = (await session.execute(select(Objection).where(Objection.order_no == number))).scalars().all()
            copies = (await session.execute(select(OrderCopy.unit).where(OrderCopy.order_no == number))).scalars().all()
            visits = (await session.execute(select(ReturnVisit).where(ReturnVisit.order_no == number))).scalars().all()
        status: str = "draft"
        for event in events:
            rule = RULES[event.event]
            assert status in rule.sources, f"{event.event} happened to an order that was {status}"
            assert event.note.strip() or not rule.needs_note
            assert event.actor.partition(":")[0] in rule.actors
            status = rule.target or status
        assert status == order.status
        ids = Counter(event.data.get("event_id") for event in events)
        ids.pop(None, None)
        assert all(count == 1 for count in ids.values()), "something happened twice"
        assert sum(row.status == "open" for row in objections) == (order.status == "objected")
        assert len(objections) == sum(event.event == "object" for event in events)
        assert all(row.new_unit for row in objections if row.status == "upheld")
        assert sorted(copies) == sorted(set(order.copies))
        assert sorted(visit.round for visit in visits) == list(range(1, len(visits) + 1))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, World]]:
    with asyncio.Runner() as runner:
        made = World(tmp_path_factory.mktemp("random") / "hotline.db")
        runner.run(migrate.upgrade(made.database))
        yield runner, made
        runner.run(made.database.close())


_STEP = st.one_of(
    st.tuples(st.sampled_from(EVENTS), st.sampled_from(ACTORS), st.sampled_from(("", "说明")), st.integers(0, 30)),
    st.sampled_from(  # the ways that an order mostly goes, so that the later states are reached too
        [
            ("accept", f"unit:{UNITS[0]}", "", 101),
            ("object", f"unit:{UNITS[0]}", "不属于本单位", 102),
            ("uphold", "seat:s1", "改派", 103),
            ("overrule", "seat:s1", "属于", 105),
            ("answer", "seat:s1", "已修好", 106),
        ]
    ),
    st.booleans(),  # a return visit: solved or not
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_STEP, min_size=1, max_size=3), max_size=8))
def test_random_acts_at_once_and_again(
    world: tuple[asyncio.Runner, World], moments: list[list[tuple[str, str, str, int] | bool]]
) -> None:
    global _seen
    _seen += 1
    runner, room = world
    key = f"example:{_seen}"

    async def example() -> None:
        numbers = {await room.file(key) for _ in range(2)}
        assert len(numbers) == 1
        (number,) = numbers
        for moment in moments:
            acts = []
            for step in moment:
                if isinstance(step, bool):
                    acts.append(room.visit(number, step))
                else:
                    acts += [room.act(number, step), room.act(number, step)]  # each is sent twice
            await asyncio.gather(*acts)
            await room.check(number)
        async with room.database.read() as session:
            count = select(func.count()).select_from(Order).where(Order.idempotency_key == key)
            assert (await session.execute(count)).scalar_one() == 1

    runner.run(example())
