"""Each wait for a person has a row: who came and when, or what the citizen did instead."""

from __future__ import annotations

import pytest
from conversations_helpers import Room
from sqlalchemy import select

from conversations.errors import Conflict
from storage.leader_tables import DeskWait


async def waits(room: Room) -> list[DeskWait]:
    async with room.database.read() as session:
        return list((await session.execute(select(DeskWait).order_by(DeskWait.id))).scalars())


async def asked(room: Room, channel: str = "web") -> str:
    result = await room.say("转人工", channel=channel)
    assert result.status == "waiting"
    return result.conversation_id


async def test_a_wait_ends_with_the_seat_and_a_given_back_conversation_waits_again(room: Room) -> None:
    known = await asked(room)
    room.clock.advance(12)
    assert await room.service.claim(known, "s1")
    room.clock.advance(60)
    await room.service.give_back(known, "s1")
    (first, second) = await waits(room)
    assert (first.again, first.ended_by, first.seat_id, first.channel) == (False, "answered", "s1", "web")
    assert first.ended_at is not None and first.waited_seconds == 12
    assert (second.again, second.ended_by, second.ended_at) == (True, "", None)
    assert await room.service.claim(known, "s2")
    await room.service.finish(known, "s2", "answered")
    assert [(wait.ended_by, wait.seat_id) for wait in await waits(room)] == [("answered", "s1"), ("answered", "s2")]


async def test_who_leaves_or_is_called_back_was_not_answered(room: Room) -> None:
    gone = await asked(room)
    room.clock.advance(40)
    await room.service.hang_up(gone, reason="caller_hung_up")
    (wait,) = await waits(room)
    assert (wait.ended_by, wait.seat_id) == ("abandoned", None)
    opened = await room.service.open("phone", caller_number="13900001234", call_id="k-1")
    await room.say("0", opened.conversation_id, channel="phone", kind="dtmf")
    assert await room.service.tell_waiting(opened.conversation_id, "您也可以说“回电”。", offer="stay")
    await room.say("给我回电吧", opened.conversation_id, channel="phone", kind="speech")
    assert [wait.ended_by for wait in await waits(room)] == ["abandoned", "callback"]


async def test_danger_alarms_the_desk_but_nobody_asked_for_a_person(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900001234", call_id="k-1")
    told = await room.say("着火了，快来人", opened.conversation_id, channel="phone", kind="speech")
    assert told.status == "waiting" and await waits(room) == []


async def test_a_leader_gives_it_to_another_seat_or_back_to_the_queue(room: Room) -> None:
    known = await asked(room)
    await room.service.reassign(known, "s1", held_by=None)
    (card,) = await room.service.held("s1")
    assert card["conversation_id"] == known
    with pytest.raises(Conflict):  # it is no longer as the leader saw it
        await room.service.reassign(known, "s2", held_by=None)
    await room.service.reassign(known, "s2", held_by="s1")
    assert await room.service.held("s1") == [] and len(await room.service.held("s2")) == 1
    await room.service.reassign(known, None, held_by="s2")
    (waiting,) = await room.service.waiting()
    assert waiting["priority"] >= 10 and waiting["waiting_since"]
    assert [(wait.ended_by, wait.seat_id, wait.again) for wait in await waits(room)] == [
        ("answered", "s1", False),
        ("", None, True),
    ]
    await room.service.claim(known, "s3")
    await room.service.finish(known, "s3", "closed")
    with pytest.raises(Conflict):
        await room.service.reassign(known, "s1", held_by="s3")
