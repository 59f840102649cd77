"""What citizens write is text wherever the staff read it: every field that they control, as Chromium shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations, origin
from playwright.async_api import Page, expect

from base.ids import new_id
from conversations.messages import CitizenTurn
from gateway.core import Core
from gateway.mining_work import mine_when_due
from storage.tables import CallbackTask, Unanswered
from workorders.model import Assignment, OrderDraft

pytestmark = pytest.mark.long

PATIENCE_MS = 120_000
# An element that acts, one that breaks out of an attribute, a template of the front end, an address that is a script.
_ATTACKS = (
    "<img src=x onerror=\"window.hacked='img'\">",
    '"><svg onload="window.hacked=\'svg\'">',
    "{{constructor.constructor(\"window.hacked='template'\")()}}",
    "<a href=\"javascript:window.hacked='link'\">请点这里</a>",
    "</textarea><script>window.hacked='script'</script>",
)


def attack(field: str) -> str:
    """Every attack, and a word by which the field is found again."""
    return f"{field}始 {' '.join(_ATTACKS)} {field}终"


@pytest.fixture
async def desk(desk: Client, core: Core) -> Client:
    """With a leader and a unit."""
    await core.seats.add("chief", "a-long-password", display_name="安安", role="leader")
    await core.seats.add("heat", "a-long-password", role="unit", unit="市热力集团")
    return desk


@pytest.fixture
async def page(desk: Client) -> AsyncIterator[Page]:
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS) as page:
        yield page


async def _harmless(page: Page) -> None:
    """Nothing ran, and nothing of it became an element."""
    assert await page.evaluate("window.hacked") is None
    made = page.locator('img[src="x"], a[href^="javascript:"], svg[onload], script:not([src]):not([type])')
    assert await made.count() == 0


async def _order(core: Core, conversation_id: str) -> str:
    fields: dict[str, Any] = {
        name: attack(name) for name in ("title", "detail", "address", "event_time", "subject", "appeal", "contact_name")
    }
    fields["title"] = fields["title"][:190]
    draft = OrderDraft(
        "投诉",
        fields.pop("title"),
        fields.pop("detail"),
        "wechat",
        contact_phone="<b>139</b>",
        conversation_id=conversation_id,
        assignment=Assignment("市热力集团", "直派", (), "ordinary", 24, "供热"),
        **fields,
    )
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key="attack:1", now=core.clock.now(), actor="bot")
    return filed.order_no


async def test_the_desk_shows_text_as_text(page: Page, desk: Client, core: Core, small: SmallConversations) -> None:
    known = (await small.open("wechat")).conversation_id
    await small.citizen_turn(known, CitizenTurn(attack("聊天"), "wechat"))
    await small.citizen_turn(known, CitizenTurn("人工", "wechat"))
    now = core.clock.now()
    async with core.database.write() as session:
        session.add(
            CallbackTask(
                id=new_id("cb_"),
                conversation_id=known,
                number="<b>1</b>",
                reason="seat",
                note=attack("备注"),
                due_at=now,
                created_at=now,
            )
        )
    await _order(core, known)
    await log_in(page, desk, "/seat", "chief")
    queue = page.get_by_role("region", name="排队与我的会话")
    await queue.get_by_role("button", name="接起").first.click()
    await expect(page.get_by_role("log", name="对话记录")).to_contain_text(_ATTACKS[0])
    await expect(page.get_by_role("log", name="对话记录")).to_contain_text("聊天终")
    await _harmless(page)
    await page.get_by_role("button", name="工单", exact=True).click()
    await expect(page.get_by_role("region", name="工单表")).to_contain_text("title始")
    await page.get_by_role("button", name="打开工单").first.click()
    detail = page.get_by_role("region", name="工单详情")
    for field in ("detail", "address", "subject", "appeal"):
        await expect(detail).to_contain_text(f"{field}终")
    await expect(detail).to_contain_text("event_time始")  # it is cut to its length
    await _harmless(page)
    await detail.get_by_role("button", name="显示联系方式").click()
    await expect(detail).to_contain_text("contact_name始")
    await _harmless(page)
    await page.get_by_role("button", name="回电", exact=True).click()
    await page.get_by_role("button", name="显示号码").click()
    await expect(page.get_by_text("<b>1</b>")).to_be_visible()
    await _harmless(page)


async def test_the_unit_sees_text_as_text(page: Page, desk: Client, core: Core, small: SmallConversations) -> None:
    known = (await small.open("wechat")).conversation_id
    await _order(core, known)
    await log_in(page, desk, "/unit", "heat")
    await page.get_by_role("row").filter(has_text="title始").get_by_role("button").click()
    for field in ("detail", "address", "subject", "appeal"):
        await expect(page.locator("body")).to_contain_text(f"{field}终")
    await _harmless(page)


async def test_an_attachment_s_name_is_text(page: Page, desk: Client, core: Core, small: SmallConversations) -> None:
    number = await _order(core, (await small.open("wechat")).conversation_id)

    async def picture() -> AsyncIterator[bytes]:
        yield b"\x89PNG\r\n\x1a\n" + bytes(200)

    await core.attachments.add(number, f"名始{_ATTACKS[0]}", picture(), actor="citizen")
    await log_in(page, desk, "/unit", "heat")
    await page.get_by_role("row").filter(has_text="title始").get_by_role("button").click()
    await expect(page.locator("body")).to_contain_text("名始")
    await _harmless(page)


async def test_the_wall_shows_text_as_text(page: Page, desk: Client, small: SmallConversations) -> None:
    known = (await small.open("wechat")).conversation_id
    await small.citizen_turn(known, CitizenTurn(attack("聊天"), "wechat"))
    await small.citizen_turn(known, CitizenTurn("人工", "wechat"))
    await log_in(page, desk, "/leader", "chief")
    await page.get_by_role("region", name="会话", exact=True).get_by_role("button", name="查看").first.click()
    await expect(page.get_by_role("log", name="对话记录")).to_contain_text("聊天终")
    await _harmless(page)


async def test_the_citizens_page_shows_text_as_text(page: Page, desk: Client, small: SmallConversations) -> None:
    """Their own words, the bot's that repeat them, and a seat's."""
    await page.goto(f"{origin(desk)['Origin']}/")
    words = page.get_by_label("请输入您的问题或诉求")
    await words.fill(attack("市民"))
    await words.press("Enter")
    record = page.get_by_role("log")
    await expect(record).to_contain_text("您说的是：市民始")
    await words.fill("人工")
    await words.press("Enter")
    await expect(record).to_contain_text("您说的是：人工")
    (known,) = [one for one, status in small.status.items() if status == "waiting"]
    assert await small.claim(known, "s_1")
    await small.seat_message(known, "s_1", attack("坐席"))
    await expect(record).to_contain_text("坐席终")
    await _harmless(page)


async def test_the_editor_reads_questions_as_text(page: Page, desk: Client, core: Core) -> None:
    question = f"共有产权房可以落户吗 {_ATTACKS[0]}"
    async with core.database.write() as session:
        for number in range(3):
            session.add(
                Unanswered(
                    conversation_id=f"c{number}", text=question, reason="nothing_near", offered=[], at=core.clock.now()
                )
            )
    await mine_when_due(core)
    await core.seats.add("ed", "a-long-password", role="editor")
    await log_in(page, desk, "/admin", "ed")
    await page.get_by_role("button", name="未答上的问题").click()
    await expect(page.locator("article").first).to_contain_text("onerror")
    await _harmless(page)
