"""The export: one snapshot, personal data only when asked for, and an export that was cut off goes on."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outbox_helpers import SECRET, UNIT, file_order

from base.clock import ManualClock
from base.sections.node import DataSettings
from base.settings import Settings
from hotline import cli
from storage import migrate
from storage.engine import Database
from storage.follow_up_tables import Attachment, ReturnVisit
from storage.tables import CallbackTask, Conversation
from workorders.export import ExportError, export
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.schedule import Next
from workorders.outbox.store import OutboxStore, Settled
from workorders.outbox.targets import Target
from workorders.service import OrderService
from workorders.visits import Answers, ReturnVisits


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def orders(database: Database, clock: ManualClock) -> OrderService:
    return OrderService(database, clock=clock, outbox=Enqueuer([Target("city", "http://x", SECRET)]))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def state(path: Path) -> dict[str, dict[str, Any]]:
    """What the file says of the orders, read as it is meant: the last line of an order holds."""
    return {line["order_no"]: line for line in lines(path) if line["kind"] == "order"}


def others(path: Path) -> dict[str, dict[str, Any]]:
    """The same of everything that has an id of its own."""
    return {line["id"]: line for line in lines(path) if "id" in line}


async def object_to(orders: OrderService, number: str, *, decided: bool) -> None:
    data = {"suggested_unit": "李某的单位"}
    await orders.change(number, "object", actor="unit:海淀区供热办", note="李某说不归我们管", data=data)
    if decided:
        moved = {"unit": "海淀区城市管理委员会"}
        await orders.change(number, "uphold", actor="seat:reviewer", note="李某说得对", data=moved)


async def attach(database: Database, number: str, name: str, clock: ManualClock) -> None:
    row = Attachment(
        id=f"at_{name}", order_no=number, name=f"{name}.jpg", media_type="image/jpeg", size_bytes=1_234,
        sha256="ab" * 32, added_by=f"citizen:{number}", added_at=clock.now(),
    )  # fmt: skip
    async with database.write() as session:
        session.add(row)


def phone_of(name: str) -> str:
    """A number has one open call-back."""
    return f"139{zlib.crc32(name.encode()) % 10**8:08d}"


async def served(database: Database, name: str, clock: ManualClock, *, rating: str | None = "satisfied") -> None:
    """A call that was promised a call-back, and rated if a `rating` is given."""
    now = clock.now()
    call = Conversation(
        id=f"c_{name}", channel="phone", trace_id="t", status="ended", seat_id="s1", created_at=now, updated_at=now,
        ended_at=now, outcome_detail={"rating": rating, "note": "王某来电"} if rating else {},
    )  # fmt: skip
    task = CallbackTask(
        id=f"cb_{name}", conversation_id=call.id, number=phone_of(name), reason="busy", note="王某请晚上打", due_at=now,
        created_at=now,
    )  # fmt: skip
    async with database.write() as session:
        session.add(call)
        await session.flush()
        session.add(task)


async def test_everything_is_there_and_personal_data_only_when_asked_for(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path
) -> None:
    extra = {"event_start": "2026-01-04T18:00+08:00", "event_end": "2026-01-04T23:00+08:00"}
    number = await file_order(
        database, orders, "c:1", clock, contact_phone="13900001234", event_time="昨天晚上", extra=extra
    )
    await orders.change(number, "accept", actor="seat:s1")
    await orders.change(number, "answer", actor="seat:s1", note="王某家已修好", data={"words": "王某说好了"})
    plain, full = tmp_path / "plain.jsonl", tmp_path / "full.jsonl"
    await export(database, plain, clock=clock)
    await export(database, full, personal=True, clock=clock)
    head, order, end = lines(plain)
    assert head == {
        "kind": "part", "format": "hotline-orders/3", "personal": False, "since": None,
        "snapshot_at": "2026-01-05T02:00:00+00:00",
    }  # fmt: skip
    nothing = {"objections": 0, "attachments": 0, "visits": 0, "callbacks": 0, "ratings": 0}
    assert end == {"kind": "end", "orders": 1, **nothing}
    assert [event["event"] for event in order["events"]] == ["file", "dispatch", "accept", "answer"]
    assert order["unit"] == "海淀区供热办" and order["status"] == "answered"
    for personal in ("13900001234", "王某", "学院路", "暖气", "昨天晚上", *extra.values()):
        assert personal not in plain.read_text("utf-8") and personal in full.read_text("utf-8")
    assert lines(full)[1]["event_time"] == "昨天晚上" and extra.items() <= lines(full)[1].items()
    assert (plain.stat().st_mode & 0o777) == 0o600


async def test_objections_attachments_call_backs_and_ratings_are_there_too(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path
) -> None:
    number = await file_order(database, orders, "c:1", clock)
    await object_to(orders, number, decided=True)
    await attach(database, number, "王某家", clock)
    await served(database, "rated", clock)
    await served(database, "silent", clock, rating=None)
    plain, full = tmp_path / "plain.jsonl", tmp_path / "full.jsonl"
    done = await export(database, plain, clock=clock)
    await export(database, full, personal=True, clock=clock)
    assert done.further == {"objections": 1, "attachments": 1, "visits": 0, "callbacks": 2, "ratings": 1}
    kinds = ["part", "objection", "attachment", "order", "callback", "callback", "rating", "end"]
    assert [line["kind"] for line in lines(plain)] == kinds == [line["kind"] for line in lines(full)]
    _, objection, attachment, _, callback, _, rating, end = lines(full)
    assert end == {"kind": "end", "orders": 1, **done.further}
    assert (objection["order_no"], objection["unit"], objection["reason"]) == (number, UNIT, "李某说不归我们管")
    assert (objection["status"], objection["decided_by"], objection["decision"], objection["new_unit"]) == (
        "upheld", "seat:reviewer", "李某说得对", "海淀区城市管理委员会",
    )  # fmt: skip
    assert attachment == {
        "kind": "attachment", "id": "at_王某家", "order_no": number, "media_type": "image/jpeg", "size_bytes": 1_234,
        "sha256": "ab" * 32, "added_by": f"citizen:{number}", "added_at": "2026-01-05T02:00:00+00:00",
        "name": "王某家.jpg",
    }  # fmt: skip
    assert (callback["number"], callback["reason"], callback["status"]) == (phone_of("rated"), "busy", "open")
    assert (rating["rating"], rating["channel"], rating["seat_id"]) == ("satisfied", "phone", "s1")
    assert rating["conversation_id"] == "c_rated" != rating["id"]
    told = plain.read_text("utf-8")
    for personal in ("李某", phone_of("rated"), "王某请", "王某家.jpg", "c_rated", "王某来电"):
        assert personal not in told
    assert {"seat:reviewer", "upheld"} <= set(lines(plain)[1].values())
    assert lines(plain)[6]["id"] == rating["id"]  # the same conversation in each export


async def asked(orders: OrderService, visits: ReturnVisits, number: str, answers: Answers, *, missed: int = 0) -> str:
    """One round: the unit answers, a visitor calls, perhaps in vain at first. The round's id."""
    await orders.change(number, "accept", actor="seat:s1")
    await orders.change(number, "answer", actor="seat:s1", note="已修好")
    await visits.sweep()
    (task,) = [task for task in await visits.tasks(person="v1", limit=50) if task["order_no"] == number]
    for _ in range(missed):
        await visits.take(task["id"], person="v1")
        await visits.missed(task["id"], person="v1", note="王某没接")
        visits._clock.advance(7_200)  # type: ignore[attr-defined]
    await visits.take(task["id"], person="v1")
    await visits.record(task["id"], answers, person="v1")
    return str(task["id"])


async def test_each_round_of_asking_is_there(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workorders.export._PAGE", 1)
    visits = ReturnVisits(database, orders, clock=clock)
    number = await file_order(database, orders, "c:1", clock, contact_phone="13900001234")
    other = await file_order(database, orders, "c:2", clock, contact_phone="13900005678")
    in_vain = Answers(True, False, False, "办理结果", "问题没有解决", note="王某还在等")
    first = await asked(orders, visits, number, in_vain, missed=1)
    second = await asked(orders, visits, number, Answers(True, True, True))
    async with database.write() as session:  # as a conversation that answers in a chat
        said = ReturnVisit(
            id="vi_chat", order_no=other, round=1, unit=UNIT, channel="chat", conversation_id="c_secret",
            status="done", next_at=clock.now(), created_at=clock.now(), done_by="citizen:c_secret", done_at=clock.now(),
        )  # fmt: skip
        session.add(said)
    plain, full = tmp_path / "plain.jsonl", tmp_path / "full.jsonl"
    done = await export(database, plain, clock=clock)
    await export(database, full, personal=True, clock=clock)
    assert done.further["visits"] == 3 and lines(plain)[-1]["visits"] == 3
    told = others(plain)
    one, two, chat = told[first], told[second], told["vi_chat"]
    assert (one["kind"], one["order_no"], one["unit"], one["channel"]) == ("visit", number, UNIT, "phone")
    assert [(row["round"], row["attempts"], row["status"]) for row in (one, two)] == [(1, 1, "done"), (2, 0, "done")]
    assert [one[name] for name in ("responded", "solved", "satisfied")] == [True, False, False]
    assert (one["reason"], one["reason_detail"], one["done_by"]) == ("办理结果", "问题没有解决", "seat:v1")
    assert chat["done_by"] == "citizen" and others(full)["vi_chat"]["done_by"] == "citizen:c_secret"
    assert "c_secret" not in plain.read_text("utf-8") and "王某" not in plain.read_text("utf-8")
    assert "王某还在等" in others(full)[first]["note"] and others(full)["vi_chat"]["conversation_id"] == "c_secret"


async def test_rounds_that_changed_or_still_stand_since_a_moment(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path
) -> None:
    visits = ReturnVisits(database, orders, clock=clock)
    numbers = [await file_order(database, orders, f"c:{n}", clock, contact_phone=f"1390000123{n}") for n in range(3)]
    before = await asked(orders, visits, numbers[0], Answers(True, True, True))
    for number in numbers[1:]:
        await orders.change(number, "accept", actor="seat:s1")
        await orders.change(number, "answer", actor="seat:s1", note="已修好")
    await visits.sweep()
    clock.advance(1_800)
    since = clock.now()
    (missed, _) = [task["id"] for task in await visits.tasks(person="v1", limit=50)]
    await visits.take(missed, person="v1")
    await visits.missed(missed, person="v1")  # the order itself does not change by that
    await export(database, tmp_path / "since.jsonl", since=since, clock=clock)
    found = {row["id"]: row for row in lines(tmp_path / "since.jsonl") if row["kind"] == "visit"}
    assert before not in found and len(found) == 2 and found[missed]["attempts"] == 1


async def test_pages_of_call_backs_and_ratings_leave_nothing_out(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workorders.export._PAGE", 2)
    for index in range(5):
        await served(database, f"old{index}", clock)
    async with database.write() as session:
        for index in range(4):
            task = await session.get_one(CallbackTask, f"cb_old{index}")
            task.status, task.done_at = "done", clock.now()
    clock.advance(86_400)
    since = clock.now()
    for index in range(3):
        await served(database, f"new{index}", clock)
    everything, changed = tmp_path / "everything.jsonl", tmp_path / "changed.jsonl"
    done = await export(database, everything, clock=clock)
    assert (done.further["callbacks"], done.further["ratings"]) == (8, 8) and len(others(everything)) == 16
    done = await export(database, changed, since=since, clock=clock)
    assert done.further["ratings"] == 3
    callbacks = {line["id"] for line in lines(changed) if line["kind"] == "callback"}
    assert callbacks == {"cb_new0", "cb_new1", "cb_new2", "cb_old4"}  # the last one still stands


async def test_orders_that_move_during_an_export_do_not_mix_states(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workorders.export._PAGE", 2)
    numbers = [await file_order(database, orders, f"c:{index}", clock) for index in range(5)]
    moved = False

    def move_in_the_middle(stream: Any, line: dict[str, Any]) -> None:
        nonlocal moved
        if line.get("order_no") == numbers[1] and not moved:
            moved = True
            import sqlite3

            with sqlite3.connect(str(tmp_path / "hotline.db")) as connection:
                connection.execute("UPDATE orders SET status = 'accepted' WHERE order_no = ?", (numbers[4],))
        stream.write(json.dumps(line).encode() + b"\n")

    monkeypatch.setattr("workorders.export._write", move_in_the_middle)
    path = tmp_path / "orders.jsonl"
    await export(database, path, clock=clock)
    assert moved and {order["status"] for order in state(path).values()} == {"dispatched"}
    assert (await orders.view(numbers[4], seat="s")).status == "accepted"


@pytest.mark.parametrize("cut", range(0, 100, 19))
async def test_an_export_cut_off_anywhere_goes_on_to_the_state_of_its_last_snapshot(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path, cut: int
) -> None:
    numbers = [await file_order(database, orders, f"c:{index}", clock) for index in range(6)]
    for index, number in enumerate(numbers):
        await attach(database, number, str(index), clock)
        await served(database, str(index), clock)
    await object_to(orders, numbers[1], decided=True)
    await object_to(orders, numbers[2], decided=False)
    path, whole = tmp_path / "orders.jsonl", tmp_path / "whole.jsonl"
    await export(database, path, clock=clock)
    everything = path.read_bytes()
    path.write_bytes(everything[: max(0, len(everything) - 40) * cut // 100])
    clock.advance(3_600)
    await orders.change(numbers[0], "accept", actor="seat:s1")  # of the part that was written before
    await orders.change(numbers[2], "overrule", actor="seat:reviewer", note="不采纳")
    await file_order(database, orders, "late", clock)
    async with database.write() as session:
        (await session.get_one(CallbackTask, "cb_3")).status = "taken"
    await export(database, path, resume=True, clock=clock)
    await export(database, whole, clock=clock)
    assert state(path) == state(whole) and others(path) == others(whole)
    assert {line["status"] for line in others(path).values() if line["kind"] == "objection"} == {"upheld", "rejected"}
    assert lines(path)[-1]["kind"] == "end"


async def test_what_cannot_go_on_says_why(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path
) -> None:
    await file_order(database, orders, "c:1", clock)
    path, other = tmp_path / "orders.jsonl", tmp_path / "other.txt"
    await export(database, path, clock=clock)
    other.write_text("hello\n")
    half = tmp_path / "half.jsonl"
    half.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    for asked, told in (
        ({"path": path}, "exists"),
        ({"path": path, "resume": True}, "complete"),
        ({"path": other, "resume": True}, "no export"),
        ({"path": half, "resume": True, "personal": True}, "other choices"),
        ({"path": tmp_path / "none" / "x", "resume": True}, "cannot be read"),
        ({"path": tmp_path / "none" / "x"}, "cannot be written"),
    ):
        with pytest.raises(ExportError, match=told):
            await export(database, clock=clock, **asked)


async def test_since_takes_only_what_changed(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path
) -> None:
    old = await file_order(database, orders, "c:1", clock)
    moved = await file_order(database, orders, "c:2", clock)
    clock.advance(86_400)
    since = clock.now()
    clock.advance(60)
    await orders.change(moved, "accept", actor="seat:s1")
    new = await file_order(database, orders, "c:3", clock)
    path = tmp_path / "orders.jsonl"
    await export(database, path, since=since, clock=clock)
    assert set(state(path)) == {moved, new} and old not in path.read_text()


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import asyncio

    settings = Settings(data=DataSettings(directory=tmp_path))
    monkeypatch.setattr("base.settings.load", lambda: settings)
    assert cli.main(["orders", "export", str(tmp_path / "orders.jsonl")]) == 1
    assert "no database" in capsys.readouterr().err

    async def prepare() -> str:
        database, clock = Database(settings.database_url), ManualClock()
        await migrate.upgrade(database)
        orders = OrderService(database, clock=clock, outbox=Enqueuer([Target("city", "http://x", SECRET)]))
        await file_order(database, orders, "c:1", clock)
        store = OutboxStore(database)
        (claimed,) = await store.claim("city", owner="me", now=clock.now(), lease_seconds=9, limit=9)
        dead = Next("dead", clock.now() + timedelta(seconds=1))
        await store.settle([Settled(claimed.id, 1, dead, "HTTP 400")], owner="me")
        await database.close()
        return claimed.message_id

    message_id = asyncio.run(prepare())
    assert cli.main(["orders", "export", str(tmp_path / "orders.jsonl")]) == 0
    assert "1 orders; 0 objections, 0 attachments, 0 visits, 0 callbacks, 0 ratings." in capsys.readouterr().out
    assert cli.main(["orders", "dead-letters", "list"]) == 0
    told = capsys.readouterr().out
    assert message_id in told and "HTTP 400" in told and "behind=1" in told
    assert cli.main(["orders", "dead-letters", "retry"]) == 1
    assert cli.main(["orders", "dead-letters", "retry", message_id]) == 0
    assert cli.main(["orders", "dead-letters", "drop", message_id]) == 1  # it is none any more
    assert "no dead letters" in capsys.readouterr().err
