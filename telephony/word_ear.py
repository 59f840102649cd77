"""A few seconds of listening for a word, for a caller who is not listened to otherwise. Pure; times are the call's.

Open only while an answer is awaited, so it costs nothing the rest of the time.
"""

from __future__ import annotations

from typing import Final

from telephony.audio import BYTES_A_SECOND, SAMPLE_BYTES

LISTEN_SECONDS: Final = 6.0  # for a word to begin
LONGEST_SECONDS: Final = 4.0  # of a word
END_SECONDS: Final = 0.6  # of silence end it
LEAST_VOICED_SECONDS: Final = 0.2  # shorter is a click
_VOICE: Final = 0.5
_PRE_ROLL_BYTES: Final = int(0.4 * BYTES_A_SECOND) // SAMPLE_BYTES * SAMPLE_BYTES  # the detector fires late


class WordEar:
    """One caller. `feed` and `voice` come in the order of the audio, `voice` a little later than its audio."""

    def __init__(self) -> None:
        self._closes_at: float | None = None
        self._kept = bytearray()
        self._voiced_seconds = 0.0
        self._silent_seconds = 0.0
        self._in_word = False

    @property
    def listening(self) -> bool:
        return self._closes_at is not None

    def open(self, now: float) -> None:
        """An answer is awaited from now on, or still."""
        self._closes_at = now + LISTEN_SECONDS

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
        return pcm

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
