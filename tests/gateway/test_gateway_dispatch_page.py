"""The dispatch desk and the correction of an order in Chromium, with logins of their roles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_findings import serious_findings
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations
from playwright.async_api import Page, expect

from gateway.core import Core
from workorders.model import OrderDraft

pytestmark = pytest.mark.long

PATIENCE_MS = 30_000
STREET, GOVERNMENT = "海淀区学院路街道办事处", "海淀区人民政府"


async def file(core: Core, key: str, **place: Any) -> str:
    draft = OrderDraft(
        "投诉", "路灯不亮", "小区门口的路灯不亮", "phone", contact_name="王小明", contact_phone="13900001234", **place
    )
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot:policy")
    return filed.order_no


@pytest.fixture
async def unit_page(client: Client, core: Core) -> AsyncIterator[Page]:
    await core.seats.add("dora", "a-long-password", role="dispatcher", display_name="分派员")
    async with chromium_page("unit.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        yield page


async def test_a_dispatcher_asks_where_it_is_and_gives_the_order_to_its_street(
    unit_page: Page, client: Client, core: Core
) -> None:
    number, page = await file(core, "c:1"), unit_page
    await log_in(page, client, "/unit", "dora")
    panel = page.get_by_role("region", name="待分派")  # what a dispatcher sees first
    await expect(panel).to_contain_text("地点不明")
    await expect(panel).not_to_contain_text("13900001234")
    await panel.get_by_role("button", name=f"分派工单{number}").click()
    await panel.get_by_role("button", name="显示联系方式").click()
    await expect(panel).to_contain_text("王小明 13900001234")
    await panel.get_by_label("选区名").select_option("海淀区")
    await panel.get_by_label("选街乡").select_option("学院路街道")
    await expect(panel).to_contain_text(f"将派给{STREET}（直派，抄送{GOVERNMENT}）")
    assert await serious_findings(page) == []
    unit = panel.get_by_role("textbox", name="承办单位")
    await unit.fill("海淀区没有这个单位")
    await panel.get_by_role("button", name="派单", exact=True).click()
    await expect(panel.get_by_role("alert")).to_contain_text("没有名为“海淀区没有这个单位”的承办单位")
    await unit.fill("学院路街道")
    await panel.get_by_role("list", name="可以选择的单位").get_by_role("button", name=STREET).click()
    await panel.get_by_label("详细地址").fill("学院路5号")
    await panel.get_by_role("button", name="派单", exact=True).click()
    await expect(panel.get_by_role("status")).to_contain_text(f"已派给{STREET}，抄送{GOVERNMENT}")
    await expect(panel).to_contain_text("没有待分派的工单。")
    view = await core.orders.view(number, seat="s")
    assert (view.unit, view.fields["copies"], view.fields["address"]) == (STREET, [GOVERNMENT], "学院路5号")


async def test_a_seat_corrects_the_place_and_takes_what_is_proposed(
    desk: Client, core: Core, small: SmallConversations
) -> None:
    number = await file(core, "c:1", district="海淀区", street="学院路街道")
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await log_in(page, desk, "/seat", "ann")
        await expect(page.get_by_text("在线", exact=True)).to_be_visible()
        await page.locator("h1").click()
        await page.keyboard.press("w")
        await page.get_by_role("button", name=number).click()
        detail = page.get_by_role("region", name="工单详情")
        await detail.get_by_role("button", name="更正内容").click()
        form = detail.get_by_role("region", name="更正工单内容")
        await form.get_by_label("区", exact=True).fill("朝阳区")
        await form.get_by_label("街道（乡镇）").fill("望京街道")
        await form.get_by_label("联系电话").fill("13900005678")
        await form.get_by_role("button", name="保存更正").click()
        await expect(form).to_contain_text("应由朝阳区望京街道办事处（直派，抄送朝阳区人民政府）办理")
        assert (await core.orders.view(number, seat="s")).unit == STREET
        history = detail.get_by_role("list", name="经过")
        await expect(history).to_contain_text("已更正工单内容（区、街道（乡镇）、联系电话）")
        await expect(history).to_contain_text("海淀区 → 朝阳区")
        await expect(history).not_to_contain_text("13900001234")
        assert await serious_findings(page) == []
        await form.get_by_role("button", name="按建议改派").click()
        await expect(form.get_by_role("status")).to_contain_text("已改派给朝阳区望京街道办事处")
    view = await core.orders.view(number, seat="s")
    assert (view.unit, view.fields["copies"]) == ("朝阳区望京街道办事处", ["朝阳区人民政府"])
    assert view.contact()["contact_phone"] == "13900005678"
