"""Voices at the desk: who of the seats is in which call, by browser or telephone, and what each of them may do there.

The phone has the audio, this file has the permissions: the seat who holds a conversation talks and directs, a leader
listens in, whispers or joins, an invited seat joins. The browser gets a ticket and goes to the phone directly.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from aiohttp import web

from base.ids import new_id
from base.logs import get_logger
from gateway.audio_commands import AudioCommand, Page
from gateway.audio_pages import AudioPages
from gateway.call_legs import CALLER, CallLegs, CallOnPhone, SeatLeg
from gateway.core import Core
from gateway.errors import ApiError, bad_request, forbidden
from gateway.far_audio import FarAudio
from gateway.phone_messages import LegNews
from seats.permissions import may
from seats.store import SeatIdentity

log = get_logger("gateway.seat_audio")

Role = Literal["seat", "third", "listener", "whisperer"]
_FAILED: Final = "没有接通。"
_FAILURES: Final = {
    "unavailable": "电话系统没有打开网页通话，请用话机接听或用文字答复。",
    "not_connected": "网页没有接上通话，请检查麦克风权限后再试。",
}


class SeatAudio:
    """One a core process."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._legs = CallLegs()
        self._pages = AudioPages()
        self._far = FarAudio(core, self)

    # --- what there is ----------------------------------------------------------------------------------------------

    def attach(self, call: CallOnPhone) -> None:
        """A call is on the phone link and has its conversation."""
        self._legs.attach(call)

    def detach(self, call: CallOnPhone) -> None:
        """It is over, or its phone is gone."""
        self._legs.detach(call)

    def open_page(self, page: Page) -> None:
        self._pages.open(page)

    def close_page(self, page: Page) -> None:
        self._pages.close(page)
        self._far.close_page(page)

    def forget_page(self, page: Page) -> None:
        """It shows no call any more."""
        self._pages.forget(page)

    async def tell_seat(self, seat_id: str, message: dict[str, Any]) -> None:
        """To every page that this seat has open, at any node."""
        self._far.tell_seat(seat_id, message)
        await self.tell_pages_here(seat_id, message)

    async def tell_pages_here(self, seat_id: str, message: dict[str, Any]) -> None:
        """To the pages that this seat has open at this core."""
        if message.get("type") == "invited" and seat_id in self._pages.seats():
            self._legs.invite(str(message["conversation_id"]), seat_id)
        await self._pages.tell_seat(seat_id, message)

    async def watch(self, page: Page, conversation_id: str) -> None:
        """The page shows this conversation: it is told who is in the call, now and at every change."""
        await self.show_to(page, conversation_id)
        if not self.has(conversation_id):
            await self._far.watch(page, conversation_id)

    async def show_to(self, page: Page, conversation_id: str) -> None:
        """As far as it is known at this core."""
        self._pages.show(page, conversation_id)
        await page.tell(self._legs.message(conversation_id))

    def has(self, conversation_id: str) -> bool:
        """Its call is on a phone of this core."""
        return self._legs.call(conversation_id) is not None

    def invited(self, conversation_id: str, seat_id: str) -> bool:
        """May this seat see the conversation because its holder asked for help?"""
        return self._legs.invited(conversation_id, seat_id)

    async def _show(self, conversation_id: str) -> None:
        await self._pages.tell_showing(conversation_id, self._legs.message(conversation_id))

    # --- what a page wants ------------------------------------------------------------------------------------------

    async def command(self, page: Page, command: AudioCommand) -> None:
        """Carry it out here, or have the core that has the call do it.

        Raises:
            ApiError: 403 not allowed, 404 the call is not on the phone any more, 400 something is missing, 503 its node
                cannot be reached.
        """
        if self.has(command.conversation_id) or not await self._far.command(page, command):
            await self.command_here(page, command)

    async def command_here(self, page: Page, command: AudioCommand) -> None:
        """
        Raises:
            ApiError: 403 not allowed, 404 the call is not on the phone any more, 400 something is missing.
        """
        call = self._legs.call(command.conversation_id)
        if call is None:
            raise ApiError(404, "no_call", "这通电话已经不在线上。")
        holds = await self._holds(command.conversation_id, page.seat.id)
        match command.action:
            case "connect" | "listen" | "join":
                await self._connect(page, call, command, holds=holds)
            case "disconnect":
                await self._drop_own(call, command.conversation_id, page.seat.id)
            case "whisper":
                self._only(may(page.seat.role, "desk.lead") and not holds)
                own = self._legs.own(command.conversation_id, page.seat.id)
                if own is None:
                    await self._connect(page, call, command, holds=holds)
                else:
                    await self._control(call, own.leg_id, role="whisperer")
            case "mute" | "unmute":
                leg_id = self._leg_in_question(command, page, holds=holds)
                await self._control(call, leg_id, muted=command.action == "mute")
            case "hold" | "unhold":
                self._only(holds)
                await self._control(call, command.leg_id or CALLER, held=command.action == "hold")
            case "invite":
                self._only(holds)
                await self._invite(page, call, command)
            case "remove":
                self._only(holds)
                await self._control(call, self._leg_in_question(command, page, holds=holds), drop=True)
            case "pass_on":
                self._only(holds)
                await self._pass_on(page, call, command)
            case "colleagues":
                await page.tell({"type": "colleagues", "seats": await self._colleagues(page.seat.id)})

    @staticmethod
    def _only(allowed: bool) -> None:
        if not allowed:
            raise forbidden("您不能在这通电话里这样操作。")

    async def _holds(self, conversation_id: str, seat_id: str) -> bool:
        held = await self._core.conversations.held(seat_id)
        return any(card["conversation_id"] == conversation_id for card in held)

    def _leg_in_question(self, command: AudioCommand, page: Page, *, holds: bool) -> str:
        """The leg that a command is about: whoever holds the conversation may name any, others only their own."""
        own = self._legs.own(command.conversation_id, page.seat.id)
        leg_id = command.leg_id or (own.leg_id if own is not None else "")
        if not leg_id or not self._legs.knows(command.conversation_id, leg_id):
            raise bad_request("这个人不在通话里。", "no_leg")
        self._only(holds or (own is not None and own.leg_id == leg_id))
        return leg_id

    async def _connect(self, page: Page, call: CallOnPhone, command: AudioCommand, *, holds: bool) -> None:
        role = self._role(page.seat, command, holds=holds)
        own = self._legs.own(command.conversation_id, page.seat.id)
        if own is not None and role != "seat" and own.state == "joined":
            await self._control(call, own.leg_id, role=role)
            return
        await self._drop_own(call, command.conversation_id, page.seat.id)
        await self._order(call, command, role, name=page.seat.display_name, seat=page.seat, page=page)

    def _role(self, seat: SeatIdentity, command: AudioCommand, *, holds: bool) -> Role:
        if holds:
            self._only(command.action == "connect")
            return "seat"
        if self.invited(command.conversation_id, seat.id) and command.action in ("connect", "join"):
            return "third"
        self._only(may(seat.role, "desk.lead"))
        roles: dict[str, Role] = {"whisper": "whisperer", "join": "third"}
        return roles.get(command.action, "listener")

    async def _order(
        self,
        call: CallOnPhone,
        command: AudioCommand,
        role: Role,
        *,
        name: str,
        seat: SeatIdentity | None = None,
        page: Page | None = None,
    ) -> None:
        leg = SeatLeg(
            new_id("l"), command.conversation_id, role, command.via, name, seat.id if seat is not None else None, page
        )
        self._legs.add(leg)
        log.info("a voice is asked for", role=role, via=command.via, seat_id=leg.seat_id)
        await call.send(
            {
                "type": "leg_order",
                "call_id": call.call_id,
                "leg_id": leg.leg_id,
                "role": role,
                "via": command.via,
                "sip_uri": command.sip_uri,
            }
        )

    async def _control(self, call: CallOnPhone, leg_id: str, **change: Any) -> None:
        await call.send({"type": "leg_control", "call_id": call.call_id, "leg_id": leg_id, **change})

    async def _drop_own(self, call: CallOnPhone, conversation_id: str, seat_id: str) -> None:
        own = self._legs.own(conversation_id, seat_id)
        if own is not None:
            await self._control(call, own.leg_id, drop=True)
            self._legs.drop(own)
            await self._show(conversation_id)

    async def _invite(self, page: Page, call: CallOnPhone, command: AudioCommand) -> None:
        if command.sip_uri:
            await self._order(call, command.model_copy(update={"via": "sip"}), "third", name="第三方", page=page)
            return
        if not self._at_desk(command.seat_id) or command.seat_id == page.seat.id:
            raise bad_request("这位坐席不在线。", "seat_absent")
        self._legs.invite(command.conversation_id, command.seat_id)
        message = {
            "type": "invited",
            "conversation_id": command.conversation_id,
            "message": f"{page.seat.display_name}请您加入通话。",
        }
        await self.tell_seat(command.seat_id, message)

    def _at_desk(self, seat_id: str) -> bool:
        """It has a page open, here or at another node."""
        return seat_id in self._pages.seats() | self._core.seats_elsewhere

    async def _pass_on(self, page: Page, call: CallOnPhone, command: AudioCommand) -> None:
        if command.seat_id == page.seat.id or not self._at_desk(command.seat_id):
            raise bad_request("这位坐席不在线。", "seat_absent")
        capacity = self._core.settings.seats.capacity
        if len(await self._core.conversations.held(command.seat_id)) >= capacity:
            raise bad_request("这位坐席手上的会话已满。", "seat_full")
        await self._core.conversations.pass_on(command.conversation_id, page.seat.id, command.seat_id)
        await self._drop_own(call, command.conversation_id, page.seat.id)
        message = {
            "type": "passed_on",
            "conversation_id": command.conversation_id,
            "message": f"{page.seat.display_name}把一通电话转给您。",
        }
        await self.tell_seat(command.seat_id, message)

    async def _colleagues(self, seat_id: str) -> list[dict[str, str]]:
        """Who else is at the desk."""
        present = (self._pages.seats() | self._core.seats_elsewhere) - {seat_id}
        return [seat.as_dict() for seat in await self._core.seats.accounts() if seat.id in present and seat.enabled]

    # --- what the phone tells ---------------------------------------------------------------------------------------

    async def news(self, call: CallOnPhone, news: LegNews) -> None:
        """A leg of this call has come, changed or gone."""
        conversation_id = call.conversation_id
        if conversation_id is None:
            return
        if news.leg_id == CALLER:
            self._legs.note_caller(conversation_id, news)
            await self._show(conversation_id)
            return
        leg = self._legs.in_news(conversation_id, news)
        if leg is None:
            return
        before = leg.state
        leg.take(news)
        if news.state == "expected" and leg.page is not None:
            await leg.page.tell(self._address(leg, news))
        elif news.state == "failed" and leg.page is not None:
            await leg.page.tell({**self._about(leg), "message": _FAILURES.get(news.problem, _FAILED)})
        elif leg.page is not None:
            await leg.page.tell(self._about(leg))
        if leg.gone:
            self._legs.drop(leg)
        await self._record(conversation_id, leg, joined=news.state == "joined", left=before == "joined")
        await self._show(conversation_id)

    def _about(self, leg: SeatLeg) -> dict[str, Any]:
        return {"type": "audio", "conversation_id": leg.conversation_id, **leg.shown()}

    def _address(self, leg: SeatLeg, news: LegNews) -> dict[str, Any]:
        address = {"url": news.url, "port": news.port, "tls": news.tls, "ticket": news.ticket}
        return {**self._about(leg), "address": address}

    async def _record(self, conversation_id: str, leg: SeatLeg, *, joined: bool, left: bool) -> None:
        """Who talks with the caller stands in the conversation; who only listens does not."""
        if leg.role not in ("seat", "third"):
            return
        person = leg.role == "seat" and leg.seat_id is None
        if joined:
            await self._core.conversations.joined(conversation_id, leg.name, person=person)
        elif left and leg.state == "left":
            await self._core.conversations.left(conversation_id, leg.name, person=person)

    async def taken_from(self, conversation_id: str, seat_id: str) -> None:
        """A leader has given the conversation to somebody else: the seat's voice leaves the call."""
        if (call := self._legs.call(conversation_id)) is not None:
            await self._drop_own(call, conversation_id, seat_id)

    async def released(self, conversation_id: str) -> None:
        """No seat holds the conversation any more: those of the desk leave the call."""
        call = self._legs.call(conversation_id)
        for leg in self._legs.of(conversation_id):
            if call is not None and leg.seat_id is not None and leg.role in ("seat", "third"):
                await self._control(call, leg.leg_id, drop=True)
        self._legs.end_invitations(conversation_id)


SEAT_AUDIO: web.AppKey[SeatAudio] = web.AppKey("seat_audio", SeatAudio)
