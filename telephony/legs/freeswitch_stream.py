"""Calls from FreeSWITCH through `mod_audio_stream`: L16 audio up and down one websocket a call.

Written to the module's published description (https://github.com/amigniter/mod_audio_stream) and tested against its
messages; not yet proven against a FreeSWITCH. Playback into the call needs version 1.0.3 or later with
`STREAM_PLAYBACK`: raw audio (`playback=raw`, the default) or base64 in JSON (`playback=json`). The source edition only
sends audio up and cannot carry a conversation.

The module has no message for keys, hang-up or stopping what it plays. It hands our JSON to FreeSWITCH as an event and
can send text to us, so a small script in `deploy/freeswitch/` closes the gap: it sends `{"event": "dtmf",
"digit": "0"}` and obeys `{"type": "hangup"}` and `{"type": "killAudio"}`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final

from base.logs import get_logger
from base.masking import Masked
from telephony.legs.caller_number import call_name, telephone_number
from telephony.legs.leg import CallerId
from telephony.legs.media_format import Converter, linear
from telephony.legs.paced_leg import PacedLeg
from telephony.legs.pacing import Beat
from telephony.legs.websocket_connection import WebSocketConnection

log = get_logger("telephony.freeswitch")

# The module plays what it gets by its own clock but cannot be relied on to forget it: as little as bridges a late beat.
LEAD_SECONDS: Final = 0.04
RATES_HZ: Final = {"8000": 8_000, "8k": 8_000, "16000": 16_000, "16k": 16_000}


class FreeSwitchLeg(PacedLeg):
    """A `Receiver` from the connection on; a leg from the first message on, which is the metadata or already audio."""

    kind = "freeswitch_stream"

    def __init__(
        self,
        connection: WebSocketConnection,
        beat: Beat,
        parameters: dict[str, str],
        on_leg: Callable[[FreeSwitchLeg], None],
    ) -> None:
        super().__init__(CallerId(Masked(""), ""), beat, lead_seconds=LEAD_SECONDS)
        self._connection = connection
        self._parameters = parameters
        self._on_leg = on_leg
        self._converter: Converter | None = None
        self._rate_hz = 0
        self._as_json = False

    @property
    def started(self) -> bool:
        return self._converter is not None

    # --- from FreeSWITCH --------------------------------------------------------------------------------------------

    def on_text(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            log.warning("freeswitch sent a text that is no JSON object", characters=len(text))
        elif not self.started:
            self._start({str(key): str(value) for key, value in message.items()})
        elif message.get("event") == "dtmf":
            self._pressed(str(message.get("digit", ""))[:1])

    def _start(self, metadata: dict[str, str]) -> None:
        told = {**metadata, **self._parameters}
        rate_hz = RATES_HZ.get(told.get("rate", "8000"))
        playback = told.get("playback", "raw")
        if rate_hz is None or playback not in ("raw", "json"):
            log.error("freeswitch asks for something unknown", rate=told.get("rate"), playback=playback[:10])
            self._say_goodbye()
            return
        self.caller = CallerId(
            Masked(telephone_number(told.get("caller"))), call_name(told.get("call_id"), told.get("uuid"))
        )
        self._rate_hz, self._as_json = rate_hz, playback == "json"
        self._converter = Converter(linear(rate_hz))
        self._on_leg(self)

    def on_binary(self, data: bytes) -> None:
        if self._converter is None:
            self._start({})
        if self._converter is not None:
            self._heard(self._converter.from_wire(data))

    def on_lost(self, clean: bool) -> None:
        self._close("caller_hung_up" if clean else "error")

    # --- to FreeSWITCH ----------------------------------------------------------------------------------------------

    def _send(self, pcm: bytes) -> None:
        if self._converter is None or self._connection.stuck:
            return
        audio = self._converter.to_wire(pcm)
        if self._as_json:
            data = {
                "audioDataType": "raw",
                "sampleRate": self._rate_hz,
                "audioData": base64.b64encode(audio).decode("ascii"),
            }
            self._connection.send_text(json.dumps({"type": "streamAudio", "data": data}))
        else:
            self._connection.send_binary(audio)

    def _recall(self) -> bool:
        self._connection.send_text(json.dumps({"type": "killAudio"}))
        return False  # nothing says that it was obeyed

    def _say_goodbye(self) -> None:
        self._connection.send_text(json.dumps({"type": "hangup"}))
        self._connection.close()

    def _drop(self) -> None:
        self._connection.abort()
