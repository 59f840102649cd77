"""回访: after the answer the chat asks, what the citizen says closes the order or reopens it, and it counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from conversations_helpers import PLACES, OneCategory, Room
from sqlalchemy import select

from conversations.service import ConversationService
from storage.follow_up_tables import ReturnVisit
from workorders.model import Assignment, OrderDraft
from workorders.visits import Answers, ReturnVisits, VisitError

UNIT = "朝阳区双井街道办事处"


@pytest.fixture
async def visits(room: Room) -> ReturnVisits:
    """Return visits, and a conversation room that asks."""
    made = ReturnVisits(room.database, room.orders, clock=room.clock)
    room.service = ConversationService(
        room.database,
        room.settings,
        understanding=room.parser,
        knowledge=room.book,
        catalogue=OneCategory(),
        orders=room.orders,
        places=PLACES,
        clock=room.clock,
        visits=made,
    )
    return made


async def answered(room: Room, key: str = "c:1", *, channel: str = "web", phone: str = "") -> tuple[str, str]:
    """A conversation that is over, and the number of its answered order."""
    opened = await room.say("居住证丢了怎么补", channel=channel)
    await room.say("没有了，谢谢", opened.conversation_id, channel=channel)
    draft = OrderDraft(
        "投诉",
        "",
        "路灯不亮",
        channel,
        conversation_id=opened.conversation_id,
        contact_phone=phone,
        assignment=Assignment(UNIT, "直派", (), "ordinary", 168, "属地管理"),
    )
    async with room.database.write() as session:
        filed = await room.orders.file(session, draft, key=key, now=room.clock.now(), actor="bot:policy")
    await room.orders.change(filed.order_no, "accept", actor=f"unit:{UNIT}")
    await room.orders.change(filed.order_no, "answer", actor=f"unit:{UNIT}", note="灯已修好")
    return opened.conversation_id, filed.order_no


async def row_of(room: Room, order_no: str) -> ReturnVisit:
    query = select(ReturnVisit).where(ReturnVisit.order_no == order_no).order_by(ReturnVisit.round.desc()).limit(1)
    async with room.database.read() as session:
        return (await session.execute(query)).scalar_one()


async def asked(room: Room, visits: ReturnVisits) -> None:
    await visits.sweep()
    await asyncio.gather(room.service.sweep(), room.service.sweep())


async def events_of(room: Room, number: str) -> list[str]:
    return [event["event"] for event in (await room.orders.view(number, seat="s")).events]


async def test_asked_once_answered_days_later_closed_and_counted(room: Room, visits: ReturnVisits) -> None:
    conversation_id, number = await answered(room)
    outcome = (await room.service.snapshot(conversation_id))["outcome"]
    await asked(room, visits)
    await asked(room, visits)
    told = [turn.text for turn in await room.service.transcript(conversation_id) if number in turn.text]
    assert len(told) == 1 and "有没有和您联系" in told[0]
    room.clock.advance(26 * 3600)
    first = await room.say("联系过了", conversation_id)
    assert first.conversation_id == conversation_id and first.asking == "visit_solved"
    second = await room.say("解决了", conversation_id)
    assert second.asking == "visit_satisfied"
    last = await room.say("挺满意的", conversation_id)
    assert last.asking is None and "谢谢" in last.replies[0].text
    assert (await room.service.snapshot(conversation_id))["outcome"] == outcome  # the contact keeps what came of it
    await visits.sweep()
    await visits.sweep()
    assert (await events_of(room, number))[-2:] == ["visit", "close"]
    month = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    (rates,) = await visits.rates(*month)
    assert rates == {
        "unit": UNIT, "visits": 1, "response_rate": 1.0, "solution_rate": 1.0, "satisfaction_rate": 1.0,
    }  # fmt: skip
    assert await visits.rates(*month, unit="另一单位") == []


async def test_not_solved_asks_why_in_two_stages_and_reopens_once(room: Room, visits: ReturnVisits) -> None:
    conversation_id, number = await answered(room)
    for round_number in (1, 2):
        await asked(room, visits)
        await room.say("没有人联系我", conversation_id)
        await room.say("没解决，灯还是不亮", conversation_id)
        why = await room.say("不满意", conversation_id)
        assert why.asking == "visit_reason" and "1. 办理结果" in why.replies[0].text
        which = await room.say("1", conversation_id)
        assert which.asking == "visit_reason_detail"
        await room.say("只解决了一部分", conversation_id)
        await visits.sweep()
        row = await row_of(room, number)
        assert (row.round, row.responded, row.solved, row.satisfied) == (round_number, False, False, False)
        assert (row.reason, row.reason_detail, row.status) == ("办理结果", "只解决了一部分", "done")
        status = (await room.orders.view(number, seat="s")).status
        if round_number == 1:
            assert status == "dispatched"
            await room.orders.change(number, "accept", actor=f"unit:{UNIT}")
            await room.orders.change(number, "answer", actor=f"unit:{UNIT}", note="这次真的修好了")
        else:
            assert status == "visited"  # a person decides what comes next


async def test_all_in_one_sentence_and_in_ones_own_words(room: Room, visits: ReturnVisits) -> None:
    conversation_id, number = await answered(room)
    await asked(room, visits)
    told = await room.say("打过电话了，问题也解决了，就是不太满意", conversation_id)
    assert told.asking == "visit_reason"
    last = await room.say("等得实在太久了，跑了三趟", conversation_id)
    assert last.asking is None
    await visits.sweep()
    row = await row_of(room, number)
    assert (row.responded, row.solved, row.satisfied, row.reason) == (True, True, False, "其他")
    assert "跑了三趟" in row.note and (await events_of(room, number))[-1] == "close"


async def test_a_new_matter_is_not_taken_for_an_answer(room: Room, visits: ReturnVisits) -> None:
    conversation_id, number = await answered(room)
    await asked(room, visits)
    room.clock.advance(3600)
    new = await room.say("我们小区楼下的烧烤店油烟特别大，天天扰民", conversation_id)
    assert new.conversation_id != conversation_id
    back = await room.say("联系了", conversation_id)  # the question still stands where it was asked
    assert back.asking == "visit_solved"
    assert (await row_of(room, number)).status == "asked"


async def test_an_unanswered_chat_becomes_a_call_in_the_daytime(room: Room, visits: ReturnVisits) -> None:
    _, number = await answered(room, phone="13900001234")
    await asked(room, visits)
    assert await visits.tasks(person="v1") == []
    room.clock.moment = datetime(2026, 11, 4, 15, 0, tzinfo=UTC)  # 23:00 in the city
    await visits.sweep()
    (task,) = await visits.tasks(person="v1")
    assert task["order_no"] == number and not task["due"] and task["answer"] == "灯已修好" and "number" not in task
    with pytest.raises(VisitError):
        await visits.take(task["id"], person="v1")
    room.clock.moment = datetime(2026, 11, 5, 1, 0, tzinfo=UTC)  # 9:00
    assert (await visits.take(task["id"], person="v1"))["number"] == "13900001234"
    with pytest.raises(VisitError):
        await visits.take(task["id"], person="v2")
    with pytest.raises(VisitError):
        await visits.record(task["id"], Answers(True, True, True), person="v2")
    await visits.missed(task["id"], person="v1", note="无人接听")
    with pytest.raises(VisitError):
        await visits.take(task["id"], person="v1")  # not again at once
    room.clock.advance(3600)
    await visits.take(task["id"], person="v2")
    await visits.record(task["id"], Answers(True, True, True), person="v2")
    await visits.record(task["id"], Answers(True, True, True), person="v2")  # sent twice
    assert (await events_of(room, number))[-2:] == ["visit", "close"]


async def test_whoever_cannot_be_reached_is_let_be(room: Room, visits: ReturnVisits) -> None:
    _, number = await answered(room, phone="13900001234", channel="api")
    await visits.sweep()
    room.clock.advance(timedelta(days=3).total_seconds())
    await visits.sweep()
    (task,) = await visits.tasks(person="v1")
    for _ in range(3):
        await visits.take(task["id"], person="v1")
        await visits.missed(task["id"], person="v1")
        room.clock.advance(3600)
    await visits.sweep()
    row = await row_of(room, number)
    assert (row.status, row.attempts) == ("lapsed", 3) and await visits.tasks(person="v1") == []
    assert (await room.orders.view(number, seat="s")).status == "closed"
    assert await visits.rates(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)) == []


async def test_an_order_that_a_person_reopened_is_asked_about_after_its_next_answer(
    room: Room, visits: ReturnVisits
) -> None:
    conversation_id, number = await answered(room)
    await asked(room, visits)
    await room.orders.change(number, "reopen", actor="seat:s1", note="领导要求重办")
    await visits.sweep()
    assert (await row_of(room, number)).status == "lapsed"
    await room.say("联系了", conversation_id)  # too late, and harmless
    await room.say("解决了", conversation_id)
    await room.say("满意", conversation_id)
    assert (await room.orders.view(number, seat="s")).status == "dispatched"
    await room.orders.change(number, "accept", actor=f"unit:{UNIT}")
    await room.orders.change(number, "answer", actor=f"unit:{UNIT}", note="重新办完")
    await asked(room, visits)
    row = await row_of(room, number)
    assert (row.round, row.status) == (2, "asked")


async def test_what_is_not_understood_is_asked_once_more(room: Room, visits: ReturnVisits) -> None:
    conversation_id, number = await answered(room)
    await asked(room, visits)
    again = await room.say("哦哦这样子呀", conversation_id)
    assert again.asking == "visit_responded" and "没有看明白" in again.replies[0].text
    assert (await room.say("有", conversation_id)).asking == "visit_solved"
    assert (await row_of(room, number)).status == "asked"
