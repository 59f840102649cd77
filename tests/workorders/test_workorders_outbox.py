"""The outbox itself: its schedule, and what is stored, taken and settled, in virtual time."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import NOW, SECRET, UNIT, file_order, messages
from sqlalchemy import select

from base.clock import ManualClock
from base.errors import ConfigurationError
from base.sections.orders import OutboxSettings, OutboxTargetSettings
from storage.engine import Database
from storage.tables import OrderEvent
from workorders.order import OrderStateError
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.schedule import Attempt, Next, Schedule
from workorders.outbox.store import OutboxStore, Settled
from workorders.outbox.targets import Target, targets
from workorders.service import OrderService


@given(st.integers(1, 400), st.floats(0, 0.999999), st.floats(0, 1e6))
def test_pauses_grow_are_capped_and_spread(failures: int, chance: float, asked: float) -> None:
    schedule = Schedule(5, 3_600, 400)
    pause_seconds = schedule.pause_seconds(failures, chance)
    whole = min(5 * 2.0 ** (failures - 1), 3_600)
    assert whole / 2 <= pause_seconds < whole or pause_seconds == whole == 0
    failed = Attempt("failed", not_before_seconds=asked)
    after = schedule.after(failed, attempts=failures, now=NOW, chance=chance)
    if failures >= 400:
        assert after == Next("dead", NOW)
    else:
        assert after.status == "waiting" and NOW < after.at <= NOW + timedelta(hours=1)
        assert after.at >= NOW + timedelta(seconds=min(asked, 3_600))


def test_the_default_attempts_take_about_three_days() -> None:
    chosen = OutboxSettings()
    schedule = Schedule(chosen.first_retry_seconds, chosen.longest_retry_seconds, chosen.attempts)
    hours = sum(schedule.pause_seconds(failure, 0.5) for failure in range(1, chosen.attempts)) / 3_600
    assert 60 < hours < 80


async def test_an_event_and_its_messages_are_stored_together_or_not_at_all(database: Database) -> None:
    orders = OrderService(database, clock=ManualClock(), outbox=Enqueuer([Target("city", "http://x", SECRET)]))
    number = await file_order(database, orders, "c:1", ManualClock())
    with pytest.raises(OrderStateError):
        await orders.change(number, "close", actor="seat:s1")
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            await orders.file(
                session, _draft(), key="c:2", now=NOW, actor="bot:policy"
            )  # fmt: skip
            raise RuntimeError("the process died before the commit")
    stored = await messages(database)
    assert [(row.order_no, row.event) for row in stored] == [(number, "file"), (number, "dispatch")]
    async with database.read() as session:
        assert len((await session.execute(select(OrderEvent))).scalars().all()) == len(stored)


async def test_a_target_hears_of_its_units_also_when_an_order_is_taken_away(database: Database) -> None:
    mine = Target("heat", "http://x", SECRET, units=("*供热办",))
    answers = Target("answers", "http://y", SECRET, events=frozenset({"answer"}))
    orders = OrderService(database, clock=ManualClock(), outbox=Enqueuer([mine, answers]))
    number = await file_order(database, orders, "c:1", ManualClock())
    await orders.change(number, "note", actor="seat:s1", note="内部")
    await orders.change(number, "object", actor=f"unit:{UNIT}", note="不属于我单位")
    await orders.change(number, "dispatch", actor="seat:s1", data={"unit": "市热力集团"})
    await orders.change(number, "accept", actor="seat:s1")
    await orders.change(number, "answer", actor="seat:s1", note="已修好")
    told = [(row.target, row.event) for row in await messages(database)]
    assert told == [
        *(("heat", event) for event in ("file", "dispatch", "object", "dispatch")),
        ("answers", "answer"),
    ]


async def test_personal_data_only_where_a_target_has_it_and_no_contact_of_a_confidential_order(
    database: Database,
) -> None:
    plain, full = Target("plain", "http://x", SECRET), Target("full", "http://y", SECRET, personal=True)
    orders = OrderService(database, clock=ManualClock(), outbox=Enqueuer([plain, full]))
    extra = {"event_start": "2026-01-04T18:00+08:00", "event_end": "2026-01-04T23:00+08:00"}
    number = await file_order(
        database, orders, "c:1", ManualClock(), contact_phone="13900001234", event_time="昨天晚上", extra=extra
    )
    await orders.change(number, "accept", actor="seat:s1")
    await orders.change(number, "answer", actor="seat:s1", note="王某家已修好")
    told = "我是张小明，电话13900005678，路灯不亮"
    await file_order(
        database, orders, "c:2", ManualClock(), detail=told, contact_name="张小明", contact_phone="13900005678",
        confidential=True,
    )  # fmt: skip
    bodies: defaultdict[str, str] = defaultdict(str)
    for row in await messages(database):
        bodies[row.target] += row.body
    for personal in ("13900001234", "王某", "学院路", "暖气不热", "已修好", "昨天晚上", *extra.values()):
        assert personal not in bodies["plain"] and personal in bodies["full"]
    assert '"event_start":null,"event_end":null' in bodies["full"], "of the other order none is known"
    for secret in ("13900005678", "张小明"):
        assert secret not in bodies["full"] and secret not in bodies["plain"]
    assert "路灯不亮" in bodies["full"]
    last = json.loads((await messages(database))[0].body)
    assert last["order"]["status"] == "filed" and last["order"]["unit"] == UNIT  # as it was at that event


def test_targets_are_checked_when_the_core_starts(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET.decode() + "\n")
    one = OutboxTargetSettings(name="a", url="https://x.example/hook", secret_file=secret)
    (found,) = targets(OutboxSettings(targets=[one]))
    assert found.secret == SECRET and "secret of the" not in repr(found)
    by_variable = OutboxTargetSettings(name="b", url="https://x.example/hook", secret_env="KEY")
    assert targets(OutboxSettings(targets=[by_variable]), {"KEY": "k" * 32})[0].secret == b"k" * 32
    for wrong, told in (
        ([one, one], "twice"),
        ([by_variable], "32 characters"),
        ([one.model_copy(update={"secret_file": tmp_path / "none"})], "cannot be read"),
        ([one.model_copy(update={"secret_env": "KEY"})], "one of"),
        ([one.model_copy(update={"events": ["explode"]})], "no event"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            targets(OutboxSettings(targets=wrong), {})


def _draft() -> Any:
    from workorders.model import Assignment, OrderDraft

    return OrderDraft("投诉", "", "路灯不亮", "web", assignment=Assignment(UNIT, "直派", (), "ordinary", 168, ""))


@pytest.mark.parametrize("seed", range(2))
async def test_in_order_for_each_order_however_attempts_end(database: Database, seed: int) -> None:
    """Two senders share the work in virtual time; attempts fail, are refused, or are never settled (a dead sender)."""
    chance, clock = random.Random(seed), ManualClock()
    orders = OrderService(database, clock=clock, outbox=Enqueuer([Target("city", "http://x", SECRET)]))
    numbers = [await file_order(database, orders, f"c:{index}", clock) for index in range(4)]
    for number in numbers:
        for event in ("accept", "extend", "answer", "close"):
            await orders.change(number, event, actor="seat:s1", note="x", data={"deadline_hours": 1})
    expected = {row.message_id for row in await messages(database)}
    store, schedule = OutboxStore(database), Schedule(5, 600, 6)
    arrived: dict[str, list[int]] = defaultdict(list)
    delivered: set[str] = set()
    for _ in range(400):
        owner = chance.choice(("north", "south"))
        claimed = await store.claim("city", owner=owner, now=clock.now(), lease_seconds=60, limit=3)
        assert len({message.order_no for message in claimed}) == len(claimed)  # of each order one at a time
        for message in claimed:
            if (fate := chance.random()) < 0.15:
                continue  # the sender dies: its lease runs out
            attempt = Attempt("delivered" if fate < 0.6 else "refused" if fate < 0.65 else "failed")
            if attempt.verdict == "delivered":
                arrived[message.order_no].append(message.id)
                delivered.add(message.message_id)
            after = schedule.after(attempt, attempts=message.attempt, now=clock.now(), chance=chance.random())
            assert await store.settle([Settled(message.id, message.attempt, after, "")], owner=owner) == 1
        clock.advance(chance.choice((0.5, 5, 90)))
        if chance.random() < 0.1:
            await store.revive(now=clock.now())
        if delivered == expected:
            break
    assert delivered == expected
    assert all(ids == sorted(ids) and len(ids) == len(set(ids)) for ids in arrived.values())


async def test_what_comes_after_a_dead_letter_waits_until_somebody_looks(database: Database) -> None:
    clock = ManualClock()
    orders = OrderService(database, clock=clock, outbox=Enqueuer([Target("city", "http://x", SECRET)]))
    number = await file_order(database, orders, "c:1", clock)
    other = await file_order(database, orders, "c:2", clock)
    store = OutboxStore(database)

    async def claim() -> list[tuple[str, int]]:
        claimed = await store.claim("city", owner="me", now=clock.now(), lease_seconds=60, limit=10)
        results = [Settled(message.id, message.attempt, Next("dead", clock.now()), "HTTP 400") for message in claimed]
        await store.settle(results, owner="me")
        return [(message.order_no, message.attempt) for message in claimed]

    assert await claim() == [(number, 1), (other, 1)]
    assert await claim() == []
    (first, held), (second, _) = await store.dead_letters("city")
    assert (first.order_no, first.last_error, held) == (number, "HTTP 400", 1)
    assert await store.revive(now=clock.now(), message_ids=[first.message_id]) == 1
    assert await claim() == [(number, 1)]  # the same message, from its first attempt
    assert await store.drop(now=clock.now(), message_ids=[second.message_id]) == 1
    assert await claim() == [(other, 1)]  # what waited behind the dropped one
    assert await store.drop(now=clock.now(), message_ids=[]) == 0
    assert (await store.backlog("city")).dead == 2
    assert await store.of_others(["city"]) == {} and await store.of_others([]) == {"city": 3}
    assert await store.clean_up(clock.now() + timedelta(days=1)) == 1  # only what is settled is forgotten


async def test_a_late_sender_cannot_settle_what_another_has_taken(database: Database) -> None:
    clock = ManualClock()
    orders = OrderService(database, clock=clock, outbox=Enqueuer([Target("city", "http://x", SECRET)]))
    await file_order(database, orders, "c:1", clock)
    store = OutboxStore(database)
    (slow,) = await store.claim("city", owner="slow", now=clock.now(), lease_seconds=60, limit=5)
    assert await store.claim("city", owner="quick", now=clock.now(), lease_seconds=60, limit=5) == []
    clock.advance(61)
    (again,) = await store.claim("city", owner="quick", now=clock.now(), lease_seconds=60, limit=5)
    assert again.message_id == slow.message_id
    assert await store.settle([Settled(slow.id, 1, Next("dead", clock.now()), "x")], owner="slow") == 0
    assert await store.settle([Settled(again.id, 1, Next("delivered", clock.now()), "")], owner="quick") == 1
