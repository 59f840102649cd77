"""Callers who say nothing and listen: when they are answered, when they hear the first sound, how evenly audio comes.

All on one thread, each sending a silent frame of RTP every 20 ms as a telephone does. For a sample beside SIPp's many
calls, or for a whole load where there are few.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from benchmarks.conditions import percentile
from benchmarks.phone_line import FRAME_BYTES, LOUD_PEAK, Dialog, RtpLine, SipPort
from telephony.phone import call_id_of

BEAT_SECONDS: Final = 0.02
LATE_SECONDS: Final = 0.04  # between two packets of 20 ms
SILENCE: Final = b"\xd5" * FRAME_BYTES  # A-law
ANSWER_SECONDS: Final = 10.0
_A_LAW: Final = 8


@dataclass(slots=True, eq=False)
class Listener:
    """One call; moments of the wall clock."""

    dialog: Dialog
    line: RtpLine
    seconds: float
    keys: Sequence[tuple[float, str]] = ()
    over: bool = False

    @property
    def call_id(self) -> str:
        """The phone's name of the call."""
        return call_id_of(self.dialog.call_id)

    @property
    def answered(self) -> bool:
        return self.dialog.answered_at is not None

    @property
    def heard_after_seconds(self) -> float | None:
        """From the INVITE to the first sound that is no line noise."""
        arrivals = self.line.arrivals
        loud = next((at for at, peak in zip(arrivals.times, arrivals.peaks, strict=True) if peak >= LOUD_PEAK), None)
        return None if loud is None else loud - self.dialog.invited_at

    @property
    def gaps(self) -> list[float]:
        return [after - before for before, after in pairwise(self.line.arrivals.times)]


class ListeningCallers:
    """Call `ring` for each caller and `beat` every 20 ms; `close` at the end."""

    def __init__(self, port: int) -> None:
        """`port`: of the phone, or of the proxy before it."""
        self._port = SipPort(port)
        self._live: list[Listener] = []
        self._beats = 0
        self.calls: list[Listener] = []

    def ring(self, caller: str, seconds: float, *, keys: Sequence[tuple[float, str]] = ()) -> Listener:
        """Hangs up so many seconds after the answer; presses `keys` at their seconds after it."""
        line = RtpLine(_A_LAW)
        line.open()
        call = Listener(Dialog(secrets.token_hex(12), line, caller), line, seconds, keys)
        self._live.append(call)
        self.calls.append(call)
        self._port.invite(call.dialog)
        return call

    @property
    def at_once(self) -> int:
        return len(self._live)

    def beat(self) -> None:
        self._port.work()
        now = time.time()
        for call in self._live:
            self._look(call, now)
        self._live = [call for call in self._live if not call.over]
        self._beats += 1
        if self._beats % 25 == 0:
            self._port.retransmit()

    def _look(self, call: Listener, now: float) -> None:
        dialog = call.dialog
        if dialog.answered_at is None:
            call.over = dialog.status >= 300 or now - dialog.invited_at > ANSWER_SECONDS
            dialog.given_up = call.over and dialog.status < 300
        else:
            if call.keys and now - dialog.answered_at >= call.keys[0][0]:
                call.line.press(call.keys[0][1])
                call.keys = call.keys[1:]
            call.line.send(SILENCE)
            call.line.receive(everything=True)
            if dialog.ended_by == "bot" or now - dialog.answered_at >= call.seconds:
                self.hang_up(call)
                return
        if call.over:
            call.line.close()

    def hang_up(self, call: Listener) -> None:
        """Of an answered call, whose time may not be over."""
        if not call.over:
            call.over = True
            self._port.hang_up(call.dialog)
            call.line.close()

    def settle(self, seconds: float) -> None:
        """Farewells that were lost are said again."""
        until = time.time() + seconds
        while time.time() < until:
            self._port.work()
            self._port.retransmit()
            time.sleep(0.1)

    def close(self) -> None:
        for call in self._live:
            call.line.close()
        self._port.close()


def summary(calls: list[Listener]) -> dict[str, Any]:
    """How it was for those who listened."""
    answered = [call for call in calls if call.answered]
    heard = [after for call in answered if (after := call.heard_after_seconds) is not None]
    gaps = [gap for call in answered for gap in call.gaps]
    packets = sum(len(call.line.arrivals.times) for call in answered)
    expected = sum(call.seconds / BEAT_SECONDS for call in answered)
    return {
        "calls": len(calls),
        "answered": len(answered),
        "heard_something": len(heard),
        "heard_after_p50_seconds": percentile(heard, 0.5),
        "heard_after_p95_seconds": percentile(heard, 0.95),
        "heard_after_most_seconds": round(max(heard), 3) if heard else None,
        "packets_of_expected": round(packets / expected, 4) if expected else None,
        "late_packets": round(sum(gap > LATE_SECONDS for gap in gaps) / len(gaps), 5) if gaps else None,
    }
