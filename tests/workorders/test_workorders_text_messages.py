"""Short messages: written with the event, sent at least once, forgotten afterwards, and never in a log."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from base.clock import ManualClock, local
from base.errors import ConfigurationError
from base.sections.orders import TextMessageSettings
from storage.engine import Database
from storage.follow_up_tables import TextMessage
from workorders.message_file import FileGateway, RotationRules
from workorders.message_gateways import HttpGateway, gateway_of
from workorders.model import Assignment, OrderDraft
from workorders.service import OrderService
from workorders.text_messages import Message, MessageGateway, TextMessageError, TextMessages, mobile

UNIT, NUMBER = "市热力集团", "13900001234"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def life(
    database: Database, messages: TextMessages, clock: ManualClock, *, phone: str = NUMBER
) -> tuple[str, str]:
    """An order that was filed, extended and answered; its number and code."""
    orders = OrderService(database, clock=clock, notices=messages)
    assignment = Assignment(UNIT, "直派", (), "ordinary", 168, "职责")
    draft = OrderDraft("投诉", "", "暖气不热", "phone", contact_phone=NUMBER, assignment=assignment)
    async with database.write() as session:
        filed = await orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")
    async with database.write() as session:
        await orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")  # the same once more
    for event, note, data in (
        ("accept", "", {}),
        ("extend", "等配件", {"deadline_hours": 48}),
        ("answer", "已修好", {}),
    ):
        await orders.change(filed.order_no, event, actor=f"unit:{UNIT}", note=note, data=data)
    return filed.order_no, filed.tracking_code


async def rows(database: Database) -> list[TextMessage]:
    async with database.read() as session:
        return list((await session.execute(select(TextMessage).order_by(TextMessage.created_at))).scalars())


async def test_three_messages_in_a_file_that_only_we_can_read(
    database: Database, clock: ManualClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "messages" / "sent.jsonl"
    messages = TextMessages(database, FileGateway(path, clock=clock), clock=clock)
    number, code = await life(database, messages, clock)
    assert await messages.send_due() == 3 and await messages.send_due() == 0
    sent = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert {line["number"] for line in sent} == {NUMBER} and all(number in line["text"] for line in sent)
    assert sum(code in line["text"] for line in sent) == 1 and sum("等配件" in line["text"] for line in sent) == 1
    assert path.stat().st_mode & 0o077 == 0
    for row in await rows(database):
        assert row.status == "sent" and row.text == "" and NUMBER not in row.number
    logged = capsys.readouterr()
    assert NUMBER not in logged.out + logged.err and code not in logged.out + logged.err


class Service:
    """An HTTP service that refuses, then takes."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.bodies, self.tokens = list(statuses), list[dict[str, Any]](), list[str]()

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        self.tokens.append(request.headers.get("Authorization", ""))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


async def serve(service: Service) -> TestServer:
    app = web.Application()
    app.router.add_post("/sms", service.take)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_a_service_that_fails_is_tried_again_and_given_up_in_the_end(
    database: Database, clock: ManualClock
) -> None:
    service = Service(500, 302, *[503] * 20)
    server = await serve(service)
    gateway: MessageGateway = HttpGateway(str(server.make_url("/sms")), token="secret")
    messages = TextMessages(database, gateway, attempts=3, clock=clock)
    orders = OrderService(database, clock=clock, notices=messages)
    draft = OrderDraft(
        "投诉",
        "",
        "暖气不热",
        "phone",
        contact_phone=NUMBER,
        assignment=Assignment(UNIT, "直派", (), "ordinary", 168, ""),
    )
    async with database.write() as session:
        await orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")
    for _ in range(5):
        await messages.send_due()
        clock.advance(121)
    (row,) = await rows(database)
    assert (row.status, row.attempts, row.text) == ("failed", 3, "") and row.detail == {
        "problem": "the service answered 503"
    }
    assert len(service.bodies) == 3 and set(service.tokens) == {"Bearer secret"}
    assert len({body["id"] for body in service.bodies}) == 1
    await messages.close()
    await server.close()


async def test_nothing_is_kept_where_it_is_off_or_the_number_takes_none(database: Database, clock: ManualClock) -> None:
    await life(database, TextMessages(database, None, clock=clock), clock)
    assert await rows(database) == []
    assert (
        mobile("+86 139-0000-1234") == NUMBER and mobile("010-12345678") == mobile(None) == mobile("1390000123") == ""
    )


def test_what_is_set_is_checked(tmp_path: Path) -> None:
    assert gateway_of(TextMessageSettings(gateway="none"), tmp_path) is None
    assert isinstance(gateway_of(TextMessageSettings(), tmp_path), FileGateway)
    for wrong in ({"url": ""}, {"url": "ftp://x"}, {"url": "http://x", "token_env": "NO_SUCH_TOKEN"}):
        with pytest.raises(ConfigurationError):
            gateway_of(TextMessageSettings(gateway="http", **wrong), tmp_path, environment={})


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _ids(*files: Path) -> list[str]:
    return [json.loads(line)["id"] for file in files for line in file.read_text("utf-8").splitlines()]


async def test_the_file_is_set_aside_by_size_and_by_age_and_no_line_is_lost(tmp_path: Path, clock: ManualClock) -> None:
    path, rules = tmp_path / "sent.jsonl", RotationRules(1_000, timedelta(days=2))
    writers = [FileGateway(path, rules=rules, clock=clock) for _ in range(4)]  # as many cores
    wanted = [f"m{number}" for number in range(60)]
    await asyncio.gather(*(writers[at % 4].send(Message(one, NUMBER, "已答复")) for at, one in enumerate(wanted)))
    assert sorted(_ids(*_files(tmp_path))) == sorted(wanted) and len(_files(tmp_path)) > 4
    assert all(file.stat().st_size <= 1_000 and file.stat().st_mode & 0o077 == 0 for file in _files(tmp_path))
    before = len(_files(tmp_path))
    clock.advance(3 * 86_400)
    await writers[0].send(Message("late", NUMBER, "已答复"))
    assert len(_files(tmp_path)) == before + 1 and _ids(path) == ["late"]


async def test_half_a_line_is_taken_back(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sent.jsonl"
    gateway = FileGateway(path, clock=clock)
    await gateway.send(Message("one", NUMBER, "已答复"))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _no_space)
        with pytest.raises(TextMessageError, match="No space left"):
            await gateway.send(Message("two", NUMBER, "已答复"))
    await gateway.send(Message("three", NUMBER, "已答复"))
    assert _ids(path) == ["one", "three"]


def _no_space(_handle: int) -> None:
    raise OSError(28, "No space left on device")


async def test_whoever_waits_is_told_that_the_deadline_runs_anew_and_not_why(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    path = tmp_path / "sent.jsonl"
    messages = TextMessages(database, FileGateway(path, clock=clock), clock=clock)
    orders = OrderService(database, clock=clock, notices=messages)
    draft = OrderDraft("投诉", "", "暖气不热", "phone", contact_phone=NUMBER)
    async with database.write() as session:
        filed = await orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")
    await orders.change(filed.order_no, "correct", actor="seat:s1", data={"fields": {"urgency": "sudden"}})
    renewed = {"renew_deadline": True}
    view = await orders.change(filed.order_no, "correct", actor="seat:s1", note="值班长要求", data=renewed)
    await messages.send_due()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    (text,) = [line["text"] for line in lines if line["number"] == NUMBER and "受理" not in line["text"]]
    assert view.deadline_at is not None
    assert text == f"【12345】您的工单{filed.order_no}办理期限已重新计算，改为{local(view.deadline_at):%m月%d日%H点}。"
