"""A reader gets every turn once and in order, whatever happens to the news on their way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from conversations.following import Following
from conversations.messages import ConversationEvent, StoredTurn

ID = "c_1"


def turn(seq: int) -> StoredTurn:
    return StoredTurn(seq, "citizen", "text", f"第{seq}句", "2026-01-05T00:00:00+00:00")


def told(seq: int) -> ConversationEvent:
    return ConversationEvent("turn", ID, turn=turn(seq))


def stands(seq: int, status: str = "with_seat", version: int = 1) -> ConversationEvent:
    return ConversationEvent("stands", ID, seq=seq, status=status, version=version)  # type: ignore[arg-type]


class Database:
    """What is stored, however much of it was told."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def transcript(self, conversation_id: str, *, after_seq: int = 0) -> list[StoredTurn]:
        return [turn(seq) for seq in range(after_seq + 1, self.count + 1)]


async def stream(events: list[ConversationEvent]) -> AsyncIterator[ConversationEvent]:
    for event in events:
        yield event
        await asyncio.sleep(0)


async def read(events: list[ConversationEvent], stored: int, *, seq: int = 0, status: str | None = None) -> list[str]:
    """What a reader sees, in short: the seq of a turn, else kind and status."""
    following = Following(Database(stored), stream(events), ID, seq=seq, status=status)
    return [
        str(event.turn.seq) if event.turn is not None else f"{event.kind}:{event.status or event.outcome}"
        async for event in following
    ]


@pytest.mark.parametrize(
    ("events", "seen"),
    [
        ([told(1), told(2), told(3)], ["1", "2", "3"]),
        ([told(1), told(3), told(2)], ["1", "2", "3"]),  # another order
        ([told(1), told(1), told(3)], ["1", "2", "3"]),  # one twice, one lost
        ([told(3)], ["1", "2", "3"]),
        ([stands(3)], ["1", "2", "3"]),  # none came
        ([stands(2), told(2), stands(3), stands(3)], ["1", "2", "3"]),
    ],
)
async def test_every_turn_once_and_in_order(events: list[ConversationEvent], seen: list[str]) -> None:
    assert await read(events, 3) == seen


async def test_whatever_is_lost_doubled_and_late(count: int = 30) -> None:
    for seed in range(50):
        chance = random.Random(seed)
        events = [told(seq) for seq in range(1, count + 1) for _ in range(chance.choice((0, 1, 1, 2)))]
        for _ in range(10):
            first = chance.randrange(len(events) - 1)
            events[first], events[first + 1] = events[first + 1], events[first]
        assert await read([*events, stands(count)], count) == [str(seq) for seq in range(1, count + 1)], seed


async def test_a_status_that_no_message_told_is_told_once() -> None:
    known = [stands(0, "with_seat"), stands(0, "ended", 2), stands(0, "ended", 2)]
    assert await read(known, 0, status="with_seat") == ["status:ended"]
    assert await read([stands(0, "with_seat"), stands(0, "ended", 2)], 0) == ["status:ended"], (
        "the first says where it is"
    )
    assert await read([ConversationEvent("status", ID, status="ended"), stands(0, "ended", 2)], 0) == ["status:ended"]


async def test_a_version_that_no_message_told_means_that_more_is_known() -> None:
    events = [stands(0, version=1), stands(0, version=1), stands(0, version=2)]
    assert await read(events, 0, status="with_seat") == ["prefilled:None"]
