"""The reason of an extension reaches callers too: by short message, and where none arrives a person calls."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from conversations_helpers import Room, rows
from sqlalchemy import select

from conversations import store
from seats.callbacks import Callbacks
from seats.reasons import EXTENSION
from storage.follow_up_tables import TextMessage
from storage.tables import CallbackTask, Conversation, Turn
from workorders.message_file import FileGateway
from workorders.model import Assignment, OrderDraft
from workorders.service import OrderService
from workorders.text_messages import Message, TextMessageError, TextMessages

UNIT, LANDLINE, MOBILE = "朝阳区双井街道办事处", "01065551234", "13900001234"
REASON = "灯杆配件周五到货。"


class Desk:
    """A room whose orders tell by short message, and what the desk sees."""

    def __init__(self, room: Room, path: Path) -> None:
        self.room, self.path = room, path
        self.messages = TextMessages(room.database, FileGateway(path, clock=room.clock), clock=room.clock)
        self.orders = OrderService(room.database, clock=room.clock, notices=self.messages)
        self.callbacks = Callbacks(room.database, clock=room.clock)

    async def called(self, number: str | None, *, channel: str = "phone", call: str = "call-1") -> str:
        opened = await self.room.service.open(channel, caller_number=number, call_id=call)
        conversation_id: str = opened.conversation_id
        await self.room.say("居住证丢了怎么补", conversation_id, channel=channel)
        if channel == "phone":
            await self.room.service.hang_up(conversation_id, reason="caller_hung_up")
        return conversation_id

    async def extended(
        self, conversation_id: str, phone: str, *, key: str = "c:1", reason: str = REASON, secret: bool = False
    ) -> str:
        assignment = Assignment(UNIT, "直派", (), "ordinary", 168, "属地管理")
        draft = OrderDraft(
            "投诉",
            "",
            "路灯不亮",
            "phone",
            conversation_id=conversation_id,
            contact_name="王小明",
            contact_phone=phone,
            confidential=secret,
            assignment=assignment,
        )
        async with self.room.database.write() as session:
            filed = await self.orders.file(session, draft, key=key, now=self.room.clock.now(), actor="bot:policy")
        await self.orders.change(
            filed.order_no, "extend", actor=f"unit:{UNIT}", note=reason, data={"deadline_hours": 48}
        )
        return filed.order_no

    async def swept(self) -> list[CallbackTask]:
        await asyncio.gather(self.room.service.sweep(), self.room.service.sweep())
        return await rows(self.room, CallbackTask)


@pytest.fixture
def desk(room: Room, tmp_path: Path) -> Desk:
    return Desk(room, tmp_path / "sent.jsonl")


async def test_a_caller_with_a_landline_is_called_by_a_person_and_told_why(desk: Desk) -> None:
    number = await desk.extended(await desk.called(LANDLINE), LANDLINE)
    (task,) = await desk.swept()
    assert (task.number, task.reason, task.status) == (LANDLINE, EXTENSION, "open")
    assert task.note == f"请电话告知市民：您的工单{number}办理期限延长到11月11日10点00分，原因是：灯杆配件周五到货。"
    (shown,) = await desk.callbacks.tasks()
    assert shown["reason_text"] == "工单延期，需电话告知原因"
    async with desk.room.database.read() as session:
        assert await desk.callbacks.for_the_bot(session, limit=5) == []
    assert len(await desk.swept()) == 1


async def test_whom_a_message_reaches_is_not_called_and_neither_is_a_chat(desk: Desk) -> None:
    await desk.extended(await desk.called(MOBILE), MOBILE)
    await desk.extended(await desk.called(None, channel="web"), LANDLINE, key="c:2")
    assert await desk.swept() == []
    await desk.messages.send_due()
    assert await desk.swept() == []


class Deaf:
    async def send(self, message: Message) -> None:
        raise TextMessageError("the service answered 503")

    async def close(self) -> None: ...


async def test_a_message_that_is_given_up_becomes_a_call(desk: Desk) -> None:
    number = await desk.extended(await desk.called(MOBILE), MOBILE)
    assert await desk.swept() == []
    await TextMessages(desk.room.database, Deaf(), attempts=1, clock=desk.room.clock).send_due()
    (task,) = await desk.swept()
    assert task.number == MOBILE and number in task.note and "灯杆配件" in task.note
    assert len(await desk.swept()) == 1 and (await desk.swept())[0].note == task.note
    async with desk.room.database.read() as session:
        found = select(TextMessage.status).where(TextMessage.kind == "extended")
        assert (await session.execute(found)).scalar_one() == "called"


async def test_a_task_that_was_done_is_opened_again_for_the_news(desk: Desk) -> None:
    conversation_id = await desk.called(LANDLINE)
    async with desk.room.database.write() as session:
        row = await session.get_one(Conversation, conversation_id)
        now = desk.room.clock.now()
        await store.promise_call_back(
            session, row, reason="caller_hung_up", number=LANDLINE, note="请再打来", due_at=now, now=now
        )
    (task,) = await rows(desk.room, CallbackTask)
    await desk.callbacks.set(task.id, "taken", seat_id="s1")
    await desk.callbacks.set(task.id, "done", seat_id="s1")
    desk.room.clock.advance(3_600)
    number = await desk.extended(conversation_id, LANDLINE)
    (task,) = await desk.swept()
    assert (task.status, task.reason, task.result, task.done_at) == ("open", EXTENSION, "", None)
    assert number in task.note and task.due_at > desk.room.clock.now()


async def test_who_calls_again_about_something_else_is_still_told(desk: Desk) -> None:
    await desk.extended(await desk.called(LANDLINE), LANDLINE)
    await desk.swept()
    again = await desk.called(LANDLINE, call="call-2")
    async with desk.room.database.write() as session:
        row = await session.get_one(Conversation, again)
        assert await store.called_again(session, row, now=desk.room.clock.now()) == 0
        now = desk.room.clock.now()
        await store.promise_call_back(
            session, row, reason="caller_hung_up", number=LANDLINE, note="又打来", due_at=now, now=now
        )
    open_ones = [task for task in await rows(desk.room, CallbackTask) if task.status != "done"]
    assert [(task.reason, "灯杆配件" in task.note) for task in open_ones] == [(EXTENSION, True)]


async def test_who_left_no_number_is_noted_on_the_order_once(desk: Desk) -> None:
    number = await desk.extended(await desk.called(None), "")
    assert await desk.swept() == [] and await desk.swept() == []
    view = await desk.orders.view(number, seat="s1")
    notes = [event["note"] for event in view.events if event["event"] == "note"]
    assert notes == ["市民没有留下可以联系的电话，延期的原因无法主动告知。"]
    assert "无法主动告知" not in json.dumps(view.public(), ensure_ascii=False)


async def test_a_secret_order_tells_the_reason_without_persons_and_no_sentence_is_cut(desk: Desk) -> None:
    long = "".join(f"第{count}处配件还没有到货，施工单位正在联系厂家。" for count in range(1, 30))
    conversation_id = await desk.called(MOBILE)
    await desk.extended(conversation_id, MOBILE, secret=True, reason="王小明家的配件未到，电话13900001234")
    await desk.extended(conversation_id, MOBILE, key="c:2", reason=long)
    await desk.messages.send_due()
    sent = [json.loads(line)["text"] for line in desk.path.read_text("utf-8").splitlines()]
    secret, cut = [text for text in sent if "延长到" in text]
    assert "原因：**家的配件未到" in secret and "王小明" not in secret and MOBILE not in secret
    assert cut.endswith("正在联系厂家（全文可凭工单编号和查询码查看）。") and len(cut) < 300


async def test_a_secret_order_tells_it_without_persons_in_its_conversation_and_to_whoever_calls(desk: Desk) -> None:
    reason = "王小明家的配件未到，电话13900001234"
    number = await desk.extended(await desk.called(LANDLINE), LANDLINE, secret=True, reason=reason)
    chat = await desk.called(None, channel="web")
    await desk.extended(chat, LANDLINE, key="c:2", secret=True, reason=reason)
    (task,) = await desk.swept()
    told = [turn.text for turn in await rows(desk.room, Turn) if "配件未到" in turn.text]
    assert len(told) == 2 and number in task.note
    for text in (task.note, *told):
        assert "**家的配件未到" in text and "王小明" not in text and MOBILE not in text


async def test_a_deadline_that_runs_anew_is_told_in_the_chat_and_to_callers(desk: Desk) -> None:
    told = "办理期限已重新计算，改为"
    by_phone = await desk.extended(await desk.called(LANDLINE), LANDLINE)
    by_chat = await desk.extended(await desk.called(None, channel="web"), "", key="c:2")
    for number in (by_phone, by_chat):
        await desk.orders.change(number, "correct", actor="seat:s1", data={"fields": {"title": "路灯"}})
        renewed = {"renew_deadline": True}
        await desk.orders.change(number, "correct", actor="seat:s1", note="值班长要求", data=renewed)
    (task,) = await desk.swept()
    assert f"您的工单{by_phone}{told}" in task.note and "值班长" not in task.note
    turns = [turn.text for turn in await rows(desk.room, Turn) if told in turn.text]
    assert sorted(by_phone in text for text in turns) == [False, True]


@pytest.mark.parametrize("objected", [False, True])
async def test_a_deadline_that_runs_anew_with_another_unit_is_told_like_any_other(desk: Desk, objected: bool) -> None:
    told, other = "办理期限已重新计算，改为", "朝阳区劲松街道办事处"
    by_phone = await desk.extended(await desk.called(LANDLINE), LANDLINE)
    by_chat = await desk.extended(await desk.called(None, channel="web"), "", key="c:2")
    as_before = await desk.extended(await desk.called(None, channel="web"), "", key="c:3")
    await desk.swept()
    for number in (by_phone, by_chat, as_before):
        if objected:
            await desk.orders.change(number, "object", actor=f"unit:{UNIT}", note="不归我们管")
        data = {"unit": other, "mode": "直派", "copies": []} | ({} if number == as_before else {"renew_deadline": True})
        event = "uphold" if objected else "dispatch"
        await desk.orders.change(number, event, actor="seat:s1", note="值班长要求", data=data)
    (task,) = await desk.swept()
    assert f"您的工单{by_phone}{told}" in task.note and "值班长" not in task.note
    turns = [turn.text for turn in await rows(desk.room, Turn) if told in turn.text]
    assert sorted(by_phone in text for text in turns) == [False, True] and as_before not in "".join(turns)
    assert (await desk.swept())[0].note == task.note
    assert len([turn for turn in await rows(desk.room, Turn) if told in turn.text]) == 2


async def test_a_message_about_it_that_is_given_up_becomes_a_call(desk: Desk) -> None:
    number = await desk.extended(await desk.called(MOBILE), MOBILE)
    await desk.messages.send_due()
    desk.room.clock.advance(60)
    data = {"unit": "朝阳区劲松街道办事处", "mode": "直派", "copies": [], "renew_deadline": True}
    await desk.orders.change(number, "dispatch", actor="seat:s1", note="值班长要求", data=data)
    assert await desk.swept() == []
    await TextMessages(desk.room.database, Deaf(), attempts=1, clock=desk.room.clock).send_due()
    (task,) = await desk.swept()
    assert task.number == MOBILE and f"您的工单{number}办理期限已重新计算" in task.note
