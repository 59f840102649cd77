"""The second factor and one's own logins, as a person goes through them in Chromium."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator

import pytest
from axe_findings import serious_findings
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations
from playwright.async_api import Page, expect

from base.clock import ManualClock
from gateway.core import Core
from seats import totp

pytestmark = pytest.mark.long

PATIENCE_MS = 120_000
PASSWORD = "a-long-password"


@pytest.fixture
async def page(client: Client) -> AsyncIterator[Page]:
    size = {"width": 1280, "height": 900}
    async with chromium_page("account.html", patience_ms=PATIENCE_MS, viewport=size, bypass_csp=True) as page:
        yield page


async def _enter(page: Page, client: Client, name: str) -> None:
    await log_in(page, client, "/account", name, PASSWORD)


async def test_a_role_that_needs_a_second_factor_gets_one_and_is_asked_for_it(
    page: Page, client: Client, core: Core, clock: ManualClock, small: SmallConversations
) -> None:
    core.settings.security.second_factor_roles = ["admin"]
    await core.seats.add("root", PASSWORD, role="admin", display_name="管理员甲")
    await _enter(page, client, "root")
    await expect(page.get_by_role("heading", name="启用动态口令")).to_be_visible()
    shown = re.sub(r"\s", "", await page.locator("code.secret").inner_text())

    def code() -> str:
        return totp.code(base64.b32decode(shown), totp.step_of(clock.now()))

    await page.get_by_label("验证码").fill("000000" if code() != "000000" else "111111")
    await page.get_by_role("button", name="确认").click()
    await expect(page.get_by_role("alert")).to_contain_text("验证码不正确")
    await page.get_by_label("验证码").fill(code())
    await page.get_by_role("button", name="确认").click()
    await expect(page.get_by_role("listitem")).to_have_count(10)
    recovery = await page.get_by_role("listitem").first.inner_text()
    await page.get_by_role("button", name="我已保存").click()
    await expect(page.get_by_role("heading", name="我的登录")).to_be_visible()
    await expect(page.get_by_text("本次登录")).to_be_visible()
    await expect(page.get_by_role("region", name="审计日志")).to_contain_text("启用动态口令")

    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    await _enter(page, client, "root")
    await expect(page.get_by_role("heading", name="动态口令")).to_be_visible()
    await page.get_by_label("验证码").fill(recovery)
    await page.get_by_role("button", name="确认").click()
    await expect(page.get_by_role("region", name="审计日志")).to_contain_text("使用恢复码")


async def test_another_login_is_ended_and_another_account_gets_a_role(
    page: Page, client: Client, core: Core, small: SmallConversations
) -> None:
    admin = await core.seats.add("root", PASSWORD, role="admin")
    seat = await core.seats.add("ann", PASSWORD)
    stolen = await core.seats.open_session(admin.id)
    working = await core.seats.open_session(seat.id)
    await _enter(page, client, "root")
    mine = page.get_by_role("region", name="我的登录")
    await expect(mine.get_by_role("row")).to_have_count(3)  # with its head
    for width in (320, 768, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, width
        assert await serious_findings(page) == [], width
    await mine.get_by_role("button", name="结束其他登录").click()
    await expect(mine.get_by_role("row")).to_have_count(2)
    assert await core.seats.identify(stolen) is None
    await page.get_by_label("ann的角色").select_option("editor")
    await expect(page.get_by_text("角色已改为知识编辑")).to_be_visible()
    assert await core.seats.identify(working) is None
    known = await core.seats.account(seat.id)
    assert known is not None and known.role == "editor"
