"""Words that are noted while the database is away: a receipt of this node, and what is told of it afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from conversations_helpers import Room
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from base.clock import ManualClock
from base.spelling import spell
from bot import wording
from bot.entities import receipt_no
from conversations import first_messages
from storage.tables import CallbackTask

NOW = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
NUMBER = "13900001234"


async def _away(room: Room, table: str = "turns") -> None:
    async with room.database.write() as session:
        await session.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))


async def _back(room: Room, table: str = "turns") -> None:
    async with room.database.write() as session:
        await session.execute(text(f"ALTER TABLE {table}_away RENAME TO {table}"))


async def _task(room: Room) -> CallbackTask:
    async with room.database.read() as session:
        return (await session.execute(select(CallbackTask))).scalar_one()


@given(st.sampled_from(["", "a", "node-1", "bj_2"]), st.integers(0, 9_999_999), st.integers(0, 9))
def test_a_number_is_found_however_it_is_given_and_a_wrong_digit_is_noticed(node: str, random: int, wrong: int) -> None:
    number = receipt_no.new(node, NOW, random)
    digits = receipt_no.digits_of(number)
    assert number.startswith(f"{node.upper()}-" if node else "261128") and len(digits) == 14
    said = wording.journalled(number)
    assert receipt_no.find(said.text) == digits and receipt_no.find(digits) == digits
    assert receipt_no.find(spell(digits), spoken=True) == digits
    assert not set("0123456789") & set(said.spoken), "digit by digit for the ear"
    misheard = digits[:8] + str(wrong) + digits[9:]
    assert receipt_no.find(misheard) == (digits if misheard == digits else None)


async def test_a_caller_hears_it_once_and_asks_for_it_later(room: Room) -> None:
    room.service._receipts._node = "b"  # of several
    await _away(room, "conversations")
    opened = await room.service.open("phone", caller_number=NUMBER, call_id="call-1")
    first = await room.say("学院路街道路灯不亮", opened.conversation_id, channel="phone", kind="speech")
    told = first.replies[0]
    receipt = told.text.partition("记录号")[2].partition("，")[0]
    assert receipt.startswith("B-261102") and "已记录" in told.text and "受理" not in told.text
    again = await room.say("已经三天了", opened.conversation_id, channel="phone", kind="speech")
    assert again.replies[0].text == wording.JOURNALLED_MORE
    await _back(room, "conversations")
    asked = await room.say(f"记录号{receipt}的进度", channel="web")
    assert asked.replies[0].text == wording.NO_RECEIPT, "the journal is not taken in yet"
    assert await room.service.take_in_journal() == 2

    task = await _task(room)
    assert (task.conversation_id, task.number, task.reason) == (opened.conversation_id, NUMBER, "journal")
    assert receipt in task.note and "路灯不亮" in task.note and "三天" in task.note
    asked = await room.say(f"记录号{receipt}的进度", channel="web")
    assert asked.replies[0].text == wording.RECEIPT_WAITING and "路灯" not in asked.replies[0].text
    call = await room.service.open("phone", caller_number="13900009999", call_id="call-2")
    wanted = await room.say("我反映的事办得怎么样了", call.conversation_id, channel="phone", kind="speech")
    assert wanted.asking == "order_no", wanted.replies
    by_key = await room.say(receipt_no.digits_of(receipt), call.conversation_id, channel="phone", kind="dtmf")
    assert by_key.replies[0].text == wording.RECEIPT_WAITING
    async with room.database.write() as session:
        (await session.get_one(CallbackTask, task.id)).status = "done"
    asked = await room.say(f"记录号{receipt}的进度", channel="web")
    assert asked.replies[0].text == wording.RECEIPT_DONE


async def test_the_same_message_again_is_told_the_same_number(room: Room) -> None:
    begun = await room.say("路灯不亮", client_message_id="m1")
    await _away(room)
    away = await room.say("还有漏水", begun.conversation_id, client_message_id="m2")
    await _back(room)
    await room.service.take_in_journal()
    again = await room.say("还有漏水", begun.conversation_id, client_message_id="m2")
    assert again.replies[0].text == away.replies[0].text and "记录号" in away.replies[0].text


@pytest.mark.parametrize(("days", "kept"), [(2, True), (366, False)])
async def test_a_receipt_is_kept_for_a_year(room: Room, days: int, kept: bool) -> None:
    begun = await room.say("路灯不亮")
    await _away(room)
    away = await room.say("还有漏水", begun.conversation_id)
    receipt = away.replies[0].text.partition("记录号")[2].partition("，")[0]
    await _back(room)
    await room.service.take_in_journal()
    later = ManualClock(room.clock.now() + timedelta(days=days))
    await first_messages.Forgetting(room.database, later).sweep()
    asked = await room.say(f"记录号{receipt}的进度")
    assert (asked.replies[0].text == wording.RECEIPT_WAITING) is kept
