"""A page in a real Chromium, for the tests of pages that need no processes of their own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gateway_helpers import Client, origin
from needs import require
from playwright.async_api import Page, async_playwright, expect

from gateway.pages import DIST


@asynccontextmanager
async def chromium_page(
    built: str, *, patience_ms: int, options: Sequence[str] = ("--no-sandbox",), **context: Any
) -> AsyncIterator[Page]:
    """`built`: the page that must have been built, e.g. `seat.html`; `context`: of the browser, beside its size."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    require(chromium is not None, "no Chromium on this machine (Debian: apt-get install chromium)")
    require((DIST / built).is_file(), "the front end is not built: run `make setup`")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(options))
        opened = await browser.new_context(**{"viewport": {"width": 1366, "height": 860}, **context})
        page = await opened.new_page()
        page.set_default_timeout(patience_ms)
        page.set_default_navigation_timeout(patience_ms)
        expect.set_options(timeout=patience_ms)
        yield page
        await browser.close()


async def log_in(page: Page, client: Client, path: str, login: str, password: str = "a-long-password") -> None:
    """Open a page of staff and log in there."""
    await page.goto(f"{origin(client)['Origin']}{path}")
    await page.get_by_label("账号").fill(login)
    await page.get_by_label("密码").fill(password)
    await page.get_by_role("button", name="登录").click()
