"""Contacts in = outcomes out: hang-ups in every state, lost processes, idle chats, long waits."""

from __future__ import annotations

from typing import Any

import pytest
from conversations_helpers import Room
from sqlalchemy import select

from conversations.messages import CitizenTurn, TurnResult
from storage.tables import CallbackTask, Conversation, Order

LAMP = "我们小区门口的路灯不亮，已经坏了三天了，晚上黑得看不见路"
PLACE = "朝阳区双井街道富力城"
PHONE = "13900001234"


async def rows(room: Room, table: Any) -> list[Any]:
    async with room.database.read() as session:
        return list((await session.execute(select(table))).scalars())


@pytest.mark.parametrize(
    ("said", "outcome", "call_backs"),
    [
        ([], "closed", 0),
        (["喂"], "closed", 0),
        (["居住证丢了怎么补"], "answered", 0),
        ([LAMP], "callback", 1),
        ([LAMP, PLACE], "callback", 1),
        ([LAMP, PLACE, PHONE], "callback", 1),
        ([LAMP, PLACE, PHONE, "对"], "order_filed", 0),
        ([LAMP, PLACE, PHONE, "对", "没有了"], "order_filed", 0),
        (["转人工"], "callback", 1),
        (["着火了"], "emergency", 1),
        (["我的案子在法院拖了一年了"], "lawful_channel", 0),
    ],
)
async def test_hanging_up_gives_exactly_one_outcome(room: Room, said: list[str], outcome: str, call_backs: int) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    for text in said:
        await room.say(text, opened.conversation_id, channel="phone")
    first = await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")
    again = await room.service.hang_up(opened.conversation_id, reason="caller_hung_up")
    assert (first, again) == (outcome, outcome)
    (row,) = await rows(room, Conversation)
    assert (row.status, row.outcome) == ("ended", outcome)
    tasks = await rows(room, CallbackTask)
    assert len(tasks) == call_backs
    assert all(task.number in ("13900005678", PHONE) for task in tasks)


async def test_a_call_whose_process_is_gone_becomes_one_call_back(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    await room.say(LAMP, opened.conversation_id, channel="phone")
    room.clock.advance(room.settings.dialogue.phone_lost_seconds + 1)
    restarted = room.restarted()
    await restarted.start()
    (row,) = await rows(room, Conversation)
    assert row.outcome is None, "the phone may have outlived the core: it has a moment to come back"
    room.clock.advance(room.settings.dialogue.phone_lost_seconds + 1)
    await restarted.sweep()
    await restarted.sweep()
    await room.restarted().start()
    (row,) = await rows(room, Conversation)
    assert (row.status, row.outcome) == ("ended", "callback")
    (task,) = await rows(room, CallbackTask)
    assert "路灯" in task.note


async def test_a_start_that_takes_long_loses_no_call_that_lives(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    await room.say(LAMP, opened.conversation_id, channel="phone")
    restarted = room.restarted()
    room.clock.advance(room.settings.dialogue.phone_lost_seconds + 10)  # its readers are being loaded
    await restarted.start()
    (row,) = await rows(room, Conversation)
    assert (row.status, row.outcome) == ("open", None)


async def test_a_phone_that_outlived_the_core_goes_on_with_its_call(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    first = await room.say(LAMP, opened.conversation_id, channel="phone")
    room.clock.advance(5)
    after = room.restarted()
    await after.start()
    taken_up = await after.open("phone", conversation_id=opened.conversation_id, call_id="k")
    assert taken_up.conversation_id == opened.conversation_id
    assert taken_up.asking == first.asking == "place"
    assert taken_up.replies[0].text
    for _ in range(5):
        room.clock.advance(10)
        await after.heard_of([opened.conversation_id])
        await after.sweep()
    (row,) = await rows(room, Conversation)
    assert row.status == "open"


async def test_a_chat_goes_on_where_it_was_after_a_restart(room: Room) -> None:
    first = await room.talk(LAMP, PLACE)
    after = room.restarted()
    await after.start()
    room.service = after
    assert (await room.say(PHONE, first.conversation_id)).asking == "confirm_order"
    await room.say("对", first.conversation_id)
    assert len(await rows(room, Order)) == 1


async def test_an_idle_chat_gets_its_outcome(room: Room) -> None:
    half = await room.talk(LAMP, PLACE, PHONE)
    answered = await room.talk("居住证丢了怎么补")
    room.clock.advance(room.settings.dialogue.idle_minutes_before_close * 60 + 1)
    assert await room.service.sweep() == 2
    assert await room.service.sweep() == 0
    outcomes = {row.id: row.outcome for row in await rows(room, Conversation)}
    assert outcomes == {half.conversation_id: "callback", answered.conversation_id: "answered"}
    (task,) = await rows(room, CallbackTask)
    assert task.number == PHONE


async def test_nobody_comes_in_time_so_a_call_back_is_promised_and_a_late_seat_still_wins(room: Room) -> None:
    asked = await room.talk("转人工")
    room.clock.advance(room.settings.dialogue.seat_wait_seconds + 1)
    await room.service.sweep()
    await room.service.sweep()
    (row,) = await rows(room, Conversation)
    assert (row.status, row.outcome) == ("waiting", "callback")
    assert len(await rows(room, CallbackTask)) == 1
    assert await room.service.claim(asked.conversation_id, "s1")
    (row,) = await rows(room, Conversation)
    assert row.outcome == "seat"


async def test_whoever_waits_in_a_chat_was_called_back_and_says_thanks_is_not_called_again(room: Room) -> None:
    asked = await room.talk("转人工")
    room.clock.advance(room.settings.dialogue.seat_wait_seconds + 1)
    await room.service.sweep()
    async with room.database.write() as session:
        task = (await session.execute(select(CallbackTask))).scalar_one()
        task.status, task.result, task.done_at = "done", "reached", room.clock.now()
    room.clock.advance(60)
    await room.say("好的，谢谢", asked.conversation_id)
    room.clock.advance(room.settings.dialogue.idle_minutes_before_close * 60 + 1)
    await room.service.sweep()
    (row,) = await rows(room, Conversation)
    (task,) = await rows(room, CallbackTask)
    assert (row.status, row.outcome, task.status, task.result) == ("ended", "callback", "done", "reached")


async def test_a_call_handed_to_a_person_stays_with_the_person(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    await room.say("转人工", opened.conversation_id, channel="phone")
    assert await room.service.hang_up(opened.conversation_id, reason="transferred") == "seat"
    assert await rows(room, CallbackTask) == []


async def test_silence_on_the_line_ends_with_a_promise(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    await room.say(LAMP, opened.conversation_id, channel="phone")
    result = await room.say("", opened.conversation_id, channel="phone", kind="silence")  # after the phone's reminders
    assert (result.outcome, result.hang_up) == ("callback", True)
    assert [task.number for task in await rows(room, CallbackTask)] == ["13900005678"]


async def test_a_silent_caller_without_a_number_is_not_hung_up_on(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    await room.say(LAMP, opened.conversation_id, channel="phone")
    result = await room.say("", opened.conversation_id, channel="phone", kind="silence")
    assert (result.outcome, result.hang_up) == ("seat", False)


async def test_an_open_call_in_which_nothing_is_said_is_offered_a_person_and_then_closed(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    assert len(opened.silence.reminders or ()) == 2
    offered = await room.say("", opened.conversation_id, channel="phone", kind="silence")
    assert (offered.outcome, offered.hang_up, offered.silence.reminders) == (None, False, ())
    assert "按零转人工" in offered.replies[0].for_the_ear
    closed = await room.say("", opened.conversation_id, channel="phone", kind="silence")
    assert (closed.outcome, closed.hang_up) == ("closed", True)


async def keyed(room: Room, conversation_id: str, number: str, purpose: str = "overload_callback") -> TurnResult:
    turn = CitizenTurn(number, "phone", "dtmf", client_message_id="t1", meta={"purpose": purpose})
    return await room.service.citizen_turn(conversation_id, turn)


@pytest.mark.parametrize("purpose", ["overload_callback", "callback_number"])
async def test_a_call_back_chosen_by_key_is_stored_once_and_says_goodbye(room: Room, purpose: str) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    first = await keyed(room, opened.conversation_id, PHONE, purpose)
    again = await keyed(room, opened.conversation_id, PHONE, purpose)
    assert first.hang_up and again.hang_up and first.outcome == "callback"
    assert "1234" in first.replies[0].text and PHONE not in first.replies[0].text
    told = await room.service.hang_up(opened.conversation_id, reason="bot_hung_up", callback_number=PHONE)
    assert told == "callback"
    (task,) = await rows(room, CallbackTask)
    assert task.number == PHONE


async def test_a_promise_of_the_phone_is_kept_although_the_turn_was_lost(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    for _ in range(2):
        told = await room.service.hang_up(opened.conversation_id, reason="bot_hung_up", callback_number=PHONE)
        assert told == "callback"
    (task,) = await rows(room, CallbackTask)
    assert task.number == PHONE


@pytest.mark.parametrize(("asked", "outcome"), [("", "callback"), ("居住证怎么办理", "answered")])
async def test_whom_the_phone_had_to_leave_is_called_back_as_it_has_said(room: Room, asked: str, outcome: str) -> None:
    """It ends a call with `error` after 我们会给您回电: the core did not answer, or the time was up."""
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    if asked:
        await room.say(asked, opened.conversation_id, channel="phone")
    assert await room.service.hang_up(opened.conversation_id, reason="error") == outcome
    (task,) = await rows(room, CallbackTask)
    assert task.number == "13900005678"


@pytest.mark.parametrize(("number", "outcome"), [("13900005678", "callback"), (None, "closed")])
async def test_who_gave_up_in_the_waiting_room_is_called_back_where_the_number_is_known(
    room: Room, number: str | None, outcome: str
) -> None:
    opened = await room.service.open("phone", caller_number=number, call_id="k")
    assert await room.service.hang_up(opened.conversation_id, reason="abandoned") == outcome
    assert len(await rows(room, CallbackTask)) == (1 if number else 0)


async def test_who_heard_a_hot_topic_to_its_end_is_answered_and_earlier_promises_stand(room: Room) -> None:
    """Decision 0045. Their question may have been another one before: that call-back is made."""
    earlier = await room.service.open("phone", caller_number="13900005678", call_id="k1")
    assert await room.service.hang_up(earlier.conversation_id, reason="abandoned") == "callback"
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k2")
    for _ in range(2):  # the phone tells it again until it is stored
        assert await room.service.hang_up(opened.conversation_id, reason="informed") == "answered"
    (task,) = await rows(room, CallbackTask)
    assert (task.conversation_id, task.status) == (earlier.conversation_id, "open")


async def test_a_call_that_broke_off_is_still_called_back_after_a_hot_topic_was_heard(room: Room) -> None:
    lost = await room.service.open("phone", caller_number="13900005678", call_id="k1")
    await room.say("我要投诉，楼下烧烤店半夜很吵", lost.conversation_id, channel="phone", kind="speech")
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k2")
    assert await room.service.hang_up(opened.conversation_id, reason="informed") == "answered"
    room.clock.advance(room.settings.dialogue.phone_lost_seconds + 3_600.0)
    assert await room.service.sweep() == 1
    (task,) = await rows(room, CallbackTask)
    assert (task.conversation_id, task.status) == (lost.conversation_id, "open")


@pytest.mark.parametrize("reason", ["missed", "overload"])
@pytest.mark.parametrize(
    ("caller", "promised", "outcome", "called"),
    [
        ("13900005678", None, "callback", "13900005678"),
        ("13900005678", PHONE, "callback", PHONE),
        (None, None, "closed", ""),
    ],
)
async def test_a_call_that_came_while_the_core_was_away_is_a_contact(
    room: Room, caller: str | None, promised: str | None, outcome: str, called: str, reason: str
) -> None:
    conversation_id = await room.service.missed_call("k", caller_number=caller, callback_number=promised, reason=reason)
    (row,) = await rows(room, Conversation)
    assert (row.id, row.call_id, row.status, row.outcome) == (conversation_id, "k", "ended", outcome)
    assert [task.number for task in await rows(room, CallbackTask)] == ([called] if called else [])
