"""Of an order that is to be kept secret nobody outside the house reads a name, also one that was corrected since, and
no other citizen hears of the person through what follows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from base.clock import ManualClock
from storage.engine import Database
from storage.follow_up_tables import TextMessage
from storage.order_tables import OutboxMessage
from storage.tables import Order, OrderEvent
from workorders import answers
from workorders.message_file import FileGateway
from workorders.model import OrderDraft
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.targets import Target
from workorders.service import OrderService
from workorders.text_messages import TextMessages

UNIT, SEAT = "海淀区学院路街道办事处", "seat:s1"
ANSWER = {"question": "请问欠多少？", "words": "物业李姐说欠六千五", "value": 6_500, "to": None, "unit": "元"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def orders(database: Database, clock: ManualClock, tmp_path: Any) -> OrderService:
    target = Target("street", "https://street", b"x" * 32, units=("*办事处",), personal=True)
    notices = TextMessages(database, FileGateway(tmp_path / "sent.jsonl", clock=clock), clock=clock)
    return OrderService(database, clock=clock, outbox=Enqueuer([target]), notices=notices)


async def file(
    database: Database, orders: OrderService, clock: ManualClock, *, key: str = "c1:1", **changes: Any
) -> str:
    values: dict[str, Any] = {
        "request_type": "投诉",
        "title": "",
        "detail": "物业不修电梯，物业李姐说欠六千五",
        "channel": "web",
        "district": "海淀区",
        "street": "学院路街道",
        "contact_name": "物业",
        "contact_phone": "13900001234",
        "confidential": True,
        "extra": answers.kept({"owed_money": ANSWER}),
    }
    async with database.write() as session:
        draft = OrderDraft(**{**values, **changes})
        filed = await orders.file(session, draft, key=key, now=clock.now(), actor="bot:policy")
    return filed.order_no


async def last_message(database: Database) -> str:
    async with database.read() as session:
        found = (await session.execute(select(OutboxMessage.body).order_by(OutboxMessage.id))).scalars().all()
    return json.dumps(json.loads(found[-1]), ensure_ascii=False)


async def test_a_corrected_name_leaves_the_stored_story_as_it_was_told(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock)
    told = (await orders.view(number, seat="s")).fields["detail"]
    view = await orders.change(number, "correct", actor=SEAT, data={"fields": {"contact_name": "李强"}})
    assert view.fields["detail"] == told == "物业不修电梯，物业李姐说欠六千五"
    async with database.read() as session:
        event = (await session.execute(select(OrderEvent).order_by(OrderEvent.id.desc()).limit(1))).scalar_one()
        order = await session.get_one(Order, number)
    assert event.data["fields"] == ["contact_name"] and "物业" in order.title
    assert "former_names" not in view.desk()["extra"]  # the desk reads names in one place only


async def test_no_name_it_ever_had_is_shown_in_words_answers_or_notes(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock, contact_name="李姐")
    for name in ("李杰", "李强"):
        await orders.change(number, "correct", actor=SEAT, data={"fields": {"contact_name": name}})
    note = "李姐（李杰、李强）要求尽快"
    view = await orders.change(number, "dispatch", actor=SEAT, note=note, data={"unit": UNIT})
    shown = json.dumps(view.for_unit(UNIT), ensure_ascii=False)
    for words in (shown, await last_message(database)):
        assert not [name for name in ("李姐", "李杰", "李强") if name in words]
        assert "物业不修电梯" in words and "物业**说欠六千五" in words and "要求尽快" in words


@pytest.mark.parametrize("misheard", ["物业", "物业公司", "师傅"])
async def test_a_misheard_name_that_is_a_plain_word_stays_in_the_story_of_the_corrected_order(
    database: Database, orders: OrderService, clock: ManualClock, misheard: str
) -> None:
    detail = "物业公司的师傅不修电梯，王师傅说不归他管"
    number = await file(database, orders, clock, contact_name=misheard, detail=detail)
    view = await orders.change(number, "correct", actor=SEAT, data={"fields": {"contact_name": "王师傅"}})
    assert view.for_unit(view.unit)["detail"] == "物业公司的师傅不修电梯，**说不归他管"
    view = await orders.change(number, "correct", actor=SEAT, data={"fields": {"contact_name": "李强"}})
    assert view.for_unit(view.unit)["detail"] == "物业公司的师傅不修电梯，**说不归他管"


async def test_why_a_correction_was_made_stays_in_the_house(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file(database, orders, clock, confidential=False)
    data = {"fields": {"contact_name": "李强"}}
    view = await orders.change(number, "correct", actor=SEAT, note="丈夫姓李，怕邻居知道", data=data)
    assert "怕邻居知道" not in json.dumps(view.for_unit(UNIT), ensure_ascii=False)
    assert "怕邻居知道" not in await last_message(database)
    assert view.desk()["events"][-1]["note"] == "丈夫姓李，怕邻居知道"


async def test_who_follows_a_secret_order_hears_nothing_of_its_person(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    main = await file(database, orders, clock, contact_name="李姐")
    other = {"confidential": False, "contact_name": "王芳", "contact_phone": "13900005678", "extra": {}}
    follower = await file(database, orders, clock, key="c2:1", **other)
    await orders.change(follower, "merge", actor=SEAT, note="同一处", data={"main": main})
    await orders.change(main, "correct", actor=SEAT, data={"fields": {"contact_name": "李强"}})
    await orders.change(main, "accept", actor=SEAT)
    for event, data in (("extend", {"deadline_hours": 24}), ("answer", {})):
        await orders.change(main, event, actor=SEAT, note="李姐（李强，13900001234）家的电梯配件未到", data=data)
    view = await orders.view(follower, seat="s")
    assert [event["event"] for event in view.events][-2:] == ["follow_extend", "follow"]
    async with database.read() as session:
        sent = (await session.execute(select(TextMessage.text).where(TextMessage.order_no == follower))).scalars()
        heard = json.dumps([*view.public()["events"], *sent], ensure_ascii=False)
    assert heard.count("家的电梯配件未到") == 3
    assert not [words for words in ("李姐", "李强", "13900001234") if words in heard]
