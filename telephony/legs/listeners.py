"""Where PBXs reach us: a listening port for each kind of link that is switched on, access control, a watch for silence.

Every link needs the shared secret and an address of the allowed networks. A caller for whom there is no room is refused
before he is answered where the protocol can say so (websockets: HTTP 503), and his PBX goes on in its dialplan.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import IPv4Address
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from websockets.datastructures import Headers

from base.errors import ConfigurationError
from base.logs import get_logger
from base.masking import Masked
from base.sections.telephony import TelephonySettings
from telephony.errors import TelephonyError
from telephony.legs import audiosocket
from telephony.legs.access import Network, parse_networks
from telephony.legs.asterisk_websocket import AsteriskWebSocketLeg
from telephony.legs.audiosocket import AudioSocketLeg
from telephony.legs.caller_number import telephone_number
from telephony.legs.freeswitch_stream import FreeSwitchLeg
from telephony.legs.leg import Leg
from telephony.legs.pacing import Beat
from telephony.legs.websocket_connection import Receiver, WebSocketConnection
from telephony.metrics import PhoneMetrics

log = get_logger("telephony.listeners")

SHORTEST_SECRET: Final = 16
START_SECONDS: Final = 5.0  # from the connection to its first message
WATCH_SECONDS: Final = 0.5

AnyLeg = AsteriskWebSocketLeg | FreeSwitchLeg | AudioSocketLeg
L = TypeVar("L", AsteriskWebSocketLeg, FreeSwitchLeg, AudioSocketLeg)


def password_of(headers: Headers) -> str:
    """The secret that a websocket request brings: `Bearer …`, or the password of `Basic …` (all Asterisk can send)."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


class PbxListeners:
    """Hands each call to `on_call` as a leg that has not been answered yet, and to `on_refused` the number (empty:
    unknown) of each caller for whom there was no room."""

    def __init__(
        self,
        settings: TelephonySettings,
        on_call: Callable[[Leg], None],
        metrics: PhoneMetrics,
        *,
        has_room: Callable[[], bool],
        on_refused: Callable[[Masked], None],
    ) -> None:
        self._settings = settings
        self._on_call = on_call
        self._metrics = metrics
        self._has_room = has_room
        self._on_refused = on_refused
        self._networks: list[Network] = []
        self._beat = Beat()
        self._servers: list[asyncio.Server] = []
        self._legs: dict[AnyLeg, float] = {}  # and when each connected
        self._watch_timer: asyncio.TimerHandle | None = None

    @property
    def enabled(self) -> dict[str, int]:
        """Kind of link -> port, of those that are switched on."""
        ports = {
            AsteriskWebSocketLeg.kind: self._settings.asterisk_websocket_port,
            AudioSocketLeg.kind: self._settings.audiosocket_port,
            FreeSwitchLeg.kind: self._settings.freeswitch_port,
        }
        return {kind: port for kind, port in ports.items() if port is not None}

    async def start(self) -> None:
        """Listen. Does nothing where no link is switched on.

        Raises:
            TelephonyError: a port cannot be used.
            ConfigurationError: no proper secret, or a network that is none.
        """
        if not self.enabled:
            return
        if len(self._settings.pbx_secret) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"telephony.pbx_secret: links to PBXs need a shared secret of at least {SHORTEST_SECRET} characters"
            )
        self._networks = parse_networks(self._settings.pbx_peers, "telephony.pbx_peers")
        makers: dict[str, Callable[[], asyncio.Protocol]] = {
            AsteriskWebSocketLeg.kind: lambda: WebSocketConnection(self._admit_asterisk),
            AudioSocketLeg.kind: self._audiosocket,
            FreeSwitchLeg.kind: lambda: WebSocketConnection(self._admit_freeswitch),
        }
        loop = asyncio.get_running_loop()
        for kind, port in self.enabled.items():
            host = self._settings.pbx_host
            try:
                server = await loop.create_server(self._guarded(kind, makers[kind]), host, port, backlog=256)
            except OSError as error:
                raise TelephonyError(f"cannot listen for {kind} on {host}:{port}: {error.strerror}") from error
            self._servers.append(server)
            log.info("pbx_listening", link=kind, listening=f"{host}:{port}")
        self._watch_timer = loop.call_later(WATCH_SECONDS, self._watch)

    @property
    def ports(self) -> list[int]:
        """The ports that are really listened on, in the order of `enabled`."""
        return [int(server.sockets[0].getsockname()[1]) for server in self._servers]

    async def close(self) -> None:
        """Listen no more. The calls end theirs themselves."""
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        for server in self._servers:
            server.close()
        for leg in list(self._legs):
            leg.give_up("error")
        for server in self._servers:
            await server.wait_closed()

    # --- who may call -----------------------------------------------------------------------------------------------

    def _refused(self, kind: str, why: str) -> None:
        self._metrics.pbx_refused.labels(kind, why).inc()
        log.warning("pbx_connection_refused", link=kind, why=why)

    def _guarded(self, kind: str, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """The protocol for one connection; one from elsewhere is cut before a byte of it is read."""
        listeners = self

        class Guarded(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                peer = transport.get_extra_info("peername")
                if not listeners._allowed(peer):
                    listeners._refused(kind, "address")
                    transport.abort()
                    return
                protocol = make()
                transport.set_protocol(protocol)
                protocol.connection_made(transport)

        return Guarded

    def _allowed(self, peer: Any) -> bool:
        try:
            address = IPv4Address(peer[0])
        except (TypeError, IndexError, ValueError):
            return False
        return any(address in network for network in self._networks)

    def _welcome(self, kind: str, secret_is_right: bool, number: str) -> HTTPStatus | None:
        """None, or why not."""
        if not secret_is_right:
            self._refused(kind, "secret")
            return HTTPStatus.UNAUTHORIZED
        if not self._has_room():
            self._refused(kind, "full")
            self._on_refused(Masked(number))
            return HTTPStatus.SERVICE_UNAVAILABLE
        return None

    def _secret_in(self, headers: Headers) -> bool:
        return hmac.compare_digest(password_of(headers).encode(), self._settings.pbx_secret.encode())

    # --- the links --------------------------------------------------------------------------------------------------

    def _admit_asterisk(self, connection: WebSocketConnection, path: str, headers: Headers) -> Receiver | HTTPStatus:
        told = _parameters(path)
        refusal = self._welcome(
            AsteriskWebSocketLeg.kind, self._secret_in(headers), telephone_number(told.get("caller"))
        )
        if refusal is not None:
            return refusal
        return self._watched(AsteriskWebSocketLeg(connection, self._beat, told, self._taken))

    def _admit_freeswitch(self, connection: WebSocketConnection, path: str, headers: Headers) -> Receiver | HTTPStatus:
        told = _parameters(path)
        refusal = self._welcome(FreeSwitchLeg.kind, self._secret_in(headers), telephone_number(told.get("caller")))
        if refusal is not None:
            return refusal
        return self._watched(FreeSwitchLeg(connection, self._beat, told, self._taken))

    def _audiosocket(self) -> AudioSocketLeg:
        return self._watched(AudioSocketLeg(self._beat, self._admit_audiosocket))

    def _admit_audiosocket(self, leg: AudioSocketLeg, identity: UUID) -> bool:
        number = audiosocket.caller_of(identity, self._settings.pbx_secret, datetime.now(UTC))
        if self._welcome(AudioSocketLeg.kind, number is not None, number or "") is not None or number is None:
            return False
        leg.identify(number, identity)
        self._taken(leg)
        return True

    def _taken(self, leg: AnyLeg) -> None:
        self._metrics.pbx_calls.labels(leg.kind).inc()
        self._on_call(leg)

    # --- silence ----------------------------------------------------------------------------------------------------

    def _watched(self, leg: L) -> L:
        self._legs[leg] = time.monotonic()
        leg.on_closed(lambda _: self._forget(leg))
        return leg

    def _forget(self, leg: AnyLeg) -> None:
        self._legs.pop(leg, None)

    def _watch(self) -> None:
        """Links that never begin, and calls from which nothing comes any more (a dead peer, a half-open connection)."""
        now = time.monotonic()
        try:
            for leg, since in list(self._legs.items()):
                if not leg.started and now - since > START_SECONDS:
                    self._refused(leg.kind, "silent")
                    leg.give_up("error")
                elif leg.started and now - leg.media_at > self._settings.rtp_timeout_seconds:
                    leg.give_up("rtp_timeout")
        finally:
            self._watch_timer = asyncio.get_running_loop().call_later(WATCH_SECONDS, self._watch)


def _parameters(path: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(path).query, max_num_fields=20))
