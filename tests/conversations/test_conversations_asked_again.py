"""条例 article 11 (3): who asks again without new facts is told how far it has got or the result; no second order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conversations_helpers import LAMP, PHONE, PLACE, Room, count, rows

from conversations import order_progress
from storage.tables import Order, OrderEvent

AGAIN = "我前两天反映过小区门口路灯不亮的事，到现在还没人来修"
ANSWER = "电缆已更换，路灯恢复照明。请与李师傅联系，电话13911112222。"
HEARD = "电缆已更换，路灯恢复照明。"


async def _filed(room: Room) -> tuple[str, str, str]:
    """Number, tracking code and unit."""
    filed = await room.talk(LAMP, PLACE, PHONE, "对")
    ((number, code),) = filed.tracking_codes.items()
    return number, code, (await rows(room, Order))[0].unit


async def _answered(room: Room, *, closed: bool = False) -> tuple[str, str, str]:
    number, code, unit = await _filed(room)
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    await room.orders.change(number, "answer", actor=f"unit:{unit}", note=ANSWER)
    if closed:
        await room.orders.change(number, "close", actor="system:core")
    return number, code, unit


async def _events(room: Room, number: str) -> list[str]:
    return [row.event for row in await rows(room, OrderEvent) if row.order_no == number]


async def _status(room: Room, number: str) -> str:
    return (await room.orders.view(number, seat="s")).status


async def test_the_stage_is_told(room: Room) -> None:
    number, _, unit = await _filed(room)
    asked = await room.talk(AGAIN, PLACE, PHONE)
    assert f"已经派给{unit}" in asked.replies[0].text and number[-4:] in asked.replies[0].text
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    asked = await room.talk(AGAIN, PLACE, PHONE)
    assert f"{unit}已经接单，正在办理" in asked.replies[0].text


@pytest.mark.parametrize("closed", [False, True])
async def test_the_result_is_told_and_a_yes_takes_the_order_up_again(room: Room, closed: bool) -> None:
    number, _, unit = await _answered(room, closed=closed)
    asked = await room.talk(LAMP, PLACE, PHONE)  # not even said to be reported before
    told = asked.replies[0].text
    assert asked.asking == "confirm_order" and f"{unit}已经在11月2日答复" in told
    assert HEARD in told and "1391" not in told and "李师傅" not in told
    last = await room.say("还没解决，又不亮了", asked.conversation_id)
    assert "重新办理" in last.replies[0].text and last.orders == (number,)
    assert await count(room, Order) == 1 and await _status(room, number) == "dispatched"
    assert (await _events(room, number))[-2:] == ["reopen", "supplement"]


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("said", ["知道了", "我就是问问结果", "不用了，已经修好了"])
async def test_who_only_wanted_to_know_ends_without_a_second_order(room: Room, said: str, closed: bool) -> None:
    number, _, _ = await _answered(room, closed=closed)
    asked = await room.talk(AGAIN, PLACE, PHONE)
    last = await room.say(said, asked.conversation_id)
    assert last.asking is None and await count(room, Order) == 1
    assert await _status(room, number) == ("closed" if closed else "answered")
    assert (await room.say("没有了", asked.conversation_id)).outcome == "answered"


async def test_who_only_wanted_to_know_of_a_running_order_adds_nothing(room: Room) -> None:
    number, _, _ = await _filed(room)
    asked = await room.talk(AGAIN, PLACE, PHONE)
    await room.say("我就是想问问到哪一步了", asked.conversation_id)
    assert await count(room, Order) == 1 and "supplement" not in await _events(room, number)


async def test_no_is_asked_about_and_another_matter_is_filed(room: Room) -> None:
    await _answered(room)
    asked = await room.talk(LAMP, PLACE, PHONE)
    which = await room.say("不是", asked.conversation_id)
    assert which.asking == "confirm_order" and "另外一件事" in which.replies[0].text
    read_back = await room.say("是另外一件事", asked.conversation_id)
    assert "核对" in read_back.replies[0].text
    await room.say("对", asked.conversation_id)
    assert await count(room, Order) == 2


async def test_what_was_closed_long_ago_or_withdrawn_is_filed_anew(room: Room) -> None:
    number, _, _ = await _answered(room, closed=True)
    room.clock.advance((order_progress.LATELY + timedelta(hours=1)).total_seconds())
    asked = await room.talk(LAMP, PLACE, PHONE)
    assert "核对" in asked.replies[0].text
    last = await room.say("对", asked.conversation_id)
    (second,) = last.orders
    await room.orders.change(second, "withdraw", actor="seat:s1", note="市民撤回")
    assert second != number and "核对" in (await room.talk(LAMP, PLACE, PHONE)).replies[0].text


async def test_after_a_return_visit_in_vain_a_person_decides(room: Room) -> None:
    number, _, _ = await _answered(room)
    await room.orders.change(number, "visit", actor="system:core", note="没有解决")
    asked = await room.talk(LAMP, PLACE, PHONE)
    assert "回访" in asked.replies[0].text
    last = await room.say("还没解决", asked.conversation_id)
    assert last.orders == (number,) and await _status(room, number) == "visited"
    assert (await _events(room, number))[-1] == "supplement"


async def test_a_secret_order_is_told_only_to_its_own_number(room: Room) -> None:
    number, _, unit = await _filed(room)
    async with room.database.write() as session:
        order = await session.get(Order, number)
        assert order is not None
        order.confidential = True
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    await room.orders.change(number, "answer", actor=f"unit:{unit}", note=ANSWER)
    typed = await room.talk(LAMP, PLACE, PHONE)
    assert "承办单位已经在11月2日答复" in typed.replies[0].text
    assert HEARD not in typed.replies[0].text and unit not in typed.replies[0].text
    called = await room.service.open("phone", caller_number=PHONE, call_id="k-1")
    for words in (LAMP, PLACE, "对，就用这个号码"):
        last = await room.say(words, called.conversation_id, channel="phone", kind="speech")
    assert HEARD in last.replies[0].text


async def test_a_typed_number_and_a_mere_hint_tell_no_answer_a_call_from_it_does(room: Room) -> None:
    await _answered(room)
    typed = await room.talk(AGAIN, PLACE, PHONE)
    assert "已经在11月2日答复，答复内容可以凭工单编号和查询码查看" in typed.replies[0].text
    called = await room.service.open("phone", caller_number=PHONE, call_id="k-1")
    for words in (AGAIN, PLACE, "对，就用这个号码"):
        last = await room.say(words, called.conversation_id, channel="phone", kind="speech")
    assert HEARD in last.replies[0].text


async def test_number_and_code_tell_stage_and_answer(room: Room) -> None:
    number, code, unit = await _answered(room, closed=True)
    told = await room.talk("查一下我的工单进度", number, code)
    text = told.replies[0].text
    assert "“已办结”" in text and f"{unit}在11月2日答复了，答复是：{HEARD}" in text
    assert "1391" not in text and "补充" not in "".join(reply.text for reply in told.replies)
