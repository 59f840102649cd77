"""Listening through measurement: levels, gaps, overlap, clicks and holes of a recorded call (caller left, bot right).

Pure numpy over the two channels of a recording (`telephony/recording.py`); used by tests and benchmarks, and by
`python -m hotline.trial.listening WAV…` for a person who wants to know how a call sounded without playing it.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from storage.keyring import FILE_NAME, Keyring
from storage.sealed_files import FileSafe

FRAME_SECONDS: Final = 0.02
ACTIVE_DBFS: Final = -42.0  # a frame louder than this holds a voice, not line noise
PAUSE_SECONDS: Final = 0.35  # shorter silence lies within one stretch of speech
CLIPPED: Final = 32_000
CLICK_JUMP: Final = 5_000  # between two samples, of 32,768 …
CLICK_TIMES_MEDIAN: Final = 25.0  # … and so many times the usual jump around it
CUT_LEVEL: Final = 1_500  # speech that stops from here to nothing is heard as a click
SILENT: Final = 8  # A-law has no zero: silence is 8 or -8
HOLE_SECONDS: Final = (0.008, 0.25)  # digital silence this long within speech is lost audio, not a pause

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound from `begin` to `end`, seconds since the start of the recording."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Side:
    """One channel. Levels in dBFS; `spread_db`: between the quietest and the loudest stretch of at least a second."""

    speech_seconds: float
    level_dbfs: float | None
    spread_db: float | None
    peak_dbfs: float
    floor_dbfs: float
    clipped_share: float
    offset_share: float
    clicks: int
    cuts: int
    holes: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """`overlap_seconds`: both speak. `longest_silence_seconds`: nobody does, between the first and the last sound.
    `answer_gaps`: from the end of each stretch of the caller to the next sound of the bot, where the caller is not
    heard again before."""

    seconds: float
    caller: Side
    bot: Side
    overlap_seconds: float
    longest_silence_seconds: float
    answer_gaps: tuple[float, ...]


def _dbfs(power: float) -> float:
    return round(10.0 * float(np.log10(max(power, 1e-12))), 1)


def _frames(samples: Samples, rate_hz: int) -> Samples:
    size = int(FRAME_SECONDS * rate_hz)
    usable = len(samples) - len(samples) % size
    return samples[:usable].reshape(-1, size)


def _active(samples: Samples, rate_hz: int) -> npt.NDArray[np.bool_]:
    active: npt.NDArray[np.bool_] = (_frames(samples, rate_hz) ** 2).mean(axis=1) > 10 ** (ACTIVE_DBFS / 10)
    return active


def _stretches(active: npt.NDArray[np.bool_]) -> tuple[Stretch, ...]:
    found: list[Stretch] = []
    for index in np.flatnonzero(active):
        begin, end = float(index) * FRAME_SECONDS, float(index + 1) * FRAME_SECONDS
        if found and begin - found[-1].end <= PAUSE_SECONDS:
            found[-1] = Stretch(found[-1].begin, end)
        else:
            found.append(Stretch(begin, end))
    return tuple(found)


def _clicks(values: Samples, rate_hz: int) -> int:
    """Jumps that the sound around them does not explain."""
    jumps = np.abs(np.diff(values))
    around = int(0.01 * rate_hz)
    count = 0
    last = -around
    for index in np.flatnonzero(jumps > CLICK_JUMP):
        if index - last < around:
            continue
        last = int(index)
        usual = float(np.median(jumps[max(0, index - around) : index + around]))
        count += bool(jumps[index] > CLICK_TIMES_MEDIAN * max(usual, 1.0))
    return count


def _silences(values: Samples) -> list[tuple[int, int]]:
    """Runs of digital silence, as (first sample, sample after the last)."""
    zero = np.concatenate([[0], (np.abs(values) <= SILENT).astype(np.int8), [0]])
    edges = np.diff(zero)
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def _cuts_and_holes(values: Samples, rate_hz: int) -> tuple[int, int]:
    shortest, longest = (int(seconds * rate_hz) for seconds in HOLE_SECONDS)
    cuts = holes = 0
    for begin, end in _silences(values):
        if end - begin < shortest or begin == 0:
            continue
        before = float(np.abs(values[max(0, begin - 8) : begin]).max())
        after = float(np.abs(values[end : end + 8]).max()) if end < len(values) else 0.0
        if end - begin <= longest and before > CUT_LEVEL / 2 and after > CUT_LEVEL / 2:
            holes += 1
        elif before > CUT_LEVEL:
            cuts += 1
    return cuts, holes


def side(values: Samples, rate_hz: int) -> Side:
    """Measure one channel of PCM16 values."""
    samples = values / 32_768.0
    active = _active(samples, rate_hz)
    frames = _frames(samples, rate_hz)
    power = (frames**2).mean(axis=1) if len(frames) else np.zeros(0)
    stretches = _stretches(active)
    long_levels = []
    for stretch in stretches:
        first, last = round(stretch.begin / FRAME_SECONDS), round(stretch.end / FRAME_SECONDS)
        voiced = power[first:last][active[first:last]]
        if stretch.seconds >= 1.0:
            long_levels.append(_dbfs(float(voiced.mean())))
    cuts, holes = _cuts_and_holes(values, rate_hz)
    return Side(
        speech_seconds=round(float(active.sum()) * FRAME_SECONDS, 2),
        level_dbfs=_dbfs(float(power[active].mean())) if active.any() else None,
        spread_db=round(max(long_levels) - min(long_levels), 1) if long_levels else None,
        peak_dbfs=_dbfs(float((samples**2).max())) if len(samples) else -120.0,
        floor_dbfs=_dbfs(float(np.median(power[~active]))) if (~active).any() else -120.0,
        clipped_share=round(float((np.abs(values) >= CLIPPED).mean()), 6) if len(values) else 0.0,
        offset_share=round(float(samples.mean()), 5) if len(samples) else 0.0,
        clicks=_clicks(values, rate_hz),
        cuts=cuts,
        holes=holes,
        stretches=stretches,
    )


def opened(path: Path) -> io.BytesIO:
    """A recording as a WAV, as far as it goes; one that is sealed by the key file of its data directory."""
    files = FileSafe(Keyring(lambda: path.resolve().parents[2] / FILE_NAME, make=False))
    with closing(files.open(path)) as file:
        return io.BytesIO(file.read(0, file.length))


def heard(path: Path) -> Heard:
    """Measure a recording.

    Raises:
        ValueError: it has not two channels.
        HotlineError: it does not open.
        soundfile.LibsndfileError: it is no WAV.
    """
    data, rate_hz = soundfile.read(opened(path), dtype="int16", always_2d=True)
    if data.shape[1] != 2:
        raise ValueError(f"{path.name} has {data.shape[1]} channels, a recording has two")
    values = data.astype(np.float64)
    caller, bot = side(values[:, 0], rate_hz), side(values[:, 1], rate_hz)
    talking = [_spread(part.stretches, len(data) / rate_hz) for part in (caller, bot)]
    anybody = np.flatnonzero(talking[0] | talking[1])
    silence = int(np.diff(anybody).max() - 1) if len(anybody) > 1 else 0
    gaps = []
    for stretch in caller.stretches:
        following = [s.begin for s in bot.stretches if s.begin >= stretch.end]
        again = [s.begin for s in caller.stretches if s.begin >= stretch.end]
        if following and not (again and min(again) < min(following)):
            gaps.append(round(min(following) - stretch.end, 2))
    return Heard(
        seconds=round(len(data) / rate_hz, 2),
        caller=caller,
        bot=bot,
        overlap_seconds=round(float((talking[0] & talking[1]).sum()) * FRAME_SECONDS, 2),
        longest_silence_seconds=round(max(0, silence) * FRAME_SECONDS, 2),
        answer_gaps=tuple(gaps),
    )


def _spread(stretches: tuple[Stretch, ...], seconds: float) -> npt.NDArray[np.bool_]:
    """Frame by frame: is this within a stretch?"""
    frames = np.zeros(int(seconds / FRAME_SECONDS) + 1, dtype=bool)
    for stretch in stretches:
        frames[round(stretch.begin / FRAME_SECONDS) : round(stretch.end / FRAME_SECONDS)] = True
    return frames


def summary(measured: list[Heard]) -> dict[str, Any]:
    """Many recordings in one table's row."""
    bots = [one.bot for one in measured]
    levels = [bot.level_dbfs for bot in bots if bot.level_dbfs is not None]
    minutes = max(sum(one.seconds for one in measured) / 60.0, 1e-9)
    return {
        "recordings": len(measured),
        "minutes": round(minutes, 1),
        "bot_level_dbfs": [min(levels), max(levels)] if levels else None,
        "bot_spread_db": max((bot.spread_db for bot in bots if bot.spread_db is not None), default=None),
        "bot_clicks_a_minute": round(sum(bot.clicks for bot in bots) / minutes, 3),
        "bot_holes_a_minute": round(sum(bot.holes for bot in bots) / minutes, 3),
        "bot_cuts_a_minute": round(sum(bot.cuts for bot in bots) / minutes, 3),
        "bot_clipped_share": max((bot.clipped_share for bot in bots), default=0.0),
        "overlap_share": round(sum(one.overlap_seconds for one in measured) / (60.0 * minutes), 4),
        "longest_silence_seconds": max((one.longest_silence_seconds for one in measured), default=0.0),
    }


def main(arguments: list[str]) -> int:
    for name in arguments:
        print(json.dumps({"file": name, **asdict(heard(Path(name)))}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
