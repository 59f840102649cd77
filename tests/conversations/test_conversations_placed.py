"""Calls that we place: what whoever answers hears, what is known already, and that nothing is promised twice."""

from __future__ import annotations

import pytest
from conversations_helpers import Room
from sqlalchemy import select

from bot.state import State
from conversations.placed import Placed, opening
from storage.follow_up_tables import ReturnVisit
from storage.tables import CallbackTask
from workorders import visit_calls
from workorders.model import Assignment, OrderDraft
from workorders.visits import ReturnVisits

NUMBER = "13900001234"


async def _interrupted(room: Room) -> tuple[str, CallbackTask]:
    """A caller who hung up in the middle of the form, and the call-back that was promised to them."""
    opened = await room.service.open("phone", caller_number=NUMBER, call_id="call-1")
    await room.say("我要投诉，学院路街道路灯不亮", opened.conversation_id, channel="phone")
    await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")
    async with room.database.read() as session:
        return opened.conversation_id, (await session.execute(select(CallbackTask))).scalar_one()


async def _tasks(room: Room) -> list[CallbackTask]:
    async with room.database.read() as session:
        return list((await session.execute(select(CallbackTask))).scalars())


async def test_the_bot_goes_on_where_the_caller_hung_up_and_tells_nothing_of_it_first(room: Room) -> None:
    about, task = await _interrupted(room)
    placed = Placed("callback", task.id, about=about)
    words = (await room.service.words_of(placed, number=NUMBER))[0].text
    opened = await room.service.open("phone", caller_number=NUMBER, call_id="o1", placed=placed)
    assert opened.replies[0].text == words
    assert "给您回电" in words and "通话会录音" in words and "智能助手" in words and "路灯" not in words
    snapshot = await room.service.snapshot(opened.conversation_id)
    assert snapshot["status"] == "open" and "路灯不亮" in snapshot["order"]["detail"]["value"]
    before = await room.service.snapshot(about)
    assert snapshot["asking"] is not None and before["outcome"] == "callback"


async def test_hung_up_again_the_same_task_stands_with_its_attempts(room: Room) -> None:
    about, task = await _interrupted(room)
    placed = Placed("callback", task.id, about=about)
    opened = await room.service.open("phone", caller_number=NUMBER, call_id="o1", placed=placed)
    outcome = await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")
    (left,) = await _tasks(room)
    assert (outcome, left.id, left.status) == ("callback", task.id, "open")


async def test_a_seats_call_is_the_seats_and_closes_no_task_by_itself(room: Room) -> None:
    about, task = await _interrupted(room)
    placed = Placed("callback", task.id, "seat-1", about=about)
    opened = await room.service.open("phone", caller_number=NUMBER, call_id="o1", placed=placed)
    assert "正在为您接通坐席" in opened.replies[0].text
    assert [card["conversation_id"] for card in await room.service.held("seat-1")] == [opened.conversation_id]
    spoken = await room.say("喂，哪位", opened.conversation_id, channel="phone")
    assert spoken.replies == ()  # the bot keeps out of it
    assert await room.service.hang_up(opened.conversation_id, reason="caller_hung_up") == "seat"
    assert [(row.id, row.status) for row in await _tasks(room)] == [(task.id, "open")]


async def test_a_visit_by_telephone_is_answered_and_moves_the_order(room: Room) -> None:
    visits = ReturnVisits(room.database, room.orders, clock=room.clock)
    assignment = Assignment("市热力集团", "直派", (), "ordinary", 168, "职责")
    draft = OrderDraft("投诉", "", "暖气不热", "phone", contact_phone=NUMBER, assignment=assignment)
    async with room.database.write() as session:
        filed = await room.orders.file(session, draft, key="c:1", now=room.clock.now(), actor="bot:policy")
    for event in ("accept", "answer"):
        await room.orders.change(filed.order_no, event, actor="unit:市热力集团", note="已修好")
    await visits.sweep()
    async with room.database.write() as session:
        (visit_id,) = list((await session.execute(select(ReturnVisit.id))).scalars())
        taken = await visit_calls.take(session, visit_id, now=room.clock.now())
        assert taken is not None and taken[1] == NUMBER
        assert await visit_calls.take(session, visit_id, now=room.clock.now()) is None
    placed = Placed("visit", visit_id, order_no=filed.order_no)
    opened = await room.service.open("phone", caller_number=NUMBER, call_id="o1", placed=placed)
    assert "回访" in opened.replies[0].text and "有没有和您联系" in opened.replies[0].text
    for text in ("联系了", "解决了"):
        result = await room.say(text, opened.conversation_id, channel="phone", kind="speech")
    assert result.asking == "visit_satisfied"
    result = await room.say("满意", opened.conversation_id, channel="phone", kind="speech")
    assert result.hang_up
    await visits.sweep()
    async with room.database.read() as session:
        row = await session.get_one(ReturnVisit, visit_id)
    assert (row.status, row.responded, row.solved, row.satisfied) == ("done", True, True, True)
    assert (await room.orders.view(filed.order_no, seat="s")).status == "closed"


@pytest.mark.parametrize(
    ("asking", "question", "goes_on"),
    [
        ("place", "请问具体在什么位置？", True),
        ("confirm_order", "我再和您核对一遍：暖气不热", True),
        ("satisfaction", "满意吗", False),
    ],
)
def test_a_question_that_repeats_what_was_told_is_not_put_to_whoever_answers(
    asking: str, question: str, goes_on: bool
) -> None:
    earlier = State(channel="phone", asking=asking, question_text=question)
    earlier.new_matter("order", "暖气不热")
    decision = opening(Placed("callback", "t", about="c"), earlier, number=NUMBER, name="热线", recorded=False)
    said = decision.replies[0].text
    assert "暖气" not in said and "录音" not in said
    assert (decision.state.asking == asking) is goes_on and (question in said) is (asking == "place")
    assert earlier.asking == asking and decision.state.matters[0].text == "暖气不热"
