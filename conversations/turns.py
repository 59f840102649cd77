"""One turn from end to end: read, decide, store. Called with the conversation's lock held."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, cast

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.errors import HotlineError
from base.logs import get_logger
from bot import guards, policy, reading, wording
from bot.decision import CallBack, Decision, Say
from bot.state import State
from conversations import cards, effects, life_cycle, store, supplements, turn_input, turn_result, uses, waits
from conversations.dialogue import Dialogue, Standing
from conversations.errors import Conflict, UnknownConversation
from conversations.messages import CitizenTurn, ConversationEvent, TurnResult
from storage.engine import Database
from storage.tables import Conversation
from storage.tables import Turn as TurnRow
from workorders.service import OrderService

_log = get_logger(__name__)


@dataclass
class Taken:
    """What came of a turn. `elsewhere`: the conversation had ended, the turn belongs to a new one."""

    result: TurnResult | None = None
    events: list[ConversationEvent] = field(default_factory=list)
    elsewhere: bool = False


class TurnTaker:
    """One instance a process."""

    def __init__(self, database: Database, *, dialogue: Dialogue, orders: OrderService, clock: Clock) -> None:
        self._database = database
        self._dialogue = dialogue
        self._orders = orders
        self._clock = clock

    async def take(self, conversation_id: str, turn: CitizenTurn) -> Taken:
        """Take one turn.

        Raises:
            UnknownConversation: there is none with this id.
            Conflict: somebody else changed the conversation meanwhile; try again.
        """
        started = time.monotonic()
        async with self._database.read() as session:
            row = await store.load(session, conversation_id)
            if row is None:
                raise UnknownConversation
            if turn.client_message_id is not None:
                before = await store.turn_with_id(session, conversation_id, turn.client_message_id, "citizen")
                if before is not None:
                    replies = await store.replies_to(session, conversation_id, before.seq)
                    return Taken(turn_result.again(before, replies))
        now = self._clock.now()
        state = State.from_dict(row.state)
        # A page of text is read in many stretches: not on the event loop.
        long = len(turn.text) > guards.LONGEST
        given = await asyncio.to_thread(turn_input.of, turn, now) if long else turn_input.of(turn, now)
        if row.status == "ended":
            taken_up = life_cycle.taken_up(row, state, turn, given.turn.text, now)
            if taken_up is None:
                return Taken(elsewhere=True)
            state = taken_up
        state.citizen = turn.citizen or state.citizen
        decision = await self._dialogue.decide(state, _standing(row), given)
        notes = given.notes
        notes["seconds"] = round(time.monotonic() - started, 4)
        decision = await supplements.added(decision, conversation_id, self._orders)
        try:
            return await self._write(conversation_id, row.version, turn, decision, notes, now)
        except (SQLAlchemyError, HotlineError):
            raise
        except Exception as error:  # noqa: BLE001 - filing failed: what was said is kept, somebody will call back
            _log.error("a decision could not be carried out", error=type(error).__name__, exc_info=error)
            notes["trouble"] = True
            kept = state.copy()
            kept.turns += 1
            apology = Decision(kept, (Say(wording.NOT_FILED),), (CallBack("filing failed"),))
            return await self._write(conversation_id, row.version, turn, apology, notes, now)

    async def _write(
        self,
        conversation_id: str,
        version: int,
        turn: CitizenTurn,
        decision: Decision,
        notes: dict[str, Any],
        now: datetime,
    ) -> Taken:
        """All of the turn in one transaction, unless the conversation is no more at `version`."""
        async with self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None:
                raise UnknownConversation
            if row.version != version:
                raise Conflict("the conversation was changed meanwhile")
            return await self._store(session, row, turn, decision, notes, now)

    async def _store(
        self,
        session: AsyncSession,
        row: Conversation,
        turn: CitizenTurn,
        decision: Decision,
        notes: dict[str, Any],
        now: datetime,
    ) -> Taken:
        before, rated_before = _Shown.of(row), str(row.state.get("rating") or "")
        seq = await store.last_seq(session, row.id) + 1
        said = store.add_turn(
            session,
            row.id,
            seq,
            "citizen",
            reading.printable(turn.text),
            now,
            kind=turn.kind,
            client_message_id=turn.client_message_id,
            meta=_details(turn, notes),
        )
        filed = await effects.file_orders(session, self._orders, row, decision, now)
        if filed:
            decision = replace(policy.after_filing(decision.state, filed, now), effects=decision.effects)
        await effects.record_danger(session, self._orders, row, decision, now)
        transfer = await effects.carry_out(session, row, decision, now)
        session.add_all(uses.of_turn(row, decision.state, decision, now))
        life_cycle.settle(row, decision, now)
        await waits.follow(session, row, before.status, now)
        replies = _add_replies(session, row, decision, after=seq, now=now)
        result = turn_result.of(
            row,
            decision,
            replies,
            seq=seq + len(replies),
            filed=filed.values(),
            transfer=transfer,
            rated_before=rated_before,
        )
        said.meta = {**said.meta, turn_result.KEPT: turn_result.kept(result)}
        await session.flush()
        events = [ConversationEvent("turn", row.id, turn=store.stored(stored)) for stored in (said, *replies)]
        return Taken(result, events + _changes(row.id, before, _Shown.of(row)))


def _standing(row: Conversation) -> Standing:
    return Standing(row.status, row.outcome, str(row.outcome_detail.get("emergency_line", "")), row.caller_number)


def _details(turn: CitizenTurn, notes: dict[str, Any]) -> dict[str, Any]:
    """What is stored of a turn besides its words."""
    meta: dict[str, Any] = {**turn.meta, **notes}
    meta.pop(turn_input.ALTERNATIVES, None)  # words that were perhaps said are no record of what was
    if turn.confidence is not None:
        meta["recogniser_confidence"] = turn.confidence
    if turn.unplayed:
        meta["unplayed"] = turn.unplayed
    return meta


def _add_replies(
    session: AsyncSession, row: Conversation, decision: Decision, *, after: int, now: datetime
) -> list[TurnRow]:
    return [
        store.add_turn(
            session,
            row.id,
            seq,
            "bot",
            reply.text,
            now,
            spoken=reply.spoken or None,
            in_reply_to=after,
            meta={"citations": [citation.as_dict() for citation in reply.citations]} if reply.citations else {},
        )
        for seq, reply in enumerate(decision.replies, after + 1)
    ]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What watchers see of a conversation besides its turns."""

    status: str
    outcome: str | None
    order: dict[str, Any]

    @classmethod
    def of(cls, row: Conversation) -> Self:
        return cls(row.status, row.outcome, cards.prefilled(State.from_dict(row.state), row))


def _changes(conversation_id: str, before: _Shown, after: _Shown) -> list[ConversationEvent]:
    events: list[ConversationEvent] = []
    if after.status != before.status:
        events.append(ConversationEvent("status", conversation_id, status=cast(Any, after.status)))
    elif after.status in ("waiting", "with_seat") and after.order != before.order:
        events.append(ConversationEvent("prefilled", conversation_id))
    if after.outcome != before.outcome and after.outcome is not None:
        events.append(ConversationEvent("outcome", conversation_id, outcome=cast(Any, after.outcome)))
    return events
