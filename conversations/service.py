"""The one owner of conversations: takes a turn, decides, stores everything in one transaction, then tells the watchers.

The order of things in a turn: read -> guards and policy (with what they look up) -> one write transaction (turns,
state, outcome, orders, call-backs) -> events. Turns of one conversation wait for each other; a version check catches
whoever else wrote meanwhile. Nothing is said to be accepted before the transaction is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from base import tracing
from base.clock import Clock, SystemClock
from base.ids import new_id, new_trace_id
from base.logs import get_logger
from base.settings import Settings
from bot import guard_classifier, policy, visit_reader, wording
from bot.danger import MeaningReader, SentenceEncoder
from bot.decision import Decision, Say
from bot.entities.place import PlaceMatcher
from bot.state import State
from conversations import broken_off, cards, first_messages, store
from conversations.catch_up import CatchUp
from conversations.desk import Desk
from conversations.dialogue import Dialogue
from conversations.enclosures import EnclosureKind, Enclosures
from conversations.errors import Conflict, UnknownConversation
from conversations.journal import Entry, Journal
from conversations.line import Line, Side
from conversations.listener import Listener
from conversations.locks import Across, KeyedLocks
from conversations.lookups import Categories, Lookups, Parser, Searcher
from conversations.messages import (
    Channel,
    CitizenTurn,
    ConversationEvent,
    Outcome,
    Reply,
    StoredTurn,
    TurnResult,
)
from conversations.order_news import OrderNews
from conversations.placed import Placed, opening
from conversations.receipts import Receipts
from conversations.seat_offer import Offer
from conversations.subscriptions import Hub, Relay, Subscription
from conversations.sweeper import Sweeper
from conversations.turn_result import manner_of, silence_of
from conversations.turns import TurnTaker
from conversations.visits import VisitAsker
from knowledge.points.service import PointService
from storage.engine import Database
from storage.tables import Conversation
from workorders.service import OrderService, assign
from workorders.visits import ReturnVisits

_log = get_logger(__name__)
_TRIES = 4


class ConversationService:
    """One instance a core process.

    Args:
        understanding: `bot/understanding.py`; knowledge: `knowledge/service.py`; catalogue: `workorders/catalogue.py`.
        places: built here when not given (about 50 ms).
        encoder: the knowledge base's embedding model, for a second opinion on danger; None does without.
        notices: what hot topics add to the greeting.
        visits: return visits, whose first question stands in the conversation; None asks nobody.
        owner: the incarnation of this process; a new one each start.
        across: of several nodes, what makes the turns of a conversation wait for each other.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        understanding: Parser,
        knowledge: Searcher,
        catalogue: Categories,
        orders: OrderService,
        places: PlaceMatcher | None = None,
        encoder: SentenceEncoder | None = None,
        points: PointService | None = None,
        visits: ReturnVisits | None = None,
        clock: Clock | None = None,
        owner: str | None = None,
        notices: Callable[[], Awaitable[list[str]]] | None = None,
        across: Across | None = None,
    ) -> None:
        self._notices = notices
        self._database = database
        self._settings = settings
        self._clock = clock or SystemClock()
        self._owner = owner or new_id("core_")
        self._forgot_at: datetime | None = None
        self._locks = KeyedLocks(across)
        self._hub = Hub()
        self._catch_up = CatchUp(database, self._hub)
        self._receipts = Receipts(settings.cluster.node)
        self._journal = Journal(settings.var / "journal" / "conversations.jsonl")
        self._encoder = encoder if encoder is not None and encoder.available else None
        self._lookups = Lookups(
            database,
            understanding=understanding,
            knowledge=knowledge,
            catalogue=catalogue,
            places=places or PlaceMatcher.load(),
            assign=assign,
            clock=self._clock,
            points=points,
        )
        dialogue = Dialogue(settings, self._lookups)
        self._turns = TurnTaker(database, dialogue=dialogue, orders=orders, clock=self._clock)
        self._sweeper = Sweeper(database, settings, locks=self._locks, hub=self._hub, clock=self._clock)
        self._news = OrderNews(database, locks=self._locks, hub=self._hub, clock=self._clock)
        self._visits = (
            VisitAsker(database, visits, locks=self._locks, hub=self._hub, clock=self._clock) if visits else None
        )
        self._desk = Desk(
            database, locks=self._locks, hub=self._hub, clock=self._clock, ask_rating=settings.dialogue.ask_rating
        )
        self._line = Line(database, lookups=self._lookups, locks=self._locks, hub=self._hub, clock=self._clock)
        self._listener = Listener(database, dialogue, locks=self._locks, hub=self._hub, clock=self._clock)
        self._enclosures = Enclosures(database, locks=self._locks, hub=self._hub, clock=self._clock)

    async def start(self) -> None:
        """Take in what was journalled, and give lost calls their outcome."""
        await asyncio.to_thread(guard_classifier.default)
        if self._visits is not None:
            await asyncio.to_thread(visit_reader.default)
        if self._encoder is not None and self._encoder.available:
            reader = await asyncio.to_thread(MeaningReader.load, self._encoder, self._settings.var / "index")
            self._lookups.danger = reader
        await self.take_in_journal()
        swept = await self._sweeper.sweep()
        _log.info("conversations ready", swept=swept, owner=self._owner)

    async def close(self) -> None:
        """End every subscription."""
        self._hub.close()

    # -- the citizen ---------------------------------------------------------------------------------------------

    async def open(
        self,
        channel: Channel,
        *,
        conversation_id: str | None = None,
        caller_number: str | None = None,
        call_id: str | None = None,
        trace_id: str | None = None,
        placed: Placed | None = None,
    ) -> TurnResult:
        """Begin a conversation with a greeting, or take a known one up again after a lost connection.

        `placed`: a call of ours, which somebody has answered; `caller_number` is then whom we called.

        Raises:
            UnknownConversation: `conversation_id` is given and there is none.
        """
        if conversation_id is not None:
            taken_up = await self._take_up(conversation_id, call_id)
            if taken_up is not None:
                return taken_up
        if placed is not None:
            greeting = await self._placed_opening(placed, caller_number or "")
        else:
            greeting = policy.opening(
                channel,
                name=self._settings.service.hotline_name,
                recorded=channel == "phone" and self._settings.telephony.record_calls,
                caller_number=caller_number or "",
            )
            greeting = replace(greeting, replies=(*greeting.replies, *await self._hot_topics()))
            if channel == "phone" and caller_number and (left := await self._unfinished(caller_number)) is not None:
                greeting = policy.offered_to_go_on(greeting, left[1], left[0])
        now = self._clock.now()
        row = self._new_row(channel, greeting.state, caller_number, call_id, trace_id)
        row.asking = greeting.state.asking
        if placed is not None:
            row.outcome_detail = placed.detail
            if placed.seat_id is not None:
                row.status, row.seat_id, row.claimed_at, row.outcome = "with_seat", placed.seat_id, now, "seat"
        silence = silence_of(greeting)
        try:
            async with self._database.write() as session:
                session.add(row)
                await session.flush()
                turns = [
                    store.add_turn(session, row.id, seq, "bot", say.text, now, spoken=say.spoken or None)
                    for seq, say in enumerate(greeting.replies, 1)
                ]
        except SQLAlchemyError as error:
            # The caller is greeted all the same; the first turn stores the conversation, or journals what is said.
            _log.error("a conversation could not be stored at its start", error=type(error).__name__)
            self._receipts.met(row.id, caller_number)
            return TurnResult(
                row.id,
                tuple(Reply(say.text, say.spoken) for say in greeting.replies),
                patience="story",
                silence=silence,
            )
        for turn in turns:
            self._hub.publish(ConversationEvent("turn", row.id, turn=store.stored(turn)))
        if row.status != "open":
            self._hub.publish(ConversationEvent("status", row.id, status="with_seat"))
        replies = tuple(store.reply(turn) for turn in turns)
        return TurnResult(row.id, replies, patience="story", seq=turns[-1].seq, silence=silence)

    async def words_of(self, placed: Placed, *, number: str) -> tuple[Reply, ...]:
        """What whoever answers a call of ours is going to hear first."""
        return tuple(Reply(say.text, say.spoken) for say in (await self._placed_opening(placed, number)).replies)

    async def _placed_opening(self, placed: Placed, number: str) -> Decision:
        async with self._database.read() as session:
            row = await store.load(session, placed.about) if placed.about is not None else None
        return opening(
            placed,
            State.from_dict(row.state) if row is not None else None,
            number=number,
            name=self._settings.service.hotline_name,
            recorded=self._settings.telephony.record_calls,
        )

    async def _hot_topics(self) -> list[Say]:
        """What is said after the greeting. Without the database the caller is greeted all the same."""
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

    async def citizen_turn(
        self, conversation_id: str | None, turn: CitizenTurn, *, once: str | None = None
    ) -> TurnResult:
        """Take one turn of the citizen. The replies are never empty unless a seat holds the conversation.

        `once`: what a turn without a conversation is known by (`conversations/first_messages.py`) when it comes again.

        Raises:
            UnknownConversation: `conversation_id` is given and there is none.
        """
        known = conversation_id
        trace = None if tracing.present_trace_id() else tracing.under_trace(turn.meta.get("trace_id"))
        try:
            with tracing.span("conversation turn", under=trace, channel=turn.channel, kind_of_turn=turn.kind) as span:
                if conversation_id is None:
                    conversation_id = await self._begin_silently(turn, once=once)
                span.set_attribute("conversation_id", conversation_id)
                result = await self._take(conversation_id, turn)
                span.set_attribute("outcome", result.outcome or "none")
                return result
        except SQLAlchemyError as error:
            _log.error("a turn could not be stored", error=type(error).__name__, exc_info=error)
            return await self._journalled(conversation_id or known, turn)

    async def enclose(
        self,
        conversation_id: str,
        kind: EnclosureKind,
        text: str,
        *,
        message_id: str,
        answer: str,
        meta: dict[str, Any],
    ) -> list[StoredTurn]:
        """A picture, a link, a place: kept in the conversation and answered with `answer`, read by no dialogue."""
        return await self._enclosures.take(conversation_id, kind, text, message_id=message_id, answer=answer, meta=meta)

    async def hang_up(self, conversation_id: str, *, reason: str, callback_number: str | None = None) -> Outcome:
        """The citizen is gone: the conversation gets its one outcome, whatever state it was in. Idempotent.

        `callback_number`: the phone has promised to call it back; the turn that said so may have been lost.

        Raises:
            UnknownConversation: there is none with this id.
        """
        return await self._sweeper.hang_up(conversation_id, reason=reason, callback_number=callback_number)

    async def missed_call(self, call_id: str, *, caller_number: str | None, callback_number: str | None) -> str:
        """A call came and went while the core was away: it becomes a contact, with a call-back where a number is known.
        Returns the conversation. Not idempotent: look for a conversation of this call first."""
        row = self._new_row("phone", State(channel="phone"), caller_number, call_id, None)
        async with self._database.write() as session:
            session.add(row)
        await self._sweeper.hang_up(row.id, reason="missed", callback_number=callback_number)
        return row.id

    async def heard_of(self, conversation_ids: list[str]) -> None:
        """The phone process is alive and holds these calls."""
        if not conversation_ids:
            return
        async with self._database.write() as session:
            await session.execute(
                update(Conversation)
                .where(Conversation.id.in_(conversation_ids), Conversation.status != "ended")
                .values(heard_at=self._clock.now(), owner=self._owner)
            )

    # -- what was said and where it stands -----------------------------------------------------------------------

    async def transcript(self, conversation_id: str, *, after_seq: int = 0) -> list[StoredTurn]:
        """The turns after `after_seq`, in order.

        Raises:
            UnknownConversation: there is none with this id.
        """
        async with self._database.read() as session:
            if await store.load(session, conversation_id) is None:
                raise UnknownConversation
            return [store.stored(turn) for turn in await store.turns_after(session, conversation_id, after_seq)]

    async def snapshot(self, conversation_id: str) -> dict[str, Any]:
        """State, prefilled order, orders and outcome, for the seat and for a page that reconnects.

        Raises:
            UnknownConversation: there is none with this id.
        """
        async with self._database.read() as session:
            row = await store.load(session, conversation_id)
            if row is None:
                raise UnknownConversation
            return cards.snapshot(row)

    def subscribe(self, conversation_id: str | None) -> Subscription:
        """Events of one conversation, or of all (None). Close it when done."""
        return self._hub.subscribe(conversation_id)

    # -- other nodes ---------------------------------------------------------------------------------------------

    def join(self, relay: Relay) -> None:
        """Have events carried to other nodes."""
        self._hub.relay = relay

    def deliver(self, event: ConversationEvent) -> None:
        """Another node has published it."""
        self._hub.deliver(event)

    async def catch_up(self) -> int:
        """Look in the database what watchers here were not told; returns how many conversations have gone on."""
        return await self._catch_up.look()

    # -- seats ---------------------------------------------------------------------------------------------------

    async def waiting(self) -> list[dict[str, Any]]:
        """The live queue, first to be served first."""
        return await self._desk.waiting()

    async def held(self, seat_id: str | None = None) -> list[dict[str, Any]]:
        """Conversations that seats hold now; of one seat, or of all."""
        return await self._desk.held(seat_id)

    async def claim(self, conversation_id: str, seat_id: str) -> bool:
        """Take a waiting conversation; False when another seat was faster."""
        return await self._desk.claim(conversation_id, seat_id)

    async def seat_message(
        self, conversation_id: str, seat_id: str, text: str, *, client_message_id: str | None = None
    ) -> StoredTurn:
        """What the seat says to the citizen. The same `client_message_id` again stores nothing."""
        return await self._desk.say(conversation_id, seat_id, text, client_message_id=client_message_id)

    async def tell_waiting(self, conversation_id: str, text: str, *, offer: Offer | None = None) -> bool:
        """Something about the queue, to a citizen who waits in it, perhaps with the offer of a call-back."""
        return await self._desk.tell_waiting(conversation_id, text, offer=offer)

    async def give_back(self, conversation_id: str, seat_id: str) -> None:
        """Back to the front of the queue, with everything that was said."""
        await self._desk.give_back(conversation_id, seat_id)

    async def finish(self, conversation_id: str, seat_id: str, disposition: str) -> None:
        """The seat is done: answered, order_filed, closed or callback."""
        await self._desk.finish(conversation_id, seat_id, disposition)

    async def pass_on(self, conversation_id: str, seat_id: str, to_seat_id: str) -> None:
        """From one seat to another, with everything that was said."""
        await self._desk.pass_on(conversation_id, seat_id, to_seat_id)

    async def reassign(self, conversation_id: str, to_seat_id: str | None, *, held_by: str | None) -> None:
        """A leader gives it to a seat, or (None) back to the queue."""
        await self._desk.reassign(conversation_id, to_seat_id, held_by=held_by)

    # -- calls in which people talk ------------------------------------------------------------------------------

    async def joined(self, conversation_id: str, who: str, *, person: bool) -> None:
        """Somebody is in the call; `person`: a telephone that answered for the hotline."""
        await self._line.joined(conversation_id, who, person=person)

    async def left(self, conversation_id: str, who: str, *, person: bool) -> None:
        """Somebody has left the call."""
        await self._line.left(conversation_id, who, person=person)

    async def heard(
        self, conversation_id: str, side: Side, text: str, *, heard_id: str, meta: dict[str, Any]
    ) -> StoredTurn:
        """What the citizen, a seat or a third party said to the others; stored once for each `heard_id`."""
        turn = await self._line.heard(conversation_id, side, text, heard_id=heard_id, meta=meta)
        if side == "citizen":
            await self._listener.take(conversation_id, turn)
        return turn

    async def take_in_journal(self) -> int:
        """What was journalled while the database was away becomes part of the conversations; returns how many turns.
        A file that was taken in half is taken in again: nothing happens twice.

        Raises:
            SQLAlchemyError: the database is still away; the journal is kept.
        """
        count = 0
        for path in await self._journal.waiting(self._clock.now()):
            for entry in await self._journal.entries(path):
                await self._sweeper.take_in(entry)
                count += 1
            await self._journal.taken_in(path)
        if count:
            _log.info("journal taken in", entries=count)
        return count

    def count_silence_anew(self) -> None:
        """For a while nobody could say that a call lives: it has as long to be heard of as after a start."""
        self._sweeper.count_silence_anew()

    async def sweep(self) -> int:
        """Idle chats, lost calls and long waits get what is due to them, news of orders are told, return visits begin
        in the chats; returns how many."""
        await self._forget_first_messages()
        asked = await self._visits.sweep() if self._visits is not None else 0
        return await self._sweeper.sweep() + await self._news.sweep() + asked

    async def _forget_first_messages(self) -> None:
        now = self._clock.now()
        if self._forgot_at is None or now - self._forgot_at >= first_messages.REMEMBERED / 24:
            await first_messages.forget(self._database, now)
            self._forgot_at = now

    # -- inside --------------------------------------------------------------------------------------------------

    async def _take(self, conversation_id: str, turn: CitizenTurn) -> TurnResult:
        async with self._locks.hold(conversation_id):
            for attempt in range(_TRIES):
                try:
                    taken = await self._turns.take(conversation_id, turn)
                except Conflict:
                    if attempt == _TRIES - 1:
                        raise
                    continue
                for event in taken.events:
                    self._hub.publish(event)
                break
        if taken.elsewhere:  # the conversation had ended long ago: this is a new contact
            return await self._take(await self._begin_silently(turn, once=_again(conversation_id, turn)), turn)
        assert taken.result is not None
        return taken.result

    async def _begin_silently(self, turn: CitizenTurn, *, once: str | None) -> str:
        """A conversation for this turn; the one that it has begun before, where it was sent already."""
        state = State(channel=turn.channel)
        row = self._new_row(turn.channel, state, None, None, turn.meta.get("trace_id"))
        async with self._database.write() as session:
            if once is not None:
                known = await first_messages.begun(session, once, row.id, self._clock.now())
                if known != row.id:
                    return known
            session.add(row)
        return row.id

    def _new_row(
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
            caller_number=caller_number[:32] if caller_number else None,
            call_id=call_id[:64] if call_id else None,
            priority=0,
            owner=self._owner if channel == "phone" else None,
            heard_at=now if channel == "phone" else None,
            created_at=now,
            updated_at=now,
        )

    async def _take_up(self, conversation_id: str, call_id: str | None) -> TurnResult | None:
        """The conversation goes on where it was; None when it had ended, and a new one must begin."""
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None:
                raise UnknownConversation
            if row.status == "ended":
                return None
            row.owner = self._owner if row.channel == "phone" else row.owner
            row.heard_at = self._clock.now() if row.channel == "phone" else row.heard_at
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

    async def _journalled(self, conversation_id: str | None, turn: CitizenTurn) -> TurnResult:
        """The database is away: what was said is on disk, and that is all that is promised."""
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


def _again(conversation_id: str, turn: CitizenTurn) -> str | None:
    """By what a message that begins anew after the end of a conversation is known when it is sent again."""
    if turn.client_message_id is None:
        return None
    return first_messages.key_of(conversation_id, turn.client_message_id)
