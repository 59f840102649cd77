"""Calls from Asterisk's `chan_websocket` (22.6 and later): media in binary frames, control in text frames.

Asterisk connects to us, one websocket a call (`Dial(WebSocket/…)` with `websocket_client.conf`), and names its caller
in the URL: `?caller=13900001234&call_id=<the SIP Call-ID>`. With the dial option `n` the caller is answered by us. The
dialplan is in `deploy/asterisk/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from base.logs import get_logger
from base.masking import Masked
from telephony.legs import asterisk_messages
from telephony.legs.asterisk_messages import Event
from telephony.legs.caller_number import call_name, telephone_number
from telephony.legs.leg import CallerId
from telephony.legs.media_format import FORMATS, Converter
from telephony.legs.paced_leg import PacedLeg
from telephony.legs.pacing import Beat
from telephony.legs.websocket_connection import WebSocketConnection

log = get_logger("telephony.asterisk")

# Asterisk plays by its own clock, and FLUSH_MEDIA fetches back what waits there: a late beat of ours is not heard.
LEAD_SECONDS: Final = 0.06


class AsteriskWebSocketLeg(PacedLeg):
    """A `Receiver` from the connection on; a leg from MEDIA_START on, when it is given to `on_leg`."""

    kind = "asterisk_websocket"

    def __init__(
        self,
        connection: WebSocketConnection,
        beat: Beat,
        parameters: dict[str, str],
        on_leg: Callable[[AsteriskWebSocketLeg], None],
    ) -> None:
        # Asterisk 22.10 sends its caller no RTP while we send nothing, which looks like a dead call to the network.
        super().__init__(CallerId(Masked(""), ""), beat, lead_seconds=LEAD_SECONDS, fill=True)
        self._connection = connection
        self._parameters = parameters
        self._on_leg = on_leg
        self._json = False
        self._converter: Converter | None = None

    @property
    def started(self) -> bool:
        return self._converter is not None

    # --- from Asterisk ----------------------------------------------------------------------------------------------

    def on_text(self, text: str) -> None:
        event = asterisk_messages.parse(text)
        match event.name:
            case "MEDIA_START":
                self._start(event)
            case "DTMF_END":
                self._pressed(event.fields.get("digit", "")[:1])
            case "MEDIA_XOFF":
                self._may_send = False
            case "MEDIA_XON":
                self._may_send = True
            case "ERROR":
                log.warning("asterisk reports an error", problem=event.fields.get("error_text", text)[:200])

    def _start(self, event: Event) -> None:
        if self.started:
            return
        self._json = event.is_json
        name = event.fields.get("format", "")
        media = FORMATS.get(name)
        if media is None or event.fields.get("optimal_frame_size") != str(media.frame_bytes):
            log.error("asterisk offers a format that we do not speak; use c(alaw) or c(ulaw)", format=name[:20])
            self._say_goodbye()
            return
        told = {**event.variables, **self._parameters}
        self.caller = CallerId(
            Masked(telephone_number(told.get("caller"))),
            call_name(told.get("call_id"), event.fields.get("channel_id")),
        )
        self._converter = Converter(media)
        self._on_leg(self)

    def on_binary(self, data: bytes) -> None:
        if self._converter is not None:
            self._heard(self._converter.from_wire(data))

    def on_lost(self, clean: bool) -> None:
        self._close("caller_hung_up" if clean else "error")

    # --- to Asterisk ------------------------------------------------------------------------------------------------

    def _command(self, name: str) -> None:
        self._connection.send_text(asterisk_messages.command(name, as_json=self._json))

    def _send(self, pcm: bytes) -> None:
        if self._converter is not None and not self._connection.stuck:
            self._connection.send_binary(self._converter.to_wire(pcm))

    def _recall(self) -> bool:
        self._command("FLUSH_MEDIA")
        self._may_send = True  # its queue is empty now; it sends no MEDIA_XON for that
        return True

    def _say_goodbye(self) -> None:
        self._command("HANGUP")
        self._connection.close()

    def _drop(self) -> None:
        self._connection.abort()

    async def answer(self) -> None:
        await super().answer()
        self._command("ANSWER")
        self._keep_pace()
