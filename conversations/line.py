"""A call in which people talk to each other: who came and went, what they said, and danger that is heard meanwhile.

The phone keeps the call and tells of it; here it becomes part of the conversation's record. A conversation whose caller
talks with somebody whom we dialled is `with_seat` without a seat: a seat may take its record at any time.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.logs import get_logger
from bot import guards, wording
from bot.guards_model import GuardFindings
from bot.state import State
from conversations import alarm, cards, store, waits
from conversations.errors import UnknownConversation
from conversations.locks import KeyedLocks
from conversations.lookups import Lookups
from conversations.messages import ConversationEvent, StoredTurn
from conversations.subscriptions import Hub
from storage.engine import Database
from storage.tables import Conversation

Side = Literal["citizen", "seat", "third"]
PERSON_TALKED: Final = "person_talked"  # in the outcome's detail: the caller has talked with somebody whom we dialled
ALARM_PRIORITY: Final = 100

_log = get_logger(__name__)


class Line:
    def __init__(self, database: Database, *, lookups: Lookups, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._lookups = lookups
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def joined(self, conversation_id: str, who: str, *, person: bool) -> None:
        """Somebody is in the call. `who`: for the record, e.g. 人工电话; `person`: a telephone that answered for the
        hotline (not a seat at the desk, not an emergency line).

        Raises:
            UnknownConversation: there is none with this id.
        """
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            events = [await self._note(session, row, f"{who}已接入通话")]
            if person and row.status in ("open", "waiting"):
                before = row.status
                row.status, row.claimed_at, row.waiting_since = "with_seat", now, None
                await waits.follow(session, row, before, now)
                row.outcome = row.outcome if row.outcome == "emergency" else "seat"
                row.outcome_detail = {**row.outcome_detail, PERSON_TALKED: True}
                events.append(ConversationEvent("status", row.id, status="with_seat"))
                events.append(ConversationEvent("outcome", row.id, outcome=row.outcome))  # type: ignore[arg-type]
            row.updated_at = now
            row.version += 1
        self._publish(events)

    async def left(self, conversation_id: str, who: str, *, person: bool) -> None:
        """Somebody has gone. Where that was the person who had the caller, the bot has the caller again.

        Raises:
            UnknownConversation: there is none with this id.
        """
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            events = [await self._note(session, row, f"{who}已离开通话")]
            if person and row.status == "with_seat" and row.seat_id is None:
                state = State.from_dict(row.state)
                state.outcome, state.asking = None, None
                row.state, row.asking = state.as_dict(), None
                row.status, row.claimed_at = "open", None
                row.outcome = row.outcome if row.outcome == "emergency" else None
                seq = await store.last_seq(session, row.id) + 1
                turn = store.add_turn(session, row.id, seq, "system", wording.PERSON_LEFT, now)
                await session.flush()
                events.append(ConversationEvent("status", row.id, status="open"))
                events.append(ConversationEvent("turn", row.id, turn=store.stored(turn)))
            row.updated_at = now
            row.version += 1
        self._publish(events)

    async def heard(
        self, conversation_id: str, side: Side, text: str, *, heard_id: str, meta: dict[str, Any]
    ) -> StoredTurn:
        """What somebody said in the call. Idempotent by `heard_id`. Danger in the caller's words alarms the desk.

        Raises:
            UnknownConversation: there is none with this id.
        """
        now = self._clock.now()
        role = "citizen" if side == "citizen" else "seat"
        found = guards.check(text) if side == "citizen" else GuardFindings()
        danger = await alarm.line_to_tell(text, found, self._lookups, notes={})
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await _row(session, conversation_id)
            before = await store.turn_with_id(session, conversation_id, heard_id, role)
            if before is not None:
                return store.stored(before)
            seq = await store.last_seq(session, conversation_id) + 1
            told = {**meta, "bridged": True, **({"side": "third"} if side == "third" else {})}
            turn = store.add_turn(
                session, conversation_id, seq, role, text, now, kind="speech", client_message_id=heard_id, meta=told
            )
            events: list[ConversationEvent] = []
            if danger and row.status != "ended":
                events = await self._alarm(session, row, danger, found.danger)
            row.updated_at = now
            row.version += 1
            await session.flush()
            stored = store.stored(turn)
        self._publish([ConversationEvent("turn", conversation_id, turn=stored), *events])
        return stored

    async def _alarm(self, session: AsyncSession, row: Conversation, line: str, danger: str) -> list[ConversationEvent]:
        if row.outcome_detail.get("emergency_line") == line:
            return []
        state = State.from_dict(row.state)
        now = self._clock.now()
        row.outcome, row.priority = "emergency", ALARM_PRIORITY
        row.outcome_detail = {**row.outcome_detail, "emergency_line": line, "danger": danger}
        if row.seat_id is None:
            await store.promise_call_back(
                session,
                row,
                reason=f"emergency {line}",
                number=state.contact_phone or row.caller_number,
                note=f"通话中听到紧急情况（{line}）。{cards.summary(state)}",
                due_at=now,
                now=now,
            )
        _log.warning("danger was heard in a bridged call", conversation_id=row.id, line=line)
        return [
            await self._note(session, row, f"警报：市民的话里可能有紧急情况（{line}）"),
            ConversationEvent("outcome", row.id, outcome="emergency"),
        ]

    async def _note(self, session: AsyncSession, row: Conversation, text: str) -> ConversationEvent:
        """For the record and the desk: nobody says it to the caller."""
        await session.flush()
        seq = await store.last_seq(session, row.id) + 1
        turn = store.add_turn(session, row.id, seq, "system", text, self._clock.now(), kind="event")
        await session.flush()
        return ConversationEvent("turn", row.id, turn=store.stored(turn))

    def _publish(self, events: list[ConversationEvent]) -> None:
        for event in events:
            self._hub.publish(event)


async def _row(session: AsyncSession, conversation_id: str) -> Conversation:
    row = await store.load(session, conversation_id, for_update=True)
    if row is None:
        raise UnknownConversation
    return row
