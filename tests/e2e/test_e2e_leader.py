"""A shift in real browsers: two seats and their leader; what the wall shows is what the database holds."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from base.clock import local
from hotline.trial.desk import hand_over, log_in
from hotline.trial.system import System
from seats.store import SeatStore
from storage.engine import Database

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(900)]
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PATIENCE_MS = 60_000
PASSWORD = "a-long-password"
WIDTHS = (320, 768, 1440)


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=OPTIONS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def system(short_directory: Path, models: Path) -> Iterator[System]:
    """One of its own: a leader sees everything, also what other tests have left waiting."""
    del models
    running = System(short_directory / "leader")
    running.prepare()
    running.start()
    yield running
    running.stop()


def add_accounts(system: System, **roles: str) -> None:
    async def add() -> None:
        database = Database(f"sqlite+aiosqlite:///{system.directory / 'hotline.db'}")
        store = SeatStore(database)
        for login, role in roles.items():
            await store.add(login, PASSWORD, display_name=login.capitalize(), role=role)
        await database.close()

    with ThreadPoolExecutor(1) as executor:  # the browser has this thread's loop
        executor.submit(asyncio.run, add()).result()


def page_of(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True, accept_downloads=True)
    return context.new_page()


def at_desk(browser: Browser, system: System, login: str) -> Page:
    page = page_of(browser)
    log_in(page, system, login, PASSWORD)
    return page


def leading(browser: Browser, system: System, login: str) -> Page:
    page = page_of(browser)
    page.goto(f"{system.base_url}/leader")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("region", name="今天")).to_be_visible(timeout=PATIENCE_MS)
    return page


def held_by(cases: Locator, name: str) -> Locator:
    """The conversation of a seat; whom it may be given to stands in every list of choices."""
    return cases.get_by_role("listitem").filter(has=cases.page.locator("strong", has_text=name))


def ask(system: System, query: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{system.directory / 'hotline.db'}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"


def in_the_database(system: System) -> dict[str, str]:
    """The day's figures, counted by hand: no code of ours but the definition in `seats/wallboard.py`."""
    now = datetime.now(UTC)
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    since = midnight.strftime("%Y-%m-%d %H:%M:%S.%f")
    placed = "id NOT IN (SELECT conversation_id FROM outgoing_calls WHERE conversation_id IS NOT NULL)"
    contacts = ask(system, f"SELECT id, status, outcome FROM conversations WHERE created_at >= ? AND {placed}", since)  # noqa: S608
    waits = ask(
        system, "SELECT ended_by, waited_seconds, asked_at FROM desk_waits WHERE asked_at >= ? AND NOT again", since
    )
    asked_for = {row[0] for row in ask(system, "SELECT conversation_id FROM desk_waits")}
    soon = [how for how, seconds, _ in waits if seconds is not None and seconds <= 15]
    answered = sum(how == "answered" for how, _, _ in waits)
    left = sum(how not in ("", "answered") for how, _, _ in waits)
    late = sum(
        not how and (now - datetime.fromisoformat(at).replace(tzinfo=UTC)).total_seconds() > 15 for how, _, at in waits
    )
    counted = answered + left - sum(how != "answered" for how in soon) + late
    told = [row for row in contacts if row[1] == "ended" and row[2] != "closed"]
    alone = [row for row in told if row[2] in ("answered", "order_filed", "lawful_channel") and row[0] not in asked_for]
    return {
        "contacts": str(len(contacts)),
        "asked": str(len(waits)),
        "service_level": percent(soon.count("answered"), counted),
        "abandonment": percent(sum(how == "abandoned" for how, _, _ in waits), answered + left),
        "containment": percent(len(alone), len(told)),
    }


def on_the_wall(page: Page) -> dict[str, str]:
    shown = {}
    for key in ("contacts", "asked", "service_level", "abandonment", "containment"):
        text = page.locator(f"[data-figure={key}]").inner_text()
        shown[key] = re.split(r"[（\n]", text)[0].strip()
    return shown


def until_equal(page: Page, system: System) -> None:
    """The figures of the day are counted every few seconds."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        wall, database = on_the_wall(page), in_the_database(system)
        if wall == database:
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"wall {wall}, database {database}")


def looks_good(page: Page, system: System, name: str, findings: Callable[[Page], list[str]]) -> None:
    """No serious finding of axe, no horizontal scroll; a picture at each width for a person to look at."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        assert findings(page) == [], (name, width)
        system.screenshot(page, f"{name}-{width}")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_leader_sees_a_shift_and_gives_a_conversation_to_another_seat(
    browser: Browser, system: System, serious_findings: Callable[[Page], list[str]]
) -> None:
    add_accounts(system, fay="seat", gus="seat", hal="leader")
    fay, gus = at_desk(browser, system, "fay"), at_desk(browser, system, "gus")
    gus.get_by_label("我的状态").select_option(label="休息：小休")
    hal = leading(browser, system, "hal")
    seats = hal.get_by_role("region", name="坐席状态表")
    expect(seats.get_by_role("row", name=re.compile("Fay 空闲"))).to_be_visible(timeout=PATIENCE_MS)
    expect(seats.get_by_role("row", name=re.compile("Gus 休息：小休"))).to_be_visible(timeout=PATIENCE_MS)

    # A citizen comes to Fay; the leader sees it, reads along, and gives it to Gus.
    hand_over(system, "东城区和平里街道，小区健身器材坏了没人修，我要投诉", answers=2)
    offer = fay.get_by_role("alertdialog", name="派给您的会话")
    expect(offer).to_be_visible(timeout=PATIENCE_MS)
    fay.locator("body").press("a")
    cases = hal.get_by_role("region", name="会话", exact=True)
    case = held_by(cases, "Fay")
    expect(case).to_contain_text("健身器材", timeout=PATIENCE_MS)
    case.get_by_role("button", name="查看").click()
    record = hal.get_by_role("log", name="对话记录")
    expect(record).to_contain_text("健身器材", timeout=PATIENCE_MS)
    expect(fay.get_by_label("回复市民")).to_be_visible(timeout=PATIENCE_MS)
    fay.get_by_label("回复市民").fill("您好，我来为您登记")
    fay.get_by_label("回复市民").press("Enter")
    expect(record).to_contain_text("我来为您登记", timeout=PATIENCE_MS)
    until_equal(hal, system)
    looks_good(hal, system, "leader-wall", serious_findings)
    case.get_by_label("改派给（Fay）").select_option(label="Gus（休息）")
    case.get_by_role("button", name="改派").click()
    expect(hal.get_by_text("已分给Gus。")).to_be_visible(timeout=PATIENCE_MS)
    expect(fay.get_by_text("转给Gus")).to_be_visible(timeout=PATIENCE_MS)
    expect(gus.get_by_label("反映内容")).to_have_value(re.compile("健身器材"), timeout=PATIENCE_MS)
    expect(held_by(cases, "Gus")).to_be_visible(timeout=PATIENCE_MS)
    for page in (fay, gus, hal):
        page.context.close()
