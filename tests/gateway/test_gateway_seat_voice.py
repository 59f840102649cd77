"""A caller and a seat who talk: a real telephone, the real phone process, the workbench in a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations
from playwright.async_api import Page, expect

from base.settings import ROOT
from gateway.core import Core
from gateway.internal import ensure_token
from hotline.trial.listening import opened
from telephony.caller import free_port

pytestmark = [pytest.mark.browser, pytest.mark.processes]
RATE_HZ = 8_000
SEAT_HZ, CALLER_HZ = 1_700.0, 500.0
PATIENCE_MS = 20_000
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


async def soon(condition: Callable[[], Any], seconds: float) -> None:
    for _ in range(int(10 * seconds)):
        if condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def bursts(path: Path) -> Path:
    """What the microphone hears: a tone that comes and goes like words, so that no noise filter takes it for noise."""
    rate = 48_000
    moments = np.arange(6 * rate) / rate
    on = (moments % 0.6 < 0.35) * np.minimum(1.0, 40 * (moments % 0.6))
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * SEAT_HZ * moments) * on, rate, "PCM_16")
    return path


def seconds_of_tone(sound: np.ndarray[Any, Any], frequency_hz: float) -> float:
    step = RATE_HZ // 10
    frames = sound[: len(sound) // step * step].reshape(-1, step)
    turn = np.exp(-2j * np.pi * frequency_hz * np.arange(step) / RATE_HZ)
    return float((np.abs((frames * turn).mean(axis=1)) * 2 > 0.02).sum()) / 10


@pytest.fixture
async def phone(desk: Client, core: Core, tmp_path: Path) -> AsyncIterator[str]:
    """The phone process, linked to that core; its SIP address."""
    directory, sip_port = tmp_path / "phone", free_port("127.0.0.1")
    core.settings.telephony.seat_audio_port = free_port("127.0.0.1")
    (directory / "run").mkdir(parents=True)
    (directory / "run" / "internal.token").write_text(ensure_token(core.settings) + "\n")
    environment = {
        **os.environ,
        "HOTLINE_DATA__DIRECTORY": str(directory),
        "HOTLINE_WEB__PORT": str(desk.port),
        "HOTLINE_TELEPHONY__SIP_PORT": str(sip_port),
        "HOTLINE_TELEPHONY__SEAT_AUDIO_PORT": str(core.settings.telephony.seat_audio_port),
        "HOTLINE_TELEPHONY__RTP_PORTS": "[23000,24999]",
    }
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "telephony.phone"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    await soon(lambda: core.parts["phone"].ok, 60.0)
    yield f"sip:12345@127.0.0.1:{sip_port}"
    process.terminate()
    await asyncio.wait_for(process.wait(), 20)


@pytest.fixture
async def page(desk: Client, tmp_path: Path) -> AsyncIterator[Page]:
    """The workbench of a seat who has logged in."""
    options = [*OPTIONS, f"--use-file-for-fake-audio-capture={bursts(tmp_path / 'bursts.wav')}"]
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS, options=options) as page:
        await log_in(page, desk, "/seat", "ann")
        await expect(page.get_by_text("在线", exact=True)).to_be_visible()
        yield page


async def test_a_seat_talks_with_a_caller_in_the_browser(
    phone: str, page: Page, small: SmallConversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = small.snapshot

    async def of_a_call(conversation_id: str) -> dict[str, Any]:
        return {**await about(conversation_id), "channel": "phone"}

    monkeypatch.setattr(small, "snapshot", of_a_call)
    heard = tmp_path / "heard.wav"
    plan = {
        "port": free_port("127.0.0.1"), "dial": phone, "record": str(heard), "seconds": 90,
        "tone_hz": CALLER_HZ, "rtp_ports": [25_000, 25_040],
    }  # fmt: skip
    program = ROOT / "tests" / "telephony" / "tone_phone.py"
    caller = await asyncio.create_subprocess_exec(
        *[sys.executable, str(program), json.dumps(plan)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        await soon(lambda: any(small.turns.values()), 30.0)  # its first words are stored: it is open
        (known,) = small.turns
        small._become(known, "waiting")

        queue = page.get_by_role("region", name="排队与我的会话")
        await queue.get_by_role("button", name="接起").first.click(timeout=PATIENCE_MS)
        call = page.get_by_role("region", name="通话")
        await call.get_by_role("button", name="网页通话").click(timeout=PATIENCE_MS)
        await expect(call.get_by_text("坐席 安安", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        assert ("joined", "安安") in small.people
        await asyncio.sleep(5.0)
        await call.get_by_role("button", name="保持").click()
        await expect(call.get_by_text("市民在听等待音乐")).to_be_visible(timeout=PATIENCE_MS)
        await call.get_by_role("button", name="恢复通话").click()
        await expect(call.get_by_text("市民在听等待音乐")).to_be_hidden(timeout=PATIENCE_MS)
        await call.get_by_role("button", name="离开通话").click()
        await expect(call.get_by_role("button", name="网页通话")).to_be_visible(timeout=PATIENCE_MS)
        await small.finish(known, (await small.held())[0]["seat_id"], "answered")
        await asyncio.wait_for(caller.wait(), 40)  # the hotline hangs up
    finally:
        if caller.returncode is None:
            caller.kill()
            await caller.wait()

    sound, rate = soundfile.read(heard, dtype="float32")
    assert rate == RATE_HZ
    assert seconds_of_tone(sound, SEAT_HZ) > 1.5, "the caller heard the seat's microphone"
    (recording,) = (tmp_path / "phone" / "recordings").rglob("*.wav")
    sides, _ = soundfile.read(opened(recording), dtype="float32")
    assert seconds_of_tone(sides[:, 0], CALLER_HZ) > 5.0, "left: the caller"
    assert seconds_of_tone(sides[:, 1], SEAT_HZ) > 1.5, "right: what the caller heard"
