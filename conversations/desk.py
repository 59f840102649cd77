"""The seats' side of a conversation: queue, claim, words, give back, finish. Every step is atomic."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from bot import policy, wording
from bot.state import State
from conversations import cards, seat_offer, store, waits
from conversations.errors import Conflict, ConversationError, NotYours, UnknownConversation
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent, StoredTurn
from conversations.subscriptions import Hub
from storage.engine import Database
from storage.tables import Conversation, Turn

DISPOSITIONS: Final = ("answered", "order_filed", "closed", "callback")
_RATED: Final = ("answered", "order_filed")
_GIVEN_BACK_PRIORITY: Final = 10


class Desk:
    def __init__(
        self, database: Database, *, locks: KeyedLocks, hub: Hub, clock: Clock, ask_rating: bool = False
    ) -> None:
        """`ask_rating`: callers whom a seat has served are asked how satisfied they are."""
        self._ask_rating = ask_rating
        self._database = database
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def waiting(self) -> list[dict[str, Any]]:
        unheld = and_(Conversation.status == "with_seat", Conversation.seat_id.is_(None))  # talks with somebody dialled
        query = (
            select(Conversation)
            .where(or_(Conversation.status == "waiting", unheld))
            .order_by(Conversation.priority.desc(), Conversation.waiting_since, Conversation.id)
            .limit(500)
        )
        async with self._database.read() as session:
            return [cards.card(row) for row in (await session.execute(query)).scalars()]

    async def held(self, seat_id: str | None) -> list[dict[str, Any]]:
        query = select(Conversation).where(Conversation.status == "with_seat").order_by(Conversation.claimed_at)
        if seat_id is not None:
            query = query.where(Conversation.seat_id == seat_id)
        async with self._database.read() as session:
            return [cards.card(row) for row in (await session.execute(query.limit(500))).scalars()]

    async def claim(self, conversation_id: str, seat_id: str) -> bool:
        """Raises UnknownConversation. A seat that holds it already gets True."""
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if row.status == "with_seat" and row.seat_id == seat_id:
                return True
            if row.status != "waiting" and not (row.status == "with_seat" and row.seat_id is None):
                return False
            before = row.status
            row.status, row.seat_id, row.claimed_at, row.updated_at = "with_seat", seat_id, now, now
            row.outcome = row.outcome if row.outcome == "emergency" else "seat"
            await waits.follow(session, row, before, now)
            row.version += 1
            turn = await _system_turn(session, row, wording.SEAT_JOINED, now)
        self._tell(turn, row)
        return True

    async def say(self, conversation_id: str, seat_id: str, text: str, *, client_message_id: str | None) -> StoredTurn:
        """
        Raises:
            UnknownConversation: there is none with this id.
            NotYours: another seat or none holds it.
        """
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if client_message_id is not None:
                before = await store.turn_with_id(session, conversation_id, client_message_id, "seat")
                if before is not None:
                    return store.stored(before)
            if row.status != "with_seat" or row.seat_id != seat_id:
                raise NotYours
            seq = await store.last_seq(session, conversation_id) + 1
            turn = store.add_turn(
                session,
                conversation_id,
                seq,
                "seat",
                text,
                now,
                client_message_id=client_message_id,
                meta={"seat_id": seat_id},
            )
            row.updated_at = now
            row.version += 1
            await session.flush()
        stored = store.stored(turn)
        self._hub.publish(ConversationEvent("turn", conversation_id, turn=stored))
        return stored

    async def tell_waiting(self, conversation_id: str, text: str, *, offer: seat_offer.Offer | None = None) -> bool:
        """Something about the queue, to a citizen who waits in it; False where they wait no longer.

        `offer`: they may ask to be called back; see `conversations/seat_offer.py`. Raises UnknownConversation.
        """
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if row.status != "waiting":
                return False
            if offer is not None:
                row.state = seat_offer.make(State.from_dict(row.state), offer).as_dict()
                row.version += 1
            turn = await _system_turn(session, row, text, now)
        self._hub.publish(ConversationEvent("turn", conversation_id, turn=store.stored(turn)))
        return True

    async def give_back(self, conversation_id: str, seat_id: str) -> None:
        """Raises UnknownConversation, NotYours."""
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if row.status != "with_seat" or row.seat_id != seat_id:
                raise NotYours
            row.status, row.seat_id, row.claimed_at, row.updated_at = "waiting", None, None, now
            row.priority = max(row.priority, _GIVEN_BACK_PRIORITY)
            await waits.follow(session, row, "with_seat", now, again=True)
            row.version += 1
            turn = await _system_turn(session, row, wording.SEAT_LEFT, now)
        self._tell(turn, row)

    async def pass_on(self, conversation_id: str, seat_id: str, to_seat_id: str) -> None:
        """To another seat. Raises UnknownConversation, NotYours."""
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if row.status != "with_seat" or row.seat_id != seat_id:
                raise NotYours
            row.seat_id, row.claimed_at, row.updated_at = to_seat_id, now, now
            row.version += 1
            turn = await _system_turn(session, row, wording.SEAT_PASSED_ON, now)
        self._tell(turn, row)

    async def reassign(self, conversation_id: str, to_seat_id: str | None, *, held_by: str | None) -> None:
        """A leader gives it to a seat, or (None) back to the queue. `held_by`: who had it when the leader decided.

        Raises:
            UnknownConversation: there is none with this id.
            Conflict: it has moved meanwhile, or there is nothing to do.
        """
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if row.status not in ("waiting", "with_seat") or row.seat_id != held_by or to_seat_id == held_by:
                raise Conflict("这个会话刚刚变动过，请看最新的情况再操作。")
            before, joins = row.status, row.status == "waiting"
            row.seat_id, row.updated_at = to_seat_id, now
            row.status, row.claimed_at = ("with_seat", now) if to_seat_id is not None else ("waiting", None)
            if to_seat_id is None:
                row.priority = max(row.priority, _GIVEN_BACK_PRIORITY)
                row.waiting_since = row.waiting_since or now
                words = wording.SEAT_LEFT
            else:
                row.outcome = row.outcome if row.outcome == "emergency" else "seat"
                words = wording.SEAT_JOINED if joins else wording.SEAT_PASSED_ON
            await waits.follow(session, row, before, now, again=True)
            row.version += 1
            turn = await _system_turn(session, row, words, now)
        self._tell(turn, row)

    async def finish(self, conversation_id: str, seat_id: str, disposition: str) -> None:
        """
        Raises:
            UnknownConversation: there is none with this id.
            NotYours: another seat or none holds it.
            ConversationError: the disposition is not one of `DISPOSITIONS`.
        """
        if disposition not in DISPOSITIONS:
            raise ConversationError("处理结果应为 answered、order_filed、closed 或 callback。")
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            if row.status == "ended" and row.seat_id == seat_id and row.disposition == disposition:
                return
            if row.status != "with_seat" or row.seat_id != seat_id:
                raise NotYours
            if disposition == "callback":
                await self._promise(session, row, now)
            row.status, row.disposition, row.ended_at, row.updated_at = "ended", disposition, now, now
            row.asking, told = None, wording.SEAT_ENDED
            state = State.from_dict(row.state)
            if disposition != "callback":  # the seat has dealt with it: whoever writes again begins with something new
                for matter in state.form:
                    matter.stage, matter.result = "done", "seat"
            row.state = state.as_dict()
            if self._asks_to_rate(row, disposition):
                row.state = policy.asked_to_rate(state).as_dict()
                row.asking, told = "satisfaction", wording.SEAT_ENDED_RATE
            row.version += 1
            turn = await _system_turn(session, row, told, now)
        self._tell(turn, row)

    async def _promise(self, session: AsyncSession, row: Conversation, now: datetime) -> None:
        """To the number that the citizen has given, else to the one that they called from."""
        state = State.from_dict(row.state)
        number = state.contact_phone or row.caller_number
        note = cards.note_for_call_back(state)
        await store.promise_call_back(session, row, reason="seat", number=number, note=note, due_at=now, now=now)

    def _asks_to_rate(self, row: Conversation, disposition: str) -> bool:
        served = row.channel == "phone" and disposition in _RATED and row.outcome != "emergency"
        return self._ask_rating and served

    def _tell(self, turn: Turn, row: Conversation) -> None:
        self._hub.publish(ConversationEvent("turn", row.id, turn=store.stored(turn)))
        self._hub.publish(ConversationEvent("status", row.id, status=row.status))  # type: ignore[arg-type]


async def _row(session: AsyncSession, conversation_id: str) -> Conversation:
    row = await store.load(session, conversation_id, for_update=True)
    if row is None:
        raise UnknownConversation
    return row


async def _system_turn(session: AsyncSession, row: Conversation, text: str, now: datetime) -> Turn:
    seq = await store.last_seq(session, row.id) + 1
    turn = store.add_turn(session, row.id, seq, "system", text, now)
    await session.flush()
    return turn
