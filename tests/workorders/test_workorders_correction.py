"""What is corrected in a filed order: what stands there then, what is kept of it, and who is shown what."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from base.clock import ManualClock
from storage.engine import Database
from storage.follow_up_tables import OrderCopy
from storage.order_tables import OutboxMessage
from storage.tables import Order, OrderEvent
from workorders.model import OrderDraft
from workorders.order import OrderStateError
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.targets import Target
from workorders.proposal import proposed
from workorders.service import OrderConflict, OrderService

STREET, GOVERNMENT, POLICE = "海淀区学院路街道办事处", "海淀区人民政府", "海淀区公安分局"
OTHER = "朝阳区望京街道办事处"
PLACE = {"district": "朝阳区", "street": "望京街道"}
SEAT = "seat:s1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def orders(database: Database, clock: ManualClock) -> OrderService:
    told = [
        Target("police", "https://police", b"x" * 32, units=("*公安分局",)),
        Target("street", "https://street", b"x" * 32, units=("*办事处",), personal=True),
    ]
    return OrderService(database, clock=clock, outbox=Enqueuer(told))


async def file(database: Database, orders: OrderService, clock: ManualClock, **changes: Any) -> str:
    values: dict[str, Any] = {
        "request_type": "投诉",
        "title": "",
        "detail": "我是王小明，小区门口的路灯不亮",
        "channel": "web",
        "district": "海淀区",
        "street": "学院路街道",
        "contact_name": "王小明",
        "contact_phone": "13900001234",
    }
    async with database.write() as session:
        draft = OrderDraft(**{**values, **changes})
        filed = await orders.file(session, draft, key="c1:1", now=clock.now(), actor="bot:policy")
    return filed.order_no


async def correct(orders: OrderService, number: str, fields: dict[str, Any], **more: Any) -> Any:
    return await orders.change(number, "correct", actor=SEAT, data={"fields": fields, **more})


async def messages(database: Database, target: str) -> list[dict[str, Any]]:
    query = select(OutboxMessage.body).where(OutboxMessage.target == target).order_by(OutboxMessage.id)
    async with database.read() as session:
        return [json.loads(body) for body in (await session.execute(query)).scalars()]


async def test_old_and_new_are_kept_and_unit_and_deadline_stay(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    before = await orders.view(number, seat="s")
    clock.advance(3600)
    view = await correct(orders, number, {**PLACE, "contact_phone": "13900005678", "address": ""})
    assert (view.fields["district"], view.fields["street"]) == ("朝阳区", "望京街道")
    assert (view.unit, view.deadline_at) == (before.unit, before.deadline_at)
    assert view.version == before.version + 1
    event = view.desk()["events"][-1]
    assert event["text"] == "已更正工单内容（区、街道（乡镇）、联系电话）" and not event["public"]
    changes = {change["label"]: (change["old"], change["new"]) for change in event["changes"]}
    assert changes["区"] == ("海淀区", "朝阳区")
    assert "13900001234" not in repr(event) and "13900005678" not in repr(event)
    async with database.read() as session:
        row = (await session.execute(select(OrderEvent).order_by(OrderEvent.id.desc()).limit(1))).scalar_one()
        raw = await session.connection()
        sealed = (await raw.exec_driver_sql("SELECT data FROM order_events ORDER BY id DESC LIMIT 1")).scalar_one()
    assert row.data["old"]["contact_phone"] == "13900001234" and row.data["new"]["contact_phone"] == "13900005678"
    assert "13900001234" not in str(sealed)
    assert "events" in view.public() and "correct" not in [event["event"] for event in view.public()["events"]]
    assert [order.order_no for order in await orders.search(text="13900005678")] == [number]
    assert await orders.search(text="13900001234") == []


async def test_what_changes_nothing_or_cannot_stand_there_is_refused(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    before = await orders.view(number, seat="s")
    for fields in (
        {},
        {"district": "海淀区"},
        {"detail": " "},
        {"urgency": "soon"},
        {"unit": OTHER},
        {"title": "长" * 201},
    ):
        with pytest.raises(OrderStateError):
            await correct(orders, number, fields)
    with pytest.raises(OrderStateError):
        await orders.change(number, "correct", actor=f"unit:{STREET}", data={"fields": PLACE})
    with pytest.raises(OrderConflict):
        await orders.change(number, "correct", actor=SEAT, data={"fields": PLACE}, expected_version=0)
    assert await orders.view(number, seat="s") == before
    await orders.change(number, "withdraw", actor=SEAT, note="市民撤回")
    with pytest.raises(OrderStateError):
        await correct(orders, number, PLACE)


async def test_a_wording_of_the_time_takes_its_moments_with_it(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    extra = {
        "event_start": "2026-01-01T00:00:00+08:00",
        "event_end": "2026-01-02T00:00:00+08:00",
        "contact_extension": "8",
    }
    number = await file(database, orders, clock, event_time="元旦", extra=extra)
    moments = ("2026-01-03T00:00:00+08:00", "2026-01-04T00:00:00+08:00")
    view = await correct(orders, number, {"event_time": "1月3日"}, moments=moments)
    assert view.desk()["event_moments"] == "1月3日"
    view = await correct(orders, number, {"event_time": "前一阵", "contact_phone": "010-66668888"})
    assert view.desk()["event_moments"] == "" and view.contact()["contact_phone"] == "010-66668888"


async def test_of_a_secret_order_no_name_that_was_corrected_is_shown_to_the_unit(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    """Nor of one that becomes secret afterwards."""
    number = await file(database, orders, clock)
    await correct(orders, number, {"contact_name": "王晓明"})
    view = await orders.view(number, seat="s")
    assert "王小明" in view.fields["detail"]  # as it was told
    view = await correct(orders, number, {"confidential": True})
    shown = repr(view.for_unit(STREET))
    assert "王小明" not in shown and "王晓明" not in shown and "路灯不亮" in shown
    last = (await messages(database, "street"))[-1]
    assert last["event"] == "correct" and "confidential" in last["data"]["fields"]
    assert "王小明" not in repr(last) and "王晓明" not in repr(last)


async def test_receivers_hear_what_was_corrected_and_how_it_reads_now(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock, title="井盖", detail="学院路人行道井盖丢了，一个大洞")
    await correct(orders, number, {"address": "学院路5号", "contact_phone": "13900005678"})
    told, open_only = (await messages(database, "street"))[-1], (await messages(database, "police"))[-1]
    assert told["data"] == {"fields": ["address", "contact_phone"]}
    assert (told["order"]["address"], told["order"]["contact_phone"]) == ("学院路5号", "13900005678")
    assert open_only["data"] == told["data"] and "address" not in open_only["order"]


async def test_an_order_goes_with_the_copies_of_its_new_unit(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    view = await orders.change(number, "dispatch", actor=SEAT, note="地点不对", data={"unit": OTHER})
    assert (view.unit, view.fields["copies"]) == (OTHER, ["朝阳区人民政府"])
    async with database.read() as session:
        assert (await session.execute(select(OrderCopy.unit))).scalars().all() == ["朝阳区人民政府"]
        row = (await session.execute(select(OrderEvent).order_by(OrderEvent.id.desc()).limit(1))).scalar_one()
    assert row.data["from_unit"] == STREET and row.data["from_copies"] == [GOVERNMENT]
    assert (row.data["mode"], row.data["copies"]) == ("直派", ["朝阳区人民政府"])
    view = await orders.change(number, "dispatch", actor=SEAT, data={"unit": OTHER, "mode": "直派", "copies": []})
    assert view.fields["copies"] == []
    for wrong in ({"mode": "随便"}, {"copies": "海淀区人民政府"}, {"copies": [1]}):
        with pytest.raises(OrderStateError):
            await orders.change(number, "dispatch", actor=SEAT, data={"unit": STREET, **wrong})


async def test_in_danger_the_police_keep_their_copy_and_hear_of_it(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock, title="井盖", detail="学院路人行道井盖丢了，一个大洞")
    await orders.change(number, "object", actor=f"unit:{STREET}", note="属于燃气井")
    view = await orders.change(number, "uphold", actor=SEAT, note="是", data={"unit": "市燃气集团"})
    assert view.fields["dispatch_mode"] == "双派"
    assert view.fields["copies"] == [POLICE, STREET, GOVERNMENT]
    police = [message["event"] for message in await messages(database, "police")]
    assert police[-2:] == ["uphold", "dispatch"]


async def test_who_loses_a_copy_is_told(database: Database, orders: OrderService, clock: ManualClock) -> None:
    number = await file(database, orders, clock, title="井盖", detail="学院路人行道井盖丢了，一个大洞")
    await orders.change(number, "dispatch", actor=SEAT, data={"unit": STREET, "mode": "直派"})
    last = (await messages(database, "police"))[-1]
    assert last["data"]["from_copies"] == [POLICE] and POLICE not in last["order"]["copies"]


async def test_place_and_unit_in_one_step(database: Database, orders: OrderService, clock: ManualClock) -> None:
    number = await file(database, orders, clock, district="", street="")
    view = await correct(orders, number, PLACE, dispatch={"unit": OTHER})
    assert (view.unit, view.fields["copies"], view.fields["street"]) == (OTHER, ["朝阳区人民政府"], "望京街道")
    await orders.change(number, "accept", actor=f"unit:{OTHER}")
    with pytest.raises(OrderStateError):
        await correct(orders, number, {"address": "1号"}, dispatch={"unit": STREET})
    assert (await orders.view(number, seat="s")).fields["address"] is None  # neither of the two happened
    await orders.change(number, "object", actor=f"unit:{OTHER}", note="不是")
    with pytest.raises(OrderStateError):
        await correct(orders, number, {"address": "1号"}, dispatch={"unit": STREET})


async def test_who_accepted_a_danger_keeps_it_and_its_place_brings_copies(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    words = "人行道井盖丢了，一个大洞"
    number = await file(database, orders, clock, title="井盖", detail=words, district="", street="")
    await orders.change(number, "accept", actor="unit:市公安局")
    view = await correct(orders, number, {"district": "海淀区", "street": "学院路街道"}, dispatch={"unit": "市公安局"})
    assert (view.status, view.unit) == ("accepted", "市公安局")
    assert view.fields["copies"] == [POLICE, STREET, GOVERNMENT]
    assert [event["event"] for event in view.events][-2:] == ["correct", "copy"]


async def test_unit_and_deadline_are_proposed_and_taken_by_a_step_of_their_own(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    view = await correct(orders, number, {"contact_name": "王晓明"})
    found = proposed(orders, view, None, corrected=["contact_name"])
    assert not found.new_unit and not found.new_deadline
    view = await correct(orders, number, PLACE)
    found = proposed(orders, view, None, corrected=PLACE)
    assert found.new_unit and (found.assignment.unit, found.assignment.copies) == (OTHER, ("朝阳区人民政府",))
    view = await correct(orders, number, {"urgency": "sudden"})
    found = proposed(orders, view, None, corrected=["urgency"])
    assert found.new_deadline and (found.assignment.mode, found.assignment.deadline_hours) == ("双派", 2)
    assert view.deadline_hours == 168
    clock.advance(600)
    view = await correct(orders, number, {}, renew_deadline=True)
    assert (view.deadline_hours, view.deadline_at) == (2, clock.now() + timedelta(hours=2))
    view = await correct(orders, number, {"detail": "路灯不亮，还有一根电线掉下来了"})
    assert proposed(orders, view, None, corrected=["detail"]).assignment.urgency == "sudden"
    view = await correct(orders, number, {"urgency": "ordinary"})
    found = proposed(orders, view, None, corrected=["urgency"])
    assert found.assignment.urgency == "ordinary"  # a person's judgement stands against the words
    await orders.change(number, "accept", actor=SEAT)
    await orders.change(number, "answer", actor=SEAT, note="修好了")
    with pytest.raises(OrderStateError):
        await correct(orders, number, {}, renew_deadline=True)


async def test_words_that_tell_of_danger_make_a_matter_more_pressing(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    view = await correct(orders, number, {"detail": "小区门口一根电线掉下来了"})
    found = proposed(orders, view, None, corrected=["detail"])
    assert found.new_deadline and found.new_unit and found.assignment.urgency == "sudden"
    assert view.fields["urgency"] == "ordinary"


async def test_a_reopened_order_has_the_rules_term_and_no_more(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    await orders.change(number, "accept", actor=SEAT)
    extended = await orders.change(number, "extend", actor=SEAT, note="等配件", data={"deadline_hours": 24})
    assert extended.deadline_hours == 192
    await orders.change(number, "answer", actor=SEAT, note="修好了")
    clock.advance(86_400)
    again = await orders.change(number, "reopen", actor=SEAT, note="又坏了")
    assert again.deadline_hours == 168
    assert again.deadline_at == clock.now() + timedelta(hours=168)
    async with database.read() as session:
        assert (await session.get_one(Order, number)).deadline_working_days == 0
    once_more = await orders.change(number, "extend", actor=SEAT, note="等配件", data={"deadline_hours": 24})
    assert once_more.deadline_at == clock.now() + timedelta(hours=192)
    with pytest.raises(OrderStateError):
        await orders.change(number, "extend", actor=SEAT, note="再等", data={"deadline_hours": 24})


async def test_a_deadline_runs_anew_for_a_reason_only(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    first = await orders.view(number, seat="s")
    clock.advance(3600)
    for event in ("correct", "dispatch"):
        with pytest.raises(OrderStateError, match="说明"):
            await orders.change(number, event, actor=SEAT, data={"renew_deadline": True, "fields": {"title": "灯"}})
    assert await orders.view(number, seat="s") == first
    await correct(orders, number, {"urgency": "sudden"})
    assert (await correct(orders, number, {}, renew_deadline=True)).deadline_hours == 2
    with pytest.raises(OrderStateError):  # that change of urgency is used up
        await correct(orders, number, {}, renew_deadline=True)
    again = await orders.change(number, "correct", actor=SEAT, note="地点刚核实", data={"renew_deadline": True})
    assert again.deadline_at == clock.now() + timedelta(hours=2)
    shown = again.public()["events"]
    assert [event["text"] for event in shown][-2:] == ["办理期限已重新计算"] * 2
    assert "地点刚核实" not in repr(shown)


async def test_only_what_renews_a_deadline_gives_back_its_extension(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    await orders.change(number, "extend", actor=SEAT, note="等配件", data={"deadline_hours": 24})
    await orders.change(number, "note", actor=SEAT, note="已联系", data={"renew_deadline": True})
    with pytest.raises(OrderStateError):
        await orders.change(number, "extend", actor=SEAT, note="再等", data={"deadline_hours": 24})
    await orders.change(number, "correct", actor=SEAT, note="地点刚核实", data={"renew_deadline": True})
    await orders.change(number, "extend", actor=SEAT, note="等配件", data={"deadline_hours": 24})


async def test_a_copy_never_moves_an_order_to_another_unit(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    words = "人行道井盖丢了，一个大洞"
    number = await file(database, orders, clock, title="井盖", detail=words, district="", street="")
    before = await orders.change(number, "accept", actor="unit:市公安局")
    with pytest.raises(OrderStateError, match="已经签收"):
        await orders.change(number, "copy", actor=SEAT, data={"unit": "市燃气集团"})
    assert await orders.view(number, seat="s") == before
    given = await orders.change(number, "copy", actor=SEAT, data={"unit": "市公安局", "copies": ["市燃气集团"]})
    assert (given.unit, given.fields["copies"]) == ("市公安局", ["市燃气集团"])


async def test_copies_are_checked_also_where_no_unit_is_named(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    for wrong in ({"copies": GOVERNMENT}, {"copies": [1]}, {"mode": "随便"}):
        with pytest.raises(OrderStateError):
            await orders.change(number, "dispatch", actor=SEAT, data=wrong)
    given = await orders.change(number, "dispatch", actor=SEAT, data={"copies": [POLICE, STREET]})
    assert (given.unit, given.fields["copies"]) == (STREET, [POLICE])
    given = await orders.change(number, "dispatch", actor=SEAT, data={"mode": "双派"})
    assert (given.fields["dispatch_mode"], given.fields["copies"]) == ("双派", [POLICE, GOVERNMENT])
