"""What a caller heard, from the packets of one call. Pure: arrays in, seconds out.

Delays run from the moment the caller's last voiced frame was handed to the network to the kernel's time of arrival of
the bot's first loud packet (both on this machine's clock, both including 20 ms of packet).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.phone_line import LOUD_PEAK, Arrivals

PAUSE_SECONDS: Final = 0.3  # between words of one stretch of speech pauses are shorter
STOPPED_WITHIN_SECONDS: Final = 2.5  # a bot that speaks longer than this into the caller has not stopped
LATE_SECONDS: Final = 0.02
NEIGHBOURS: Final = 125  # packets on either side


@dataclass(frozen=True, slots=True)
class Stretch:
    """The bot was heard from `begin` to `end` (wall clock)."""

    begin: float
    end: float


def stretches(arrivals: Arrivals, pause_seconds: float = PAUSE_SECONDS) -> list[Stretch]:
    found: list[Stretch] = []
    for at, peak in zip(arrivals.times, arrivals.peaks, strict=True):
        if peak < LOUD_PEAK:
            continue
        if found and at - found[-1].end <= pause_seconds:
            found[-1] = Stretch(found[-1].begin, at)
        else:
            found.append(Stretch(at, at))
    return found


def speaking_at(heard: list[Stretch], moment: float) -> bool:
    index = bisect_right([stretch.begin for stretch in heard], moment) - 1
    return index >= 0 and heard[index].end >= moment


def first_sound_after(heard: list[Stretch], moment: float) -> Stretch | None:
    """The first stretch that begins after `moment`."""
    index = bisect_left([stretch.begin for stretch in heard], moment)
    return heard[index] if index < len(heard) else None


def silence_delay(heard: list[Stretch], began_at: float, stopped_speaking_at: float) -> float | None:
    """Seconds from the caller's first voiced frame to the bot's last loud packet while the caller speaks.

    None where the bot spoke on for longer than `STOPPED_WITHIN_SECONDS`.
    """
    last = began_at
    for stretch in heard:
        if stretch.end > began_at and stretch.begin < stopped_speaking_at:
            last = max(last, min(stretch.end, stopped_speaking_at))
    delay = last - began_at
    return delay if delay <= STOPPED_WITHIN_SECONDS else None


def late_packets(arrivals: Arrivals) -> tuple[int, int]:
    """How many packets came more than 20 ms after their due time, of how many.

    Due is the RTP clock laid through the middle of the packets within 2.5 s of each: neither a clock that drifts by
    some parts in a million nor the step of a frame with which a call may begin is lateness.
    """
    if len(arrivals.times) < 2:
        return 0, len(arrivals.times)
    stamps = np.unwrap(np.array(arrivals.stamps, dtype=np.float64), period=2.0**32) / 8_000
    offset = np.array(arrivals.times) - stamps
    around = min(NEIGHBOURS, len(offset) // 2)
    padded = np.pad(offset, around, mode="edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1), axis=1)
    return int((offset - usual > LATE_SECONDS).sum()), len(offset)
