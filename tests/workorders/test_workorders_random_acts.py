"""Whatever people, units and systems do to two orders that may be merged, in any order, at the same time and again:
each is there once, moves by the rules only, follows whom it was merged into, and what hangs on it agrees with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
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
from workorders.merging import FOLLOWED
from workorders.model import Assignment, OrderDraft
from workorders.order import RULES, RUNNING
from workorders.service import OrderService
from workorders.visits import Answers, ReturnVisits

UNITS = ("市热力集团", "海淀区学院路街道办事处", "海淀区人民政府")
ACTORS = ("seat:s1", "citizen:c1", "system:core", *(f"unit:{unit}" for unit in UNITS))
# What follows from something else is not caused by anybody: an order is filed, or its main order answered or extended.
EVENTS = tuple(event for event in RULES if event not in ("file", "follow", "follow_extend"))
Step = tuple[int, str, str, str, int]  # which order, event, actor, note, seed
_seen = 0


class World:
    """One database for all examples: each files two orders of its own."""

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

    async def act(self, numbers: list[str], step: Step) -> None:
        which, event, actor, note, seed = step
        data: dict[str, Any] = {
            "unit": UNITS[seed % 3],
            "copies": [UNITS[(seed + 1) % 3]],
            "deadline_hours": 24,
            "main": numbers[1 - which],
            "fields": {"address": f"学院路{seed}号"},
            "code": "010105",
            "dispatch": seed % 2 == 0,
        }
        try:
            await self.orders.change(numbers[which], event, actor=actor, note=note, data=data, event_id=f"e{seed}")
        except HotlineError:
            return  # refused: and nothing may have happened

    async def visit(self, number: str, solved: bool) -> None:
        """A whole return visit, with everything done twice."""
        await asyncio.gather(self.visits.sweep(), self.visits.sweep())
        for task in await self.visits.tasks(person="v1", limit=500):
            if task["order_no"] != number:
                continue
            try:
                await self.visits.take(task["id"], person="v1")
                answers = Answers(True, solved, solved)
                await asyncio.gather(*(self.visits.record(task["id"], answers, person="v1") for _ in range(2)))
            except HotlineError:
                continue

    async def check(self, numbers: list[str]) -> None:
        async with self.database.read() as session:
            found = (await session.execute(select(Order).where(Order.order_no.in_(numbers)))).scalars().all()
            query = select(OrderEvent).where(OrderEvent.order_no.in_(numbers)).order_by(OrderEvent.id)
            events = (await session.execute(query)).scalars().all()
            objections = (await session.execute(select(Objection))).scalars().all()
            copies = (await session.execute(select(OrderCopy))).scalars().all()
            visits = (await session.execute(select(ReturnVisit))).scalars().all()
        orders = {order.order_no: order for order in found}
        for number, order in orders.items():
            _check_life(order, [event for event in events if event.order_no == number])
            of_it = [row for row in objections if row.order_no == number]
            assert sum(row.status == "open" for row in of_it) == (order.status == "objected")
            assert len(of_it) == sum(event.order_no == number and event.event == "object" for event in events)
            assert all(row.new_unit for row in of_it if row.status == "upheld")
            assert sorted(copy.unit for copy in copies if copy.order_no == number) == sorted(set(order.copies))
            rounds = sorted(visit.round for visit in visits if visit.order_no == number)
            assert rounds == list(range(1, len(rounds) + 1))
        _check_merged(orders, events)


def _check_life(order: Order, events: list[OrderEvent]) -> None:
    """Each event was allowed when it happened, and none happened twice."""
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


def _check_merged(orders: dict[str, Order], events: Sequence[OrderEvent]) -> None:
    """Who is merged waits for an open order that is not merged itself; who followed did what its main order did."""
    main_of: dict[str, str] = {}  # while it is merged
    for event in events:
        number = event.order_no
        if event.event == "merge":
            assert event.data["main"] not in main_of and number not in main_of.values()
            main_of[number] = event.data["main"]
        elif event.event in ("follow", "follow_extend"):
            assert event.data["main"] == main_of[number] and event.actor == "system:core"
            # recorded before what it follows, in one transaction: the same moment, the same words
            cause = next(one for one in events if one.id > event.id and one.order_no == main_of[number])
            assert (FOLLOWED[cause.event], cause.note, cause.at) == (event.event, event.note, event.at)
            assert event.data.get("deadline_at") == (cause.data["deadline_at"] if cause.event == "extend" else None)
        if RULES[event.event].target not in (None, "merged"):
            main_of.pop(number, None)
    for number, order in orders.items():
        assert (order.status == "merged") == (number in main_of)
        if order.status == "merged":
            main = orders[order.duplicate_of or ""]
            assert main.order_no == main_of[number] and main.status in RUNNING


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, World]]:
    with asyncio.Runner() as runner:
        made = World(tmp_path_factory.mktemp("random") / "hotline.db")
        runner.run(migrate.upgrade(made.database))
        yield runner, made
        runner.run(made.database.close())


_WAYS = [  # that an order mostly goes, so that the later states are reached too
    ("accept", f"unit:{UNITS[0]}", "", 101),
    ("object", f"unit:{UNITS[0]}", "不属于本单位", 102),
    ("uphold", "seat:s1", "改派", 103),
    ("overrule", "seat:s1", "属于", 105),
    ("answer", "seat:s1", "已修好", 106),
    ("extend", "seat:s1", "配件未到", 107),
    ("merge", "seat:s1", "同一处", 108),
    ("merge", "seat:s1", "还是同一处", 109),
    ("unmerge", "seat:s1", "不是一处", 110),
    ("withdraw", "seat:s1", "市民撤回", 111),
]
_WHICH = st.integers(0, 1)
_STEP = st.one_of(
    st.tuples(
        _WHICH, st.sampled_from(EVENTS), st.sampled_from(ACTORS), st.sampled_from(("", "说明")), st.integers(0, 30)
    ),
    st.tuples(_WHICH, st.sampled_from(_WAYS)).map(lambda way: (way[0], *way[1])),
    st.tuples(_WHICH, st.booleans()),  # a return visit: solved or not
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_STEP, min_size=1, max_size=3), max_size=8))
def test_random_acts_at_once_and_again(
    world: tuple[asyncio.Runner, World], moments: list[list[Step | tuple[int, bool]]]
) -> None:
    global _seen
    _seen += 1
    runner, room = world
    keys = [f"example:{_seen}:{which}" for which in range(2)]

    async def example() -> None:
        numbers = [await room.file(key) for key in keys]
        assert numbers == [await room.file(key) for key in keys] and len({*numbers}) == 2
        for moment in moments:
            acts = []
            for step in moment:
                if len(step) == 2:
                    acts.append(room.visit(numbers[step[0]], step[1]))
                else:
                    acts += [room.act(numbers, step), room.act(numbers, step)]  # each is sent twice
            await asyncio.gather(*acts)
            await room.check(numbers)
        async with room.database.read() as session:
            count = select(func.count()).select_from(Order).where(Order.idempotency_key.in_(keys))
            assert (await session.execute(count)).scalar_one() == 2

    runner.run(example())


def test_a_merged_order_goes_the_way_of_its_main_order(world: tuple[asyncio.Runner, World]) -> None:
    """The ways that chance takes seldom, each step at once with another."""
    runner, room = world

    async def example() -> None:
        numbers = [await room.file(f"merged:{which}") for which in range(2)]
        steps: list[list[Step]] = [
            [(1, "merge", "seat:s1", "同一处", 1), (0, "merge", "seat:s2", "同一处", 2)],  # into each other
            [(0, "unmerge", "seat:s1", "弄反了", 3), (1, "unmerge", "seat:s1", "弄反了", 3)],
            [(0, "dispatch", "seat:s1", "", 7), (1, "dispatch", "seat:s1", "", 7)],  # whichever it was
            [(1, "merge", "seat:s1", "同一处", 4)],
            [(0, "extend", "seat:s1", "配件未到", 5), (1, "unmerge", "seat:s1", "不是一处", 6)],
            [(1, "merge", "seat:s1", "是一处", 8)],
            [(0, "accept", "seat:s1", "", 9), (1, "accept", "seat:s1", "", 9)],
            [(0, "answer", "seat:s1", "已修好", 10), (1, "note", "seat:s1", "市民来电", 10)],
        ]
        for moment in steps:
            await asyncio.gather(*(room.act(numbers, step) for step in moment for _ in range(2)))
            await room.check(numbers)
        views = [await room.orders.view(number, seat="s") for number in numbers]
        assert {view.status for view in views} == {"answered"}
        assert [event["event"] for event in views[1].events].count("follow") == 1

    runner.run(example())
