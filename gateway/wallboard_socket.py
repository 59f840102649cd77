"""`/ws/leader`: the wall is pushed, conversations can be read and listened in to, and given to somebody else.

A leader's page is no desk: it makes nobody present, and nothing is offered to it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from base.logs import get_logger
from gateway.audio_commands import AudioCommand
from gateway.body import parse_model
from gateway.conversation_watch import Watch
from gateway.core import CORE, Core, core_of, settle
from gateway.desk import DESK, Desk
from gateway.errors import bad_request
from gateway.phone_link import PHONE_LINKS
from gateway.seat_audio import SEAT_AUDIO, SeatAudio
from gateway.seat_auth import identify
from gateway.seat_messages import About
from gateway.socket_login import SocketLogin, turn_away
from gateway.sockets import Socket, open_socket
from gateway.wallboard import WALLBOARD, Wallboard
from gateway.wallboard_reassign import Move, reassign
from seats.permissions import may
from seats.store import SeatIdentity

log = get_logger("gateway.wallboard")
_LISTENING: Final = ("listen", "whisper", "join", "disconnect", "mute", "unmute")
_SeatId = Annotated[str, Field(max_length=64)]


class Reassign(About):
    """Empty ids mean the queue."""

    to_seat_id: _SeatId = ""
    held_by: _SeatId = ""


class _Page:
    """One open leader's page. It shows one conversation at a time."""

    def __init__(
        self, core: Core, desk: Desk, board: Wallboard, socket: Socket, seat: SeatIdentity, audio: SeatAudio
    ) -> None:
        self.core = core
        self.desk = desk
        self.board = board
        self.socket = socket
        self.seat = seat
        self.audio = audio
        self.watched: Watch | None = None
        self.news = asyncio.Event()
        self.closed = False

    def changed(self) -> None:
        self.news.set()

    async def push(self) -> None:
        with suppress(ConnectionResetError):
            while await self.news.wait() and not self.closed:
                self.news.clear()
                if self.board.latest is not None:
                    await self.socket.send({"type": "board", "board": self.board.latest})

    async def take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping":
                await self.socket.send({"type": "pong"})
            case "watch":
                await self.watch(parse_model(About, message).conversation_id)
            case "unwatch":
                await self.unwatch()
            case "audio":
                command = parse_model(AudioCommand, message)
                if command.action not in _LISTENING:
                    raise bad_request("大屏上不能这样操作。", "unknown_type")
                if command.action in ("listen", "whisper", "join"):
                    await self.core.audit.record(
                        "conversation.listened",
                        actor=f"seat:{self.seat.id}",
                        subject=command.conversation_id,
                        detail={"how": command.action},
                    )
                await self.audio.command(self, command)
            case "reassign":
                asked = parse_model(Reassign, message)
                move = Move(asked.conversation_id, asked.to_seat_id, asked.held_by)
                done = await reassign(self.core, self.desk, self.audio, self.seat, move)
                told = {"type": "reassigned", "conversation_id": asked.conversation_id, "message": done}
                await self.socket.send(told)
            case _:
                raise bad_request("不认识的消息类型。", "unknown_type")

    async def watch(self, conversation_id: str) -> None:
        """Read along; each look is an entry of the audit log."""
        snapshot = await self.core.conversations.snapshot(conversation_id)  # raises UnknownConversation
        await self.unwatch()
        log.info("a leader reads a conversation", seat_id=self.seat.id, conversation_id=conversation_id)
        await self.core.audit.record("conversation.viewed", actor=f"seat:{self.seat.id}", subject=conversation_id)
        subscription = self.core.conversations.subscribe(conversation_id)
        watch = self.watched = Watch(self, conversation_id, subscription)
        await watch.show(snapshot)
        watch.task = self.core.spawn(watch.push(), "leader watch")
        await self.audio.watch(self, conversation_id)

    async def unwatch(self) -> None:
        if self.watched is not None:
            watch, self.watched = self.watched, None
            await watch.close()

    async def tell(self, message: dict[str, Any]) -> None:
        """Of a call's audio. A page that has gone is no error."""
        with suppress(ConnectionResetError):
            await self.socket.send(message)

    async def close(self) -> None:
        self.closed = True
        self.audio.close_page(self)
        self.news.set()
        await self.unwatch()


async def leader_socket(request: web.Request) -> web.StreamResponse:
    core, desk, board = core_of(request), request.app[DESK], request.app[WALLBOARD]
    _ = core.conversations  # 503 before the upgrade while the core is starting
    seat = await identify(request)
    async with open_socket(request, "leader") as socket:
        if seat is None or not may(seat.role, "desk.lead"):
            await turn_away(socket)
            return socket.response
        login = SocketLogin(request, seat, "desk.lead")
        page = _Page(core, desk, board, socket, seat, request.app[SEAT_AUDIO])
        await socket.send({"type": "hello", "seat": seat.as_dict()})
        page.changed()  # what is known is shown at once
        board.watch(page.changed)
        pusher = core.spawn(page.push(), "wallboard pusher")
        login_watch = core.spawn(login.watch(socket), "leader login")
        try:
            await login.take_all(socket, page.take)
        finally:
            login_watch.cancel()
            board.unwatch(page.changed)
            await page.close()
            await settle(pusher, login_watch)
    return socket.response


def add_routes(app: web.Application) -> None:
    """After `phone_link`, whose phones the wall asks."""
    app[WALLBOARD] = Wallboard(app[CORE], app[DESK], app[PHONE_LINKS])
    app.router.add_get("/ws/leader", leader_socket)
