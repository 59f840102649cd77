"""An extended deadline is told, with its reason, where the order was filed; once."""

from __future__ import annotations

import asyncio

from conversations_helpers import Room

from workorders.model import Assignment, OrderDraft

UNIT = "朝阳区双井街道办事处"


async def test_the_reason_appears_once_in_the_conversation_even_after_its_end(room: Room) -> None:
    opened = await room.say("居住证丢了怎么补")
    conversation_id = opened.conversation_id
    assignment = Assignment(UNIT, "直派", (), "ordinary", 168, "属地管理")
    draft = OrderDraft(
        "投诉", "", "路灯不亮", "web", conversation_id=conversation_id, assignment=assignment
    )  # fmt: skip
    async with room.database.write() as session:
        filed = await room.orders.file(session, draft, key="c:1", now=room.clock.now(), actor="bot:policy")
    await room.say("没有了，谢谢", conversation_id)
    before = await room.service.transcript(conversation_id)
    heard = room.service.subscribe(conversation_id)
    await room.orders.change(
        filed.order_no, "extend", actor=f"unit:{UNIT}", note="灯杆配件周五到货。", data={"deadline_hours": 48}
    )
    await room.service.sweep()
    await asyncio.gather(room.service.sweep(), room.service.sweep())
    told = [turn.text for turn in (await room.service.transcript(conversation_id))[len(before) :]]
    assert told == [f"您的工单{filed.order_no}办理期限延长到11月11日10点00分，原因是：灯杆配件周五到货。"]
    event = await asyncio.wait_for(anext(heard), 5)
    assert event.turn is not None and event.turn.text == told[0] and event.turn.role == "system"
    heard.close()


async def test_whoever_asks_for_the_order_hears_the_reason(room: Room) -> None:
    assignment = Assignment(UNIT, "直派", (), "ordinary", 168, "属地管理")
    async with room.database.write() as session:
        filed = await room.orders.file(
            session, OrderDraft("投诉", "", "路灯不亮", "web", assignment=assignment), key="c:1",
            now=room.clock.now(), actor="bot:policy",
        )  # fmt: skip
    await room.orders.change(
        filed.order_no, "extend", actor=f"unit:{UNIT}", note="灯杆配件周五到货。", data={"deadline_hours": 48}
    )
    first = await room.say(f"我想查一下工单{filed.order_no}的进度")
    result = await room.say(filed.tracking_code, first.conversation_id)
    assert "办理期限已延长，原因是：灯杆配件周五到货" in "".join(reply.text for reply in result.replies)


async def _filed(room: Room, key: str, conversation_id: str | None = None) -> str:
    assignment = Assignment(UNIT, "直派", (), "ordinary", 168, "属地管理")
    draft = OrderDraft("投诉", "", "路灯不亮", "web", conversation_id=conversation_id, assignment=assignment)
    async with room.database.write() as session:
        filed = await room.orders.file(session, draft, key=key, now=room.clock.now(), actor="bot:policy")
    return filed.order_no


async def _told(room: Room, conversation_id: str) -> list[str]:
    await asyncio.gather(room.service.sweep(), room.service.sweep())
    return [turn.text for turn in await room.service.transcript(conversation_id) if turn.role == "system"]


async def test_whoever_asked_again_hears_what_becomes_of_it_and_nothing_of_what_it_says(room: Room) -> None:
    first = (await room.say("居住证丢了怎么补")).conversation_id
    second = (await room.say("居住证丢了怎么补")).conversation_id
    number = await _filed(room, "c:1", first)
    await room.orders.change(number, "accept", actor=f"unit:{UNIT}")
    for again in ("a", "b"):  # asked twice: told once
        await room.orders.change(
            number, "supplement", actor=f"citizen:{second}", note="市民再次反映", event_id=f"{second}:{again}"
        )
    await room.orders.change(
        number, "extend", actor=f"unit:{UNIT}", note="灯杆配件周五到货。", data={"deadline_hours": 48}
    )
    await room.orders.change(number, "answer", actor=f"unit:{UNIT}", note="已更换灯头。")
    await room.orders.change(number, "close", actor="seat:s1")
    told = await _told(room, second)
    assert told == [
        f"您再次反映的事项（工单{number}）{what}，可以凭工单编号和查询码查看。"
        for what in ("办理期限延长到11月11日10点00分", "承办单位已经答复", "已经办结")
    ]
    assert len(await _told(room, first)) == 1  # the extension; of the answer the return visit tells


async def test_whoever_was_merged_hears_of_the_extension_and_of_being_alone_again(room: Room) -> None:
    other = (await room.say("居住证丢了怎么补")).conversation_id
    main, repeat = await _filed(room, "c:1"), await _filed(room, "c:2", other)
    await room.orders.change(repeat, "merge", actor="seat:s1", note="同一处路灯", data={"main": main})
    await room.orders.change(
        main, "extend", actor=f"unit:{UNIT}", note="灯杆配件周五到货。", data={"deadline_hours": 48}
    )
    await room.orders.change(main, "withdraw", actor="seat:s1", note="重复登记")
    assert await _told(room, other) == [
        f"您的工单{repeat}办理期限延长到11月11日10点00分，原因是：灯杆配件周五到货。",
        f"与您的工单{repeat}并案的工单已经撤回，您的工单恢复单独办理，承办单位是{UNIT}。",
    ]
