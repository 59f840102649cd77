"""A leader takes a conversation from a seat, or from the queue, and gives it to a seat, or back to the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from base.logs import get_logger
from gateway.core import Core
from gateway.desk import Desk
from gateway.errors import ApiError, bad_request
from gateway.seat_audio import SeatAudio
from seats import queue
from seats.permissions import may
from seats.store import SeatIdentity

log = get_logger("gateway.wallboard")
QUEUE: Final = ""


@dataclass(frozen=True, slots=True)
class Move:
    """`to_seat_id` empty: back to the queue. `held_by`: who has it on the leader's screen; empty: it waits."""

    conversation_id: str
    to_seat_id: str
    held_by: str


async def reassign(core: Core, desk: Desk, audio: SeatAudio, leader: SeatIdentity, move: Move) -> str:
    """Do it; what was done, in words. The citizen is told, both seats are told, and it is an entry of the audit log.

    Raises:
        ApiError: the seat is not there or has no room; the message says which.
        Conflict: the conversation has moved since the leader looked. UnknownConversation: there is none.
    """
    target = await _target(core, desk, move) if move.to_seat_id else None
    await core.conversations.reassign(move.conversation_id, move.to_seat_id or None, held_by=move.held_by or None)
    await core.audit.record(
        "conversation.reassigned",
        actor=f"seat:{leader.id}",
        subject=move.conversation_id,
        detail={"from": move.held_by, "to": move.to_seat_id},
    )
    log.info(
        "a conversation was reassigned",
        by=leader.id,
        conversation_id=move.conversation_id,
        from_seat_id=move.held_by or None,
        to_seat_id=move.to_seat_id or None,
    )
    if move.held_by:
        await audio.taken_from(move.conversation_id, move.held_by)
        goes_to = f"转给{target.display_name}" if target is not None else "放回排队"
        await audio.tell_seat(
            move.held_by,
            {
                "type": "taken_away",
                "conversation_id": move.conversation_id,
                "message": f"班长{leader.display_name}把您手上的一个会话{goes_to}了。",
            },
        )
    if target is not None:
        await core.cases.taken(move.conversation_id)
        await core.roster.served(target.id, answered=True)
        await audio.tell_seat(
            target.id,
            {
                "type": "passed_on",
                "conversation_id": move.conversation_id,
                "message": f"班长{leader.display_name}把一个会话分给您。",
            },
        )
    desk.changed()
    return f"已分给{target.display_name}。" if target is not None else "已放回排队。"


async def _target(core: Core, desk: Desk, move: Move) -> SeatIdentity:
    """The seat that is to have it: at its desk, and with room, as if it took it by hand."""
    accounts = await core.seats.accounts()
    target = next((one for one in accounts if one.id == move.to_seat_id and one.enabled), None)
    if target is None or not may(target.role, "desk.work") or target.id not in desk.present():
        raise bad_request("这位坐席不在线。", "seat_absent")
    known = next((card for card in (*desk.queue, *desk.held) if card["conversation_id"] == move.conversation_id), None)
    held = await core.conversations.held(target.id)
    calls = sum(queue.kind_of(card) == "call" for card in held)
    kind = queue.kind_of(known) if known is not None else "chat"
    if not queue.may_claim(kind, calls=calls, chats=len(held) - calls, capacity=desk.capacity_of(target.id)):
        raise ApiError(409, "seat_full", "这位坐席正在通话。" if kind == "call" else "这位坐席手上的会话已满。")
    return target
