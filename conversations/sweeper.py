"""Nobody vanishes: a contact that a citizen or a process left gets its one outcome, and a call-back where it is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.logs import get_logger
from base.settings import Settings
from bot import policy, wording
from bot.state import State
from conversations import broken_off, cards, store, waits
from conversations.broken_off import INFORMED
from conversations.errors import UnknownConversation
from conversations.line import PERSON_TALKED
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent, Outcome
from conversations.placed import PLACED
from conversations.subscriptions import Hub
from seats.reasons import in_words
from storage.engine import Database
from storage.tables import Conversation

_log = get_logger(__name__)
_BATCH = 200
_SURELY_GONE = timedelta(hours=6)  # no call is that long: nothing waits for it after a restart
_TRANSFERRED = "transferred"
_CUT_BY_US = ("lost", "error")  # our process died; we had to stop and told the caller that we would call back
_NOT_SERVED = ("abandoned", "missed", "overload")  # hung up in the waiting room; we were away; there was no room


class Sweeper:
    def __init__(self, database: Database, settings: Settings, *, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._dialogue = settings.dialogue
        self._locks = locks
        self._hub = hub
        self._clock = clock
        self._began = clock.now()

    async def hang_up(self, conversation_id: str, *, reason: str, callback_number: str | None = None) -> Outcome:
        """End a conversation whose citizen is gone; the outcome it has, or the one that it gets now.

        Raises:
            UnknownConversation: there is none with this id.
        """
        outcome = await self._end(conversation_id, reason=reason, callback_number=callback_number or "")
        if broken_off.served(outcome, reason):
            await self._called_again(conversation_id)
        return outcome

    async def _called_again(self, conversation_id: str) -> None:
        """The caller was served: what was promised to this number before is done with."""
        async with self._database.write() as session:
            row = await store.load(session, conversation_id)
            if row is not None and row.channel == "phone" and PLACED not in row.outcome_detail:
                await store.called_again(session, row, now=self._clock.now())

    async def _rang_again(self, lost: Conversation) -> None:
        """They may have called again, and been served, before their first call was found to be lost."""
        async with self._database.read() as session:
            later = await broken_off.served_since(session, lost)
        if later is not None:
            await self._called_again(later)

    def count_silence_anew(self) -> None:
        """Calls have as long to be heard of again as after a start."""
        self._began = self._clock.now()

    async def sweep(self) -> int:
        """Give every overdue conversation what is due to it; returns how many there were."""
        now = self._clock.now()
        patience = timedelta(seconds=self._dialogue.phone_lost_seconds)
        # The phone outlives a restart of the core: it gets as long to come back as it may be silent at any time.
        lost_before = now - patience if now - self._began >= patience else now - _SURELY_GONE
        idle_before = now - timedelta(minutes=self._dialogue.idle_minutes_before_close)
        waits_before = now - timedelta(seconds=self._dialogue.seat_wait_seconds)
        phone = Conversation.channel == "phone"
        lost = and_(phone, Conversation.status != "ended", Conversation.heard_at < lost_before)
        idle = and_(~phone, Conversation.status.in_(("open", "waiting")), Conversation.updated_at < idle_before)
        long_wait = and_(
            Conversation.status == "waiting", Conversation.waiting_since < waits_before, Conversation.outcome == "seat"
        )
        async with self._database.read() as session:
            query = select(Conversation).where(or_(lost, idle, long_wait)).order_by(Conversation.updated_at)
            rows = list((await session.execute(query.limit(_BATCH))).scalars())
        for row in rows:
            if row.channel == "phone" and row.heard_at is not None and row.heard_at < lost_before:
                await self._end(row.id, reason="lost", not_heard_since=lost_before)
                await self._rang_again(row)
            elif row.channel != "phone" and row.updated_at < idle_before:
                await self._end(row.id, reason="idle", idle_since=idle_before)
            else:
                await self._waited_long(row.id, now)
        return len(rows)

    # -- inside --------------------------------------------------------------------------------------------------

    async def _end(
        self,
        conversation_id: str,
        *,
        reason: str,
        callback_number: str = "",
        not_heard_since: datetime | None = None,
        idle_since: datetime | None = None,
    ) -> Outcome:
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None:
                raise UnknownConversation
            overtaken = (not_heard_since is not None and (row.heard_at or now) >= not_heard_since) or (
                idle_since is not None and row.updated_at >= idle_since
            )
            if row.status == "ended" or overtaken:
                return cast(Outcome, row.outcome or "closed")
            outcome, call_back = _outcome(row, reason, promised=bool(callback_number))
            if call_back:
                await self._promise(session, row, reason, now, callback_number)
            seq = await store.last_seq(session, row.id) + 1
            turn = store.add_turn(session, row.id, seq, "system", f"会话结束：{in_words(reason)}", now, kind="event")
            before = row.status
            row.outcome, row.status, row.ended_at, row.updated_at = outcome, "ended", now, now
            if before == "waiting" and reason == _TRANSFERRED:
                await waits.answered(session, row, now)
            else:
                await waits.follow(session, row, before, now, left=True)
            row.asking = None
            row.version += 1
            row.outcome_detail = {**row.outcome_detail, "ended_by": reason}
            await session.flush()
            events = [
                ConversationEvent("turn", row.id, turn=store.stored(turn)),
                ConversationEvent("status", row.id, status="ended"),
                ConversationEvent("outcome", row.id, outcome=outcome),
            ]
        for event in events:
            self._hub.publish(event)
        _log.info("a contact ended", conversation_id=conversation_id, reason=reason, outcome=outcome)
        return outcome

    async def _waited_long(self, conversation_id: str, now: datetime) -> None:
        """Nobody took it in time: a call-back is promised; the citizen may go on waiting."""
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None or row.status != "waiting" or row.outcome != "seat":
                return
            await self._promise(session, row, "no seat in time", now)
            row.outcome = "callback"
            row.version += 1
            seq = await store.last_seq(session, row.id) + 1
            turn = store.add_turn(session, row.id, seq, "system", wording.SEAT_BUSY, now)
            await session.flush()
            event = ConversationEvent("turn", row.id, turn=store.stored(turn))
        self._hub.publish(event)

    async def _promise(
        self, session: AsyncSession, row: Conversation, reason: str, now: datetime, number: str = ""
    ) -> None:
        state = State.from_dict(row.state)
        await store.promise_call_back(
            session,
            row,
            reason=reason,
            number=number or state.contact_phone or row.caller_number,
            note=cards.note_for_call_back(state) or cards.summary(state),
            due_at=now + store.CALL_BACK_WITHIN,
            now=now,
        )


def _outcome(row: Conversation, reason: str, *, promised: bool = False) -> tuple[Outcome, bool]:
    """The one outcome of a contact that is over, and whether somebody must call back; `promised`: the caller was told
    so by the phone."""
    state = State.from_dict(row.state)
    if promised and row.outcome is None:
        return "callback", True
    if row.outcome == "emergency":
        return "emergency", False
    if row.status == "with_seat":
        return ("callback", True) if reason in _CUT_BY_US else ("seat", False)
    if row.status == "waiting":
        return ("seat", False) if reason == _TRANSFERRED else ("callback", True)
    outcome, call_back = policy.leave(state)
    if row.outcome_detail.get(PERSON_TALKED) and outcome in ("callback", "closed") and reason not in _CUT_BY_US:
        return "seat", False  # a person had the caller, and nothing came after that
    if reason in _CUT_BY_US and not call_back and outcome == "closed":
        return "callback", True
    if reason == "error":
        return cast(Any, outcome), True  # whatever was served before: what came last was not
    if reason == INFORMED and outcome == "closed":
        return "answered", False
    if reason in _NOT_SERVED and outcome == "closed" and row.caller_number:
        return "callback", True
    return cast(Any, outcome), call_back
