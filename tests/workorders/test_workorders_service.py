"""An order is filed exactly once, shown to those who may see it, and moves by the rules."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from base.clock import ManualClock
from storage.engine import Database
from storage.tables import Order, OrderEvent
from workorders import numbers
from workorders.model import Assignment, FiledOrder, OrderDraft
from workorders.new_order import make_title
from workorders.order import OrderStateError
from workorders.service import OrderConflict, OrderNotFound, OrderService

ASSIGNMENT = Assignment("海淀区供热办", "直派", ("海淀区政府",), "utility", 24, "供热直派")


def draft(**changes: Any) -> OrderDraft:
    values: dict[str, Any] = {
        "request_type": "投诉",
        "title": "",
        "detail": "家里暖气不热，已经三天了。室内只有十四度",
        "channel": "web",
        "district": "海淀区",
        "contact_phone": "13900001234",
        "assignment": ASSIGNMENT,
    }
    return OrderDraft(**{**values, **changes})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(database: Database, clock: ManualClock) -> OrderService:
    return OrderService(database, clock=clock)


async def file(database: Database, service: OrderService, what: OrderDraft, key: str) -> FiledOrder:
    async with database.write() as session:
        return await service.file(session, what, key=key, now=ManualClock().now(), actor="bot:policy")


async def test_filing_gives_a_number_a_code_and_a_dispatched_order(database: Database, service: OrderService) -> None:
    filed = await file(database, service, draft(), "c1:1")
    assert numbers.valid_order_no(filed.order_no) and filed.order_no.startswith("260105")
    assert numbers.valid_tracking_code(filed.tracking_code)
    view = await service.view(filed.order_no, tracking_code=filed.tracking_code)
    assert (view.status, view.unit, view.deadline_hours) == ("dispatched", "海淀区供热办", 24)
    assert [event["event"] for event in view.events] == ["file", "dispatch"]
    assert view.title == "海淀区：家里暖气不热，已经三天了"


async def test_the_code_is_not_in_the_database(database: Database, service: OrderService) -> None:
    filed = await file(database, service, draft(), "c1:1")
    async with database.read() as session:
        row = (await session.execute(select(Order))).scalar_one()
        events = (await session.execute(select(OrderEvent))).scalars().all()
    everything = repr([{c.name: getattr(r, c.name) for c in r.__table__.columns} for r in [row, *events]])
    assert filed.tracking_code not in everything


async def test_the_same_key_files_once_even_at_once(database: Database, service: OrderService) -> None:
    results = await asyncio.gather(*(file(database, service, draft(), "c1:1") for _ in range(8)))
    assert len({result.order_no for result in results}) == 1
    assert sum(not result.existing for result in results) == 1
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Order))).scalar_one() == 1


async def test_one_matter_told_on_several_channels_at_once_is_linked(database: Database, service: OrderService) -> None:
    told = await asyncio.gather(*(file(database, service, draft(), f"c{n}:1") for n in range(4)))
    first = min(filed.order_no for filed in told)
    async with database.read() as session:
        rows = (await session.execute(select(Order.order_no, Order.duplicate_of))).all()
    assert {number for number, _ in rows} == {filed.order_no for filed in told}
    assert all(earlier == (None if number == first else first) for number, earlier in rows)


async def test_an_order_is_gone_when_the_caller_rolls_back(database: Database, service: OrderService) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            await service.file(session, draft(), key="c1:1", now=ManualClock().now(), actor="bot:policy")
            raise RuntimeError("the turn failed")
    assert await service.search() == []


async def test_wrong_number_and_wrong_code_are_the_same_error(database: Database, service: OrderService) -> None:
    filed = await file(database, service, draft(), "c1:1")
    wrong = "0" * 9 if filed.tracking_code != "0" * 9 else "1" * 9
    messages = set()
    for number, code in (
        (filed.order_no, wrong),
        (filed.order_no, None),
        ("260105999990", filed.tracking_code),
        ("'; --", ""),
    ):
        with pytest.raises(OrderNotFound) as caught:
            await service.view(number, tracking_code=code)
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert (await service.view(filed.order_no, seat="s1")).order_no == filed.order_no


async def test_the_public_view_hides_persons_and_a_confidential_order_hides_its_matter(
    database: Database, service: OrderService
) -> None:
    open_order = await file(database, service, draft(address="学院路 5 号", contact_name="王某"), "c1:1")
    secret = await file(database, service, draft(confidential=True, contact_phone=""), "c2:1")
    shown = repr((await service.view(open_order.order_no, tracking_code=open_order.tracking_code)).public())
    for hidden in ("13900001234", "学院路", "王某"):
        assert hidden not in shown
    public = (await service.view(secret.order_no, tracking_code=secret.tracking_code)).public()
    assert "暖气" not in repr(public) and public["confidential"] is True


async def test_the_whole_life_of_an_order(database: Database, service: OrderService, clock: ManualClock) -> None:
    number = (await file(database, service, draft(), "c1:1")).order_no
    unit = "unit:海淀区供热办"
    clock.advance(60)
    await service.change(number, "accept", actor=unit)
    await service.change(number, "object", actor=unit, note="不属于我单位供热范围")
    await service.change(number, "dispatch", actor="seat:s1", data={"unit": "海淀区政府", "mode": "区级协调"})
    unit = "unit:海淀区政府"
    await service.change(number, "accept", actor=unit)
    await service.change(number, "extend", actor=unit, note="需更换管道，已向诉求人说明", data={"deadline_hours": 24})
    await service.change(number, "answer", actor=unit, note="已修复")
    await service.change(number, "visit", actor="seat:s1", data={"solved": True, "satisfied": 5})
    view = await service.change(number, "close", actor="seat:s1")
    assert (view.status, view.deadline_hours, view.unit) == ("closed", 48, "海淀区政府")
    view = await service.change(number, "reopen", actor="seat:s1", note="又不热了")
    assert view.status == "dispatched"
    names = [event["event"] for event in view.events]
    assert names == [
        "file",
        "dispatch",
        "accept",
        "object",
        "dispatch",
        "accept",
        "extend",
        "answer",
        "visit",
        "close",
        "reopen",
    ]
    assert all(event["actor"] and event["at"] for event in view.events)


async def test_another_unit_cannot_touch_the_order(database: Database, service: OrderService) -> None:
    number = (await file(database, service, draft(), "c1:1")).order_no
    with pytest.raises(OrderNotFound):
        await service.change(number, "accept", actor="unit:朝阳区供热办")


async def test_a_refused_event_leaves_the_order_as_it_was(database: Database, service: OrderService) -> None:
    number = (await file(database, service, draft(), "c1:1")).order_no
    before = await service.view(number, seat="s1")
    for event, actor, note in (
        ("close", "seat:s1", "x"),
        ("accept", "citizen:c1", ""),
        ("withdraw", "seat:s1", " "),
        ("explode", "seat:s1", ""),
    ):
        with pytest.raises(OrderStateError):
            await service.change(number, event, actor=actor, note=note)
    with pytest.raises(OrderStateError):
        await service.change(number, "extend", actor="seat:s1", note="长", data={"deadline_hours": -5})
    assert await service.view(number, seat="s1") == before


async def test_a_replayed_event_happens_once_and_an_old_version_is_refused(
    database: Database, service: OrderService
) -> None:
    number = (await file(database, service, draft(), "c1:1")).order_no
    version = (await service.view(number, seat="s1")).version
    unit = "unit:海淀区供热办"
    first = await service.change(number, "accept", actor=unit, event_id="e1", expected_version=version)
    assert await service.change(number, "accept", actor=unit, event_id="e1") == first
    with pytest.raises(OrderConflict):
        await service.change(number, "answer", actor=unit, note="好了", expected_version=version)


async def test_the_same_matter_of_the_same_citizen_is_linked(database: Database, service: OrderService) -> None:
    first = await file(database, service, draft(), "c1:1")
    again = await file(database, service, draft(detail="家里暖气不热，还是只有十四度"), "c2:1")
    other = await file(database, service, draft(detail="楼下烧烤店半夜噪声扰民"), "c3:1")
    stranger = await file(database, service, draft(contact_phone="13900005678"), "c4:1")

    async def linked(number: str) -> object:
        return (await service.view(number, seat="s1")).fields["duplicate_of"]

    assert await linked(again.order_no) == first.order_no
    assert await linked(other.order_no) is None
    assert await linked(stranger.order_no) is None


async def test_search_takes_percent_signs_and_quotes_as_text(database: Database, service: OrderService) -> None:
    filed = await file(database, service, draft(), "c1:1")
    assert [order.order_no for order in await service.search(text="暖气")] == [filed.order_no]
    assert [order.order_no for order in await service.search(text=filed.order_no)] == [filed.order_no]
    for hostile in ("%", "_", "' OR 1=1 --", "\\"):
        assert await service.search(text=hostile) == []
    assert await service.search(status="closed") == []


async def test_two_orders_merged_into_each_other_at_once(database: Database, service: OrderService) -> None:
    """One goes into the other; whoever comes second is told why not."""
    both = [(await file(database, service, draft(), f"c{n}:1")).order_no for n in range(2)]
    tried = await asyncio.gather(
        *(
            service.change(order_no, "merge", actor="seat:s1", note="同一件事", data={"main": main})
            for order_no, main in (both, reversed(both))
            for _ in range(3)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in tried) == ["OrderStateError"] * 5 + ["OrderView"]


async def test_words_are_looked_for_among_what_was_asked_for(
    database: Database, service: OrderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many newer orders there are that nobody asked about."""
    monkeypatch.setattr("workorders.order_search._SEARCHED", 2)
    wanted, *newer = [(await file(database, service, draft(), f"c{n}:1")).order_no for n in range(4)]
    await service.change(wanted, "accept", actor="seat:s1")
    assert [order.order_no for order in await service.search(text="暖气", status="accepted")] == [wanted]
    assert {order.order_no for order in await service.search(text="暖气")} < set(newer)


def test_a_title_invents_nothing() -> None:
    assert make_title(draft(title="暖气不热")) == "暖气不热"
    made = make_title(draft(detail="路灯坏了。晚上看不见", district="", street="中关村街道"))
    assert made == "中关村街道：路灯坏了"
    assert len(make_title(draft(detail="吵" * 500))) <= 60


async def test_a_repeat_is_merged_follows_the_answer_and_can_be_taken_out(
    database: Database, service: OrderService
) -> None:
    main = await file(database, service, draft(), "m1")
    repeat = await file(database, service, draft(contact_phone="13900009999"), "m2")
    taken_out = await file(database, service, draft(contact_phone="13900008888"), "m3")
    for order in (repeat, taken_out):
        merged = await service.change(
            order.order_no, "merge", actor="seat:s1", note="同一处供热", data={"main": main.order_no}
        )
        assert (merged.status, merged.fields["duplicate_of"]) == ("merged", main.order_no)
    with pytest.raises(OrderStateError):  # no chains
        await service.change(main.order_no, "merge", actor="seat:s1", note="x", data={"main": repeat.order_no})
    back = await service.change(taken_out.order_no, "unmerge", actor="seat:s1", note="不是同一处")
    assert (back.status, back.fields["duplicate_of"]) == ("filed", None)
    await service.change(main.order_no, "accept", actor="seat:s1")
    extended = await service.change(
        main.order_no, "extend", actor="seat:s1", note="等配件", data={"deadline_hours": 24}
    )
    waits = await service.view(repeat.order_no, seat="s1")
    assert waits.deadline_at == extended.deadline_at and waits.public()["events"][-1]["note"] == "等配件"
    await service.change(main.order_no, "answer", actor="seat:s1", note="已恢复供热")
    followed = await service.view(repeat.order_no, seat="s1")
    assert followed.status == "answered"
    assert followed.public()["events"][-1]["note"] == "已恢复供热"
    assert (await service.view(taken_out.order_no, seat="s1")).status == "filed"


async def test_who_was_merged_into_a_withdrawn_order_is_served_by_itself_again(
    database: Database, service: OrderService
) -> None:
    main = await file(database, service, draft(), "m1")
    repeat = await file(database, service, draft(contact_phone="13900009999"), "m2")
    await service.change(repeat.order_no, "merge", actor="seat:s1", note="同一处", data={"main": main.order_no})
    await service.change(main.order_no, "withdraw", actor="seat:s1", note="市民自己解决了")
    left = await service.view(repeat.order_no, seat="s1")
    assert (left.status, left.fields["duplicate_of"], left.unit) == ("dispatched", None, main.unit)
    assert [event["event"] for event in left.events][-2:] == ["unmerge", "dispatch"]
