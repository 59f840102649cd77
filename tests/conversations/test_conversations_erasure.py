"""A citizen is forgotten: nothing of them is left in database and files, but for orders that are still open."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from base.clock import ManualClock
from conversations.erasure import ERASED, Erasure, Folders
from seats.audit import AuditLog
from storage.engine import Database
from storage.messenger_tables import MessengerContact, MessengerConversation
from storage.resealing import sealed_columns
from storage.tables import CallbackTask, Conversation, Order, OrderEvent, Recording, Turn

NUMBER, OTHER, WORDS = "13900001234", "13900005678", "我住幸福里三号楼，楼道堆满杂物"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "recordings", tmp_path / "attachments", tmp_path / "media")
    for folder in (made.recordings, made.attachments, made.media):
        folder.mkdir()
    return made


async def _citizen(database: Database, clock: ManualClock, name: str, number: str, status: str) -> None:
    now = clock.now()
    async with database.write() as session:
        session.add(
            Conversation(
                id=name, channel="wechat", trace_id="t", state={"contact_phone": number}, caller_number=number,
                outcome="order_filed", outcome_detail={"seat_note": WORDS, "said": WORDS},
                created_at=now, updated_at=now,
            )
        )  # fmt: skip
        await session.flush()
        session.add(Turn(conversation_id=name, seq=1, role="citizen", kind="text", text=WORDS, created_at=now))
        session.add(Recording(conversation_id=name, name=f"{name}.wav", created_at=now))
        session.add(
            CallbackTask(
                id=f"cb-{name}", conversation_id=name, number=number, reason="seat", note=WORDS,
                due_at=now, created_at=now,
            )
        )  # fmt: skip
        order = Order(
            order_no=f"BJ-{name}", tracking_hash="x", idempotency_key=name, conversation_id=name, status=status,
            channel="wechat", request_type="投诉", title=WORDS, detail=WORDS, address="幸福里三号楼",
            contact_name="王小明", contact_phone=number, deadline_hours=24, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(order)
        await session.flush()
        for actor in ("bot", "unit:街道"):
            session.add(OrderEvent(order_no=order.order_no, event="note", actor=actor, note=f"{actor}说", at=now))
        session.add(
            MessengerContact(
                id=f"wx-{name}", channel="wechat", account="a", user_key=f"open-{name}", user_id=f"open-{name}",
                created_at=now, updated_at=now,
            )
        )  # fmt: skip
        await session.flush()
        session.add(MessengerConversation(conversation_id=name, contact_id=f"wx-{name}"))


async def _left(database: Database) -> str:
    """Everything sealed that can still be opened, and titles and notes."""
    found: list[object] = []
    async with database.read() as session:
        for column in sealed_columns():
            found += (await session.execute(select(column.table.c[column.name]))).scalars().all()
        found += (await session.execute(select(Order.title))).scalars().all()
    return repr(found)


async def test_everything_of_one_citizen_goes_and_nothing_of_another(
    database: Database, clock: ManualClock, folders: Folders
) -> None:
    await _citizen(database, clock, "one", NUMBER, "closed")
    await _citizen(database, clock, "two", OTHER, "closed")
    for name in ("one", "two"):
        (folders.recordings / f"{name}.wav").write_bytes(b"RIFF")
    erasure = Erasure(database, folders, clock=clock)
    assert (await erasure.find(NUMBER)).orders == ("BJ-one",)
    done = await erasure.erase(NUMBER, actor="terminal:root")
    assert (done.orders, done.conversations, done.waiting) == (("BJ-one",), ("one",), ())
    left = await _left(database)
    assert NUMBER not in left and "open-one" not in left and left.count("王小明") == 1 and left.count(OTHER) >= 3
    assert [path.name for path in sorted(folders.recordings.iterdir())] == ["two.wav"]
    async with database.read() as session:
        order = await session.get_one(Order, "BJ-one")
        row = await session.get_one(Conversation, "one")
        task = await session.get_one(CallbackTask, "cb-one")
        theirs = select(OrderEvent).where(OrderEvent.order_no == "BJ-one")
        events = {event.actor: event.note for event in (await session.execute(theirs)).scalars()}
    assert (order.detail, order.contact_phone, order.status, order.request_type) == (ERASED, None, "closed", "投诉")
    assert (row.outcome, row.caller_number, row.state) == ("order_filed", None, {})
    assert (task.status, task.result, task.done_at) == ("done", "erased", clock.now())
    assert events == {"bot": "", "unit:街道": "unit:街道说"}
    entry = (await AuditLog(database).entries(action="citizen.erased"))[0]
    assert entry.detail["orders"] == ["BJ-one"] and NUMBER not in repr(entry)
    assert await erasure.find(NUMBER) == type(done)((), (), ())


async def test_an_open_order_stays_until_it_is_closed(database: Database, clock: ManualClock, folders: Folders) -> None:
    await _citizen(database, clock, "one", NUMBER, "dispatched")
    erasure = Erasure(database, folders, clock=clock)
    done = await erasure.erase(NUMBER, actor="terminal:root")
    assert (done.orders, done.conversations, done.waiting) == ((), (), ("BJ-one",))
    assert WORDS in await _left(database)
    async with database.write() as session:
        (await session.get_one(Order, "BJ-one")).status = "closed"
    assert (await erasure.erase(NUMBER, actor="terminal:root")).orders == ("BJ-one",)
    left = await _left(database)
    assert WORDS not in left and NUMBER not in left
