"""`/ws/seat`: the desk of one seat. The queue is pushed, the conversation that is open is pushed, nothing is polled."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from base.logs import get_logger
from conversations.errors import NotYours
from gateway.address import client_address
from gateway.audio_commands import AudioCommand
from gateway.body import check_text, clean_text, parse_model
from gateway.conversation_watch import Watch, may_watch
from gateway.core import Core, core_of, settle
from gateway.desk import DESK, Desk
from gateway.errors import bad_request
from gateway.seat_audio import SEAT_AUDIO, SeatAudio
from gateway.seat_auth import identify
from gateway.seat_messages import About, Draft, Finish, Form, Presence, Say, Snooze, Tags
from gateway.shapes import turn_object
from gateway.socket_login import SocketLogin, turn_away
from gateway.sockets import Socket, open_socket
from seats.permissions import may, permissions_of
from seats.store import SeatIdentity

log = get_logger("gateway.seat")
_WATCHED: Final = 20


class _Page:
    """One open workbench page."""

    def __init__(
        self, core: Core, desk: Desk, socket: Socket, seat: SeatIdentity, audio: SeatAudio, address: str
    ) -> None:
        self.core = core
        self.address = address
        self.audio = audio
        self.desk = desk
        self.socket = socket
        self.seat = seat
        self.watches: dict[str, Watch] = {}
        self.news = asyncio.Event()  # the queue has changed since this page was told
        self.closed = False

    async def hello(self) -> None:
        await self.core.roster.came(self.seat.id)
        await self.desk.refresh()
        self.desk.changed()
        rules = self.core.settings.seats
        known = {"break_reasons": rules.break_reasons, "wrap_up_codes": rules.wrap_up_codes}
        seat = {**self.seat.as_dict(), "permissions": sorted(permissions_of(self.seat.role))}
        await self.socket.send({"type": "hello", "seat": seat, **known, **self.lists()})

    def lists(self) -> dict[str, Any]:
        seat_id, desk = self.seat.id, self.desk
        mine, offer = desk.mine(seat_id), desk.offer(seat_id)
        return {"queue": desk.queue, "mine": mine, "offer": offer, "presence": desk.state(seat_id)}

    def queue_changed(self) -> None:
        self.news.set()

    async def push_queue(self) -> None:
        """Each page is told in a task of its own: one that reads slowly holds up nobody else."""
        with suppress(ConnectionResetError):
            while await self.news.wait() and not self.closed:
                self.news.clear()
                await self.socket.send({"type": "queue", **self.lists()})

    async def take(self, message: dict[str, Any]) -> None:
        self.desk.heard(self.seat.id)
        match message["type"]:
            case "ping":
                await self.socket.send({"type": "pong"})
            case "watch":
                await self.watch(parse_model(About, message).conversation_id)
            case "claim" | "accept":
                await self.claim(parse_model(About, message).conversation_id)
            case "decline":
                await self.desk.turn_down(parse_model(About, message).conversation_id, self.seat.id)
            case "presence":
                await self.choose(parse_model(Presence, message))
            case "give_back":
                conversation_id = parse_model(About, message).conversation_id
                await self.core.conversations.give_back(conversation_id, self.seat.id)
                self.desk.changed()
            case "finish":
                await self.finish(parse_model(Finish, message))
            case "say":
                await self.say(parse_model(Say, message))
            case "audio":
                await self.audio.command(self, parse_model(AudioCommand, message))
            case "draft":
                draft = parse_model(Draft, message)
                if self.holds(draft.conversation_id):
                    self.desk.unsent.keep_draft(draft.conversation_id, clean_text(draft.text))
            case "form":
                form = parse_model(Form, message)
                if self.holds(form.conversation_id):
                    self.desk.unsent.keep_form(form.conversation_id, form.fields)
            case "tags":
                tags = parse_model(Tags, message)
                await self.core.cases.tag(self.own(tags.conversation_id), map(clean_text, tags.tags))
                self.desk.changed()
            case "snooze":
                snooze = parse_model(Snooze, message)
                until = self.core.clock.now() + timedelta(minutes=snooze.minutes) if snooze.minutes else None
                await self.core.cases.snooze(self.own(snooze.conversation_id), until)
                self.desk.changed()
            case _:
                raise bad_request("不认识的消息类型。", "unknown_type")

    async def watch(self, conversation_id: str) -> None:
        invited = self.audio.invited(conversation_id, self.seat.id)
        await may_watch(self.core, self.seat, conversation_id, invited=invited)
        known = self.watches.pop(conversation_id, None)
        if known is not None:
            await known.close()
        while len(self.watches) >= _WATCHED:
            await self.watches.pop(next(iter(self.watches))).close()
        await self.core.audit.record(
            "conversation.viewed", actor=f"seat:{self.seat.id}", subject=conversation_id, address=self.address
        )
        subscription = self.core.conversations.subscribe(conversation_id)  # before it is read: nothing falls between
        watch = self.watches[conversation_id] = Watch(self, conversation_id, subscription)
        await watch.show(await self.core.conversations.snapshot(conversation_id))
        watch.task = self.core.spawn(watch.push(), "seat watch")
        await self.audio.watch(self, conversation_id)

    async def claim(self, conversation_id: str) -> None:
        refusal = await self.desk.claim(conversation_id, self.seat)
        if refusal is None:
            await self.desk.refresh()
            await self.socket.send({"type": "claimed", "conversation_id": conversation_id, "message": "已接起。"})
        else:
            await self.socket.send({"type": "refused", "conversation_id": conversation_id, "message": refusal})

    def holds(self, conversation_id: str) -> bool:
        return any(card["conversation_id"] == conversation_id for card in self.desk.mine(self.seat.id))

    def own(self, conversation_id: str) -> str:
        """
        Raises:
            NotYours: another seat or none holds it.
        """
        if not self.holds(conversation_id):
            raise NotYours
        return conversation_id

    async def choose(self, chosen: Presence) -> None:
        reason = clean_text(chosen.reason)
        if chosen.state == "break" and reason not in self.core.settings.seats.break_reasons:
            raise bad_request("请选择休息的原因。", "invalid_field")
        known = await self.core.roster.choose(self.seat.id, chosen.state, reason=reason)
        log.info("a seat changed its state", seat_id=self.seat.id, state=known.state)
        self.desk.changed()

    async def finish(self, finish: Finish) -> None:
        if finish.code and finish.code not in self.core.settings.seats.wrap_up_codes:
            raise bad_request("没有这种小结。", "invalid_field")
        await self.desk.finish(finish.conversation_id, self.seat.id, finish.disposition, code=finish.code)
        if note := clean_text(finish.note):
            await self.core.callbacks.annotate(finish.conversation_id, note)
            log.info("a seat left a note", seat_id=self.seat.id, conversation_id=finish.conversation_id)

    async def say(self, say: Say) -> None:
        text = check_text(say.text, self.core.settings.web.message_limit_characters)
        turn = await self.core.conversations.seat_message(
            say.conversation_id, self.seat.id, text, client_message_id=say.client_message_id
        )
        self.desk.unsent.keep_draft(say.conversation_id, "")
        shown = {**turn_object(turn, for_seat=True), "client_message_id": say.client_message_id}
        watch = self.watches.get(say.conversation_id)
        if watch is None or turn.seq > watch.following.seq:
            if watch is not None and turn.seq == watch.following.seq + 1:  # else those before it come first
                watch.following.has(turn.seq)
            await self.socket.send({"type": "turn", "conversation_id": say.conversation_id, "turn": shown})

    async def tell(self, message: dict[str, Any]) -> None:
        """Something that the page did not ask for. A page that has gone is no error."""
        with suppress(ConnectionResetError):
            await self.socket.send(message)

    async def close(self) -> None:
        self.closed = True
        self.audio.close_page(self)
        self.news.set()
        for watch in self.watches.values():
            await watch.close()
        self.watches.clear()


async def seat_socket(request: web.Request) -> web.StreamResponse:
    core, desk = core_of(request), request.app[DESK]
    _ = core.conversations  # 503 before the upgrade while the core is starting
    seat = await identify(request)
    async with open_socket(request, "seat") as socket:
        if seat is None or not may(seat.role, "desk.work"):
            await turn_away(socket)
            return socket.response
        login = SocketLogin(request, seat, "desk.work")
        page = _Page(core, desk, socket, seat, request.app[SEAT_AUDIO], client_address(request, core.settings.web))
        page.audio.open_page(page)
        watcher = page.queue_changed
        desk.watch(watcher, seat.id)
        pusher: asyncio.Task[None] | None = None
        login_watch = core.spawn(login.watch(socket), "seat login")
        try:
            await page.hello()
            pusher = core.spawn(page.push_queue(), "queue pusher")
            await login.take_all(socket, page.take)
        finally:
            login_watch.cancel()
            desk.unwatch(watcher)
            await page.close()
            await settle(pusher, login_watch)
    return socket.response


def add_routes(app: web.Application) -> None:
    app.router.add_get("/ws/seat", seat_socket)
