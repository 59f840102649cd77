"""The desk in Chromium: what stands beside call-backs and orders, what outlives a reload, narrow windows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_findings import serious_findings
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations
from playwright.async_api import Page, expect
from sqlalchemy import update

from base.ids import new_id
from conversations.messages import CitizenTurn
from gateway.core import Core
from storage.sealed_files import ALAW_FRAMES, SealedWriter
from storage.tables import CallbackTask, Conversation
from workorders.model import Assignment, OrderDraft

pytestmark = pytest.mark.long

PATIENCE_MS = 30_000
WORDS = "我们已经联系了承办单位"


@pytest.fixture
async def page(desk: Client) -> AsyncIterator[Page]:
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await log_in(page, desk, "/seat", "ann")
        await expect(page.get_by_text("在线", exact=True)).to_be_visible()
        yield page


async def a_citizen(small: SmallConversations, words: str) -> str:
    known = (await small.open("phone")).conversation_id
    await small.citizen_turn(known, CitizenTurn(words, "phone"))
    return known


async def test_a_call_back_has_its_conversation_its_recording_and_a_note(
    page: Page, core: Core, small: SmallConversations
) -> None:
    known = await a_citizen(small, "路灯坏了三天，请打13900001234")
    path = core.settings.var / "recordings" / "broken.wav"
    path.parent.mkdir(parents=True)
    writer = SealedWriter(path, core.database.keyring, chunk_bytes=4_000, flags=ALAW_FRAMES)
    writer.write(bytes(9_000))
    writer.close()  # the phone died while it wrote
    assert await core.recordings.note(known, str(path))
    now = core.clock.now()
    task = CallbackTask(id=new_id("cb_"), conversation_id=known, number="13900001234", reason="lost", due_at=now,
                        created_at=now)  # fmt: skip
    async with core.database.write() as session:
        session.add(task)
    await page.locator("h1").click()
    await page.keyboard.press("d")
    table = page.get_by_role("region", name="回电任务表")
    await expect(table).to_contain_text("系统中断，通话丢失")
    await table.get_by_role("button", name="领取").click()
    await table.get_by_label("回电备注").fill("晚上再打")
    await table.get_by_role("button", name="听录音").click()
    await expect(table.get_by_label("通话录音1", exact=True)).to_be_visible()
    await expect(table).to_contain_text("没有录完整")
    await table.get_by_role("button", name="联系不上").click()
    await expect(table).to_contain_text("备注：晚上再打")
    await table.get_by_role("button", name="看会话").click()
    await expect(page.get_by_role("log", name="对话记录")).to_contain_text("路灯坏了三天")


async def test_replies_and_notes_stay_with_their_conversation_over_a_reload(
    page: Page, small: SmallConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ("路灯坏了", "井盖丢了"):
        known = await a_citizen(small, words)
        await small.citizen_turn(known, CitizenTurn("人工", "phone"))
    lists = page.get_by_role("region", name="排队与我的会话")
    for _ in range(2):
        await lists.get_by_role("button", name="接起").first.click()
        await expect(page.get_by_label("回复市民")).to_be_visible()
    mine = lists.get_by_role("list").last.locator(".card")
    await expect(mine).to_have_count(2)
    await mine.first.click()
    record = page.get_by_role("log", name="对话记录")
    first = await record.locator(".turn.citizen .said").first.inner_text()
    await page.get_by_role("tab", name="备注").click()
    await page.get_by_label("写备注").fill("老人独居")
    await mine.last.click()
    await expect(record.locator(".turn.citizen .said").first).not_to_have_text(first)
    await expect(page.get_by_label("写备注")).to_have_value("")
    await mine.first.click()
    await expect(page.get_by_label("写备注")).to_have_value("老人独居")
    await page.get_by_label("小结", exact=True).select_option(index=1)
    chosen = await page.get_by_label("小结", exact=True).input_value()

    with monkeypatch.context() as patch:
        released = asyncio.Event()

        async def lost(*_: Any, **__: Any) -> None:
            await released.wait()
            raise ConnectionResetError

        patch.setattr(small, "seat_message", lost)
        await page.get_by_label("回复市民").fill(WORDS)
        await page.get_by_label("回复市民").press("Enter")
        await expect(page.locator(".turn.pending")).to_contain_text(WORDS)
    await page.reload()
    released.set()
    await expect(page.locator(".turn.seat:not(.pending)")).to_contain_text(WORDS)
    await expect(page.locator(".turn.pending")).to_have_count(0)
    await expect(page.get_by_label("小结", exact=True)).to_have_value(chosen)
    await page.get_by_role("tab", name="备注").click()
    await expect(page.get_by_label("写备注")).to_have_value("老人独居")
    await page.locator("h1").click()
    await page.keyboard.press("Shift+E")
    await expect(page.get_by_text("我的会话（1）")).to_be_visible()


async def test_what_was_filed_is_not_filed_again_and_opens_as_an_order(
    page: Page, core: Core, small: SmallConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = small.snapshot

    async def known_to_the_bot(conversation_id: str) -> dict[str, Any]:
        values = {"request_type": "求助", "title": "路灯不亮", "detail": "学院路的路灯坏了三天"}
        order = {name: {"value": value, "confidence": 0.9} for name, value in values.items()}
        return {**await snapshot(conversation_id), "order": order}

    monkeypatch.setattr(small, "snapshot", known_to_the_bot)
    known = await a_citizen(small, "路灯坏了")
    await small.citizen_turn(known, CitizenTurn("人工", "phone"))
    await page.get_by_role("button", name="接起").first.click()
    await expect(page.locator("#field-title")).to_have_value("路灯不亮")
    async with core.database.write() as session:  # the small room keeps this in memory only
        mine = update(Conversation).where(Conversation.id == known).values(seat_id=small.seat[known])
        await session.execute(mine)
    await expect(page.get_by_role("button", name="登记工单")).to_be_enabled()  # the page knows that it is its own
    await page.keyboard.press("Control+Enter")
    told = page.get_by_text("已登记，工单号")
    await expect(told).to_be_visible()
    number = (await told.first.inner_text()).split("工单号")[-1].strip()
    await expect(page.get_by_role("region", name="可能重复的工单")).to_have_count(0)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text(f"这些内容已经登记为工单 {number}")).to_be_visible()
    assert len(await core.orders.search(status=None, text="", limit=10)) == 1
    await page.reload()
    await expect(told).to_be_visible()  # with its tracking code
    await page.keyboard.press("w")
    await page.get_by_role("button", name=f"打开工单{number}").click()
    await expect(page.get_by_role("region", name="工单详情")).to_contain_text("路灯坏了三天")
    await page.keyboard.press("q")
    await page.get_by_role("button", name="结束会话").click()
    await expect(page.get_by_text("还没有接起会话")).to_be_visible()
    assert [disposition for _, _, disposition in small.finished] == ["order_filed"]


async def test_orders_are_read_in_a_narrow_window(page: Page, core: Core) -> None:
    assignment = Assignment("望京街道办事处", "直派", (), "ordinary", 24, "噪声")
    draft = OrderDraft("投诉", "楼下饭馆半夜还在放音乐，影响休息", "半夜放音乐", "web", assignment=assignment)
    async with core.database.write() as session:
        await core.orders.file(session, draft, key="k1", now=core.clock.now(), actor="bot")
    await page.set_viewport_size({"width": 320, "height": 800})
    await page.get_by_role("button", name="工单", exact=True).click()
    for opened in (False, True):
        if opened:
            await page.get_by_role("button", name="打开工单").first.click()
            await expect(page.get_by_role("region", name="工单详情")).to_contain_text("半夜放音乐")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, opened
        assert await serious_findings(page) == [], opened
