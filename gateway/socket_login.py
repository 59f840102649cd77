"""The login behind an open socket of the staff: when it is no longer good, the page closes.

It is looked at with every message, so that nothing is done for somebody who may not any more, and every few seconds
besides, so that a page that only listens does not go on hearing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from gateway.core import core_of
from gateway.seat_auth import COOKIE
from gateway.sockets import Socket
from seats.permissions import Permission, may
from seats.store import SeatIdentity

REFUSED_CODE: Final = 4401
_LOOK_SECONDS: Final = 10.0
_ABOUT: Final = ("conversation_id", "client_message_id")  # a refusal says of which message it is


async def turn_away(socket: Socket) -> None:
    await socket.response.close(code=REFUSED_CODE, message=b"login")


class SocketLogin:
    """Of one socket. `permission`: what its page asks for."""

    def __init__(self, request: web.Request, person: SeatIdentity, permission: Permission) -> None:
        self._seats = core_of(request).seats
        self._token = request.cookies.get(COOKIE, "")
        self._person = person
        self._permission: Permission = permission

    async def good(self) -> bool:
        """The session was not ended, and the account may still do this."""
        found = await self._seats.identify(self._token)
        return found is not None and found.id == self._person.id and may(found.role, self._permission)

    async def take_all(self, socket: Socket, take: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Every message of the page, until it closes or the login is no longer good.

        One that fails is told to this page alone, which stays open.
        """
        async for message in socket.messages():
            if not await self.good():
                await turn_away(socket)
                return
            try:
                await take(message)
            except Exception as error:  # noqa: BLE001  (`fail` logs what is not the page's own fault)
                about = {key: message.get(key) for key in _ABOUT}
                await socket.fail(error, **{key: text for key, text in about.items() if isinstance(text, str)})

    async def watch(self, socket: Socket, look_seconds: float = _LOOK_SECONDS) -> None:
        """Until the socket closes; to be cancelled with it."""
        while not socket.response.closed:
            await asyncio.sleep(look_seconds)
            try:
                good = await self.good()
            except (OSError, SQLAlchemyError):  # the database is away: there is nothing to hear then, and we look again
                continue
            if not good:
                await turn_away(socket)
