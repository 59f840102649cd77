"""Responsible units hear of their orders on a telephone: once an event, and nothing of who told it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from base.clock import ManualClock
from seats.audit import AuditLog
from seats.unit_contacts import UnitContactError, UnitContacts
from storage.engine import Database
from storage.follow_up_tables import TextMessage
from workorders.alerts import DeadlineWatch
from workorders.breaches import BreachLog
from workorders.message_file import FileGateway
from workorders.model import Assignment, CategorySuggestion, OrderDraft
from workorders.service import OrderService
from workorders.text_messages import Message, TextMessageError, TextMessages

STREET, POLICE, HEAT = "海淀区学院路街道办事处", "海淀区公安分局", "市热力集团"
DUTY, OTHER = "13700001111", "13600002222"
SAID = ("王小明", "13900001234", "我家井盖丢了", "学院路5号")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def contacts(database: Database, clock: ManualClock) -> UnitContacts:
    return UnitContacts(database, clock=clock)


def draft(assignment: Assignment, **more: Any) -> OrderDraft:
    return OrderDraft(
        "投诉",
        SAID[2],
        SAID[2],
        "phone",
        district="海淀区",
        street="学院路街道",
        address=SAID[3],
        contact_name=SAID[0],
        contact_phone=SAID[1],
        category=CategorySuggestion("01", "市政", "道路", "井盖", 0.9),
        assignment=assignment,
        **more,
    )


URGENT = Assignment(STREET, "双派", (POLICE,), "sudden", 2, "突发情况")
HEATING = Assignment(HEAT, "直派", ("海淀区人民政府",), "utility", 24, "供热直派")


class Room:
    def __init__(self, database: Database, clock: ManualClock, path: Path) -> None:
        self.path, self.clock, self.database = path, clock, database
        self.messages = TextMessages(database, FileGateway(path, clock=clock), clock=clock)
        self.orders = OrderService(database, clock=clock, notices=self.messages)

    async def file(self, assignment: Assignment, **more: Any) -> str:
        async with self.database.write() as session:
            filed = await self.orders.file(
                session, draft(assignment, **more), key="c:1", now=self.clock.now(), actor="bot:policy"
            )
        return filed.order_no

    async def sent(self, number: str) -> list[str]:
        await self.messages.send_due()
        lines = [json.loads(line) for line in self.path.read_text("utf-8").splitlines()] if self.path.exists() else []
        return [line["text"] for line in lines if line["number"] == number]


@pytest.fixture
def room(database: Database, clock: ManualClock, tmp_path: Path) -> Room:
    return Room(database, clock, tmp_path / "sent.jsonl")


async def test_an_urgent_order_reaches_both_that_have_to_act_and_says_nothing_of_the_citizen(
    room: Room, contacts: UnitContacts, capsys: pytest.CaptureFixture[str]
) -> None:
    await contacts.set(STREET, "137 0000 1111", actor="seat:root")
    await contacts.set(POLICE, OTHER, actor="seat:root")
    number = await room.file(URGENT)
    until = "01月05日12点00分"
    about = f"紧急工单{number}（学院路街道，市政）"
    assert await room.sent(DUTY) == [f"【12345】{about}已派给贵单位，请在{until}前答复，登录工单办理页面查看。"]
    assert await room.sent(OTHER) == [
        f"【12345】{about}已同时派给贵单位和{STREET}，请立即协同处置，登录工单办理页面查看。"
    ]
    assert await room.messages.send_due() == 0
    assert not any(word in text for text in [*await room.sent(DUTY), *await room.sent(OTHER)] for word in SAID)
    logged = capsys.readouterr()
    assert DUTY not in logged.out + logged.err
    async with room.database.read() as session:
        rows = (await session.execute(select(TextMessage).where(TextMessage.kind == "dispatched"))).scalars().all()
    assert {(row.number, row.text, row.status) for row in rows} == {
        ("137****1111", "", "sent"),
        ("136****2222", "", "sent"),
    }


async def test_of_an_order_that_is_to_be_kept_secret_only_its_number_is_told(
    room: Room, contacts: UnitContacts
) -> None:
    await contacts.set(HEAT, DUTY, actor="seat:root")
    number = await room.file(HEATING, confidential=True)
    (text,) = await room.sent(DUTY)
    assert text.startswith(f"【12345】工单{number}（市民要求保密）已派给贵单位") and "学院路" not in text


async def test_reminders_and_the_breach_are_told_once_each_by_however_many_cores(
    room: Room, contacts: UnitContacts, clock: ManualClock
) -> None:
    await contacts.set(HEAT, DUTY, actor="seat:root")
    number = await room.file(HEATING)
    assert len(await room.sent(DUTY)) == 1
    for _ in range(30):
        clock.advance(3600)
        watches = [DeadlineWatch(room.database, room.orders, clock=clock) for _ in range(2)]
        await asyncio.gather(*(watch.sweep() for watch in watches))
        await asyncio.gather(room.messages.send_due(), room.messages.send_due())
    told = (await room.sent(DUTY))[1:]
    view = await room.orders.view(number, seat="s")
    events = [event["event"] for event in view.events if event["event"] in ("remind", "breach")]
    assert len(told) == len(events) >= 2 and events[-1] == "breach"
    assert all("到期，还没有答复" in text for text in told[:-1]) and "已超过办理期限" in told[-1]
    assert all(number in text for text in told)


async def test_what_comes_back_is_told_and_what_leaves_goes_to_the_next_unit(
    room: Room, contacts: UnitContacts, clock: ManualClock
) -> None:
    await contacts.set(HEAT, DUTY, actor="seat:root")
    await contacts.set(STREET, OTHER, actor="seat:root")
    number = await room.file(HEATING)
    for event, actor, note, data in (
        ("object", f"unit:{HEAT}", "不是我们的", {}),
        ("overrule", "seat:s1", "是供热问题", {}),
        ("accept", f"unit:{HEAT}", "", {}),
        ("answer", f"unit:{HEAT}", "已修好", {}),
        ("reopen", "seat:s1", "市民说还是不热", {}),
        ("dispatch", "seat:s1", "", {"unit": STREET, "mode": "直派", "copies": []}),
    ):
        await room.orders.change(number, event, actor=actor, note=note, data=data)
    told = await room.sent(DUTY)
    assert ["已派给" in told[0], "异议未被采纳" in told[1], "已退回" in told[2], len(told)] == [True, True, True, 3]
    assert len(await room.sent(OTHER)) == 1
    assert not any("不热" in text for text in told)


async def test_a_unit_without_a_number_is_told_nothing_and_one_that_gets_it_in_time_is(
    room: Room, contacts: UnitContacts
) -> None:
    await room.file(HEATING)
    await contacts.set(HEAT, DUTY, actor="seat:root")
    assert len(await room.sent(DUTY)) == 1
    assert await contacts.set(HEAT, "", actor="seat:root") is None
    async with room.database.write() as session:
        await room.orders.file(session, draft(HEATING), key="c:2", now=room.clock.now(), actor="bot:policy")
    assert len(await room.sent(DUTY)) == 1
    async with room.database.read() as session:
        waiting = (await session.execute(select(TextMessage).where(TextMessage.status == "waiting"))).all()
    assert waiting == []


async def test_a_danger_whose_place_becomes_known_is_told_to_those_who_get_a_copy(
    room: Room, contacts: UnitContacts
) -> None:
    for unit, digits in ((STREET, DUTY), (POLICE, OTHER)):
        await contacts.set(unit, digits, actor="seat:root")
    number = await room.file(Assignment(STREET, "双派", (), "sudden", 2, "突发情况"))
    await room.orders.change(number, "accept", actor=f"unit:{STREET}")
    assert (len(await room.sent(DUTY)), len(await room.sent(OTHER))) == (1, 0)
    await room.orders.change(number, "copy", actor="seat:s1", data={"copies": [POLICE]})
    assert (len(await room.sent(DUTY)), len(await room.sent(OTHER))) == (1, 1)
    await room.orders.change(number, "copy", actor="seat:s1", data={"copies": [POLICE, HEAT]})
    assert (len(await room.sent(DUTY)), len(await room.sent(OTHER))) == (1, 1)  # the police had theirs


class Deaf:
    """A gateway that takes nothing."""

    async def send(self, message: Message) -> None:
        raise TextMessageError("the service answered 503")

    async def close(self) -> None: ...


async def test_the_log_of_deadlines_knows_how_the_unit_was_told(
    room: Room, contacts: UnitContacts, clock: ManualClock
) -> None:
    log = BreachLog(room.database, clock=clock)
    watch = DeadlineWatch(room.database, room.orders, clock=clock)
    await room.file(HEATING)

    async def told() -> Any:
        return [row["told"] for row in (await log.reminders())["items"]]

    clock.advance(20 * 3600)
    await watch.sweep()
    assert await told() == [[{"by": "sms", "state": "waiting"}]]
    await room.messages.send_due()  # the unit has no number
    assert await told() == [[]]
    await contacts.set(HEAT, DUTY, actor="seat:root")
    clock.advance(5 * 3600)
    await watch.sweep()
    failing = TextMessages(room.database, Deaf(), attempts=1, clock=clock)
    await failing.send_due()
    (breach,) = (await log.list(days=30))["items"]
    assert breach["told"] == [{"by": "sms", "state": "failed"}]
    async with room.database.read() as session:
        (row,) = (await session.execute(select(TextMessage).where(TextMessage.kind == "breach"))).scalars()
    assert row.detail == {"unit": HEAT, "problem": "the service answered 503"} and row.text == ""
    clock.advance(31 * 86_400)
    (breach,) = (await log.list(days=60))["items"]
    assert breach["told"] is None  # what was delivered is forgotten by now


async def test_a_contact_is_checked_masked_and_audited(
    database: Database, contacts: UnitContacts, clock: ManualClock
) -> None:
    for unit, number in ((HEAT, "010-12345678"), (HEAT, "1370000111"), ("", DUTY), ("长" * 129, DUTY)):
        with pytest.raises(UnitContactError) as refused:
            await contacts.set(unit, number, actor="seat:root")
        assert number not in str(refused.value)
    assert await contacts.all() == []
    await contacts.set(HEAT, DUTY, actor="seat:root")
    clock.advance(timedelta(hours=1).total_seconds())
    await contacts.set(HEAT, OTHER, actor="seat:root")
    await contacts.set(HEAT, "", actor="seat:root")
    await contacts.set(HEAT, "", actor="seat:root")  # there is nothing to take away
    logged = [(entry.subject, entry.detail) for entry in await AuditLog(database).entries(action="unit.contact")]
    assert logged[::-1] == [
        (HEAT, {"before": "", "after": "137****1111"}),
        (HEAT, {"before": "137****1111", "after": "136****2222"}),
        (HEAT, {"before": "136****2222", "after": ""}),
    ]


async def test_a_deadline_that_was_corrected_is_told_and_other_corrections_are_not(
    room: Room, contacts: UnitContacts
) -> None:
    await contacts.set(STREET, DUTY, actor="seat:root")
    number = await room.file(Assignment(STREET, "直派", (), "ordinary", 168, "属地"))
    await room.orders.change(number, "correct", actor="seat:s1", data={"fields": {"urgency": "sudden"}})
    assert len(await room.sent(DUTY)) == 1
    await room.orders.change(number, "correct", actor="seat:s1", data={"renew_deadline": True})
    assert (await room.sent(DUTY))[1:] == [
        f"【12345】紧急工单{number}（学院路街道，市政）的办理期限已改，请在01月05日12点00分前答复，登录工单办理页面查看。"
    ]
