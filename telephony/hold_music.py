"""What a caller hears while somebody is fetched: a slow chain of broken chords, computed here, so it is ours.

Pure sines with a soft attack carry well over G.711; the level stays well below speech.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from telephony.audio import RATE_HZ, Pcm

LEVEL_DBFS: Final = -20.0
_NOTE_SECONDS: Final = 0.5
_RING_SECONDS: Final = 2.5
_HARMONICS: Final = ((1.0, 1.0), (2.0, 0.25), (3.0, 0.08))
# Semitones above A3 (220 Hz); eight notes a chord, up and down, each chord with a voice leading by steps.
_CHORDS: Final = ((3, 7, 10, 15), (0, 7, 10, 15), (-4, 3, 8, 12), (-2, 5, 10, 14))
_PATTERN: Final = (0, 1, 2, 3, 2, 1, 2, 1)


@cache
def loop() -> Pcm:
    """16 s that can be repeated without a seam: notes that still ring at the end ring on at the beginning."""
    length = int(len(_CHORDS) * len(_PATTERN) * _NOTE_SECONDS * RATE_HZ)
    music = np.zeros(length)
    time = np.arange(int(_RING_SECONDS * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(1.0, time / 0.03) * np.exp(-time * 1.6) * np.minimum(1.0, (_RING_SECONDS - time) / 0.2)
    starts = range(0, length, int(_NOTE_SECONDS * RATE_HZ))
    notes = [chord[step] for chord in _CHORDS for step in _PATTERN]
    for start, semitones in zip(starts, notes, strict=True):
        pitch_hz = 220.0 * 2.0 ** (semitones / 12.0)
        tone = sum(share * np.sin(2 * np.pi * pitch_hz * factor * time) for factor, share in _HARMONICS)
        music[(start + np.arange(len(time))) % length] += tone * envelope
    music *= 10.0 ** (LEVEL_DBFS / 20.0) * 32768.0 / np.sqrt(np.mean(music**2))
    return music.round().astype(np.int16)
