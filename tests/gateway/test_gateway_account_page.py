"""The second factor and one's own logins, as a person goes through them in Chromium."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import AsyncIterator

import pytest
from axe_findings import serious_findings
from gateway_helpers import Client, SmallConversations, origin
from needs import require
from playwright.async_api import Page, async_playwright, expect

from base.clock import ManualClock
from gateway.core import Core
from gateway.pages import DIST
from seats import totp

pytestmark = pytest.mark.long

PATIENCE_MS = 120_000
PASSWORD = "a-long-password"


@pytest.fixture
async def page(client: Client) -> AsyncIterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    require(chromium is not None, "no Chromium on this machine (Debian: apt-get install chromium)")
    require((DIST / "account.html").is_file(), "the front end is not built: run `make setup`")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
        page.set_default_timeout(PATIENCE_MS)
        page.set_default_navigation_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield page
        await browser.close()


async def _enter(page: Page, client: Client, name: str) -> None:
    await page.goto(f"{origin(client)['Origin']}/account")
    await page.get_by_label("账号").fill(name)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()


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
