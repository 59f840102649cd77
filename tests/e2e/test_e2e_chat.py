"""The citizen's page in a real browser: a spoken message, pictures and a place, reading aloud, a lost line, the widget.

The microphone is a recording of our own voice; nothing is asserted about the exact words that are understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

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
    before = 2  # the greeting and at least one answer
    expect(answers.nth(before - 1)).to_be_visible(timeout=PATIENCE_MS)
    system.screenshot(citizen, "chat-spoken")
    count = answers.count()
    citizen.get_by_role("button", name="听错了，改一改").click()
    box = citizen.get_by_label("请输入您的问题或诉求")
    expect(box).to_be_focused()
    expect(box).not_to_have_value("")
    box.fill(f"更正：{SAID}")
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
