"""回访 by chat: the first question appears in the conversation in which the order was filed, once it is at rest."""

from __future__ import annotations

from base.clock import Clock
from base.logs import get_logger
from bot import policy
from bot.state import State
from conversations import store
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent
from conversations.subscriptions import Hub
from storage.engine import Database
from storage.follow_up_tables import ReturnVisit
from workorders.visits import ReturnVisits, mark_asked

_log = get_logger(__name__)


class VisitAsker:
    def __init__(self, database: Database, visits: ReturnVisits, *, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._visits = visits
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def sweep(self) -> int:
        """Ask where it is time; returns how many were asked."""
        return sum([await self._ask(visit) for visit in await self._visits.to_ask_in_chat()])

    async def _ask(self, visit: ReturnVisit) -> bool:
        """Whether the question was put; a conversation that goes on, or in which another one stands, is left alone."""
        conversation_id, now = visit.conversation_id or "", self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None or row.status != "ended" or row.outcome == "emergency":
                return False
            state = State.from_dict(row.state)
            if policy.visit_stands(state) or not await mark_asked(session, visit.id, now):
                return False
            asked = policy.begin_visit(state, visit.id, visit.order_no)
            seq = await store.last_seq(session, row.id) + 1
            turn = store.add_turn(
                session, row.id, seq, "system", asked.question_text, now, client_message_id=f"visit:{visit.id}"
            )
            row.state, row.asking, row.version = asked.as_dict(), asked.asking, row.version + 1
            await session.flush()
        self._hub.publish(ConversationEvent("turn", conversation_id, turn=store.stored(turn)))
        _log.info("a return visit began in the chat", conversation_id=conversation_id, visit=visit.id)
        return True
