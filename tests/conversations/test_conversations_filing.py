"""Orders: what is asked for them, that each is filed exactly once, and who is told of one."""

from __future__ import annotations

import pytest
from conversations_helpers import LAMP, PHONE, PLACE, Room, count, rows

from base.clock import local
from conversations.messages import CitizenTurn
from storage.tables import CallbackTask, Order, OrderEvent, Turn


async def test_an_order_asks_only_what_is_missing_and_is_read_back(room: Room) -> None:
    first = await room.say(LAMP)
    assert first.asking == "place"
    second = await room.say(PLACE, first.conversation_id)
    assert second.asking == "contact_phone"  # the time was in the first sentence
    third = await room.say(f"我姓王，{PHONE}", first.conversation_id)
    assert third.asking == "confirm_order"
    assert "双井街道" in third.replies[0].text
    assert PHONE in third.replies[0].text
    last = await room.say("对", first.conversation_id)
    (number,) = last.orders
    assert last.tracking_codes[number]
    assert number in last.replies[0].text
    assert "零" in last.replies[0].spoken or "幺" in last.replies[0].spoken
    (order,) = await rows(room, Order)
    assert (order.request_type, order.district, order.street) == ("求助", "朝阳区", "双井街道")
    assert (order.contact_phone, order.confidential) == (PHONE, False)
    assert order.event_time and order.event_time.startswith("三天了")
    now = local(room.clock.now()).isoformat(timespec="minutes")
    assert order.extra == {"event_start": "2026-10-30T00:00+08:00", "event_end": now}
    assert (await room.orders.view(number, seat="1001")).desk()["event_moments"] == "10月30日至11月2日"
    assert (await room.say("没了", first.conversation_id)).outcome == "order_filed"


async def test_an_extension_is_told_to_whoever_may_see_the_number(room: Room) -> None:
    ready = await room.talk(LAMP, PLACE, "单位010-5550 1234转608")
    assert "01055501234转608" in ready.replies[-1].text
    last = await room.say("对", ready.conversation_id)
    (order,) = await rows(room, Order)
    assert order.contact_phone == "01055501234", "the number alone is what is dialled and searched"
    view = await room.orders.view(last.orders[0], seat="1001")
    assert view.contact()["contact_phone"] == "01055501234转608"
    assert view.for_unit(view.unit or "")["contact_phone"] == "01055501234转608"


async def test_confirming_twice_files_once(room: Room) -> None:
    ready = await room.talk(LAMP, PLACE, PHONE)
    turn = CitizenTurn("对", "web", client_message_id="m-1")
    first = await room.service.citizen_turn(ready.conversation_id, turn)
    again = await room.service.citizen_turn(ready.conversation_id, turn)
    assert [reply.text for reply in again.replies] == [reply.text for reply in first.replies]
    assert again.orders == first.orders
    assert await count(room, Order) == 1


async def test_a_correction_changes_one_thing_and_keeps_the_rest(room: Room) -> None:
    ready = await room.talk(LAMP, "朝阳区双井街道富力城3号楼", PHONE)
    changed = await room.say("不对，是5号楼，不是3号楼", ready.conversation_id)
    assert changed.asking == "confirm_order"
    assert "5号楼" in changed.replies[0].text
    assert "3号楼" not in changed.replies[0].text
    phone = await room.say("电话错了，尾号是1299", ready.conversation_id)
    assert "13900001299" in phone.replies[0].text
    await room.say("对", ready.conversation_id)
    (order,) = await rows(room, Order)
    assert (order.street, order.contact_phone) == ("双井街道", "13900001299")


@pytest.mark.parametrize("said", ["是劲松街道吧", "劲松那边才对", "对，朝阳区劲松街道"])
async def test_another_place_than_was_read_back_is_a_correction(room: Room, said: str) -> None:
    ready = await room.talk(LAMP, PLACE, PHONE)
    changed = await room.say(said, ready.conversation_id)
    assert changed.asking == "confirm_order"
    assert "劲松街道" in changed.replies[0].text
    await room.say("对", ready.conversation_id)
    (order,) = await rows(room, Order)
    assert (order.district, order.street) == ("朝阳区", "劲松街道")


async def test_the_place_that_was_read_back_may_be_said_again(room: Room) -> None:
    ready = await room.talk(LAMP, PLACE, PHONE)
    assert (await room.say("对，双井街道富力城", ready.conversation_id)).orders


async def test_a_side_question_is_answered_and_the_form_goes_on(room: Room) -> None:
    first = await room.say(LAMP)
    aside = await room.say("居住证丢了怎么补", first.conversation_id)
    assert aside.asking == "place"
    assert "派出所" in aside.replies[0].text
    assert (await room.say(PLACE, first.conversation_id)).asking == "contact_phone"


async def test_two_matters_become_two_orders(room: Room) -> None:
    first = await room.say("我有两件事，一个是小区的路灯不亮，再一个是楼下烧烤摊太吵")
    result = first
    answers = {
        "detail": "路灯坏了三盏，烧烤摊吵到半夜",
        "place": PLACE,
        "event_time": "一个星期了",
        "subject": "不知道",
        "appeal": "都给管管",
        "contact_phone": PHONE,
        "confidential": "不用",
        "confirm_order": "对",
    }
    for _ in range(10):
        if result.asking is None:
            break
        result = await room.say(answers[result.asking], first.conversation_id)
    orders = await rows(room, Order)
    assert sorted(order.category_level3 for order in orders) == ["噪声", "路灯"]
    assert {order.street for order in orders} == {"双井街道"}


async def test_the_same_matter_again_is_merged_when_the_citizen_agrees(room: Room) -> None:
    await room.talk(LAMP, PLACE, PHONE, "对")
    asked = await room.talk("我前两天反映过小区门口路灯不亮的事，到现在还没人来修", PLACE, PHONE)
    assert asked.asking == "confirm_order"
    assert "同一件事" in asked.replies[0].text
    merged = await room.say("是的", asked.conversation_id)
    assert await count(room, Order) == 1
    assert merged.orders == ((await rows(room, Order))[0].order_no,)


async def test_emergency_in_the_middle_of_the_form(room: Room) -> None:
    first = await room.say(LAMP, channel="phone")
    result = await room.say("哎呀不好，着火了，烟冒出来了", first.conversation_id, channel="phone")
    assert result.outcome == "emergency"
    assert result.transfer is not None
    assert result.transfer.target == "119"
    assert "119" in result.replies[0].text
    (task,) = await rows(room, CallbackTask)
    assert task.due_at == room.clock.now()


async def test_a_failed_filing_promises_a_call_back_and_accepts_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = await room.talk(LAMP, PLACE, PHONE)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no unit")

    monkeypatch.setattr(room.orders, "file", broken)
    result = await room.say("对", ready.conversation_id)
    assert "还没有受理" in result.replies[0].text
    assert await count(room, Order) == 0
    assert (await rows(room, CallbackTask))[0].number == PHONE


async def test_the_snapshot_prefills_the_order(room: Room) -> None:
    result = await room.talk(LAMP, PLACE)
    order = (await room.service.snapshot(result.conversation_id))["order"]
    assert order["street"]["value"] == "双井街道"
    assert order["contact_phone"]["confidence"] == 0.0


async def test_no_contact_number_unlocks_an_order(room: Room) -> None:
    filed = await room.talk(LAMP, PLACE, PHONE, "对")
    (number,) = filed.orders
    opened = await room.service.open("phone", caller_number=PHONE, call_id="k-2")
    result = await room.say("查一下我的工单进度", opened.conversation_id, channel="phone")
    assert result.asking == "order_no"
    result = await room.say(number, opened.conversation_id, channel="phone")
    assert result.asking == "order_no"
    result = await room.say("我没有查询码", opened.conversation_id, channel="phone")
    assert all("路灯" not in reply.text and "承办" not in reply.text for reply in result.replies)


async def test_an_order_is_told_to_whoever_has_number_and_code(room: Room) -> None:
    filed = await room.talk(LAMP, PLACE, PHONE, "对")
    ((number, code),) = filed.tracking_codes.items()
    told = await room.talk("查一下我的工单进度", number, code)
    assert "承办单位" in told.replies[0].text
    assert (await count(room, Turn)) > 6


async def test_a_danger_becomes_an_urgent_order_for_two_at_once(room: Room) -> None:
    """双派: the police and the local authority, in the moment in which the citizen is told whom to call."""
    told = await room.say("朝阳区双井街道，楼里着火了，冒烟了", channel="phone", kind="speech")
    assert told.outcome == "emergency"
    (order,) = await rows(room, Order)
    assert (order.urgency, order.dispatch_mode, order.deadline_hours) == ("sudden", "双派", 2)
    assert (order.district, order.street) == ("朝阳区", "双井街道") and "朝阳区公安分局" in order.copies
    assert "119" in order.title and "着火" in order.detail
    more = await room.say("在三号楼二层，老人出不来", told.conversation_id, channel="phone", kind="speech")
    assert "119" in more.replies[0].text
    events = [event for event in await rows(room, OrderEvent) if event.event == "supplement"]
    assert len(events) == 1 and "三号楼二层" in events[0].note
    assert await count(room, Order) == 1


async def test_a_danger_in_mid_form_takes_the_place_that_was_told_and_says_so(room: Room) -> None:
    first = await room.say(LAMP, channel="phone")
    placed = await room.say(PLACE, first.conversation_id, channel="phone")
    await room.say("哎呀不好，着火了，烟冒出来了", placed.conversation_id, channel="phone")
    (order,) = await rows(room, Order)
    assert order.street == "双井街道" and "请核实" in order.detail and "此前反映" in order.detail


async def test_digits_that_make_no_number_are_noted_and_stay_in_the_conversation(room: Room) -> None:
    result = await room.talk(LAMP, PLACE, "6352180", "6352180")
    card = (await room.service.snapshot(result.conversation_id))["order"]
    assert card["contact_phone"] == {"value": "6352180", "confidence": 0.2}
    await room.say("对", result.conversation_id)
    (order,) = await rows(room, Order)
    assert "号码不完整" in order.detail and "6352180" not in order.detail
    assert not order.contact_phone and "6352180" not in (order.contact_name or "")
