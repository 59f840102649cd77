"""The nearest place to go to, asked for in a conversation: told, asked about, or said to be unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from conversations_helpers import PLACES, OneCategory, Room

from conversations.service import ConversationService
from knowledge.points import kinds, samples, store
from knowledge.points.importer import read_points
from knowledge.points.service import PointService


@pytest.fixture
async def town(room: Room) -> AsyncIterator[Room]:
    """The room with the sample points in it."""
    table = read_points(samples.TABLE, bounds=kinds.default().bounds)
    await store.save(room.database, table, now=room.clock.now())
    points = PointService(room.database)
    await points.start()
    await room.service.close()
    room.service = ConversationService(
        room.database,
        room.settings,
        understanding=room.parser,
        knowledge=room.book,
        catalogue=OneCategory(),
        orders=room.orders,
        places=PLACES,
        points=points,
        clock=room.clock,
    )
    await room.service.start()
    yield room
    await points.close()


async def test_the_nearest_of_a_street_is_told_with_address_and_telephone(town: Room) -> None:
    result = await town.say("学院路街道最近的派出所在哪里？")
    text, spoken = result.replies[0].text, result.replies[0].for_the_ear
    assert "离海淀区学院路街道最近的派出所" in text and "1. 学院路派出所（示例）" in text and "地址：" in text
    assert "示例" in text and "电话，幺二三四五" in spoken and "2." not in spoken
    assert town.book.searched == []


async def test_who_does_not_say_where_is_asked_and_then_answered(town: Room) -> None:
    asked = await town.say("最近的派出所在哪里", channel="phone")
    assert asked.asking == "place" and "哪个区" in asked.replies[-1].text
    told = await town.say("我在朝阳区望京街道", asked.conversation_id, channel="phone")
    assert "离朝阳区望京街道最近的派出所" in told.replies[0].text and told.asking is None
    again = await town.say("附近有没有公厕", asked.conversation_id, channel="phone")
    assert "离朝阳区望京街道最近的公共厕所" in again.replies[0].text


async def test_an_ambiguous_street_is_asked_about_and_an_unknown_kind_is_admitted(town: Room) -> None:
    both = await town.say("八里庄街道最近的派出所在哪里")
    assert both.asking == "place" and "还是" in both.replies[-1].text
    none = await town.say("学院路街道附近有没有图书馆")
    assert "没有查到" in none.replies[0].text and none.asking is None


async def test_whoever_cannot_tell_gets_what_is_known_and_is_not_asked_for_ever(town: Room) -> None:
    first = await town.say("最近的派出所在哪里")
    last = await town.say("不知道", first.conversation_id)
    assert last.asking is None and "没有查到" in last.replies[0].text
    enough = await town.say("最近的派出所在哪里")
    left = await town.say("算了不用了", enough.conversation_id)
    assert left.asking is None


async def test_what_only_mentions_a_place_stays_what_it_is(town: Room) -> None:
    complaint = await town.say("我家附近的公厕太脏了，水管漏水没人管")
    assert "最近" not in complaint.replies[0].text and "点位" not in complaint.replies[0].text
    assert complaint.asking == "place"  # of the order
    snapshot = await town.service.snapshot(complaint.conversation_id)
    assert "公厕" in str(snapshot["order"])
    question = await town.say("居住证去哪个派出所怎么办理")
    assert "居住证" in question.replies[0].text
