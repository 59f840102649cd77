"""An attachment, its event and what is told of it are there together or not at all, whenever the process is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attaching_process import PICTURE
from sqlalchemy import delete, func, select

from base.clock import ManualClock
from storage.engine import Database
from storage.follow_up_tables import Attachment
from storage.order_tables import OutboxMessage
from storage.sealed_files import FileSafe
from storage.tables import OrderEvent
from workorders.attachments import Attachments
from workorders.model import Assignment, OrderDraft
from workorders.service import OrderNotFound, OrderService

PROGRAM = Path(__file__).with_name("attaching_process.py")
UNIT = "市热力集团"


@pytest.fixture
async def number(database: Database) -> str:
    draft = OrderDraft("投诉", "", "暖气不热", "web", assignment=Assignment(UNIT, "直派", (), "utility", 24, "供热"))
    orders = OrderService(database, clock=ManualClock())
    async with database.write() as session:
        filed = await orders.file(session, draft, key="c:1", now=ManualClock().now(), actor="bot:policy")
    return filed.order_no


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Attachments:
    orders = OrderService(database, clock=ManualClock())
    folder = tmp_path / "attachments"
    return Attachments(database, orders, FileSafe(database.keyring), folder, limit_bytes=100_000, limit_count=3)


async def content(body: bytes = PICTURE) -> AsyncIterator[bytes]:
    yield body


async def counts(database: Database) -> tuple[int, int, int]:
    """Rows, events and messages."""
    async with database.read() as session:
        rows = select(func.count()).select_from(Attachment)
        events = select(func.count()).select_from(OrderEvent).where(OrderEvent.event == "attach")
        told = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.event == "attach")
        rows_, events_, told_ = [(await session.execute(query)).scalar_one() for query in (rows, events, told)]
    return rows_, events_, told_


@pytest.mark.processes
async def test_a_process_is_killed_in_between(
    database: Database, room: Attachments, number: str, tmp_path: Path
) -> None:
    async def keep(moment: str) -> tuple[int | None, dict[str, Any]]:
        told = (str(PROGRAM), str(database.engine.url), str(tmp_path / "attachments"), number, moment)
        process = await asyncio.create_subprocess_exec(sys.executable, *told, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        return process.returncode, json.loads(said.splitlines()[-1]) if process.returncode == 0 else {}

    for moment in ("event", "moved"):
        assert (await keep(moment))[0] == -signal.SIGKILL
        assert await counts(database) == (0, 0, 0)
    assert (await keep("committed"))[0] == -signal.SIGKILL
    assert await counts(database) == (1, 1, 1)
    status, shown = await keep("never")  # sent again, for nobody was told that it is there
    assert status == 0 and await counts(database) == (1, 1, 1)
    kept = await room.file(number, shown["id"])
    assert FileSafe(database.keyring).read(kept.path) == PICTURE


async def test_the_same_content_at_the_same_moment_is_there_once(
    database: Database, room: Attachments, number: str
) -> None:
    kept = await asyncio.gather(*(room.add(number, "a.png", content(), actor=f"citizen:{number}") for _ in range(6)))
    assert len({one["id"] for one in kept}) == 1 and (await counts(database))[:2] == (1, 1)


async def test_no_more_than_may_be_even_at_the_same_moment(database: Database, room: Attachments, number: str) -> None:
    sent = (room.add(number, "a.png", content(PICTURE + bytes([n])), actor="seat:s1") for n in range(8))
    kept = await asyncio.gather(*sent, return_exceptions=True)
    assert sum(isinstance(one, dict) for one in kept) == 3 and (await counts(database))[:2] == (3, 3)


async def test_an_attachment_whose_event_was_lost_gets_it_when_it_is_sent_again(
    database: Database, room: Attachments, number: str
) -> None:
    """As processes left it that were killed before both were one transaction."""
    first = await room.add(number, "a.png", content(), actor=f"citizen:{number}")
    async with database.write() as session:
        await session.execute(delete(OrderEvent).where(OrderEvent.event == "attach"))
    for _ in range(2):
        assert (await room.add(number, "a.png", content(), actor=f"citizen:{number}"))["id"] == first["id"]
    assert (await counts(database))[:2] == (1, 1)


async def test_a_unit_that_loses_the_order_while_it_sends(
    database: Database, room: Attachments, number: str, tmp_path: Path
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield PICTURE
        await OrderService(database).change(number, "dispatch", actor="seat:s1", data={"unit": "别的单位"})

    with pytest.raises(OrderNotFound):
        await room.add(number, "a.png", slow(), actor=f"unit:{UNIT}")
    assert await counts(database) == (0, 0, 0)
    assert [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()] == []
