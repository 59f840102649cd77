"""Turns end to end: taken once and in order, whatever fails, by the bot or by a seat."""

from __future__ import annotations

import asyncio

import pytest
from conversations_helpers import LAMP, PLACE, Room, count, rows
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from conversations.errors import NotYours, UnknownConversation
from conversations.messages import CitizenTurn
from storage.tables import CallbackTask, Conversation, Order


async def test_the_same_message_at_once_is_taken_once(room: Room) -> None:
    first = await room.say(LAMP)
    turn = CitizenTurn(PLACE, "web", client_message_id="m-2")
    results = await asyncio.gather(*(room.service.citizen_turn(first.conversation_id, turn) for _ in range(5)))
    assert {result.seq for result in results} == {results[0].seq}
    said = [turn for turn in await room.service.transcript(first.conversation_id) if turn.role == "citizen"]
    assert len(said) == 2


async def test_turns_of_one_conversation_have_no_gaps(room: Room) -> None:
    first = await room.say("喂")
    await asyncio.gather(*(room.say(f"你好{number}", first.conversation_id) for number in range(8)))
    seqs = [turn.seq for turn in await room.service.transcript(first.conversation_id)]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_zero_on_the_keypad_is_a_person(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900009999", call_id="k-1")
    assert "录音" in opened.replies[0].text
    result = await room.say("0", opened.conversation_id, channel="phone", kind="dtmf")
    assert (result.outcome, result.status) == ("seat", "waiting")
    assert result.transfer is not None
    assert result.transfer.target == "seat"


async def test_models_down_never_leave_a_citizen_without_an_answer(room: Room) -> None:
    room.parser.down = room.book.down = True
    result = await room.say("路灯不亮")
    assert result.replies[0].text
    assert result.asking is not None


async def test_a_defect_in_the_policy_is_apologised_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await room.say(LAMP)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.policy.decide", broken)
    result = await room.say(PLACE, first.conversation_id)
    assert "人工" in result.replies[0].text
    assert result.asking == "place"


async def test_what_is_said_while_the_database_is_away_is_journalled_and_taken_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await room.say(LAMP)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("BEGIN", {}, Exception("disk"))

    with monkeypatch.context() as patch:
        patch.setattr(room.database, "write", away)
        result = await room.say("就在三号楼前面", first.conversation_id)
    assert "已记录" in result.replies[0].text
    assert "受理" not in result.replies[0].text
    again = room.restarted()
    await again.start()
    texts = [turn.text for turn in await again.transcript(first.conversation_id)]
    assert "就在三号楼前面" in texts
    assert await count(room, CallbackTask) == 1
    await room.restarted().start()
    assert [turn.text for turn in await again.transcript(first.conversation_id)].count("就在三号楼前面") == 1


async def test_unknown_conversations_are_refused(room: Room) -> None:
    for call in (
        room.say("你好", "c_nothing"),
        room.service.transcript("c_nothing"),
        room.service.snapshot("c_nothing"),
        room.service.hang_up("c_nothing", reason="x"),
        room.service.claim("c_nothing", "s1"),
    ):
        with pytest.raises(UnknownConversation):
            await call


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00\x07", "'; drop table orders; --", "<script>alert(1)</script>", "啊" * 5000]
)
async def test_bad_input_gets_a_polite_answer(room: Room, text: str) -> None:
    result = await room.say(text)
    assert result.replies
    assert all(reply.text.strip() for reply in result.replies)
    assert await count(room, Order) == 0


async def test_a_seat_takes_over_types_and_finishes(room: Room) -> None:
    asked = await room.talk(LAMP, "转人工")
    (card,) = await room.service.waiting()
    assert card["conversation_id"] == asked.conversation_id
    assert "路灯" in card["summary"]
    won = await asyncio.gather(*(room.service.claim(asked.conversation_id, f"s{n}") for n in range(4)))
    assert sum(won) == 1
    seat = f"s{won.index(True)}"
    silent = await room.say("就是富力城这边", asked.conversation_id)
    assert (silent.status, silent.replies) == ("with_seat", ())
    urgent = await room.say("哎呀着火了", asked.conversation_id)
    assert "119" in urgent.replies[0].text
    first = await room.service.seat_message(asked.conversation_id, seat, "您好", client_message_id="x")
    twice = await room.service.seat_message(asked.conversation_id, seat, "您好", client_message_id="x")
    assert first.seq == twice.seq
    with pytest.raises(NotYours):
        await room.service.seat_message(asked.conversation_id, "other", "抢")
    await room.service.give_back(asked.conversation_id, seat)
    assert (await room.service.waiting())[0]["priority"] >= 10
    assert await room.service.claim(asked.conversation_id, "s9")
    await room.service.finish(asked.conversation_id, "s9", "order_filed")
    (row,) = await rows(room, Conversation)
    assert (row.status, row.disposition) == ("ended", "order_filed")


async def test_watchers_hear_of_turns_and_a_slow_one_is_dropped(room: Room) -> None:
    first = await room.say("喂")
    watcher = room.service.subscribe(first.conversation_id)
    await room.say(LAMP, first.conversation_id)
    event = await anext(watcher)
    assert (event.kind, event.turn and event.turn.role) == ("turn", "citizen")
    slow = room.service.subscribe(None)
    for _ in range(150):
        await room.say("在吗", first.conversation_id)
    assert slow.dropped
    assert [event.kind async for event in slow] == ["dropped"]
    watcher.close()


async def test_words_long_after_the_end_are_a_new_contact(room: Room) -> None:
    ended = await room.talk("居住证丢了怎么补", "没有了，谢谢")
    room.clock.advance(60)
    soon = await room.say("对了，路灯不亮的事也说一下", ended.conversation_id)
    assert soon.conversation_id == ended.conversation_id
    assert soon.outcome is None
    await room.service.hang_up(ended.conversation_id, reason="left")
    room.clock.advance(3_600)
    later = await room.say("你好", ended.conversation_id)
    assert later.conversation_id != ended.conversation_id


async def test_a_caller_who_calls_again_and_is_served_is_not_called_back(room: Room) -> None:
    first = await room.service.open("phone", caller_number="13900001234", call_id="call-1")
    assert await room.service.hang_up(first.conversation_id, reason="abandoned") == "callback"
    second = await room.service.open("phone", caller_number="13900001234", call_id="call-2")
    await room.say("居住证丢了怎么补", second.conversation_id, channel="phone", kind="speech")
    assert await room.service.hang_up(second.conversation_id, reason="caller_hung_up") == "answered"
    last = (await room.service.transcript(second.conversation_id))[-1]
    assert (last.kind, last.text) == ("event", "会话结束：来电人挂断")
    async with room.database.read() as session:
        (task,) = (await session.execute(select(CallbackTask))).scalars()
    assert (task.conversation_id, task.status, task.result) == (first.conversation_id, "done", "called_again")


async def test_a_seat_calls_back_at_the_number_that_was_given(room: Room) -> None:
    told = await room.talk("楼下饭馆半夜还在放音乐，我要投诉", "朝阳区望京街道", "昨天晚上", "不知道是谁", "尽快解决")
    assert told.asking == "contact_phone"
    await room.say("13900001234", told.conversation_id)
    await room.say("转人工", told.conversation_id)
    assert await room.service.claim(told.conversation_id, "s1")
    await room.service.finish(told.conversation_id, "s1", "callback")
    async with room.database.read() as session:
        (task,) = (await session.execute(select(CallbackTask))).scalars()
    assert (task.number, task.reason) == ("13900001234", "seat")
    assert "放音乐" in task.note and "望京街道" in task.note


async def test_danger_in_a_chat_that_was_called_back_about_is_called_about_at_once(room: Room) -> None:
    told = await room.talk(LAMP)
    assert await room.service.hang_up(told.conversation_id, reason="left") == "callback"
    async with room.database.write() as session:
        task = (await session.execute(select(CallbackTask))).scalar_one()
        task.status, task.result, task.done_at = "done", "reached", room.clock.now()
    room.clock.advance(60)
    urgent = await room.say("哎呀着火了", told.conversation_id)
    assert urgent.conversation_id == told.conversation_id and "119" in urgent.replies[0].text
    (task,) = await rows(room, CallbackTask)
    assert (task.status, task.reason, task.result, task.due_at) == ("open", "emergency 119", "", room.clock.now())
