"""While the database is away: what is said goes to the journal, and becomes part of its conversation afterwards.

Such words are 已记录, never 已受理; each contact gets a receipt for them, and a call-back once they were taken in.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from base.clock import Clock
from base.ids import new_id, new_trace_id
from base.logs import get_logger
from bot import wording
from bot.decision import Say
from bot.state import State
from conversations import receipts, store
from conversations.journal import Entry, Journal
from conversations.locks import KeyedLocks
from conversations.messages import CitizenTurn, Reply, TurnResult
from conversations.receipts import Receipts
from storage.engine import Database
from storage.tables import Conversation

_log = get_logger(__name__)


class Outage:
    """One instance a process."""

    def __init__(
        self, database: Database, journal: Journal, given: Receipts, *, locks: KeyedLocks, clock: Clock
    ) -> None:
        self._database = database
        self._journal = journal
        self._receipts = given
        self._locks = locks
        self._clock = clock

    async def note(self, conversation_id: str | None, turn: CitizenTurn) -> TurnResult:
        """What was said is on disk when this returns, and that is all that is promised; where the disk does not take it
        either, the citizen is told that it is lost."""
        conversation_id = conversation_id or new_id("c_")
        now = self._clock.now()
        receipt, told = self._receipts.of(conversation_id, now)
        entry = Entry(
            conversation_id,
            turn.channel,
            turn.kind,
            turn.text,
            turn.client_message_id,
            self._receipts.caller_number(conversation_id),
            now.isoformat(),
            receipt,
        )
        try:
            await self._journal.append(entry)
            say = Say(wording.JOURNALLED_MORE) if told else wording.journalled(receipt)
        except OSError as error:
            _log.error("the journal cannot be written", error=str(error))
            say = Say(wording.LOST)
        return TurnResult(conversation_id, (Reply(say.text, say.spoken, origin="system"),))

    async def take_in(self) -> int:
        """What was journalled becomes part of the conversations; returns how many turns.

        A file that was taken in half is taken in again: nothing happens twice.

        Raises:
            SQLAlchemyError: the database is still away; the journal is kept.
        """
        count = 0
        for path in await self._journal.waiting(self._clock.now()):
            for entry in await self._journal.entries(path):
                await self._take_in(entry)
                count += 1
            await self._journal.taken_in(path)
        if count:
            _log.info("journal taken in", entries=count)
        return count

    async def _take_in(self, entry: Entry) -> None:
        """A journalled turn becomes part of its conversation, and somebody will call or write back."""
        now, said_at = self._clock.now(), datetime.fromisoformat(entry.at)
        message_id = entry.client_message_id or _fingerprint(entry)
        async with self._locks.hold(entry.conversation_id), self._database.write() as session:
            row = await store.load(session, entry.conversation_id, for_update=True)
            if row is None:
                row = _never_stored(entry, now)
                session.add(row)
                await session.flush()
            if await store.turn_with_id(session, row.id, message_id, "citizen") is not None:
                return
            store.add_turn(
                session,
                row.id,
                await store.last_seq(session, row.id) + 1,
                "citizen",
                entry.text,
                said_at,
                kind=entry.kind,
                client_message_id=message_id,
                meta={"journalled": True, "receipt": entry.receipt},
            )
            if entry.receipt:
                await receipts.keep(session, entry.receipt, row.id, now)
            state = State.from_dict(row.state)
            await store.promise_call_back(
                session,
                row,
                reason=store.JOURNAL,
                number=state.contact_phone or row.caller_number or entry.caller_number,
                note=f"系统故障期间记录（记录号{entry.receipt or '无'}）：{entry.text}",
                due_at=now + store.CALL_BACK_WITHIN,
                now=now,
            )
            row.version += 1


def _never_stored(entry: Entry, now: datetime) -> Conversation:
    """The conversation of words that came while it could not be stored."""
    return Conversation(
        id=entry.conversation_id,
        channel=entry.channel,
        trace_id=new_trace_id(),
        status="ended",
        version=0,
        state=State(channel=entry.channel).as_dict(),
        outcome="callback",
        outcome_detail={"reason": "journal"},
        caller_number=entry.caller_number,
        priority=0,
        created_at=datetime.fromisoformat(entry.at),
        updated_at=now,
        ended_at=now,
    )


def _fingerprint(entry: Entry) -> str:
    """What an entry without an id of its own is known by when it is taken in again."""
    return "journal:" + hashlib.sha256(f"{entry.at}{entry.text}".encode()).hexdigest()[:40]
