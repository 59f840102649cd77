"""A shift in real browsers: two seats and their leader; what the wall shows is what the database holds."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import soundfile
from openpyxl import load_workbook
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from shift_figures import ask, counted_for_the_report, in_the_database

from hotline.trial.desk import hand_over, log_in
from hotline.trial.listening import opened
from hotline.trial.system import System
from seats.store import SeatStore
from storage.engine import Database

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(900)]
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),  # a microphone that beeps
]
LOUD = 0.02  # of full scale
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


def as_cell(text: str) -> str | float:
    """A number is the same number in both files, however it is written."""
    return float(text) if re.fullmatch(r"[\d.]+", text) else text


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


def test_a_shift(
    browser: Browser, system: System, serious_findings: Callable[[Page], list[str]], tmp_path: Path
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

    # Gus is reminded of a promise and sends it all the same; then a macro of his, by one key.
    gus.get_by_label("回复市民").fill("您放心，一定给您修好")
    expect(gus.get_by_role("status", name="发送前的提醒")).to_contain_text("承诺", timeout=PATIENCE_MS)
    assert serious_findings(gus) == []
    gus.get_by_label("回复市民").press("Enter")
    expect(gus.locator(".turn.seat").last).to_contain_text("一定给您修好", timeout=PATIENCE_MS)
    expect(gus.get_by_role("status", name="发送前的提醒")).to_have_count(0)
    gus.get_by_role("tab", name="常用语").click()
    gus.get_by_role("button", name="新增宏").click()
    gus.get_by_label("宏的名称").fill("健身器材")
    gus.get_by_label("数字键").select_option("1")
    gus.get_by_label("宏的回复").fill("{区}的{标题}已经记下。")
    gus.get_by_label("宏的标签").fill("设施")
    gus.get_by_label("宏的标题").fill("健身器材损坏")
    gus.get_by_label("宏的小结").select_option(label="已登记工单")
    gus.get_by_role("button", name="保存宏").click()
    expect(gus.get_by_role("list", name="宏", exact=True)).to_contain_text("健身器材", timeout=PATIENCE_MS)
    assert serious_findings(gus) == []
    gus.keyboard.press("Control+k")
    expect(gus.get_by_label("查找命令")).to_be_focused(timeout=PATIENCE_MS)
    gus.keyboard.press("1")
    expect(gus.get_by_label("回复市民")).to_have_value("东城区的健身器材损坏已经记下。", timeout=PATIENCE_MS)
    expect(gus.get_by_label("小结", exact=True)).to_have_value("filed")
    gus.get_by_role("tab", name="工单").click()
    expect(gus.locator("#field-title")).to_have_value("健身器材损坏")
    expect(gus.get_by_role("region", name="排队与我的会话")).to_contain_text("设施", timeout=PATIENCE_MS)
    gus.get_by_role("button", name="已答复，结束").click()
    expect(gus.get_by_text("还没有接起会话")).to_be_visible(timeout=PATIENCE_MS)

    # The conversation is drawn, judged, appealed and settled.
    hal.get_by_role("button", name="质检").click()
    drawn = hal.get_by_role("region", name="抽到的会话")
    drawn.get_by_role("listitem").filter(has_text="Gus").get_by_role("button", name="质检").click()
    expect(hal.get_by_role("log", name="对话记录")).to_contain_text("提醒：", timeout=PATIENCE_MS)
    hal.get_by_label("语气与用词").select_option("10")
    hal.get_by_label("评语").fill("承诺了结果")
    looks_good(hal, system, "leader-quality", serious_findings)
    hal.get_by_role("button", name="保存质检单").click()
    expect(hal.get_by_text("质检单已保存，95 分")).to_be_visible(timeout=PATIENCE_MS)
    gus.get_by_role("button", name="质检", exact=True).click()
    gus.get_by_label("申诉理由").fill("口误，随后已更正")
    assert serious_findings(gus) == []
    gus.get_by_role("button", name="申诉").click()
    expect(gus.get_by_text("待复核")).to_be_visible(timeout=PATIENCE_MS)
    hal.get_by_role("button", name="查看").click()
    hal.get_by_label("复核意见").fill("维持原分")
    hal.get_by_role("button", name="复核").click()
    expect(hal.get_by_text("申诉已复核。")).to_be_visible(timeout=PATIENCE_MS)
    assert ask(system, "SELECT total, status FROM review_sheets") == [(95, "settled")]

    # The report says the same, and so do its files.
    hal.get_by_role("button", name="报表").click()
    expect(hal.locator("[data-total=contacts]")).to_have_text(in_the_database(system)["contacts"], timeout=PATIENCE_MS)
    looks_good(hal, system, "leader-reports", serious_findings)
    for kind, ending in (("Excel", "xlsx"), ("CSV", "csv")):
        with hal.expect_download(timeout=PATIENCE_MS) as waiting:
            hal.get_by_role("link", name=f"下载 {kind}").click()
        waiting.value.save_as(tmp_path / f"report.{ending}")
    rows = list(csv.reader(io.StringIO((tmp_path / "report.csv").read_bytes().decode("utf-8-sig"))))
    sheet = load_workbook(tmp_path / "report.xlsx")["各时段"]
    in_excel = [[as_cell("" if cell.value is None else str(cell.value)) for cell in row] for row in sheet.iter_rows()]
    assert in_excel == [[as_cell(text) for text in row] for row in rows] and rows[-1][0] == "合计"
    told, counted = dict(zip(rows[0], rows[-1], strict=True)), counted_for_the_report(system)
    assert {name: told.get(name) for name in counted} == counted

    # The core dies: the wall comes back by itself.
    hal.get_by_role("button", name="大屏").click()
    core = system.child("gateway.main")
    core.kill()
    core.wait(20)
    expect(hal.get_by_text("正在重新连接…")).to_be_visible(timeout=PATIENCE_MS)
    system.wait_ready()
    expect(hal.get_by_text("实时", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    hal.reload()
    expect(hal.get_by_role("region", name="今天")).to_be_visible(timeout=PATIENCE_MS)
    until_equal(hal, system)
    for page in (fay, gus, hal):
        page.context.close()


class Heard:
    """What a page hears of a call: the PCM16 frames on its audio socket."""

    def __init__(self, page: Page) -> None:
        self.page, self.loudest = page, 0.0
        page.on("websocket", lambda socket: socket.on("framereceived", self._frame))

    def _frame(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and frame:
            samples = struct.unpack(f"<{len(frame) // 2}h", frame[: len(frame) // 2 * 2])
            self.loudest = max(self.loudest, max(map(abs, samples)) / 32_768)

    def soon(self) -> None:
        """Something is heard from now on."""
        self.loudest = 0.0
        deadline = time.monotonic() + PATIENCE_MS / 1_000
        while self.loudest < LOUD:
            assert time.monotonic() < deadline, "nothing is heard"
            self.page.wait_for_timeout(100)

    def silence(self) -> None:
        """Until nothing has been heard for three seconds."""
        deadline = time.monotonic() + PATIENCE_MS / 1_000
        self.loudest = 1.0
        while self.loudest >= LOUD:
            assert time.monotonic() < deadline, "there is always something to hear"
            self.loudest = 0.0
            self.page.wait_for_timeout(3_000)


def test_a_leader_listens_whispers_and_joins_a_real_call(browser: Browser, system: System) -> None:
    """A caller on SIP, a seat and a leader with microphones that beep; what the caller heard is in the recording."""
    add_accounts(system, jan="seat", kim="leader")
    with ThreadPoolExecutor(1) as executor:
        jan, kim = at_desk(browser, system, "jan"), leading(browser, system, "kim")
        of_jan, of_kim = Heard(jan), Heard(kim)
        until = ("--stay", "--hang-up-after", "240")
        options = ("--to", system.sip_uri, "--dtmf", "0", *until, "--no-recognition", "--json")
        call = executor.submit(system.command, "call", *options, timeout_seconds=400)
        expect(jan.get_by_role("alertdialog", name="派给您的会话")).to_be_visible(timeout=PATIENCE_MS)
        jan.locator("body").press("a")
        talk = jan.get_by_role("region", name="通话")
        talk.get_by_role("button", name="网页通话").click()
        expect(talk.get_by_role("button", name="静音", exact=True)).to_be_visible(timeout=PATIENCE_MS)

        # The leader hears the seat, and nobody hears the leader.
        held_by(kim.get_by_role("region", name="会话", exact=True), "Jan").get_by_role("button", name="查看").click()
        wall = kim.get_by_role("region", name="查看会话")
        wall.get_by_role("button", name="旁听").click()
        expect(wall).to_contain_text("正在旁听，双方听不到您", timeout=PATIENCE_MS)
        of_kim.soon()

        # The seat is silent: what she hears now is the leader, and the caller hears nothing.
        talk.get_by_role("button", name="静音", exact=True).click()
        expect(talk.get_by_role("button", name="取消静音")).to_be_visible(timeout=PATIENCE_MS)
        of_kim.silence()  # the bot has told the caller who is there
        wall.get_by_role("button", name="耳语").click()
        expect(wall).to_contain_text("正在耳语，只有坐席听得到您", timeout=PATIENCE_MS)
        of_jan.soon()
        whispered_from = time.time()
        kim.wait_for_timeout(5_000)
        whispered_until = time.time()

        # In the call the caller hears the leader, too.
        wall.get_by_role("button", name="加入通话").click()
        expect(wall).to_contain_text("已加入通话，市民也听得到您", timeout=PATIENCE_MS)
        joined_from = time.time()
        kim.wait_for_timeout(5_000)
        joined_until = time.time()
        jan.get_by_role("button", name="已答复，结束").click()
        assert call.result().returncode == 0
    for page in (jan, kim):
        page.context.close()
    (recording,) = (system.directory / "recordings").rglob("*.wav")
    assert loudest_for_the_caller(recording, whispered_from + 1, whispered_until) < LOUD
    assert loudest_for_the_caller(recording, joined_from + 1, joined_until) > LOUD
    looked = ask(system, "SELECT detail FROM audit_entries WHERE action = 'conversation.listened' ORDER BY seq")
    assert [how for (detail,) in looked for how in ("listen", "whisper", "join") if how in detail] == [
        "listen",
        "whisper",
        "join",
    ]


def loudest_for_the_caller(recording: Path, since: float, until: float) -> float:
    """Of full scale, between two moments (seconds of `time.time()`); the file is closed when the call ends."""
    samples, rate = soundfile.read(opened(recording))  # left the caller, right what the caller hears
    ended = recording.stat().st_mtime
    first, last = (len(samples) - round((ended - moment) * rate) for moment in (since, until))
    assert 0 <= first < last <= len(samples)
    return float(abs(samples[first:last, 1]).max())


def test_the_page_tells_those_who_do_not_lead(browser: Browser, system: System) -> None:
    add_accounts(system, ida="seat")
    page = page_of(browser)
    page.goto(f"{system.base_url}/leader")
    page.get_by_label("账号").fill("ida")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text("没有班长台的权限")).to_be_visible(timeout=PATIENCE_MS)
    page.context.close()
