"""A process that files and moves orders is killed at any moment: what was told stands, nothing is there twice or in
part."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from filing_process import HAPPENS, OTHER, UNIT
from sqlalchemy import select

from storage.engine import Database
from storage.follow_up_tables import Objection, OrderCopy, TextMessage
from storage.order_tables import OutboxMessage
from storage.tables import Order, OrderEvent

pytestmark = [pytest.mark.long, pytest.mark.processes]
ORDERS, KILLS, AT_ONCE = 168, 8, 2
_STATUS = ("answered", "accepted", "dispatched", "merged", "answered", "answered")  # as HAPPENS
PROGRAM = Path(__file__).with_name("filing_process.py")


async def test_filing_and_moving_under_random_kills(database: Database, tmp_path: Path) -> None:
    """Two processes at a time file and move the same orders; both are killed again and again in the midst of it."""
    chance, sent = random.Random(11), tmp_path / "messages" / "sent.jsonl"
    told: dict[str, set[str]] = defaultdict(set)

    async def run(kill: bool) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), str(database.engine.url), "0", str(ORDERS), str(sent),
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        leave_after = chance.randrange(5, ORDERS // 2) if kill else ORDERS + 1
        heard = 0
        async for line in process.stdout:
            if not line.startswith(b"told ") or not line.endswith(b"\n"):
                continue
            _, key, number = line.decode().split()
            told[key].add(number)
            heard += 1
            if heard == leave_after:
                await asyncio.sleep(chance.random() * 0.02)
                process.kill()
                break
        await process.communicate()
        assert kill or process.returncode == 0

    for start in range(0, KILLS, AT_ONCE):
        await asyncio.gather(*(run(kill=True) for _ in range(start, start + AT_ONCE)))
    await run(kill=False)
    async with database.read() as session:
        orders = (await session.execute(select(Order))).scalars().all()
        events = (await session.execute(select(OrderEvent).order_by(OrderEvent.id))).scalars().all()
        copies = (await session.execute(select(OrderCopy))).scalars().all()
        objections = (await session.execute(select(Objection))).scalars().all()
        outbox = (await session.execute(select(OutboxMessage).order_by(OutboxMessage.id))).scalars().all()
        texts = (await session.execute(select(TextMessage).where(TextMessage.kind == "filed"))).scalars().all()
    by_key = {order.idempotency_key: order.order_no for order in orders}
    assert len(orders) == len(by_key) == len({order.order_no for order in orders}) == ORDERS
    assert {key: {number} for key, number in by_key.items()} == told  # what was told, by whomever, is what stands
    happened: dict[str, list[str]] = defaultdict(list)
    for event in events:
        happened[event.order_no].append(event.event)
    numbers = [by_key[f"key:{index}"] for index in range(ORDERS)]
    ways = {number: HAPPENS[index % len(HAPPENS)] for index, number in enumerate(numbers)}
    assert happened == {number: ["file", "dispatch", *way] for number, way in ways.items()}
    for index, number in enumerate(numbers):
        order = next(one for one in orders if one.order_no == number)
        assert order.status == _STATUS[index % len(HAPPENS)]
        assert order.unit == (OTHER if "uphold" in ways[number] else UNIT)
        assert order.duplicate_of == (numbers[index - 1] if "merge" in ways[number] else None)
        assert sorted(copy.unit for copy in copies if copy.order_no == number) == sorted(order.copies)
    decided = Counter((row.order_no, row.status, row.new_unit) for row in objections)
    upheld = {(number, "upheld", OTHER): 1 for number, way in ways.items() if "uphold" in way}
    assert decided == upheld | {(number, "rejected", None): 1 for number, way in ways.items() if "overrule" in way}
    messages: dict[str, list[str]] = defaultdict(list)
    for message in outbox:
        messages[message.order_no].append(message.event)
    assert messages == happened
    assert Counter(text.order_no for text in texts) == {order.order_no: 1 for order in orders}
    lines = [json.loads(line) for line in await asyncio.to_thread(_lines, sent)]  # whole lines only
    left = {text.id for text in texts if text.status == "sent"}
    assert left <= {line["id"] for line in lines} and len(left) > ORDERS - KILLS
    assert all(text.number.startswith("139") for text in texts if text.status == "waiting")  # killed: later


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()
