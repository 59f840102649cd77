"""A seat's browser as a leg: PCM16 in binary websocket messages, both ways, at 8 or 16 kHz; nothing else.

The browser reaches the phone that holds the call directly, with a ticket: 256 random bits that this process made for
one leg, that are good for seconds and for one connection. So no cookie and no key is needed here, and a core that
restarts interrupts nobody.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from websockets.datastructures import Headers

from base.certificate import ensure
from base.logs import get_logger
from base.masking import Masked
from base.settings import Settings
from telephony.audio import SAMPLE_BYTES
from telephony.errors import TelephonyError
from telephony.legs.leg import CallerId
from telephony.legs.media_format import Converter, linear
from telephony.legs.paced_leg import PacedLeg
from telephony.legs.pacing import Beat
from telephony.legs.websocket_connection import Receiver, WebSocketConnection

log = get_logger("telephony.browser")

PATH: Final = "/seat-audio"
RATES_HZ: Final = frozenset({8_000, 16_000})
SILENCE_SECONDS: Final = 10.0  # a browser sends all the time, muted or not: one that does not is gone
_WATCH_SECONDS: Final = 1.0
_LEAD_SECONDS: Final = 0.04


class BrowserLeg(PacedLeg):
    """A `Receiver` and a `Leg`."""

    kind = "browser"

    def __init__(self, connection: WebSocketConnection, beat: Beat, rate_hz: int) -> None:
        super().__init__(CallerId(Masked(""), ""), beat, lead_seconds=_LEAD_SECONDS)
        self._connection = connection
        self._converter = Converter(linear(rate_hz))

    def on_text(self, text: str) -> None:
        """Browsers have nothing to say in words here; what they want goes over the seat's own socket."""

    def on_binary(self, data: bytes) -> None:
        self._heard(self._converter.from_wire(data[: len(data) - len(data) % SAMPLE_BYTES]))

    def on_lost(self, clean: bool) -> None:
        self._close("caller_hung_up" if clean else "error")

    def _send(self, pcm: bytes) -> None:
        if not self._connection.stuck:
            self._connection.send_binary(self._converter.to_wire(pcm))

    def _recall(self) -> bool:
        return False

    def _say_goodbye(self) -> None:
        self._connection.close()

    def _drop(self) -> None:
        self._connection.abort()


@dataclass(frozen=True, slots=True)
class Ticket:
    """One browser is expected; `leg` is done when it has come."""

    secret: str
    until: float
    leg: asyncio.Future[BrowserLeg] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class BrowserListener:
    """Where browsers with a ticket connect."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tickets: dict[str, Ticket] = {}
        self._legs: set[BrowserLeg] = set()
        self._beat = Beat()
        self._server: asyncio.Server | None = None
        self._watch_timer: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        return self._server is not None

    @property
    def port(self) -> int:
        """
        Raises:
            TelephonyError: nothing is listened on.
        """
        if self._server is None:
            raise TelephonyError("this phone takes no audio of browsers")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where browsers reach this listener when that is not its host and port; else empty."""
        return self._settings.telephony.seat_audio_url.rstrip("/")

    @property
    def tls(self) -> bool:
        return self._settings.web.tls_certificate is not None

    async def start(self) -> None:
        """Listen. A port that cannot be had is no reason to take no calls: seats type or use a telephone then."""
        telephony = self._settings.telephony
        if telephony.seat_audio_port is None:
            return
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: WebSocketConnection(self._admit),
                telephony.seat_audio_host,
                telephony.seat_audio_port,
                ssl=self._tls(),
            )
        except (OSError, ssl.SSLError) as error:
            log.warning(
                "seats cannot talk in the browser: set telephony.seat_audio_port to a free port",
                port=telephony.seat_audio_port,
                problem=str(error),
            )
            return
        self._watch_timer = loop.call_later(_WATCH_SECONDS, self._watch)
        log.info("seat_audio_listening", listening=f"{telephony.seat_audio_host}:{self.port}")

    def _tls(self) -> ssl.SSLContext | None:
        web = self._settings.web
        if web.tls_certificate is None or web.tls_key is None:
            return None
        ensure(self._settings)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(web.tls_certificate, web.tls_key)
        return context

    async def close(self) -> None:
        """Listen no more; nobody is expected any longer, and who is connected is cut off."""
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        if self._server is not None:
            self._server.close()
        for ticket in self._tickets.values():
            ticket.leg.cancel()
        self._tickets.clear()
        for leg in list(self._legs):
            leg.give_up("error")
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def expect(self, seconds: float) -> Ticket:
        """A ticket that is good for `seconds`."""
        ticket = Ticket(secrets.token_urlsafe(32), time.monotonic() + seconds)
        self._tickets[ticket.secret] = ticket
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """Nobody waits for this browser any more."""
        self._tickets.pop(ticket.secret, None)
        ticket.leg.cancel()

    def _admit(self, connection: WebSocketConnection, path: str, _headers: Headers) -> Receiver | HTTPStatus:
        parts = urlsplit(path)
        asked = dict(parse_qsl(parts.query, max_num_fields=5))
        ticket = self._tickets.pop(asked.get("ticket", ""), None)
        rate = asked.get("rate", "16000")
        if not parts.path.endswith(PATH) or ticket is None or ticket.until < time.monotonic() or ticket.leg.done():
            log.warning("a browser without a valid ticket was refused")
            return HTTPStatus.FORBIDDEN
        if not rate.isdecimal() or int(rate) not in RATES_HZ:
            return HTTPStatus.BAD_REQUEST
        leg = BrowserLeg(connection, self._beat, int(rate))
        self._legs.add(leg)
        leg.on_closed(lambda _: self._legs.discard(leg))
        ticket.leg.set_result(leg)
        return leg

    def _watch(self) -> None:
        now = time.monotonic()
        try:
            for leg in list(self._legs):
                if now - leg.media_at > SILENCE_SECONDS:
                    leg.give_up("rtp_timeout")
            for ticket in list(self._tickets.values()):
                if ticket.until < now:
                    self.forget(ticket)
        finally:
            self._watch_timer = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._watch)
