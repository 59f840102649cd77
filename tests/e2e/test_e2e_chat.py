"""The citizen's page in a real browser: a spoken message, pictures and a place, reading aloud, a lost line, the widget.

The microphone is a recording of our own voice; nothing is asserted about the exact words that are understood.
"""

from __future__ import annotations

import base64
import functools
import http.server
import io
import re
import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from base.settings import ROOT
from hotline.trial.system import System
from hotline.trial.voice import CallerVoice

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(900)]

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE_MS = 90_000
MICROPHONE_RATE_HZ = 48_000
PNG = base64.b64decode(  # one grey pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
ANSWERS = {  # what is asked, and what a citizen says to it
    "对吗|对不对|正确": "对",
    "同一件事": "不是同一件事",
    "保密": "不用保密",
    "哪里|在哪|地点|位置": "海淀区学院路街道12号楼前",
    "什么时候|时间": "三天前开始的",
    "电话|称呼": "我姓王，电话13900017788",
}
SAID = "学院路街道的路灯坏了三天了，晚上很黑"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def microphone(voice: CallerVoice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's microphone hears, over and over: a sentence between two pauses, 48 kHz PCM."""
    said, rate_hz = soundfile.read(voice.say(SAID))
    pause = np.zeros(rate_hz // 2)
    heard = np.concatenate([pause, said, pause])
    moments = np.arange(0, len(heard), rate_hz / MICROPHONE_RATE_HZ)
    path = tmp_path_factory.mktemp("microphone") / "said.wav"
    soundfile.write(path, np.interp(moments, np.arange(len(heard)), heard), MICROPHONE_RATE_HZ, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: Path, microphone: Path) -> Iterator[Browser]:
    """It gives every page the microphone without asking."""
    options = [
        *CHROMIUM_OPTIONS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    ]
    running = playwright.chromium.launch(executable_path=str(chromium), args=options)
    yield running
    running.close()


@dataclass(frozen=True)
class Site:
    """A page of another site, as an origin that the settings name, and as one that they do not."""

    named: str
    foreign: str


@pytest.fixture
def site(system: System, site_port: int, tmp_path: Path) -> Iterator[Site]:
    example = (ROOT / "docs/examples/chat-widget.html").read_text(encoding="utf-8")
    (tmp_path / "index.html").write_text(example.replace("https://HOTLINE", system.base_url), encoding="utf-8")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", site_port), handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield Site(f"http://127.0.0.1:{site_port}/", f"http://localhost:{site_port}/")
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 390, "height": 844})
    yield made
    made.close()


@pytest.fixture
def citizen(context: BrowserContext, system: System) -> Page:
    return opened(context.new_page(), system)


def opened(page: Page, system: System, path: str = "/") -> Page:
    page.goto(f"{system.base_url}{path}")
    expect(page.get_by_role("status").first).to_contain_text("已连接", timeout=PATIENCE_MS)
    expect(page.locator(".line.bot").first).to_be_visible(timeout=PATIENCE_MS)  # it has been greeted
    return page


def say(page: Page, text: str) -> None:
    page.get_by_label("请输入您的问题或诉求").fill(text)
    page.keyboard.press("Enter")


# -- spoken messages -----------------------------------------------------------------------------------------------


def test_what_is_held_and_said_becomes_a_message_that_can_be_put_right(citizen: Page, system: System) -> None:
    button = citizen.get_by_role("button", name="按住说话")
    button.hover()
    citizen.mouse.down()
    expect(citizen.get_by_text("已说7秒")).to_be_visible(timeout=PATIENCE_MS)
    system.screenshot(citizen, "chat-speaking")
    citizen.mouse.up()
    spoken = citizen.locator(".line.citizen").first
    expect(spoken).to_contain_text("语音", timeout=PATIENCE_MS)
    assert len(spoken.locator(".text").inner_text()) > 3
    answers = citizen.locator(".line.bot")
    expect(answers.nth(1)).to_be_visible(timeout=PATIENCE_MS)  # behind the greeting
    system.screenshot(citizen, "chat-spoken")
    count = answers.count()
    citizen.get_by_role("button", name="听错了，改一改").click()
    box = citizen.get_by_label("请输入您的问题或诉求")
    expect(box).to_be_focused()
    expect(box).not_to_have_value("")
    box.fill(SAID)
    citizen.keyboard.press("Enter")
    expect(answers.nth(count)).to_be_visible(timeout=PATIENCE_MS)
    expect(citizen.get_by_role("button", name="听错了，改一改")).to_have_count(0)
    citizen.reload()
    expect(citizen.locator(".line.citizen").first).to_contain_text("语音", timeout=PATIENCE_MS)


def test_a_keyboard_speaks_with_two_presses_and_escape_sends_nothing(citizen: Page) -> None:
    button = citizen.get_by_role("button", name="按住说话")
    button.focus()
    citizen.keyboard.press("Enter")
    expect(citizen.get_by_text("正在听，请说话")).to_be_visible(timeout=PATIENCE_MS)
    citizen.keyboard.press("Escape")
    expect(button).to_be_visible()
    expect(citizen.locator(".line.citizen")).to_have_count(0)
    citizen.keyboard.press("Space")
    expect(citizen.get_by_text("已说6秒")).to_be_visible(timeout=PATIENCE_MS)
    citizen.keyboard.press("Space")
    expect(citizen.locator(".line.citizen")).to_contain_text(re.compile("语音"), timeout=PATIENCE_MS)


def test_without_permission_it_is_said_and_typing_goes_on(
    playwright: Playwright, chromium: Path, system: System
) -> None:
    running = playwright.chromium.launch(
        executable_path=str(chromium), args=[*CHROMIUM_OPTIONS, "--use-fake-device-for-media-stream"]
    )
    try:
        page = opened(running.new_page(), system)
        page.get_by_role("button", name="按住说话").click()
        expect(page.get_by_role("alert")).to_contain_text("没有允许使用话筒", timeout=PATIENCE_MS)
        say(page, "居住证怎么办理？")
        expect(page.locator(".line.bot").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    finally:
        running.close()


# -- pictures and places -------------------------------------------------------------------------------------------


def test_a_picture_and_a_place_reach_the_seat_and_the_order(
    browser: Browser, citizen: Page, context: BrowserContext, system: System, tmp_path: Path
) -> None:
    context.grant_permissions(["geolocation"], origin=system.base_url)
    context.set_geolocation({"latitude": 39.9861, "longitude": 116.3523, "accuracy": 25})
    picture, program = tmp_path / "路灯.png", tmp_path / "路灯.exe"
    picture.write_bytes(PNG)
    program.write_bytes(b"MZ" + b"0" * 200)
    say(citizen, "我要找人工")
    expect(citizen.get_by_role("status").first).to_contain_text("人工坐席", timeout=PATIENCE_MS)
    chosen = citizen.get_by_label("选择或者拍摄图片")
    chosen.set_input_files(program)
    expect(citizen.get_by_role("alert")).to_contain_text("只能发送图片", timeout=PATIENCE_MS)
    chosen.set_input_files(picture)
    expect(citizen.get_by_role("img", name="[图片] 路灯.png")).to_be_visible(timeout=PATIENCE_MS)
    expect(citizen.get_by_role("log")).to_contain_text("图片收到了", timeout=PATIENCE_MS)
    citizen.get_by_role("button", name="位置").click()
    citizen.get_by_role("button", name="用手机定位").click()
    expect(citizen.get_by_text("已取得位置")).to_be_visible(timeout=PATIENCE_MS)
    citizen.get_by_label("区", exact=True).select_option("海淀区")
    citizen.get_by_label("街道（乡镇）").select_option("学院路街道")
    citizen.get_by_label("具体位置").fill("12号楼前")
    system.screenshot(citizen, "chat-place")
    citizen.get_by_role("button", name="发送位置").click()
    expect(citizen.get_by_role("log")).to_contain_text("位置收到了：海淀区学院路街道12号楼前", timeout=PATIENCE_MS)

    desk = browser.new_page(viewport={"width": 1366, "height": 860})
    desk.goto(f"{system.base_url}/seat")
    desk.get_by_label("账号").fill(system.seat_login)
    desk.get_by_label("密码").fill(system.seat_password)
    desk.get_by_role("button", name="登录").click()
    desk.get_by_role("region", name="排队与我的会话").get_by_role("button", name="接起").last.click()
    transcript = desk.get_by_role("log", name="对话记录")
    expect(transcript).to_contain_text("[位置] 海淀区学院路街道12号楼前", timeout=PATIENCE_MS)
    link = transcript.get_by_role("link", name="查看文件")
    shown = desk.context.request.get(f"{system.base_url}{link.get_attribute('href')}")
    assert (shown.status, shown.headers["content-type"], shown.body()) == (200, "image/png", PNG)
    say(citizen, "海淀区学院路街道路灯坏了三天，我的电话是13800138000")
    expect(desk.get_by_label("联系电话")).to_have_value("13800138000", timeout=PATIENCE_MS)
    desk.get_by_label("标题").fill("学院路街道路灯不亮")
    desk.get_by_role("button", name="登记工单").click()
    filed = desk.get_by_text(re.compile(r"已登记，工单号 \d+"))
    expect(filed).to_be_visible(timeout=PATIENCE_MS)
    found = re.search(r"工单号 (\d+)", filed.inner_text())
    assert found is not None
    detail = f"{system.base_url}/api/v1/seat/orders/{found[1]}"
    attached = until(lambda: desk.context.request.get(detail).json()["attachments"])
    assert [(one["name"], one["media_type"]) for one in attached] == [("路灯.png", "image/png")]
    desk.close()


def until(look: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError("it did not come")


# -- reading aloud, size, contrast ---------------------------------------------------------------------------------


def test_answers_are_read_aloud_and_the_switches_stay(citizen: Page, system: System) -> None:
    with citizen.expect_response(re.compile(r"/speech/\d+\?part=0")) as heard:
        citizen.get_by_role("button", name="朗读", exact=True).first.click()
    sound = heard.value
    assert sound.status == 200 and sound.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(citizen.request.get(sound.url).body())) as file:
        assert file.getnframes() > file.getframerate() / 5
    expect(citizen.get_by_role("button", name="停止朗读")).to_be_visible(timeout=PATIENCE_MS)
    for name in ("大字", "高对比"):
        citizen.get_by_role("button", name=name).click()
    new = re.compile(r"/speech/\d+\?part=0")
    with citizen.expect_response(
        lambda response: bool(new.search(response.url)) and response.url != sound.url, timeout=PATIENCE_MS
    ):
        say(citizen, "居住证怎么办理？")  # its answer is read without being asked
    citizen.reload()
    for name in ("大字", "高对比", "朗读"):
        pressed = citizen.get_by_role("group", name="显示和朗读").get_by_role("button", name=name)
        expect(pressed).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
    assert citizen.evaluate("document.documentElement.scrollWidth") <= 390
    system.screenshot(citizen, "chat-large-contrast")


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_the_page_is_sound_at_every_width(
    browser: Browser, system: System, width: int, serious_findings: Callable[[Page], list[str]]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = opened(context.new_page(), system)
    say(page, "什么情况下可以申领居住证？")
    expect(page.locator(".line.bot").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    system.screenshot(page, f"chat-{width}")
    for size in ("normal", "large"):
        if size == "large":
            page.get_by_role("button", name="大字").click()
            page.get_by_role("button", name="高对比").click()
            page.get_by_role("button", name="位置").click()
            system.screenshot(page, f"chat-{width}-large")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, size
        assert serious_findings(page) == [], size
    context.close()


# -- a long story ----------------------------------------------------------------------------------------------------


def test_a_pasted_story_goes_in_several_messages_and_nothing_is_lost(citizen: Page, system: System) -> None:
    nights = (
        f"第{night}天晚上楼下工地施工到{night % 4 + 1}:30，噪音很大，老人孩子都睡不着。" for night in range(1, 281)
    )
    story = "".join(nights)
    assert 8_000 < len(story) < 12_000
    citizen.get_by_label("请输入您的问题或诉求").fill(story)
    expect(citizen.get_by_text("将按顺序分成3条发送")).to_be_visible()
    expect(citizen.get_by_text(f"已写{len(story)}字，每条最多4000字")).to_be_visible()
    system.screenshot(citizen, "chat-long")
    citizen.keyboard.press("Enter")
    said = citizen.locator(".line.citizen .text")
    expect(said).to_have_count(3, timeout=PATIENCE_MS)
    expect(citizen.locator(".line[data-delivered=false]")).to_have_count(0, timeout=PATIENCE_MS)
    assert "".join(said.all_inner_texts()) == story
    citizen.reload()
    expect(said).to_have_count(3, timeout=PATIENCE_MS)
    assert "".join(said.all_inner_texts()) == story  # as the service keeps it


# -- a line that is lost -------------------------------------------------------------------------------------------


def test_what_is_written_without_a_line_is_sent_once_in_order_even_from_a_new_tab(
    citizen: Page, context: BrowserContext, system: System
) -> None:
    say(citizen, "居住证怎么办理？")
    expect(citizen.locator(".line.bot").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    citizen.route_web_socket("**/ws/chat", lambda line: line.close())  # from the next connection on
    citizen.reload()
    written = ["小区半夜施工太吵了", "在海淀区学院路街道", "昨天晚上开始的"]
    for text in written:
        say(citizen, text)
    waiting = citizen.get_by_text("等待网络，恢复后自动发送")
    expect(waiting).to_have_count(len(written), timeout=PATIENCE_MS)
    system.screenshot(citizen, "chat-waiting")
    citizen.reload()
    expect(waiting).to_have_count(len(written), timeout=PATIENCE_MS)
    citizen.close()
    other = opened(context.new_page(), system)
    said = other.locator(".line.citizen .text")
    expect(other.locator(".line[data-delivered=false]")).to_have_count(0, timeout=PATIENCE_MS)
    expect(said).to_have_text(["居住证怎么办理？", *written], timeout=PATIENCE_MS)
    expect(other.locator(".thinking")).to_have_count(0, timeout=PATIENCE_MS)
    other.reload()
    expect(said).to_have_text(["居住证怎么办理？", *written], timeout=PATIENCE_MS)
    assert other.evaluate("localStorage.getItem('hotline-unsent')") is None


# -- another site's page -------------------------------------------------------------------------------------------


def test_a_named_site_opens_the_chat_in_its_page_and_no_other_can(
    browser: Browser, site: Site, serious_findings: Callable[[Page], list[str]], system: System
) -> None:
    context = browser.new_context(viewport={"width": 1100, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(site.named)
    launcher = page.get_by_role("button", name="12345 在线咨询")
    launcher.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe")
    box = frame.get_by_label("请输入您的问题或诉求")
    expect(frame.get_by_role("status").first).to_contain_text("已连接", timeout=PATIENCE_MS)
    box.fill("居住证怎么办理？")
    box.press("Enter")
    expect(frame.locator(".line.bot").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    system.screenshot(page, "chat-widget")
    assert serious_findings(page) == []
    box.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(launcher).to_be_focused()
    launcher.click()
    expect(frame.locator(".line.citizen")).to_have_count(1)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    system.screenshot(page, "chat-widget-320")
    page.goto(site.foreign)
    page.get_by_role("button", name="12345 在线咨询").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.frame_locator("iframe").get_by_label("请输入您的问题或诉求")).to_have_count(0)
    context.close()


# -- an order by its number ----------------------------------------------------------------------------------------


def test_an_order_is_followed_with_its_number_and_code(citizen: Page, system: System) -> None:
    answers = citizen.locator(".line.bot")
    text, told = f"{SAID}，我要投诉", ""
    for _ in range(12):
        before = answers.count()
        say(citizen, text)
        expect(answers.nth(before)).to_be_visible(timeout=PATIENCE_MS)
        told = citizen.get_by_role("log").inner_text()
        if "查询码" in told:
            break
        asked = answers.last.inner_text()
        text = next((answer for words, answer in ANSWERS.items() if re.search(words, asked)), "没有别的了")
    filed = re.search(r"工单编号(\d+)，查询码(\w+)", told)
    assert filed is not None, told
    citizen.get_by_label("工单号").fill(filed[1])
    citizen.get_by_label("查询码").fill("000000000")
    citizen.get_by_role("button", name="查询").click()
    expect(citizen.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    citizen.get_by_label("查询码").fill(filed[2])
    citizen.get_by_role("button", name="查询").click()
    expect(citizen.get_by_role("list", name="办理经过")).to_contain_text("派", timeout=PATIENCE_MS)
    system.screenshot(citizen, "chat-order")
