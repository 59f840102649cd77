"""The export: one snapshot, personal data only when asked for, and an export that was cut off goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outbox_helpers import SECRET, file_order

from base.clock import ManualClock
from base.sections.node import DataSettings
from base.settings import Settings
from hotline import cli
from storage import migrate
from storage.engine import Database
from workorders.export import ExportError, export
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.schedule import Next
from workorders.outbox.store import OutboxStore, Settled
from workorders.outbox.targets import Target
from workorders.service import OrderService


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def orders(database: Database, clock: ManualClock) -> OrderService:
    return OrderService(database, clock=clock, outbox=Enqueuer([Target("city", "http://x", SECRET)]))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def state(path: Path) -> dict[str, dict[str, Any]]:
    """What the file says, read as it is meant: the last line of an order holds."""
    return {line["order_no"]: line for line in lines(path) if line["kind"] == "order"}


async def test_everything_is_there_and_personal_data_only_when_asked_for(
    database: Database, orders: OrderService, clock: ManualClock, tmp_path: Path
) -> None:
    number = await file_order(database, orders, "c:1", clock, contact_phone="13900001234")
    await orders.change(number, "accept", actor="seat:s1")
    await orders.change(number, "answer", actor="seat:s1", note="王某家已修好", data={"words": "王某说好了"})
    plain, full = tmp_path / "plain.jsonl", tmp_path / "full.jsonl"
    await export(database, plain, clock=clock)
    await export(database, full, personal=True, clock=clock)
    head, order, end = lines(plain)
    assert head == {
        "kind": "part", "format": "hotline-orders/1", "personal": False, "since": None,
        "snapshot_at": "2026-01-05T02:00:00+00:00",
    }  # fmt: skip
    assert end == {"kind": "end", "orders": 1}
    assert [event["event"] for event in order["events"]] == ["file", "dispatch", "accept", "answer"]
    assert order["unit"] == "海淀区供热办" and order["status"] == "answered"
    for personal in ("13900001234", "王某", "学院路", "暖气"):
        assert personal not in plain.read_text("utf-8") and personal in full.read_text("utf-8")
    assert (plain.stat().st_mode & 0o777) == 0o600


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
    path, whole = tmp_path / "orders.jsonl", tmp_path / "whole.jsonl"
    await export(database, path, clock=clock)
    everything = path.read_bytes()
    path.write_bytes(everything[: max(0, len(everything) - 40) * cut // 100])
    clock.advance(3_600)
    await orders.change(numbers[0], "accept", actor="seat:s1")  # of the part that was written before
    await file_order(database, orders, "late", clock)
    await export(database, path, resume=True, clock=clock)
    await export(database, whole, clock=clock)
    assert state(path) == state(whole)
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
    assert "1 orders" in capsys.readouterr().out
    assert cli.main(["orders", "dead-letters", "list"]) == 0
    told = capsys.readouterr().out
    assert message_id in told and "HTTP 400" in told and "behind=1" in told
    assert cli.main(["orders", "dead-letters", "retry"]) == 1
    assert cli.main(["orders", "dead-letters", "retry", message_id]) == 0
    assert cli.main(["orders", "dead-letters", "drop", message_id]) == 1  # it is none any more
    assert "no dead letters" in capsys.readouterr().err
