"""A few seconds of listening for a word, for a caller who is not listened to otherwise. Pure; times are the call's.

Open only while an answer is awaited, so it costs nothing the rest of the time; and a line on which there is no sound
costs next to nothing then too: the detector is not asked about it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from telephony.audio import BYTES_A_SECOND, SAMPLE_BYTES

LISTEN_SECONDS: Final = 6.0  # for a word to begin
LONGEST_SECONDS: Final = 4.0  # of a word
END_SECONDS: Final = 0.6  # of silence end it
LEAST_VOICED_SECONDS: Final = 0.2  # shorter is a click
AUDIBLE_PEAK: Final = 104  # of 32,768 (-50 dBFS): what never gets there is no voice that could be recognised
CLEAR_PEAK: Final = 412  # -38 dBFS: a voice, and a weak one too; the noise of most lines stays below it
_SOUND_SECONDS: Final = 0.3  # the detector hears so much more after the last audible sound
_VOICE: Final = 0.5
_PRE_ROLL_BYTES: Final = int(0.4 * BYTES_A_SECOND) // SAMPLE_BYTES * SAMPLE_BYTES  # the detector fires late


class WordEar:
    """One caller. `feed` and `voice` come in the order of the audio, `voice` a little later than its audio."""

    def __init__(self) -> None:
        self._closes_at: float | None = None
        self._least_peak = AUDIBLE_PEAK
        self._sound_bytes = 0  # so much is still let through without a sound in it
        self._kept = bytearray()
        self._voiced_seconds = 0.0
        self._silent_seconds = 0.0
        self._in_word = False

    @property
    def listening(self) -> bool:
        return self._closes_at is not None

    def open(self, now: float, *, asked: bool = True) -> None:
        """An answer is awaited from now on, or still. `asked` False: the question has not been put yet, but somebody
        may know it: only a clear voice is listened to."""
        self._closes_at = now + LISTEN_SECONDS
        self._least_peak = AUDIBLE_PEAK if asked else CLEAR_PEAK

    def close(self) -> None:
        self._closes_at = None
        self._forget_word()

    def tick(self, now: float) -> None:
        """Nobody has begun to speak in time: it closes. A word that has begun is heard to its end."""
        if self._closes_at is not None and now >= self._closes_at and not self._in_word:
            self.close()

    def feed(self, pcm: bytes) -> bytes:
        """The caller's audio (PCM16 at 8 kHz); returns what the voice detector is to hear of it."""
        if not self.listening:
            return b""
        self._kept += pcm
        if not self._in_word and len(self._kept) > BYTES_A_SECOND:
            del self._kept[: len(self._kept) - BYTES_A_SECOND]
        return pcm if self._in_word or self._sounds(pcm) else b""

    def _sounds(self, pcm: bytes) -> bool:
        """There is a sound in it, or was just before."""
        samples = np.frombuffer(pcm, dtype="<i2")
        if samples.size and max(int(samples.max()), -int(samples.min())) >= self._least_peak:
            self._sound_bytes = int(_SOUND_SECONDS * BYTES_A_SECOND)
            return True
        self._sound_bytes = max(0, self._sound_bytes - len(pcm))
        return self._sound_bytes > 0

    def voice(self, probability: float, seconds: float) -> bytes | None:
        """The detector's opinion on the next stretch; the audio of a word once that is over."""
        if not self.listening:
            return None
        if probability >= _VOICE:
            if not self._in_word:
                self._in_word = True
                del self._kept[: max(0, len(self._kept) - _PRE_ROLL_BYTES)]
            self._voiced_seconds += seconds
            self._silent_seconds = 0.0
        elif self._in_word:
            self._silent_seconds += seconds
        if not self._in_word:
            return None
        if self._silent_seconds < END_SECONDS and len(self._kept) < LONGEST_SECONDS * BYTES_A_SECOND:
            return None
        word = bytes(self._kept) if self._voiced_seconds >= LEAST_VOICED_SECONDS else None
        self._forget_word()
        return word

    def _forget_word(self) -> None:
        self._kept.clear()
        self._voiced_seconds = self._silent_seconds = 0.0
        self._in_word = False
