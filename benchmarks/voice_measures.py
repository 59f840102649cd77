"""What a sound engineer would look at in the speech we make: level, peaks, offsets, clicks at joins. Pure.

The level is the active speech level of ITU-T P.56 (method B): the mean over the time in which somebody speaks, so that
pauses do not count. It is measured apart from the code that sets levels.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Audio = npt.NDArray[np.float64]

RATE_HZ: Final = 8_000
_ENVELOPE_SECONDS: Final = 0.03
_HANGOVER_SECONDS: Final = 0.2
_MARGIN_DB: Final = 15.9


def samples_of(pcm16: bytes) -> Audio:
    return np.frombuffer(pcm16, "<i2").astype(np.float64) / 32768.0


def active_level_dbfs(audio: Audio) -> float | None:
    """Level of the speech in dB relative to full scale (P.56 method B); None for silence."""
    square_sum = float(np.sum(audio * audio))
    if square_sum <= 0.0:
        return None
    decay = float(np.exp(-1.0 / (RATE_HZ * _ENVELOPE_SECONDS)))
    envelope = np.abs(audio)
    for _ in range(2):
        envelope = lfilter([1.0 - decay], [1.0, -decay], envelope)
    hangover = round(_HANGOVER_SECONDS * RATE_HZ)
    best: tuple[float, float] | None = None
    for step in range(15, -1, -1):
        threshold = 2.0**-step / 2.0
        above = np.flatnonzero(envelope >= threshold)
        if not len(above):
            continue
        gaps = np.minimum(np.diff(np.append(above, len(audio))), hangover)
        activity = float(np.sum(gaps))
        level = float(10 * np.log10(square_sum / activity))
        margin = level - 20 * np.log10(threshold)
        if margin <= _MARGIN_DB:
            if best is None or best[1] <= _MARGIN_DB:
                return level
            share = (best[1] - _MARGIN_DB) / (best[1] - margin)
            return float(best[0] + share * (level - best[0]))
        best = (level, margin)
    return None if best is None else best[0]


def peak_dbfs(audio: Audio) -> float:
    peak = float(np.abs(audio).max()) if len(audio) else 0.0
    return float(20 * np.log10(peak)) if peak > 0 else -120.0


def offset(audio: Audio) -> float:
    """Mean of all samples, in full scale: a direct current that clicks wherever it begins or ends."""
    return abs(float(audio.mean())) if len(audio) else 0.0


def join_jumps(pieces: list[Audio]) -> list[float]:
    """The step from the last sample of each piece to the first of the next, and at both ends of the whole."""
    ends = [0.0, *(float(piece[-1]) for piece in pieces if len(piece))]
    starts = [*(float(piece[0]) for piece in pieces if len(piece)), 0.0]
    return [abs(start - end) for end, start in zip(ends, starts, strict=True)]


def click_db(pieces: list[Audio]) -> float:
    """The greatest bend of the wave within 2 ms of a join, in dB to the greatest in the speech; far below 0 is quiet.

    A click is a bend of the wave (second difference) that nothing in the speech around it has.
    """
    whole = np.concatenate([np.zeros(16), *pieces, np.zeros(16)])
    bend = np.abs(np.diff(whole, 2))
    position, near = 16, np.zeros(len(bend), bool)
    for piece in [np.zeros(0), *pieces]:
        position += len(piece)
        near[max(0, position - 16) : position + 16] = True
    inside = float(bend[~near].max()) if (~near).any() else 0.0
    at_joins = float(bend[near].max())
    if inside <= 0.0:
        return 0.0 if at_joins > 0 else -120.0
    return float(20 * np.log10(max(at_joins, 1e-6) / inside))
