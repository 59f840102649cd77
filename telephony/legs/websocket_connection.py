"""A PBX's websocket, server side: handshake, messages to and fro, close. Nothing waits: a leg can send from anywhere.

The protocol itself is `websockets`' Sans-I/O layer; this file is its socket. A message over 64 KiB closes the
connection (RFC 6455 code 1009), as Asterisk does in the other direction.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedOK
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

LARGEST_MESSAGE_BYTES: Final = 65_535
UNSENT_BYTES: Final = 128 * 1024  # four seconds of 16 kHz audio: the other end has stopped reading
CLOSE_SECONDS: Final = 1.0
HANDSHAKE_SECONDS: Final = 5.0
_SUBPROTOCOL: Final = Subprotocol("media")

# Its records name the URL, and with it the caller's number.
_log = logging.getLogger("telephony.websocket")
_log.addHandler(logging.NullHandler())
_log.propagate = False


class Receiver(Protocol):
    """Who understands the messages of one connection."""

    def on_text(self, text: str) -> None: ...
    def on_binary(self, data: bytes) -> None: ...

    def on_lost(self, clean: bool) -> None:
        """The connection is gone, once. `clean`: by the websocket's own closing handshake."""
        ...


Admit = Callable[["WebSocketConnection", str, Headers], Receiver | HTTPStatus]
"""(connection, path with query, headers of the request) -> who takes it, or why not."""


class WebSocketConnection(asyncio.Protocol):
    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._protocol = ServerProtocol(
            select_subprotocol=lambda _, offered: _SUBPROTOCOL if _SUBPROTOCOL in offered else None,
            max_size=LARGEST_MESSAGE_BYTES,
            logger=_log,
        )
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        self._message = bytearray()
        self._message_kind = Opcode.BINARY
        self._closing: asyncio.TimerHandle | None = None

    # --- asyncio ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._closing = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._decide(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()
        if self._protocol.close_expected():
            self._close_soon()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._flush()
        return False  # the transport closes itself

    def connection_lost(self, error: Exception | None) -> None:
        self._cancel_closing()
        if not self._protocol.reader.eof:
            self._protocol.receive_eof()
        receiver, self._receiver, self._transport = self._receiver, None, None
        if receiver is not None:
            # A reset after the close frame is none: the other end only did not read our last audio.
            receiver.on_lost(isinstance(self._protocol.close_exc, ConnectionClosedOK))

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _decide(self, request: Request) -> None:
        response = self._protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            decision = self._admit(self, request.path, request.headers)
            if isinstance(decision, HTTPStatus):
                response = self._protocol.reject(decision, f"{decision.phrase}\n")
            else:
                self._receiver = decision
                self._cancel_closing()
        self._protocol.send_response(response)

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._message_kind = frame.opcode
            self._message = bytearray()
        elif frame.opcode is not Opcode.CONT:
            return  # ping, pong and close are answered by the protocol
        self._message += frame.data
        receiver = self._receiver
        if not frame.fin or receiver is None:
            return
        message = bytes(self._message)
        if self._message_kind is Opcode.BINARY:
            receiver.on_binary(message)
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "not UTF-8")
            return
        receiver.on_text(text)

    # --- what goes out ----------------------------------------------------------------------------------------------

    @property
    def _open(self) -> bool:
        return self._protocol.state is State.OPEN and self._transport is not None

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is None or self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            else:
                self._transport.close()  # after what is still to be written; half-closed sockets are of no use here

    @property
    def stuck(self) -> bool:
        """The other end has not read for long; what is sent now would only pile up."""
        return self._transport is not None and self._transport.get_write_buffer_size() > UNSENT_BYTES

    def send_text(self, text: str) -> None:
        """Does nothing once the connection is closing."""
        if self._open:
            self._protocol.send_text(text.encode())
            self._flush()

    def send_binary(self, data: bytes) -> None:
        """Does nothing once the connection is closing."""
        if self._open:
            self._protocol.send_binary(data)
            self._flush()

    def close(self) -> None:
        """The closing handshake; a second later the connection is cut."""
        if self._open:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        self._close_soon()

    def _close_soon(self) -> None:
        if self._closing is None and self._transport is not None:
            self._closing = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.abort)

    def _cancel_closing(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def abort(self) -> None:
        """Cut the connection; nothing is sent any more."""
        if self._transport is not None:
            self._transport.abort()
