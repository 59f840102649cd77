"""A call that broke off: whoever rings from its number is offered to go on, and hears nothing of what was said."""

from __future__ import annotations

import pytest
from conversations_helpers import Room
from sqlalchemy import select

from bot import wording
from conversations.messages import TurnResult
from storage.tables import CallbackTask, Conversation, Order

NUMBER = "13900001234"
OTHER = "13900005678"
STORY = "我要投诉，学院路街道晚上施工太吵，我姓欧阳，电话13911112222"
TOLD = ("施工", "吵", "学院路", "海淀", "欧阳", "13911112222", "投诉", "噪声")


async def _call(room: Room, call_id: str, number: str = NUMBER) -> TurnResult:
    return await room.service.open("phone", caller_number=number, call_id=call_id)


async def _broken(room: Room, *texts: str) -> str:
    """A call in which that was said, and whose process then died; the sweeper has noticed."""
    opened = await _call(room, "first")
    for text in texts:
        await room.say(text, opened.conversation_id, channel="phone", kind="speech")
    room.clock.advance(30)
    await room.service.sweep()
    return opened.conversation_id


def _silent_about(result: TurnResult) -> None:
    for reply in result.replies:
        assert not [word for word in TOLD if word in reply.text or word in reply.spoken], reply.text


async def _tasks(room: Room) -> list[tuple[str, str]]:
    async with room.database.read() as session:
        rows = await session.execute(select(CallbackTask).order_by(CallbackTask.created_at))
        return [(task.status, task.result) for task in rows.scalars()]


async def test_yes_takes_the_draft_up_unread_and_ends_the_call_back(room: Room) -> None:
    first = await _broken(room, STORY)
    assert await _tasks(room) == [("open", "")]
    opened = await _call(room, "second")
    assert opened.replies[-1].text == wording.GO_ON and "通话会录音" in opened.replies[0].text
    _silent_about(opened)
    assert opened.silence.reminders and "接着办" in opened.silence.reminders[0]
    result = await room.say("好的，接着办", opened.conversation_id, channel="phone", kind="speech")
    assert result.replies[0].text == wording.GO_ON_YES and result.asking == "event_time"
    _silent_about(result)
    while result.asking != "confirm_order":
        answer = {"event_time": "昨天夜里开始的", "subject": "不知道", "appeal": "没有", "confidential": "不用"}
        result = await room.say(answer[result.asking or ""], opened.conversation_id, channel="phone", kind="speech")
        _silent_about(result)
    assert result.replies[-1].text == wording.GO_ON_FILE
    result = await room.say("可以", opened.conversation_id, channel="phone", kind="speech")
    _silent_about(result)
    async with room.database.read() as session:
        order = (await session.execute(select(Order))).scalar_one()
        row = await session.get_one(Conversation, opened.conversation_id)
        earlier = await session.get_one(Conversation, first)
    assert (order.order_no, order.street, order.contact_phone) == (result.orders[0], "学院路街道", "13911112222")
    assert "施工太吵" in order.detail and order.event_time and order.conversation_id == opened.conversation_id
    assert row.outcome_detail["went_on"] == first and earlier.outcome == "callback"
    await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")
    assert await _tasks(room) == [("done", "called_again")]
    assert (await _call(room, "third")).replies[-1].text != wording.GO_ON


async def test_a_second_matter_of_the_call_is_read_back_without_the_earlier_contact(room: Room) -> None:
    await _broken(room, STORY, "昨天夜里开始的")
    opened = await _call(room, "second")
    for text in (
        "对",
        "不知道",
        "没有",
        "不用",
        "可以",
        "我还要投诉，双井街道的饭馆油烟太大，昨天开始的",
        "不知道",
        "没有",
    ):
        result = await room.say(text, opened.conversation_id, channel="phone", kind="speech")
        if result.asking == "confirm_order" and len(result.orders) == 1:
            break
    said = result.replies[-1].text
    assert "油烟" in said and "双井" in said and wording.GO_ON_CONTACT in said
    _silent_about(TurnResult("", tuple(reply for reply in result.replies if "油烟" not in reply.text)))
    assert "13911112222" not in said and "欧阳" not in said


@pytest.mark.parametrize("text", ["不用了", "不是，没有这回事", "办别的事"])
async def test_no_begins_anew_and_leaves_the_call_back(room: Room, text: str) -> None:
    await _broken(room, STORY)
    opened = await _call(room, "second")
    result = await room.say(text, opened.conversation_id, channel="phone", kind="speech")
    assert result.replies[-1].text == wording.GO_ON_NOT
    result = await room.say("双井街道的路灯不亮", opened.conversation_id, channel="phone", kind="speech")
    assert result.asking is not None and len((await room.service.snapshot(opened.conversation_id))["matters"]) == 1
    _silent_about(result)
    assert await _tasks(room) == [("open", "")]


async def test_another_matter_told_at_once_is_taken_as_such(room: Room) -> None:
    await _broken(room, STORY)
    opened = await _call(room, "second")
    result = await room.say("双井街道的路灯不亮", opened.conversation_id, channel="phone", kind="speech")
    snapshot = await room.service.snapshot(opened.conversation_id)
    assert [matter["text"] for matter in snapshot["matters"]] == ["双井街道的路灯不亮"] and result.asking


async def test_what_is_no_answer_is_asked_once_more_and_a_question_is_answered(room: Room) -> None:
    await _broken(room, STORY)
    opened = await _call(room, "second")
    again = await room.say("那个嗯什么来着", opened.conversation_id, channel="phone", kind="speech")
    assert again.asking == "go_on" and again.replies[-1].text == wording.GO_ON
    answered = await room.say("居住证丢了怎么补办", opened.conversation_id, channel="phone", kind="speech")
    assert "派出所" in "".join(reply.text for reply in answered.replies)


async def test_danger_and_a_person_come_before_the_offer(room: Room) -> None:
    await _broken(room, STORY)
    opened = await _call(room, "second")
    result = await room.say("着火了", opened.conversation_id, channel="phone", kind="speech")
    assert result.outcome == "emergency"
    opened = await _call(room, "third", OTHER)
    assert opened.replies[-1].text != wording.GO_ON, "another number"


async def test_rung_again_before_the_loss_is_noticed(room: Room) -> None:
    opened = await _call(room, "first")
    await room.say(STORY, opened.conversation_id, channel="phone", kind="speech")
    assert (await _call(room, "beside")).replies[-1].text != wording.GO_ON, "the first call lives"
    room.clock.advance(13)
    second = await _call(room, "second")
    assert second.replies[-1].text == wording.GO_ON
    for text in ("是的", "昨天夜里", "不知道", "没有", "不用", "可以", "没有了", "满意"):
        result = await room.say(text, second.conversation_id, channel="phone", kind="speech")
    assert result.hang_up and result.outcome == "order_filed"
    await room.service.hang_up(second.conversation_id, reason="bot_hung_up")
    room.clock.advance(30)
    await room.service.sweep()
    assert ("done", "called_again") in await _tasks(room) and ("open", "") not in await _tasks(room)


async def test_broken_off_again_before_the_answer_it_is_offered_again(room: Room) -> None:
    await _broken(room, STORY)
    await _call(room, "second")
    room.clock.advance(30)
    await room.service.sweep()
    third = await _call(room, "third")
    assert third.replies[-1].text == wording.GO_ON
    result = await room.say("要", third.conversation_id, channel="phone", kind="speech")
    assert result.asking == "event_time"


async def test_who_hung_up_or_told_nothing_or_was_called_back_is_offered_nothing(room: Room) -> None:
    opened = await _call(room, "first")
    await room.say(STORY, opened.conversation_id, channel="phone", kind="speech")
    await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")
    assert (await _call(room, "second")).replies[-1].text != wording.GO_ON
    opened = await _call(room, "third", OTHER)
    room.clock.advance(30)
    await room.service.sweep()
    assert (await _call(room, "fourth", OTHER)).replies[-1].text != wording.GO_ON
    await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")


async def test_a_call_back_that_was_made_is_the_end_of_it(room: Room) -> None:
    await _broken(room, STORY)
    async with room.database.write() as session:
        task = (await session.execute(select(CallbackTask))).scalar_one()
        task.status, task.result = "done", "reached"
    assert (await _call(room, "second")).replies[-1].text != wording.GO_ON
