"""How a contact begins: with a greeting, with the first words of a chat, taken up again after a lost line, or missed.

A caller is greeted whatever fails: without the database the first turn stores the conversation, or is journalled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from base.clock import Clock
from base.ids import new_id, new_trace_id
from base.logs import get_logger
from base.settings import Settings
from bot import policy, wording
from bot.decision import Decision, Say
from bot.state import State
from conversations import broken_off, cards, first_messages, placed, store
from conversations.errors import UnknownConversation
from conversations.locks import KeyedLocks
from conversations.messages import Channel, CitizenTurn, ConversationEvent, Reply, TurnResult
from conversations.placed import Placed
from conversations.receipts import Receipts
from conversations.subscriptions import Hub
from conversations.turn_result import manner_of, silence_of
from storage.engine import Database
from storage.tables import Conversation

_log = get_logger(__name__)
_LONGEST_NUMBER: Final = 32  # characters
_LONGEST_CALL_ID: Final = 64  # characters


class Contacts:
    """One instance a process.

    Args:
        owner: the incarnation of this process, which holds its calls.
        notices: what hot topics add to the greeting.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        locks: KeyedLocks,
        hub: Hub,
        clock: Clock,
        receipts: Receipts,
        owner: str,
        notices: Callable[[], Awaitable[list[str]]] | None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._locks = locks
        self._hub = hub
        self._clock = clock
        self._receipts = receipts
        self._owner = owner
        self._notices = notices

    async def begin(
        self,
        channel: Channel,
        *,
        caller_number: str | None,
        call_id: str | None,
        trace_id: str | None,
        called: Placed | None,
    ) -> TurnResult:
        """A new conversation with its greeting; `called`: a call of ours, which `caller_number` has answered."""
        if called is not None:
            greeting = await self._first_words(called, caller_number or "")
        else:
            greeting = await self._greeting(channel, caller_number)
        row = self._row(channel, greeting.state, caller_number, call_id, trace_id)
        row.asking = greeting.state.asking
        if called is not None:
            row.outcome_detail = called.detail
            if called.seat_id is not None:
                row.status, row.outcome, row.seat_id = "with_seat", "seat", called.seat_id
                row.claimed_at = row.created_at
        silence = silence_of(greeting)
        try:
            async with self._database.write() as session:
                session.add(row)
                await session.flush()
                turns = [
                    store.add_turn(session, row.id, seq, "bot", say.text, row.created_at, spoken=say.spoken or None)
                    for seq, say in enumerate(greeting.replies, 1)
                ]
        except SQLAlchemyError as error:
            _log.error("a conversation could not be stored at its start", error=type(error).__name__)
            self._receipts.met(row.id, caller_number)
            return TurnResult(row.id, _replies(greeting), patience="story", silence=silence)
        for turn in turns:
            self._hub.publish(ConversationEvent("turn", row.id, turn=store.stored(turn)))
        if row.status != "open":
            self._hub.publish(ConversationEvent("status", row.id, status="with_seat"))
        replies = tuple(store.reply(turn) for turn in turns)
        return TurnResult(row.id, replies, patience="story", seq=turns[-1].seq, silence=silence)

    async def begin_silently(self, turn: CitizenTurn, *, once: str | None) -> str:
        """A conversation for this turn; the one that it has begun before, where it was sent already.

        `once`: what the turn is known by (`conversations/first_messages.py`) when it comes again.
        """
        state = State(channel=turn.channel)
        row = self._row(turn.channel, state, None, None, turn.meta.get("trace_id"))
        async with self._database.write() as session:
            if once is not None:
                known = await first_messages.begun(session, once, row.id, self._clock.now())
                if known != row.id:
                    return known
            session.add(row)
        return row.id

    async def missed(self, call_id: str, caller_number: str | None) -> str:
        """A call that came and went unheard; it has still to be given its outcome."""
        row = self._row("phone", State(channel="phone"), caller_number, call_id, None)
        async with self._database.write() as session:
            session.add(row)
        return row.id

    async def take_up(self, conversation_id: str, call_id: str | None) -> TurnResult | None:
        """The conversation goes on where it was; None when it had ended, and a new one must begin.

        Raises:
            UnknownConversation: there is none with this id.
        """
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None:
                raise UnknownConversation
            if row.status == "ended":
                return None
            if row.channel == "phone":
                row.owner, row.heard_at = self._owner, self._clock.now()
            row.call_id = call_id or row.call_id
            state = State.from_dict(row.state)
            seq = await store.last_seq(session, conversation_id)
            again = state.question_text or state.last_text
            return TurnResult(
                conversation_id,
                (Reply(again),) if again and row.status == "open" else (Reply(wording.SEAT_WAITING),),
                asking=row.asking,
                orders=tuple(cards.order_numbers(state)),
                status=row.status,  # type: ignore[arg-type]
                seq=seq,
                manner=manner_of(state),
            )

    async def words_of(self, called: Placed, *, number: str) -> tuple[Reply, ...]:
        """What whoever answers a call of ours is going to hear first."""
        return _replies(await self._first_words(called, number))

    async def _first_words(self, called: Placed, number: str) -> Decision:
        async with self._database.read() as session:
            row = await store.load(session, called.about) if called.about is not None else None
        return placed.opening(
            called,
            State.from_dict(row.state) if row is not None else None,
            number=number,
            name=self._settings.service.hotline_name,
            recorded=self._settings.telephony.record_calls,
        )

    async def _greeting(self, channel: Channel, caller_number: str | None) -> Decision:
        greeting = policy.opening(
            channel,
            name=self._settings.service.hotline_name,
            recorded=channel == "phone" and self._settings.telephony.record_calls,
            caller_number=caller_number or "",
        )
        greeting = replace(greeting, replies=(*greeting.replies, *await self._hot_topics()))
        if channel == "phone" and caller_number and (left := await self._unfinished(caller_number)) is not None:
            return policy.offered_to_go_on(greeting, left[1], left[0])
        return greeting

    async def _hot_topics(self) -> list[Say]:
        """What is said after the greeting; nothing without the database."""
        if self._notices is None:
            return []
        try:
            return [Say(text) for text in await self._notices()]
        except SQLAlchemyError as error:
            _log.error("hot topics could not be read for the greeting", error=type(error).__name__)
            return []

    async def _unfinished(self, caller_number: str) -> tuple[str, dict[str, Any]] | None:
        """The call from this number that broke off, if one did. Without the database nothing is offered."""
        try:
            async with self._database.read() as session:
                return await broken_off.unfinished(session, caller_number, self._clock.now())
        except SQLAlchemyError as error:
            _log.error("calls that broke off could not be looked for", error=type(error).__name__)
            return None

    def _row(
        self, channel: str, state: State, caller_number: str | None, call_id: str | None, trace_id: str | None
    ) -> Conversation:
        now = self._clock.now()
        return Conversation(
            id=new_id("c_"),
            channel=channel,
            trace_id=trace_id or new_trace_id(),
            status="open",
            version=0,
            state=state.as_dict(),
            outcome_detail={},
            caller_number=caller_number[:_LONGEST_NUMBER] if caller_number else None,
            call_id=call_id[:_LONGEST_CALL_ID] if call_id else None,
            priority=0,
            owner=self._owner if channel == "phone" else None,
            heard_at=now if channel == "phone" else None,
            created_at=now,
            updated_at=now,
        )


def _replies(decision: Decision) -> tuple[Reply, ...]:
    return tuple(Reply(say.text, say.spoken) for say in decision.replies)
