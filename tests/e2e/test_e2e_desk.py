"""Two seats and several citizens at once in real browsers: offers, what is left when a browser or the core dies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from hotline.trial.desk import file_offered, hand_over, log_in
from hotline.trial.system import System
from seats.store import SeatStore
from storage.engine import Database

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(600)]
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PATIENCE_MS = 20_000
PASSWORD = "a-long-password"


@pytest.fixture(scope="module")
def system(short_directory: Path, models: Path, short_desk_times: dict[str, str]) -> Iterator[System]:
    """A system of its own: who is offered what depends on everybody who waits, and other scenes leave some waiting."""
    del models
    running = System(short_directory / "desk", short_desk_times)
    running.prepare()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: Path) -> Iterator[Browser]:
    running = playwright.chromium.launch(executable_path=str(chromium), args=OPTIONS)
    yield running
    running.close()


def add_seats(system: System, *logins: str) -> None:
    async def add() -> None:
        database = Database(f"sqlite+aiosqlite:///{system.directory / 'hotline.db'}")
        store = SeatStore(database)
        for login in logins:
            await store.add(login, PASSWORD, display_name=f"坐席{login}")
        await database.close()

    with ThreadPoolExecutor(1) as executor:  # the browser has this thread's loop
        executor.submit(asyncio.run, add()).result()


def at_desk(browser: Browser, system: System, login: str, *, width: int = 1440, bypass_csp: bool = False) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=bypass_csp)
    page = context.new_page()
    log_in(page, system, login, PASSWORD)
    return page


def offer(page: Page) -> Locator:
    return page.get_by_role("alertdialog", name="派给您的会话")


def test_offers_go_round_and_a_dead_browser_gives_everything_back(
    playwright: Playwright, browser: Browser, chromium: Path, system: System
) -> None:
    add_seats(system, "ann", "bob")
    before = {process.pid for process in psutil.process_iter()}
    dying = playwright.chromium.launch(executable_path=str(chromium), args=OPTIONS)
    own = [one for one in psutil.process_iter() if one.pid not in before and "chrom" in one.name()]
    ann, bob = at_desk(dying, system, "ann"), at_desk(browser, system, "bob")
    bob.get_by_label("我的状态").select_option(label="休息：小休")
    expect(bob.locator(".presence")).to_have_class(re.compile("break"))

    # Ann declines, so it goes to Bob as soon as he is back; she is not asked again at once.
    hand_over(system, "朝阳区望京街道，楼下饭馆半夜还在放音乐，我要投诉", answers=1)
    expect(offer(ann)).to_be_visible(timeout=PATIENCE_MS)
    ann.locator("body").press("x")
    expect(ann.get_by_role("region", name="排队与我的会话")).to_contain_text("上一位坐席没有接")
    bob.get_by_label("我的状态").select_option(label="空闲")
    expect(offer(bob)).to_be_visible(timeout=PATIENCE_MS)
    expect(offer(ann)).to_have_count(0)
    system.screenshot(bob, "desk-offer")
    bob.locator("body").press("a")
    expect(bob.get_by_label("反映内容")).to_have_value(re.compile("音乐"), timeout=PATIENCE_MS)

    # A second citizen at the same time: Ann has nothing, so it is hers. She types, and her browser dies.
    second = hand_over(system, "海淀区学院路街道的路灯坏了三天了，我要投诉", answers=2)
    expect(offer(ann)).to_be_visible(timeout=PATIENCE_MS)
    ann.locator("body").press("a")
    ann.get_by_label("回复市民").fill("您好，我马上为您")
    ann.get_by_label("被反映对象").fill("照明管理所")
    ann.wait_for_timeout(1_800)  # typed, told to the core, written down
    bob.get_by_label("我的状态").select_option(label="休息：用餐")
    for process in own:
        process.kill()
    waiting = bob.get_by_role("region", name="排队与我的会话")
    expect(waiting).to_contain_text("服务到一半被退回", timeout=PATIENCE_MS)
    waiting.get_by_role("button", name="接起").first.click()
    expect(bob.get_by_label("回复市民")).to_have_value("您好，我马上为您", timeout=PATIENCE_MS)
    expect(bob.get_by_label("被反映对象")).to_have_value("照明管理所")
    expect(bob.get_by_role("log", name="对话记录")).to_contain_text("路灯坏了三天")

    # The first citizen writes while the second conversation is open: a mark that it is unread.
    system.chat("我在等您的答复", second)
    bob.locator("body").press("Escape")
    bob.locator("body").press("1")
    expect(bob.get_by_role("log", name="对话记录")).to_contain_text("音乐")
    system.chat("还在吗", second)
    expect(waiting.get_by_text("条未读")).to_have_count(1, timeout=PATIENCE_MS)

    # Nothing is lost on reload.
    bob.locator("body").press("2")
    bob.get_by_label("回复市民").fill("请问灯杆编号是多少")
    bob.reload()
    expect(bob.get_by_label("回复市民")).to_have_value("请问灯杆编号是多少", timeout=PATIENCE_MS)
    expect(bob.get_by_label("被反映对象")).to_have_value("照明管理所")
    for _ in range(2):
        bob.get_by_role("region", name="排队与我的会话").locator(".card").first.click()
        bob.get_by_role("button", name="已答复，结束").click()
        bob.wait_for_timeout(300)
    expect(bob.get_by_text("还没有接起会话")).to_be_visible(timeout=PATIENCE_MS)
    bob.context.close()


def test_two_orders_are_on_the_screen_in_time_and_filed_with_few_keys(browser: Browser, system: System) -> None:
    add_seats(system, "cat")
    page = at_desk(browser, system, "cat")
    for matter in ("家里暖气一点都不热，请帮忙解决", "工地夜里十二点还在施工，我要投诉"):
        filing = file_offered(page, system, f"海淀区学院路街道，{matter}", answers=2)
        assert filing.shown_seconds <= 2.0 and filing.order_no.isdigit(), filing
        assert filing.touched == [] and filing.keys <= 5, filing
    page.context.close()


def test_what_a_seat_has_typed_outlives_the_core(browser: Browser, system: System) -> None:
    add_seats(system, "dan")
    page = at_desk(browser, system, "dan")
    hand_over(system, "丰台区马家堡街道，垃圾桶满了好几天没人收，我要投诉", answers=1)
    expect(offer(page)).to_be_visible(timeout=PATIENCE_MS)
    page.locator("body").press("a")
    page.get_by_label("希望怎样解决").fill("每天清运")
    page.get_by_label("回复市民").fill("已经")
    page.wait_for_timeout(1_800)
    core = system.child("gateway.main")
    core.kill()
    core.wait(10)
    page.get_by_label("回复市民").fill("已经为您联系")  # while the line is down
    system.wait_ready()
    expect(page.get_by_text("在线", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_label("回复市民")).to_have_value("已经为您联系")
    expect(page.get_by_label("希望怎样解决")).to_have_value("每天清运")
    page.get_by_label("回复市民").press("Enter")
    expect(page.locator(".turn.seat")).to_contain_text("已经为您联系", timeout=PATIENCE_MS)
    page.get_by_role("button", name="已答复，结束").click()
    page.context.close()


def test_the_open_workbench_is_accessible_in_both_themes_and_narrow(
    browser: Browser, system: System, serious_findings: Callable[[Page], list[str]]
) -> None:
    add_seats(system, "eve")
    page = at_desk(browser, system, "eve", bypass_csp=True)
    hand_over(system, "通州区梨园镇，共享单车把盲道堵死了，我要投诉", answers=2)
    expect(offer(page)).to_be_visible(timeout=PATIENCE_MS)
    assert serious_findings(page) == []
    page.locator("body").press("a")
    expect(page.get_by_label("反映内容")).to_have_value(re.compile("单车"), timeout=PATIENCE_MS)
    page.get_by_role("button", name="选地点").click()
    page.get_by_label("按地名查找").fill("望京")
    page.get_by_role("list", name="找到的地点").get_by_role("button").first.click()
    expect(page.get_by_label("街道（乡镇）")).to_have_value("望京街道")
    proposed = page.get_by_role("list", name="建议的类别").get_by_role("button")
    expect(proposed).to_have_count(3, timeout=PATIENCE_MS)  # at once, with how sure and why
    expect(proposed.first).to_contain_text(re.compile("单车.*把握", re.DOTALL))
    proposed.nth(1).click()
    expect(proposed.nth(1)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="改由系统判断").click()
    page.get_by_label("查事项类别").fill("共享单车")
    page.get_by_role("list", name="找到的类别").get_by_role("button").first.click()
    expect(page.get_by_text("已选：")).to_be_visible()
    for theme in ("浅色", "深色"):
        page.get_by_label("页面颜色").select_option(label=theme)
        for tab in ("工单", "知识", "常用语", "备注", "历史"):
            page.get_by_role("tab", name=tab).click()
            assert serious_findings(page) == [], (theme, tab)
        system.screenshot(page, f"desk-{'dark' if theme == '深色' else 'light'}")
    page.locator("body").press("n")
    page.get_by_label("写备注").fill("请夜班同事留意")
    page.get_by_role("button", name="保存备注").click()
    expect(page.get_by_role("list", name="备注")).to_contain_text("请夜班同事留意")
    page.locator("body").press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.get_by_label("查找命令").fill("知识")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="知识")).to_have_attribute("aria-selected", "true")
    for width in (320, 768):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        system.screenshot(page, f"desk-{width}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="已答复，结束").click()
    page.context.close()
