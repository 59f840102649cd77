"""A unit's page looks for new orders by itself, and an admin's page says where units are told: in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from axe_findings import serious_findings
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations
from playwright.async_api import Page, expect

from base.clock import ManualClock
from gateway.core import Core
from workorders.alerts import DeadlineWatch
from workorders.model import Assignment, OrderDraft

pytestmark = pytest.mark.long

PATIENCE_MS = 120_000
PASSWORD = "a-long-password"
STREET, POLICE = "海淀区学院路街道办事处", "海淀区公安分局"
_HEARD = """
  window.tones = 0
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...more) { window.tones += 1; return start.apply(this, more) }
"""


@pytest.fixture
async def page(client: Client) -> AsyncIterator[Page]:
    async with chromium_page("unit.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await page.clock.install()
        await page.add_init_script(_HEARD)
        yield page


async def _file(core: Core, key: str, assignment: Assignment) -> str:
    draft = OrderDraft("求助", "井盖丢了", "路口井盖丢了", "web", district="海淀区", assignment=assignment)
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot:policy")
    return filed.order_no


async def test_an_urgent_order_is_seen_heard_and_counted_without_a_click(
    page: Page, client: Client, core: Core, small: SmallConversations
) -> None:
    await core.seats.add("street", PASSWORD, role="unit", unit=STREET)
    await log_in(page, client, "/unit", "street")
    await expect(page.get_by_text("没有这样的工单。")).to_be_visible()
    await expect(page).to_have_title("承办单位 · 12345")
    await _file(core, "c:1", Assignment(STREET, "直派", (), "ordinary", 168, "属地管理"))
    await page.clock.run_for(31_000)
    await expect(page).to_have_title("（1件待签收）承办单位 · 12345")
    await expect(page.get_by_role("row").filter(has_text="井盖丢了")).to_have_count(1)
    assert await page.evaluate("window.tones") == 0
    number = await _file(core, "c:2", Assignment(STREET, "双派", (POLICE,), "sudden", 2, "突发情况"))
    await page.clock.run_for(31_000)
    await expect(page.get_by_role("alert")).to_contain_text(number)
    await expect(page).to_have_title("（2件待签收）承办单位 · 12345")
    assert await page.evaluate("window.tones") == 3
    await page.clock.run_for(31_000)
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await page.evaluate("window.tones") == 3  # heard once
    assert await serious_findings(page) == []
    await page.get_by_role("alert").get_by_role("button", name=number).click()
    await page.get_by_role("button", name="签收").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(page).to_have_title("（1件待签收）承办单位 · 12345")


async def test_an_admin_gives_a_unit_its_number_and_the_deadlines_say_that_it_was_told(
    page: Page, client: Client, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    await core.seats.add("root", PASSWORD, role="admin")
    await core.seats.add("street", PASSWORD, role="unit", unit=STREET)
    await log_in(page, client, "/account", "root")
    contacts = page.get_by_role("region", name="承办单位通知手机")
    await contacts.get_by_label("承办单位", exact=True).fill(STREET)
    await contacts.get_by_label("手机号码（11位）").fill("1370000111")
    await contacts.get_by_role("button", name="保存").click()
    await expect(contacts.get_by_role("alert")).to_contain_text("请填写11位手机号码。")
    await contacts.get_by_label("手机号码（11位）").fill("13700001111")
    await contacts.get_by_role("button", name="保存").click()
    await expect(contacts.get_by_role("cell", name="137****1111")).to_be_visible()
    assert await serious_findings(page) == []
    await page.get_by_role("button", name="退出").click()

    await _file(core, "c:1", Assignment(STREET, "直派", (), "utility", 24, "属地管理"))
    await _file(core, "c:2", Assignment(POLICE, "直派", (), "utility", 24, "职责"))
    clock.advance(23 * 3600)
    await DeadlineWatch(core.database, core.orders, clock=clock).sweep()
    await core.text_messages.send_due()
    await core.seats.add("dispatcher", PASSWORD, role="dispatcher")
    await log_in(page, client, "/unit", "dispatcher")
    await page.get_by_role("button", name="期限", exact=True).click()
    near = page.get_by_role("list", name="期限将至").get_by_role("listitem")
    await expect(near.filter(has_text=STREET)).to_contain_text("短信已发出")
    await expect(near.filter(has_text=POLICE)).to_contain_text("只显示在工单办理页面")
