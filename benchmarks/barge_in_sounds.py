"""What a bot hears while it speaks: interruptions, back-channels and noises, for `benchmarks.endpointing`. Synthetic.

Interruptions are beginnings of the evaluation clips; back-channels are our own voice at several speeds and pitches (the
words differ between the choosing and the testing part); noises are made by formula: coughs, knocks, music, babble of
other people, hum, keys. Each comes over a line with noise of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from benchmarks.endpointing_speech import (
    LINE_LEVEL,
    SNR_DB,
    SPEAKERS,
    Part,
    Voice,
    coloured_noise,
    down_the_line,
    faded,
    levels_db,
    trimmed,
)
from telephony.audio import RATE_HZ, Samples, read_wav, resample, to_samples

Kind = Literal["interruption", "back_channel", "noise"]

LEAD_SECONDS: Final = 2.0
TAIL_SECONDS: Final = 2.0
_BACK_CHANNELS: Final[dict[Part, tuple[str, ...]]] = {
    "choosing": ("嗯", "对", "好", "哦", "嗯嗯", "好的", "是的", "对对"),
    "testing": ("嗯", "是", "行", "噢", "嗯哼", "对的", "好好", "知道了"),
}
_SPEEDS: Final = (0.9, 1.0, 1.2)
_PITCHES: Final = (0.85, 1.0, 1.15)
_AUDIBLE_DB: Final = 25.0
_NOISE_LEVELS_DB: Final = (-12.0, -6.0, 0.0, 4.0)  # against speech


@dataclass(frozen=True)
class Sound:
    """`pcm` at 8 kHz; the sound begins at `starts` and ends at `ends` (seconds). `name` says what it is."""

    kind: Kind
    name: str
    pcm: bytes
    starts: float
    ends: float


def _seconds(count: float) -> int:
    return int(count * RATE_HZ)


def _cough(random: np.random.Generator) -> Samples:
    """One to three bursts of noise, band-limited, with a sudden beginning and a soft end."""
    bursts = []
    for _ in range(int(random.integers(1, 4))):
        length = _seconds(random.uniform(0.12, 0.3))
        noise = random.standard_normal(length)
        low = np.convolve(noise, np.ones(4) / 4, mode="same")
        bursts += [low * np.exp(-np.linspace(0, 5, length)), np.zeros(_seconds(random.uniform(0.05, 0.2)))]
    return np.concatenate(bursts).astype(np.float32)


def _knock(random: np.random.Generator) -> Samples:
    parts = []
    for _ in range(int(random.integers(1, 4))):
        length = _seconds(0.08)
        ring = np.sin(2 * np.pi * random.uniform(120, 400) * np.arange(length) / RATE_HZ)
        parts += [ring * np.exp(-np.linspace(0, 8, length)), np.zeros(_seconds(random.uniform(0.1, 0.3)))]
    return np.concatenate(parts).astype(np.float32)


def _music(random: np.random.Generator) -> Samples:
    """Chords with overtones, four notes a second."""
    notes = []
    for _ in range(int(random.integers(4, 9))):
        length = _seconds(0.25)
        time = np.arange(length) / RATE_HZ
        root = 220 * 2 ** (random.integers(0, 12) / 12)
        chord = sum(
            np.sin(2 * np.pi * root * ratio * harmonic * time) / harmonic
            for ratio in (1, 1.26, 1.5)
            for harmonic in (1, 2, 3)
        )
        notes.append(chord * np.exp(-np.linspace(0, 2, length)))
    return np.concatenate(notes).astype(np.float32)


def _horn(random: np.random.Generator) -> Samples:
    time = np.arange(_seconds(random.uniform(0.3, 0.9))) / RATE_HZ
    return (np.sign(np.sin(2 * np.pi * 410 * time)) + np.sign(np.sin(2 * np.pi * 515 * time))).astype(np.float32)


def _keys(random: np.random.Generator) -> Samples:
    parts = []
    for _ in range(int(random.integers(5, 15))):
        click = random.standard_normal(_seconds(0.015)) * np.exp(-np.linspace(0, 6, _seconds(0.015)))
        parts += [click, np.zeros(_seconds(random.uniform(0.05, 0.2)))]
    return np.concatenate(parts).astype(np.float32)


def _wind(random: np.random.Generator) -> Samples:
    noise = coloured_noise(_seconds(random.uniform(0.8, 2.0)), random)
    slow = np.interp(np.arange(len(noise)), np.linspace(0, len(noise), 8), random.uniform(0.1, 1, 8))
    return (noise * slow).astype(np.float32)


_NOISES: Final[dict[str, Callable[[np.random.Generator], Samples]]] = {
    "cough": _cough,
    "knock": _knock,
    "music": _music,
    "horn": _horn,
    "keys": _keys,
    "wind": _wind,
}


def _on_the_line(kind: Kind, name: str, sound: Samples, random: np.random.Generator) -> Sound:
    snr = float(random.choice(SNR_DB))
    lead = np.zeros(_seconds(LEAD_SECONDS + random.uniform(0, 0.032)), np.float32)
    clean = np.concatenate([lead, faded(sound), np.zeros(_seconds(TAIL_SECONDS), np.float32)])
    noise = coloured_noise(len(clean), random) * np.float32(LINE_LEVEL * 10 ** (-snr / 20))
    begin = len(lead) / RATE_HZ
    return Sound(kind, name, down_the_line(clean + noise), begin + _onset(sound), begin + len(sound) / RATE_HZ)


def _onset(sound: Samples) -> float:
    """Seconds until the sound can be heard: 40 of 50 ms within 25 dB of its own loud level."""
    levels = levels_db(sound)
    loud = levels > float(np.percentile(levels, 95)) - _AUDIBLE_DB
    return next((index / 100 for index in range(len(loud)) if loud[index : index + 5].sum() >= 4), 0.0)


def _scaled(sound: Samples, level: float) -> Samples:
    scaled: Samples = (sound * (level / max(1e-6, float(np.sqrt(np.mean(sound**2)))))).astype(np.float32)
    return scaled


def sounds(part: Part, speech: Path, voice: Voice, *, seed: int = 20260106) -> list[Sound]:
    """All sounds of one part, the same for the same seed."""
    random = np.random.default_rng([seed, sorted(SPEAKERS).index(part)])
    found: list[Sound] = []
    for line in (speech / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["speaker"] == SPEAKERS[part]:
            clip = trimmed(to_samples(read_wav(speech / row["wav_phone"])))
            found.append(_on_the_line("interruption", row["group"], clip, random))
    for word in _BACK_CHANNELS[part]:
        for speed in _SPEEDS:
            for pitch in _PITCHES:
                said = resample(voice.say(word, speed), RATE_HZ, int(RATE_HZ / pitch))
                level = LINE_LEVEL * 10 ** (random.uniform(-10, 0) / 20)
                found.append(_on_the_line("back_channel", word, _scaled(trimmed(said), level), random))
    for name, make in _NOISES.items():
        for level_db in _NOISE_LEVELS_DB:
            for _ in range(4):
                sound = _scaled(make(random), LINE_LEVEL * 10 ** (level_db / 20))
                found.append(_on_the_line("noise", name, sound, random))
    babble = [sound for sound in found if sound.kind == "interruption"]
    for number in range(16):
        chosen = [to_samples(babble[int(i)].pcm) for i in random.choice(len(babble), 5, replace=False)]
        length = _seconds(random.uniform(1.0, 2.5))
        mixed = sum(piece[_seconds(2.2) : _seconds(2.2) + length] for piece in (np.pad(c, (0, 40_000)) for c in chosen))
        level = LINE_LEVEL * 10 ** (_NOISE_LEVELS_DB[number % 2] / 20)
        found.append(_on_the_line("noise", "babble", _scaled(np.asarray(mixed, np.float32), level), random))
    return found
