"""What a citizen tells the seat fills the order that the seat sees: typed or written down by the phone."""

from __future__ import annotations

from typing import Any

import pytest
from conversations_helpers import Room
from sqlalchemy import func, select

from bot.state import Matter, State
from conversations import cards
from storage.tables import Order

SEAT = "seat-1"


async def with_seat(room: Room, channel: str = "web") -> str:
    if channel == "phone":
        opened = await room.service.open("phone", caller_number="13900001234", call_id="call-1")
        conversation_id: str | None = opened.conversation_id
    else:
        conversation_id = None
    result = await room.say("我要找人工", conversation_id, channel=channel)
    assert await room.service.claim(result.conversation_id, SEAT)
    return result.conversation_id


async def order(room: Room, conversation_id: str) -> dict[str, Any]:
    fields: dict[str, Any] = (await room.service.snapshot(conversation_id))["order"]
    return fields


async def test_what_is_typed_to_the_seat_fills_the_order_with_how_sure_it_is(room: Room) -> None:
    conversation_id = await with_seat(room)
    events = room.service.subscribe(conversation_id)
    assert "detail" not in await order(room, conversation_id)
    told = await room.say("投诉，海淀区学院路街道的路灯不亮三天了", conversation_id)
    assert told.replies == ()  # the bot keeps out of it
    fields = await order(room, conversation_id)
    assert "路灯不亮" in fields["detail"]["value"] and fields["request_type"]["value"] == "投诉"
    assert (fields["district"]["value"], fields["street"]["value"]) == ("海淀区", "学院路街道")
    assert fields["event_moments"]["value"] == "10月30日至11月2日"
    assert fields["category_level3"]["value"] == "路灯" and 0 < fields["detail"]["confidence"] < 0.9
    await room.say("我姓王，电话13800138000", conversation_id)
    await room.say("好的谢谢", conversation_id)
    await room.say("一到晚上整条路都是黑的，老人不敢出门", conversation_id)
    fields = await order(room, conversation_id)
    assert fields["contact_phone"]["value"] == "13800138000" and "王" in fields["contact_name"]["value"]
    assert "老人不敢出门" in fields["detail"]["value"] and "13800138000" not in fields["detail"]["value"]
    assert "谢谢" not in fields["detail"]["value"]
    await room.say("不对，电话是13800138001", conversation_id)
    assert (await order(room, conversation_id))["contact_phone"]["value"] == "13800138001"
    kinds = []
    async for event in events:
        kinds.append(event.kind)
        if kinds.count("prefilled") == 4:
            break
    events.close()


@pytest.mark.parametrize(("confidence", "least", "most"), [(0.95, 0.8, 0.9), (0.4, 0.3, 0.4), (None, 0.5, 0.6)])
async def test_what_the_phone_wrote_down_counts_as_much_as_it_was_heard(
    room: Room, confidence: float | None, least: float, most: float
) -> None:
    conversation_id = await with_seat(room, "phone")
    for _ in range(2):  # told again after a lost link
        await room.service.heard(
            conversation_id, "citizen", "我要投诉海淀区学院路街道路灯不亮", heard_id="h1",
            meta={"recogniser_confidence": confidence},
        )  # fmt: skip
    await room.service.heard(conversation_id, "seat", "朝阳区也有吗，我查一下工单", heard_id="h2", meta={})
    fields = await order(room, conversation_id)
    assert fields["district"]["value"] == "海淀区" and fields["detail"]["value"].count("路灯不亮") == 1
    assert least <= fields["detail"]["confidence"] <= most


async def test_after_the_seat_has_finished_nothing_of_it_is_filed_again(room: Room) -> None:
    conversation_id = await with_seat(room)
    await room.say("投诉，海淀区学院路街道的路灯不亮三天了", conversation_id)
    await room.service.finish(conversation_id, SEAT, "order_filed")
    result = await room.say("居住证丢了怎么补", conversation_id)
    for _ in range(3):
        result = await room.say("没有了，谢谢", result.conversation_id)
    async with room.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Order))).scalar_one() == 0


async def test_an_understanding_that_fails_costs_only_the_fields(room: Room) -> None:
    conversation_id = await with_seat(room)

    async def broken(text: str, *, spoken: bool) -> None:
        raise RuntimeError("no model")

    room.parser.parse = broken  # type: ignore[assignment]
    await room.say("投诉，海淀区学院路街道的路灯不亮三天了", conversation_id)
    transcript = await room.service.transcript(conversation_id)
    assert transcript[-1].text == "投诉，海淀区学院路街道的路灯不亮三天了"


def test_the_note_for_a_call_back_says_which_day_yesterday_was() -> None:
    state = State(matters=[Matter(1, "order", "楼下太吵", detail="楼下太吵")])
    state.matters[0].happened("昨天晚上", ("2026-11-01T18:00+08:00", "2026-11-01T23:00+08:00"))
    assert cards.note_for_call_back(state).endswith("昨天晚上（2026年11月1日18时至23时）")
    state.matters[0].happened("每天晚上")
    assert cards.note_for_call_back(state).endswith("每天晚上")
