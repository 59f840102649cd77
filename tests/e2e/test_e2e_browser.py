"""A citizen and a seat in two real browsers: question, answer with source, hand-over, order, end."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sipp_telephone import Telephone

from hotline.trial.listening import opened
from hotline.trial.system import System
from storage.engine import Database
from storage.tables import CallbackTask, Conversation
from workorders.model import Assignment, OrderDraft
from workorders.service import OrderService

pytestmark = [pytest.mark.browser, pytest.mark.processes]
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",  # a microphone that beeps
    "--use-fake-device-for-media-stream",
]
PATIENCE_MS = 20_000
UNIT = "市热力集团"
PNG = base64.b64decode(  # one grey pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=CHROMIUM_OPTIONS)
        yield running
        running.close()


@pytest.fixture
def citizen(browser: Browser, system: System) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{system.base_url}/")
    expect(page.get_by_role("status").first).to_contain_text("已连接", timeout=PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture
def seat(browser: Browser, system: System) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 860})
    page = context.new_page()
    page.goto(f"{system.base_url}/seat")
    page.get_by_label("账号").fill(system.seat_login)
    page.get_by_label("密码").fill(system.seat_password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text("在线", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    yield page
    context.close()


def say(page: Page, text: str) -> None:
    page.get_by_label("请输入您的问题或诉求").fill(text)
    page.keyboard.press("Enter")


def test_a_question_is_answered_with_its_source(citizen: Page, system: System) -> None:
    say(citizen, "什么情况下可以申领居住证?")
    citations = citizen.get_by_role("list", name="答复依据")
    expect(citations.first).to_contain_text("居住证", timeout=PATIENCE_MS)
    expect(citations.first).to_contain_text(re.compile("第.+条"))
    system.screenshot(citizen, "citizen-answer")


def test_a_conversation_moves_from_the_bot_to_a_seat_and_becomes_an_order(
    citizen: Page, seat: Page, system: System, tmp_path: Path
) -> None:
    say(citizen, "我要找人工")
    expect(citizen.get_by_role("status").first).to_contain_text("人工坐席", timeout=PATIENCE_MS)

    # Pushed, not polled: the card appears without a reload, and the transcript is there before the first word.
    seat.get_by_role("region", name="排队与我的会话").get_by_role("button", name="接起").first.click()
    transcript = seat.get_by_role("log", name="对话记录")
    expect(transcript).to_contain_text("我要找人工", timeout=PATIENCE_MS)

    seat.get_by_label("回复市民").fill("您好,我是坐席小王,请问什么事?")
    seat.keyboard.press("Enter")
    expect(citizen.get_by_role("log")).to_contain_text("我是坐席小王", timeout=PATIENCE_MS)
    expect(citizen.get_by_role("status").first).to_contain_text("正在为您服务")

    say(citizen, "海淀区学院路街道路灯坏了三天")
    expect(transcript).to_contain_text("路灯坏了三天", timeout=PATIENCE_MS)
    # What is said to the seat fills the form, and never over what she has typed.
    expect(seat.get_by_label("反映内容")).to_have_value(re.compile("路灯坏了三天"), timeout=PATIENCE_MS)
    expect(seat.locator("#field-district")).to_have_value("海淀区")
    expect(seat.get_by_label("街道（乡镇）")).to_have_value("学院路街道")
    system.screenshot(seat, "seat-conversation")
    system.screenshot(citizen, "citizen-with-seat")

    seat.get_by_role("combobox", name="诉求类型").press("Enter")
    seat.get_by_role("option", name="求助").click()
    seat.get_by_label("标题").fill("学院路街道路灯不亮")
    say(citizen, "晚上整条路都是黑的，我的电话是13800138000")
    expect(seat.get_by_label("联系电话")).to_have_value("13800138000", timeout=PATIENCE_MS)
    expect(seat.get_by_label("标题")).to_have_value("学院路街道路灯不亮")
    seat.get_by_role("button", name="登记工单").click()
    filed = seat.get_by_text(re.compile(r"已登记，工单号 \d+"))
    expect(filed).to_be_visible(timeout=PATIENCE_MS)
    system.screenshot(seat, "seat-filed")
    seat.get_by_role("button", name="结束会话").click()
    expect(citizen.get_by_text("本次服务已结束")).to_be_visible(timeout=PATIENCE_MS)

    seat.get_by_role("button", name="工单", exact=True).click()
    expect(seat.get_by_role("region", name="工单表")).to_contain_text("学院路街道路灯不亮", timeout=PATIENCE_MS)
    system.screenshot(seat, "seat-orders")
    an_order_in_full(seat, system, tmp_path)


def an_order_in_full(seat: Page, system: System, folder: Path) -> None:
    """Opened from the list: fields, history, another category, an attachment (and one that is refused), an extension,
    a merge."""
    seat.get_by_role("button", name=re.compile(r"打开工单\d+")).first.click()
    detail = seat.get_by_role("region", name="工单详情")
    expect(detail).to_contain_text("路灯坏了三天", timeout=PATIENCE_MS)
    history = detail.get_by_role("list", name="经过")
    expect(history).to_contain_text("已派至承办单位")
    detail.get_by_role("button", name="改类别").click()
    proposed = detail.get_by_role("list", name="建议的类别").get_by_role("button")
    expect(proposed).to_have_count(3, timeout=PATIENCE_MS)
    expect(proposed.first).to_contain_text(re.compile("路灯.*把握", re.DOTALL))
    chosen = proposed.nth(1).inner_text().partition(" ")[0]
    system.screenshot(seat, "seat-order-category")
    proposed.nth(1).click()
    expect(detail.get_by_role("status")).to_contain_text(f"已改为“{chosen}”，承办单位仍是", timeout=PATIENCE_MS)
    expect(history).to_contain_text("已调整事项类别")
    expect(history).to_contain_text(f"改为“{chosen}”")
    picture, program = folder / "路灯.png", folder / "路灯.exe"
    picture.write_bytes(PNG)
    program.write_bytes(b"MZ" + b"0" * 200)
    detail.get_by_label("上传附件").set_input_files(program)
    expect(detail.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    detail.get_by_label("上传附件").set_input_files(picture)
    expect(detail.get_by_role("img", name="路灯.png")).to_be_visible(timeout=PATIENCE_MS)
    with seat.expect_download() as download:
        detail.get_by_role("link", name="路灯.png").click()
    assert Path(download.value.path()).read_bytes() == PNG
    detail.get_by_role("button", name="延长期限").click()
    detail.get_by_role("button", name="提交").click()
    expect(detail.get_by_role("alert")).to_contain_text("请填写说明")
    detail.get_by_label("延长期限", exact=False).fill("灯杆配件周五到货")
    detail.get_by_role("button", name="提交").click()
    expect(history).to_contain_text("办理期限已延长", timeout=PATIENCE_MS)
    expect(history).to_contain_text("灯杆配件周五到货")
    detail.get_by_role("button", name="并入其他工单").click()
    detail.get_by_label("主工单编号").fill("260105000018")
    detail.get_by_label("并入其他工单", exact=False).fill("同一盏路灯")
    detail.get_by_role("button", name="提交").click()
    expect(detail.get_by_role("alert")).to_contain_text("主工单不存在", timeout=PATIENCE_MS)
    system.screenshot(seat, "seat-order-detail")


def test_a_click_calls_back_and_the_seats_voice_comes_in_when_they_answer(
    browser: Browser, system: System, trunk_port: int, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as executor:  # the browser has this thread's loop
        for key, number in (("busy", "13900002222"), ("answers", "13900003333")):
            executor.submit(asyncio.run, promise_call_back(system, key, number)).result()
    page = browser.new_page(viewport={"width": 1366, "height": 860})
    page.goto(f"{system.base_url}/seat")
    page.get_by_label("账号").fill(system.seat_login)
    page.get_by_label("密码").fill(system.seat_password)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="回电", exact=True).click()
    busy = page.get_by_role("row").filter(has_text="139****2222")
    busy.get_by_role("button", name="领取").click()
    telephone = Telephone(tmp_path, trunk_port, "busy")
    busy.get_by_role("button", name="回拨").click()
    expect(busy).to_contain_text("外呼：占线", timeout=PATIENCE_MS)
    expect(busy).to_contain_text("已打1次未通")
    telephone.wait()
    answers = page.get_by_role("row").filter(has_text="139****3333")
    answers.get_by_role("button", name="领取").click()
    telephone = Telephone(tmp_path, trunk_port, "answers", hang_up_seconds=9.0)
    answers.get_by_role("button", name="回拨").click()
    talk = page.get_by_role("region", name="会话", exact=True)  # the page goes there by itself
    expect(talk).to_contain_text("给您回电", timeout=PATIENCE_MS)
    expect(talk.get_by_role("region", name="通话")).to_contain_text("坐席 测试坐席", timeout=PATIENCE_MS)
    expect(talk).to_contain_text("测试坐席已接入通话", timeout=PATIENCE_MS)
    system.screenshot(page, "seat-calls-back")
    telephone.wait()
    page.get_by_role("button", name="回电", exact=True).click()
    expect(answers).to_contain_text("外呼：已接通", timeout=PATIENCE_MS)
    answers.get_by_role("button", name="已回电").click()
    expect(page.get_by_role("row").filter(has_text="139****3333")).to_have_count(0, timeout=PATIENCE_MS)
    page.close()
    (recording,) = (system.directory / "recordings").rglob("o*.wav")
    samples, rate = soundfile.read(opened(recording))  # left the citizen, right what they hear
    seconds = [float(abs(samples[at : at + rate, 1]).max()) for at in range(0, len(samples) - rate, rate)]
    assert max(seconds[:3]) > 0.05, "the citizen was not greeted"
    assert max(seconds[-3:]) > 0.02, "the seat's voice did not come in"


async def promise_call_back(system: System, key: str, number: str) -> None:
    database, now = Database(f"sqlite+aiosqlite:///{system.directory / 'hotline.db'}"), datetime.now(UTC)
    try:
        async with database.write() as session:
            session.add(
                Conversation(
                    id=f"c_{key}", channel="phone", trace_id="t", status="ended", outcome="callback",
                    caller_number=number, state={}, created_at=now, updated_at=now, ended_at=now,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                CallbackTask(
                    id=f"cb_{key}", conversation_id=f"c_{key}", number=number, reason="no seat in time", due_at=now,
                    created_at=now,
                )
            )  # fmt: skip
    finally:
        await database.close()


def test_a_leader_sees_what_is_late_and_opens_it(browser: Browser, system: System) -> None:
    added = system.command("seat", "add", "lead01", "--role", "leader")
    found = re.search(r"the password is (\S+)", added.stdout)
    assert found is not None, added.stdout + added.stderr
    with ThreadPoolExecutor(1) as executor:  # the browser has this thread's loop
        number = executor.submit(asyncio.run, file_order(system, "e2e:late", unit="市自来水集团", late=True)).result()
    page = browser.new_page(viewport={"width": 1366, "height": 860})
    page.goto(f"{system.base_url}/seat")
    page.get_by_label("账号").fill("lead01")
    page.get_by_label("密码").fill(found[1])
    page.get_by_role("button", name="登录").click()
    late = page.get_by_role("region", name="超期表")
    for _ in range(12):  # the watch looks every fifteen seconds
        page.get_by_role("button", name="期限", exact=True).click()
        page.get_by_role("button", name="刷新").click()
        page.wait_for_timeout(2_000)
        if late.is_visible() and number in late.inner_text():
            break
    expect(late).to_contain_text("超期1小时")
    system.screenshot(page, "seat-deadlines")
    late.get_by_role("button", name=number).click()
    expect(page.get_by_role("list", name="经过")).to_contain_text("已超过办理期限", timeout=PATIENCE_MS)
    page.close()


def test_a_message_written_while_the_line_is_down_is_not_lost(citizen: Page) -> None:
    citizen.context.set_offline(True)
    # An open websocket survives `set_offline`; a reload does not.
    say(citizen, "物业费怎么收?")
    citizen.context.set_offline(False)
    citizen.reload()
    expect(citizen.get_by_role("log")).to_contain_text("物业费怎么收", timeout=PATIENCE_MS)
    expect(citizen.locator(".line.bot").first).to_be_visible(timeout=PATIENCE_MS)
    expect(citizen.locator(".line.citizen")).to_have_count(1)


def test_a_wrong_password_is_told_plainly(browser: Browser, system: System) -> None:
    page = browser.new_page()
    page.goto(f"{system.base_url}/seat")
    page.get_by_label("账号").fill(system.seat_login)
    page.get_by_label("密码").fill("not-the-password")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_label("密码")).to_have_value("")
    page.close()


def test_a_unit_handles_its_order_and_sends_a_picture(browser: Browser, system: System, tmp_path: Path) -> None:
    added = system.command("seat", "add", "unit01", "--role", "unit", "--unit", UNIT)
    found = re.search(r"the password is (\S+)", added.stdout)
    assert found is not None, added.stdout + added.stderr
    with ThreadPoolExecutor(1) as executor:  # the browser has this thread's loop
        number = executor.submit(asyncio.run, file_order(system)).result()
    picture = tmp_path / "现场.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 300_000)
    page = browser.new_page(viewport={"width": 1366, "height": 860})
    page.goto(f"{system.base_url}/unit")
    page.get_by_label("账号").fill("unit01")
    page.get_by_label("密码").fill(found[1])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("region", name="工单表")).to_contain_text(number, timeout=PATIENCE_MS)
    page.get_by_role("button", name="办理", exact=True).click()
    page.get_by_role("button", name="签收").click()
    page.get_by_role("button", name="申请延期").click()
    page.get_by_label("申请延期").fill("配件周五到货")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("办理期限已延长")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("上传附件").set_input_files(picture)
    expect(page.get_by_role("link", name="现场.png")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="答复", exact=True).click()
    page.get_by_label("答复", exact=False).fill("已修好，室温21度。")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("承办单位已答复")).to_be_visible(timeout=PATIENCE_MS)
    system.screenshot(page, "unit-order")
    page.close()


async def file_order(system: System, key: str = "e2e:unit", *, unit: str = UNIT, late: bool = False) -> str:
    """`late`: filed so long ago that its 24 hours were over an hour and a half ago."""
    database = Database(f"sqlite+aiosqlite:///{system.directory / 'hotline.db'}")
    try:
        orders = OrderService(database)
        draft = OrderDraft(
            "投诉", "", "家里暖气不热", "web", assignment=Assignment(unit, "直派", (), "utility", 24, "职责")
        )
        async with database.write() as session:
            now = datetime.now(UTC) - (timedelta(hours=25.5) if late else timedelta())
            return (await orders.file(session, draft, key=key, now=now, actor="bot:policy")).order_no
    finally:
        await database.close()


@pytest.mark.parametrize("path", ["/", "/seat", "/unit"])
def test_the_pages_have_no_serious_accessibility_finding(
    browser: Browser, system: System, path: str, serious_findings: Callable[[Page], list[str]]
) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{system.base_url}{path}")
    expect(page.get_by_role("main").first).to_be_visible(timeout=PATIENCE_MS)
    found = serious_findings(page)
    context.close()
    assert found == []


def test_nothing_scrolls_sideways_on_a_narrow_phone(browser: Browser, system: System) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{system.base_url}/")
    for size in ("normal", "large"):
        if size == "large":
            page.get_by_role("button", name="大字").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, size
    page.close()
