"""Calls among people: nobody came, somebody came and went, what was said, danger that is heard meanwhile."""

from __future__ import annotations

import pytest
from conversations_helpers import Room
from sqlalchemy import select

from bot import wording
from bot.state import State
from conversations import seat_offer
from conversations.errors import NotYours
from conversations.messages import TurnResult
from storage.tables import CallbackTask, Conversation

CALLER = "13900001234"


async def a_waiting_call(room: Room, *, caller: str | None = CALLER) -> str:
    opened = await room.service.open("phone", caller_number=caller, call_id="k-1")
    waiting = await room.say("0", opened.conversation_id, channel="phone", kind="dtmf")
    assert waiting.status == "waiting"
    return opened.conversation_id


async def nobody_came(room: Room, known: str) -> TurnResult:
    return await room.say(
        "", known, channel="phone", kind="silence", meta={"transfer_failed": "seat", "waited_seconds": 20}
    )


async def row_of(room: Room, known: str) -> Conversation:
    async with room.database.read() as session:
        return (await session.execute(select(Conversation).where(Conversation.id == known))).scalar_one()


async def call_backs(room: Room) -> list[CallbackTask]:
    async with room.database.read() as session:
        return list((await session.execute(select(CallbackTask))).scalars())


async def texts(room: Room, known: str) -> list[tuple[str, str, str]]:
    return [(turn.role, turn.kind, turn.text) for turn in await room.service.transcript(known)]


# --- nobody came --------------------------------------------------------------------------------------------------


async def test_the_caller_may_wait_on_and_stays_in_the_queue(room: Room) -> None:
    known = await a_waiting_call(room)
    offer = await nobody_came(room, known)
    assert offer.replies[0].text == wording.SEAT_NOT_ANSWERING and offer.status == "waiting"
    on = await room.say("那我再等等吧", known, channel="phone", kind="speech")
    assert on.replies[0].text == wording.SEAT_WAIT_ON
    assert on.transfer is not None and on.transfer.target == "seat", "the phone plays music again"
    row = await row_of(room, known)
    assert (row.status, row.outcome, row.priority) == ("waiting", "seat", 0)
    assert await room.service.claim(known, "s1")


@pytest.mark.parametrize("words", ["给我回电吧", "你们给我打回来吧", "回店就行"])  # the last one as it may be heard
async def test_the_caller_may_be_called_back(room: Room, words: str) -> None:
    known = await a_waiting_call(room)
    await nobody_came(room, known)
    done = await room.say(words, known, channel="phone", kind="speech")
    assert (done.outcome, done.status, done.hang_up) == ("callback", "ended", True)
    (task,) = await call_backs(room)
    assert task.number == CALLER
    assert not await room.service.claim(known, "s1"), "and waits no more"
    assert await room.service.hang_up(known, reason="bot_hung_up") == "callback"


async def test_a_call_back_needs_a_number(room: Room) -> None:
    known = await a_waiting_call(room, caller=None)
    await nobody_came(room, known)
    asked = await room.say("给我回电话", known, channel="phone", kind="speech")
    assert asked.replies[0].text == wording.SEAT_CALLBACK_NUMBER and asked.status == "waiting"
    done = await room.say("回电打13812345678", known, channel="phone", kind="speech")
    assert done.outcome == "callback"
    assert [task.number for task in await call_backs(room)] == ["13812345678"]


async def test_the_caller_may_go_on_with_the_bot(room: Room) -> None:
    known = await a_waiting_call(room)
    await nobody_came(room, known)
    on = await room.say("我们小区门口的路灯坏了好几天都没有人来修", known, channel="phone", kind="speech")
    assert (on.status, on.outcome) == ("open", None) and on.asking is not None
    assert await room.service.waiting() == []
    assert await room.service.hang_up(known, reason="caller_hung_up") == "callback", "the matter is not lost"


async def test_who_is_told_of_a_long_wait_stays_in_the_queue_and_may_be_called_back(room: Room) -> None:
    known = await a_waiting_call(room)
    assert await room.service.tell_waiting(known, "您前面还有5位，预计等候约12分钟。您也可以说“回电”。", offer="stay")
    more = await room.say("我家在海淀区学院路街道", known, channel="phone", kind="speech")
    assert more.status == "waiting" and more.replies[0].text == wording.SEAT_WAITING, "these words are for the seat"
    on = await room.say("我可以等", known, channel="phone", kind="speech")
    assert (on.status, on.replies[0].text) == ("waiting", wording.SEAT_WAIT_ON)
    assert await room.service.tell_waiting(known, "您排在第一位，预计等候约10分钟。您也可以说“回电”。", offer="stay")
    done = await room.say("给我回电吧", known, channel="phone", kind="speech")
    assert (done.outcome, done.status) == ("callback", "ended")
    assert [task.number for task in await call_backs(room)] == [CALLER]
    assert not await room.service.tell_waiting(known, "您排在第一位。"), "nobody waits there any more"


async def test_an_emergency_goes_before_every_choice(room: Room) -> None:
    known = await a_waiting_call(room)
    await nobody_came(room, known)
    told = await room.say("着火了", known, channel="phone", kind="speech")
    assert told.outcome == "emergency" and told.transfer is not None and told.transfer.target == "119"


async def test_a_seat_whose_voice_is_lost_keeps_the_conversation(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.claim(known, "s1")
    told = await nobody_came(room, known)
    assert told.replies[0].text == wording.SEAT_VOICE_LOST and told.status == "with_seat"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("继续等", "wait"),
        ("我等着", "wait"),
        ("没关系我可以等", "wait"),
        ("回电", "call_back"),
        ("那你们给我打电话", "call_back"),
        ("请回个电话给我", "call_back"),
        ("楼下噪音太大", "go_on"),
        ("上次你们说给我回电话到现在也没有人回我你们到底管不管", "go_on"),  # a matter, not a choice
        ("", "go_on"),
    ],
)
def test_choices(text: str, choice: str) -> None:
    assert seat_offer.choose(text, State(channel="phone"), CALLER, wants_person=False) == choice


# --- people -------------------------------------------------------------------------------------------------------


async def test_a_person_on_the_telephone_comes_and_goes(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.joined(known, "人工电话", person=True)
    row = await row_of(room, known)
    assert (row.status, row.outcome, row.seat_id) == ("with_seat", "seat", None)
    (card,) = await room.service.waiting()
    assert card["status"] == "with_seat", "a seat may take the record of the call"
    await room.service.left(known, "人工电话", person=True)
    row = await row_of(room, known)
    assert (row.status, row.outcome) == ("open", None)
    assert (await texts(room, known))[-1] == ("system", "text", wording.PERSON_LEFT)
    assert await room.service.hang_up(known, reason="caller_hung_up") == "seat", "a person had the caller"
    assert await call_backs(room) == []


async def test_the_caller_hangs_up_while_talking(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.joined(known, "人工电话", person=True)
    assert await room.service.hang_up(known, reason="caller_hung_up") == "seat"
    await room.service.left(known, "人工电话", person=True)
    assert (await row_of(room, known)).status == "ended", "who leaves after the end changes nothing"


async def test_a_seat_takes_the_record_and_keeps_it_when_the_telephone_goes(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.joined(known, "人工电话", person=True)
    assert await room.service.claim(known, "s1")
    assert not await room.service.claim(known, "s2")
    await room.service.left(known, "人工电话", person=True)
    assert (await row_of(room, known)).status == "with_seat"
    await room.service.finish(known, "s1", "answered")
    assert await room.service.hang_up(known, reason="bot_hung_up") == "seat"


async def test_a_conversation_is_passed_on(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.claim(known, "s1")
    await room.service.pass_on(known, "s1", "s2")
    assert [card["seat_id"] for card in await room.service.held()] == ["s2"]
    with pytest.raises(NotYours):
        await room.service.pass_on(known, "s1", "s3")


async def test_what_people_say_is_stored_once_and_answered_by_nobody(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.joined(known, "人工电话", person=True)
    before = len(await texts(room, known))
    for _ in range(2):
        await room.service.heard(known, "citizen", "路灯坏了", heard_id="h1", meta={"seconds_spoken": 1.2})
        await room.service.heard(known, "seat", "在哪条街", heard_id="h2", meta={})
        await room.service.heard(known, "third", "我在现场", heard_id="h3", meta={})
    assert (await texts(room, known))[before:] == [
        ("citizen", "speech", "路灯坏了"),
        ("seat", "speech", "在哪条街"),
        ("seat", "speech", "我在现场"),
    ]
    turns = await room.service.transcript(known)
    assert turns[-1].meta["side"] == "third" and turns[-2].meta["bridged"] is True
    assert [turn.seq for turn in turns] == list(range(1, len(turns) + 1))


async def test_danger_in_the_callers_words_alarms_the_desk_once(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.claim(known, "s1")
    await room.service.heard(known, "seat", "着火了吗", heard_id="h0", meta={})
    assert (await row_of(room, known)).outcome == "seat", "a seat who asks is no alarm"
    for number in range(2):
        await room.service.heard(known, "citizen", "着火了，快来人", heard_id=f"h{number + 1}", meta={})
    row = await row_of(room, known)
    assert (row.outcome, row.priority, row.status) == ("emergency", 100, "with_seat")
    (card,) = await room.service.held("s1")
    assert card["alarm"] is True
    alarms = [text for role, kind, text in await texts(room, known) if kind == "event" and "119" in text]
    assert len(alarms) == 1
    assert await room.service.hang_up(known, reason="caller_hung_up") == "emergency"


async def test_words_after_the_end_are_stored_and_change_nothing(room: Room) -> None:
    known = await a_waiting_call(room)
    await room.service.joined(known, "人工电话", person=True)
    await room.service.hang_up(known, reason="caller_hung_up")
    await room.service.heard(known, "citizen", "着火了", heard_id="h1", meta={})
    row = await row_of(room, known)
    assert (row.status, row.outcome) == ("ended", "seat")


# --- emergencies --------------------------------------------------------------------------------------------------


async def test_an_emergency_on_the_phone_is_at_the_top_of_the_queue(room: Room) -> None:
    await a_waiting_call(room)
    opened = await room.service.open("phone", caller_number=CALLER, call_id="k-2")
    told = await room.say("着火了", opened.conversation_id, channel="phone", kind="speech")
    assert told.outcome == "emergency" and told.transfer is not None and told.transfer.target == "119"
    first, second = await room.service.waiting()
    assert first["conversation_id"] == opened.conversation_id and first["alarm"] is True
    assert second["alarm"] is False
    more = await room.say("在三号楼二层", opened.conversation_id, channel="phone", kind="speech")
    assert more.replies[0].text == wording.EMERGENCY_AFTER.format(line="119") and more.outcome == "emergency"
    await room.service.joined(opened.conversation_id, "紧急线路", person=False)
    assert (await row_of(room, opened.conversation_id)).status == "waiting"
    assert await room.service.claim(opened.conversation_id, "s1")
    assert await room.service.hang_up(opened.conversation_id, reason="caller_hung_up") == "emergency"
