"""Seats and calls at different nodes: what a page wants goes to the core that has the call, its news come back.

The core that has a call is the owner of its conversation's row. A command is carried out there with the seat's identity
as its own core has checked it; audio itself goes from the browser straight to the phone, as everywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from sqlalchemy import select

from base.ids import new_id
from base.logs import get_logger
from cluster.bus import Bus, Message
from gateway.audio_commands import AudioCommand, Page
from gateway.core import Core
from gateway.errors import ApiError, as_api_error
from seats.store import SeatIdentity
from storage.tables import Conversation

log = get_logger("gateway.far_audio")
SEATS: Final = "seats"  # to every core: for the pages of a seat, wherever they are


def topic_of(core: str) -> str:
    return f"core:{core}"


@dataclass(unsafe_hash=True)
class FarPage:
    """A workbench page at another core. Two of the same page are equal."""

    core: str
    page_id: str
    seat: SeatIdentity = field(compare=False)
    bus: Bus = field(compare=False, repr=False)

    async def tell(self, message: dict[str, Any]) -> None:
        self.bus.publish(topic_of(self.core), {"kind": "tell", "page": self.page_id, "message": message})


class AudioHere(Protocol):
    """The calls and pages of this core: `gateway/seat_audio.py`."""

    def has(self, conversation_id: str) -> bool: ...

    async def show_to(self, page: Page, conversation_id: str) -> None: ...

    async def command_here(self, page: Page, command: AudioCommand) -> None:
        """
        Raises:
            ApiError: it may not or cannot be carried out.
        """
        ...

    def forget_page(self, page: Page) -> None: ...

    async def tell_pages_here(self, seat_id: str, message: dict[str, Any]) -> None: ...


class FarAudio:
    """One a core process, beside its `SeatAudio`."""

    def __init__(self, core: Core, audio: AudioHere) -> None:
        self._core = core
        self._audio = audio
        self._bus = core.node.bus
        self._pages: dict[str, Page] = {}  # that other cores may know of
        self._ids: dict[Page, str] = {}
        self._bus.join(topic_of(core.incarnation), self._asked)
        self._bus.join(SEATS, self._told_to_all)

    # --- from here --------------------------------------------------------------------------------------------------

    async def command(self, page: Page, command: AudioCommand) -> bool:
        """Have it carried out where the call is; False where no other core has it.

        Raises:
            ApiError: 503, another core has it and cannot be reached.
        """
        holder = await self._holder(command.conversation_id)
        if holder is None:
            return False
        if not self._bus.connected:
            raise ApiError(503, "other_node", "这通电话在另一个节点上，暂时不能接入通话，请先用文字答复。")
        self._bus.publish(topic_of(holder), {"kind": "command", **self._from(page), "command": command.model_dump()})
        return True

    async def watch(self, page: Page, conversation_id: str) -> None:
        """The page shows the conversation: the core that has its call tells it who is in there."""
        if not self._bus.connected or (holder := await self._holder(conversation_id)) is None:
            return
        self._bus.publish(topic_of(holder), {"kind": "watch", **self._from(page), "conversation_id": conversation_id})

    def close_page(self, page: Page) -> None:
        page_id = self._ids.pop(page, None)
        if page_id is not None:
            del self._pages[page_id]
            self._bus.publish(SEATS, {"kind": "closed", "core": self._core.incarnation, "page": page_id})

    def tell_seat(self, seat_id: str, message: dict[str, Any]) -> None:
        """To the pages of this seat at other cores."""
        self._bus.publish(SEATS, {"kind": "tell", "seat": seat_id, "message": message})

    def _from(self, page: Page) -> dict[str, Any]:
        page_id = self._ids.get(page)
        if page_id is None:
            page_id = self._ids[page] = new_id("p")
            self._pages[page_id] = page
        return {"core": self._core.incarnation, "page": page_id, "seat": asdict(page.seat)}

    async def _holder(self, conversation_id: str) -> str | None:
        """The other core that has this call, as far as anything was heard of it lately."""
        if self._core.node.alone:
            return None
        since = self._core.clock.now() - timedelta(seconds=self._core.settings.dialogue.phone_lost_seconds)
        query = select(Conversation.owner).where(
            Conversation.id == conversation_id, Conversation.status != "ended", Conversation.heard_at > since
        )
        async with self._core.database.read() as session:
            owner = (await session.execute(query)).scalar_one_or_none()
        return owner if owner != self._core.incarnation else None

    # --- from elsewhere ---------------------------------------------------------------------------------------------

    def _asked(self, message: Message) -> None:
        if message["kind"] == "tell":
            known = self._pages.get(str(message["page"]))
            if known is not None:
                self._core.spawn(known.tell(message["message"]), "news of a far call")
            return
        page = FarPage(str(message["core"]), str(message["page"]), SeatIdentity(**message["seat"]), self._bus)
        self._core.spawn(self._carry_out(page, message), "a far page")

    async def _carry_out(self, page: Page, message: Message) -> None:
        if message["kind"] == "watch":
            if self._audio.has(str(message["conversation_id"])):
                await self._audio.show_to(page, str(message["conversation_id"]))
            return
        command = AudioCommand.model_validate(message["command"])
        try:
            await self._audio.command_here(page, command)
        except Exception as error:  # told to the seat, as at its own core
            known = as_api_error(error)
            if known is None:
                log.error("a command of a far page failed", action=command.action, exc_info=error)
                known = ApiError(500, "internal", "系统出了问题，我们已经记录，请稍后再试。")
            about = {"code": known.code, "message": known.message, "conversation_id": command.conversation_id}
            await page.tell({"type": "error", **about})

    def _told_to_all(self, message: Message) -> None:
        if message["kind"] == "closed":
            nobody = SeatIdentity("", "", "", "")
            self._audio.forget_page(FarPage(str(message["core"]), str(message["page"]), nobody, self._bus))
        elif message["kind"] == "tell":
            told: dict[str, Any] = message["message"]
            self._core.spawn(self._audio.tell_pages_here(str(message["seat"]), told), "news for a seat")
