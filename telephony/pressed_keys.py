"""One call's keys: told by events (RFC 4733, SIP INFO) or heard as tones in the audio, each press once."""

from __future__ import annotations

from telephony.dtmf import Debouncer
from telephony.inband_dtmf import InbandKeys


class PressedKeys:
    """Tones are searched only until the first key is told by an event: such a line needs no ear."""

    def __init__(self, *, inband: bool) -> None:
        self._debouncer = Debouncer()
        self._tones = InbandKeys() if inband else None

    def told(self, report: str, now: float) -> str | None:
        """A report about a pressed key as it came: the key, or None for a repetition or junk."""
        self._tones = None
        return self._debouncer.press(report, now, "event")

    @property
    def listens(self) -> bool:
        """Tones are searched."""
        return self._tones is not None

    def heard(self, pcm: bytes, now: float) -> list[str]:
        """The caller's audio, PCM16 at 8 kHz: the keys that were pressed in it."""
        if self._tones is None or not pcm:
            return []
        reports = self._tones.feed(pcm)
        return [key for report in reports if (key := self._debouncer.press(report, now, "tone")) is not None]
