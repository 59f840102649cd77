"""What every web socket here shares: origin, size and time limits, JSON in and out, an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from base.logs import get_logger
from gateway.address import client_address, same_origin
from gateway.body import parse_object
from gateway.core import core_of
from gateway.errors import ApiError, as_api_error, dumps, forbidden, too_many

log = get_logger("gateway.sockets")
_HEARTBEAT_SECONDS = 20.0
_SEND_SECONDS = 10.0


class Socket:
    """One open socket. `send` never waits longer than ten seconds for a slow reader: then the socket is closed, and
    the client catches up after it has come back."""

    def __init__(self, response: web.WebSocketResponse) -> None:
        self.response = response
        self._sending = asyncio.Lock()

    async def send(self, message: dict[str, Any]) -> None:
        """
        Raises:
            ConnectionResetError: the other side is gone, or reads too slowly.
        """
        if self.response.closed:
            raise ConnectionResetError("the socket is closed")
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                async with self._sending:
                    await self.response.send_str(dumps(message))
        except TimeoutError as error:
            if (transport := self.response.get_extra_info("transport")) is not None:  # pragma: no cover
                transport.abort()
            raise ConnectionResetError("the reader is too slow") from error

    async def refuse(self, error: ApiError, **about: Any) -> None:
        await self.send({"type": "error", "code": error.code, "message": error.message, **about})

    async def fail(self, error: Exception, **about: Any) -> None:
        """Answer a message that could not be handled; only the sender hears of it and the socket stays open.

        Raises:
            ConnectionResetError: that was the failure.
        """
        if isinstance(error, ConnectionResetError):
            raise error
        if (known := as_api_error(error)) is not None:
            await self.refuse(known, **about)
            return
        log.error("message failed", exc_info=error)
        await self.refuse(ApiError(500, "internal", "系统出了问题，我们已经记录，请稍后再试。"), **about)

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Messages as objects; bytes, which belong nowhere here, are answered with an error and skipped."""
        async for message in self.received():
            if isinstance(message, bytes):
                await self.refuse(ApiError(400, "bad_request", "这里只接收文字消息。"))
            else:
                yield message

    async def received(self) -> AsyncIterator[dict[str, Any] | bytes]:
        """Messages as objects, binary ones as bytes; a text that is not a JSON object with a `type` is answered with
        an error and skipped."""
        async for message in self.response:
            if message.type is WSMsgType.TEXT:
                try:
                    parsed = parse_object(message.data)
                    if not isinstance(parsed.get("type"), str):
                        raise ApiError(400, "invalid_field", "字段 type 缺失或不正确。")
                except ApiError as error:
                    await self.refuse(error)
                    continue
                yield parsed
            elif message.type is WSMsgType.BINARY:
                yield bytes(message.data)


class OpenSockets:
    """Every socket of this process, to be closed in order at shutdown."""

    def __init__(self) -> None:
        self._open: dict[Socket, tuple[str, str]] = {}  # address and kind

    def of(self, address: str) -> int:
        """How many one address has open."""
        return sum(1 for known, _ in self._open.values() if known == address)

    def add(self, socket: Socket, address: str, kind: str) -> None:
        self._open[socket] = address, kind

    def discard(self, socket: Socket) -> None:
        self._open.pop(socket, None)

    async def close(self, *, besides: str | None = None) -> None:
        """Tell every client to come back, so that it does not wait for a heartbeat to fail. `besides`: a kind that
        stays."""
        closing = [
            socket.response.close(code=WSCloseCode.SERVICE_RESTART, message=b"restart")
            for socket, (_, kind) in list(self._open.items())
            if kind != besides
        ]
        await asyncio.gather(*closing, return_exceptions=True)


@asynccontextmanager
async def open_socket(request: web.Request, kind: str, *, check_origin: bool = True) -> AsyncIterator[Socket]:
    """Upgrade the request; the socket is closed, counted and forgotten when the block ends.

    Raises:
        ApiError: 403 where a foreign page asks, before the upgrade.
    """
    core = core_of(request)
    if check_origin and not same_origin(request, core.settings.web, required=False):
        raise forbidden("不允许从这个网站连接。", "foreign_origin")
    response = web.WebSocketResponse(
        heartbeat=_HEARTBEAT_SECONDS, max_msg_size=core.settings.web.request_limit_bytes, compress=False
    )
    if not response.can_prepare(request).ok:
        raise ApiError(426, "upgrade_required", "这个地址需要用 WebSocket 连接。", headers={"Upgrade": "websocket"})
    sockets, address = request.app[OPEN_SOCKETS], client_address(request, core.settings.web)
    if sockets.of(address) >= core.settings.web.sockets_of_one_address:
        raise too_many(5.0, "同时打开的连接太多了，请关闭一些页面后再试。")
    await response.prepare(request)
    socket = Socket(response)
    sockets.add(socket, address, kind)
    gauge = core.metrics.sockets.labels(kind)
    gauge.inc()
    try:
        yield socket
    except ConnectionResetError:
        pass  # the other side is gone: it comes back and asks for what it missed
    finally:
        gauge.dec()
        sockets.discard(socket)
        if not response.closed:
            await response.close()


async def close_all(app: web.Application) -> None:
    await app[OPEN_SOCKETS].close()


OPEN_SOCKETS: web.AppKey[OpenSockets] = web.AppKey("open_sockets", OpenSockets)
