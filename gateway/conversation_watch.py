"""A conversation that a page of the desk or of a leader has open: who may read it, and what is pushed to the page."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Protocol

from conversations.following import Following
from gateway.core import Core, settle
from gateway.desk import Desk
from gateway.errors import forbidden
from gateway.ports import Subscription
from gateway.shapes import turn_object
from gateway.sockets import Socket
from seats import queue
from seats.store import SeatIdentity


async def may_watch(core: Core, seat: SeatIdentity, conversation_id: str, *, invited: bool = False) -> dict[str, Any]:
    """The snapshot of a conversation that this seat may read.

    Raises:
        UnknownConversation: there is none with this id.
        ApiError: 403, it is not the seat's.
    """
    snapshot = await core.conversations.snapshot(conversation_id)
    held = await core.conversations.held(seat.id)
    allowed = queue.may_watch(
        role=seat.role,
        seat_id=seat.id,
        status=_status_to_watch(snapshot),
        held_by=seat.id if any(card["conversation_id"] == conversation_id for card in held) else None,
        callback_open=await core.callbacks.is_open_for(conversation_id),
    )
    if not allowed and not invited and not await core.notes.mentions(conversation_id, seat.id):
        raise forbidden("这个会话不在队列中，也不在您手上。")
    return snapshot


def _status_to_watch(snapshot: dict[str, Any]) -> str:
    """Whoever talks with somebody whom we dialled is open to every seat, like one who waits."""
    status = str(snapshot.get("status"))
    return "waiting" if status == "with_seat" and not snapshot.get("seat_id", "unknown") else status


class Watching(Protocol):
    """A page that shows conversations: the desk's, or the leader's."""

    core: Core
    desk: Desk
    socket: Socket


class Watch:
    """A conversation that a page has open: its turns are pushed until another message closes it."""

    def __init__(self, page: Watching, conversation_id: str, subscription: Subscription) -> None:
        self.page = page
        self.conversation_id = conversation_id
        self.subscription = subscription
        self.following = Following(page.core.conversations, subscription, conversation_id, seq=0)
        self.task: asyncio.Task[None] | None = None

    async def show(self, snapshot: dict[str, Any]) -> None:
        """The whole conversation: when it is opened, and whenever its state has changed."""
        core = self.page.core
        turns = await core.conversations.transcript(self.conversation_id)
        draft, form = await self.page.desk.unsent.of(self.conversation_id)
        self.following.has(turns[-1].seq if turns else 0, status=snapshot.get("status"))
        if allowance := (await core.allowances([self.conversation_id])).get(self.conversation_id):
            snapshot = {**snapshot, "allowance": allowance}
        await self.page.socket.send(
            {
                "type": "conversation",
                "conversation_id": self.conversation_id,
                "transcript": [turn_object(turn, for_seat=True) for turn in turns],
                "snapshot": snapshot,
                "draft": draft,
                "form": form,
            }
        )

    async def push(self) -> None:
        core = self.page.core
        with suppress(ConnectionResetError):
            async for event in self.following:
                if event.kind == "dropped":  # fell behind: the page comes back and sees everything anew
                    await self.page.socket.response.close()
                    return
                if event.kind == "turn" and event.turn is not None:
                    turn = turn_object(event.turn, for_seat=True)
                    message = {"type": "turn", "conversation_id": self.conversation_id, "turn": turn}
                    await self.page.socket.send(message)
                elif event.kind == "prefilled":
                    snapshot = await core.conversations.snapshot(self.conversation_id)
                    message = {"type": "prefilled", "conversation_id": self.conversation_id, "snapshot": snapshot}
                    await self.page.socket.send(message)
                elif event.kind in ("status", "outcome"):
                    await self.show(await core.conversations.snapshot(self.conversation_id))

    async def close(self) -> None:
        self.subscription.close()  # which ends the task
        await settle(self.task)
