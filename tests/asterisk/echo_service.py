"""Our side of the links without the hotline behind it, in a process of its own so that its CPU can be counted.

Every call hears itself. Keys: `1` plays the given speech and flushes it after 1.5 s, `#` hangs up. What happens is told
as JSON lines with the system's monotonic clock, which the measuring process shares.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from base.sections.telephony import TelephonySettings
from telephony.audio import BYTES_A_SECOND, FRAME_BYTES, FRAME_SECONDS, read_wav
from telephony.legs.leg import Leg
from telephony.legs.listeners import PbxListeners
from telephony.metrics import PhoneMetrics

AHEAD_BYTES = int(0.16 * BYTES_A_SECOND)  # as far ahead as the phone's speaker goes
FLUSH_AFTER_SECONDS = 1.5
CUSHION = bytes(2 * FRAME_BYTES)
LONGEST_BYTES = int(0.2 * BYTES_A_SECOND)


def tell(what: str, leg: Leg, **more: object) -> None:
    row = {"at": time.monotonic(), "what": what, "link": leg.kind, "call": leg.caller.leg_call_id, **more}
    print(json.dumps(row), flush=True)


class EchoCall:
    def __init__(self, leg: Leg, speech: bytes) -> None:
        self.over = False
        self._leg = leg
        self._speech = speech
        self._playing_since: float | None = None
        self._at = 0
        self._ending: asyncio.Task[None] | None = None
        leg.on_key(self._key)
        leg.on_closed(self._closed)
        tell("call", leg, caller=leg.caller.number.reveal())

    def _closed(self, reason: str) -> None:
        self.over = True
        tell("closed", self._leg, reason=reason)

    def _key(self, key: str) -> None:
        tell("key", self._leg, key=key)
        if key == "1":
            self._playing_since, self._at = time.monotonic(), 0
        elif key == "#":
            self._ending = asyncio.create_task(self._leg.hang_up())

    def _echo(self, heard: bytes) -> None:
        """As the phone's bridge does with live speech: a cushion where the leg has run dry, and never far behind."""
        waiting = self._leg.buffered()
        if heard and waiting == 0:
            self._leg.write(CUSHION)
        if waiting < LONGEST_BYTES:
            self._leg.write(heard)

    def tick(self) -> None:
        heard = self._leg.read()
        if self._playing_since is None:
            self._echo(heard)
        elif time.monotonic() - self._playing_since > FLUSH_AFTER_SECONDS:
            tell("flush", self._leg)
            self._leg.flush()
            self._playing_since = None
        else:
            room = AHEAD_BYTES - self._leg.buffered()
            self._at += self._leg.write(self._speech[self._at : self._at + max(0, room)])


async def main(websocket_port: int, audiosocket_port: int, secret: str, room: int, speech: bytes) -> None:
    calls: set[EchoCall] = set()
    answering: set[asyncio.Task[None]] = set()

    def incoming(leg: Leg) -> None:
        calls.add(EchoCall(leg, speech))
        task = asyncio.create_task(leg.answer())
        answering.add(task)
        task.add_done_callback(answering.discard)

    settings = TelephonySettings(
        asterisk_websocket_port=websocket_port, audiosocket_port=audiosocket_port, pbx_secret=secret
    )
    listeners = PbxListeners(
        settings, incoming, PhoneMetrics(), has_room=lambda: len(calls) < room, on_refused=lambda caller: None
    )
    await listeners.start()
    print(json.dumps({"what": "ready"}), flush=True)
    due = time.monotonic()
    while True:
        due = max(due + FRAME_SECONDS, time.monotonic() - 0.1)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        for call in [call for call in calls if call.over]:
            calls.discard(call)
        for call in calls:
            call.tick()


if __name__ == "__main__":
    ws, audio, shared_secret, places, wav = sys.argv[1:]
    asyncio.run(main(int(ws), int(audio), shared_secret, int(places), read_wav(Path(wav))))
