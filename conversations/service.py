"""The one owner of conversations: takes a turn, decides, stores everything in one transaction, then tells the watchers.

The order of things in a turn: read -> guards and policy (with what they look up) -> one write transaction (turns,
state, outcome, orders, call-backs) -> events. Turns of one conversation wait for each other; a version check catches
whoever else wrote meanwhile. Nothing is said to be accepted before the transaction is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from base import tracing
from base.clock import Clock, SystemClock
from base.ids import new_id
from base.logs import get_logger
from base.settings import Settings
from bot import guard_classifier, read_back, secrecy, visit_reader
from bot.danger import MeaningReader, SentenceEncoder
from bot.entities import elsewhere
from bot.entities.place import PlaceMatcher
from conversations import cards, first_messages, store
from conversations.catch_up import CatchUp
from conversations.contacts import Contacts
from conversations.desk import Desk
from conversations.dialogue import Dialogue
from conversations.enclosures import EnclosureKind, Enclosures
from conversations.errors import Conflict, UnknownConversation
from conversations.journal import Journal
from conversations.line import Line, Side
from conversations.listener import Listener
from conversations.locks import Across, KeyedLocks
from conversations.lookups import Categories, Lookups, Parser, PlainWords, Searcher
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
from conversations.outage import Outage
from conversations.placed import Placed
from conversations.receipts import Receipts
from conversations.seat_offer import Offer
from conversations.subscriptions import Hub, Relay, Subscription
from conversations.sweeper import Sweeper
from conversations.turns import TurnTaker
from conversations.visits import VisitAsker
from knowledge.points.service import PointService
from storage.engine import Database
from storage.tables import Conversation
from workorders.service import OrderService
from workorders.visits import ReturnVisits

_log = get_logger(__name__)
_TRIES = 4


class ConversationService:
    """One instance a core process.

    Args:
        understanding: `bot/understanding.py`; knowledge: `knowledge/service.py`; catalogue: `workorders/catalogue.py`.
        places: built here when not given (about 50 ms).
        encoder: the knowledge base's embedding model, for a second opinion on danger; None does without.
        plain_words: puts the words of a clause plainly; None leaves them as they stand.
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
        plain_words: PlainWords | None = None,
        visits: ReturnVisits | None = None,
        clock: Clock | None = None,
        owner: str | None = None,
        notices: Callable[[], Awaitable[list[str]]] | None = None,
        across: Across | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock or SystemClock()
        self._owner = owner or new_id("core_")
        self._forgetting = first_messages.Forgetting(database, self._clock)
        self._locks = KeyedLocks(across)
        self._hub = Hub()
        self._catch_up = CatchUp(database, self._hub)
        self._receipts = Receipts(settings.cluster.node)
        journal = Journal(settings.var / "journal" / "conversations.jsonl")
        self._outage = Outage(database, journal, self._receipts, locks=self._locks, clock=self._clock)
        self._contacts = Contacts(
            database,
            settings,
            locks=self._locks,
            hub=self._hub,
            clock=self._clock,
            receipts=self._receipts,
            owner=self._owner,
            notices=notices,
        )
        self._encoder = encoder if encoder is not None and encoder.available else None
        self._lookups = Lookups(
            database,
            understanding=understanding,
            knowledge=knowledge,
            catalogue=catalogue,
            places=places or PlaceMatcher.load(),
            assign=orders.assign,
            clock=self._clock,
            points=points,
            plain_words=plain_words,
        )
        dialogue = Dialogue(settings, self._lookups)
        self._turns = TurnTaker(database, dialogue=dialogue, orders=orders, clock=self._clock)
        self._sweeper = Sweeper(database, settings, locks=self._locks, hub=self._hub, clock=self._clock)
        self._news = OrderNews(database, orders=orders, locks=self._locks, hub=self._hub, clock=self._clock)
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
        """Take in what was journalled, and give calls that nobody has heard of for hours their outcome."""
        await asyncio.to_thread(guard_classifier.prepare, self._settings.var / "index")
        await asyncio.to_thread(secrecy.default)
        await asyncio.to_thread(read_back.default)
        await asyncio.to_thread(elsewhere.default)
        if self._visits is not None:
            await asyncio.to_thread(visit_reader.default)
        if self._encoder is not None and self._encoder.available:
            reader = await asyncio.to_thread(MeaningReader.load, self._encoder, self._settings.var / "index")
            self._lookups.danger = reader
        await self.take_in_journal()
        self.count_silence_anew()  # those we have not heard of could not reach us yet
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
            taken_up = await self._contacts.take_up(conversation_id, call_id)
            if taken_up is not None:
                return taken_up
        return await self._contacts.begin(
            channel, caller_number=caller_number, call_id=call_id, trace_id=trace_id, called=placed
        )

    async def words_of(self, placed: Placed, *, number: str) -> tuple[Reply, ...]:
        """What whoever answers a call of ours is going to hear first."""
        return await self._contacts.words_of(placed, number=number)

    async def citizen_turn(
        self, conversation_id: str | None, turn: CitizenTurn, *, once: str | None = None
    ) -> TurnResult:
        """Take one turn of the citizen. The replies are never empty unless a seat holds the conversation.

        `once`: what a turn without a conversation is known by (`conversations/first_messages.py`) when it comes again.

        Raises:
            UnknownConversation: `conversation_id` is given and there is none.
        """
        trace = None if tracing.present_trace_id() else tracing.under_trace(turn.meta.get("trace_id"))
        try:
            with tracing.span("conversation turn", under=trace, channel=turn.channel, kind_of_turn=turn.kind) as span:
                if conversation_id is None:
                    conversation_id = await self._contacts.begin_silently(turn, once=once)
                span.set_attribute("conversation_id", conversation_id)
                result = await self._take(conversation_id, turn)
                span.set_attribute("outcome", result.outcome or "none")
                return result
        except SQLAlchemyError as error:
            _log.error("a turn could not be stored", error=type(error).__name__, exc_info=error)
            return await self._outage.note(conversation_id, turn)

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

    async def missed_call(
        self, call_id: str, *, caller_number: str | None, callback_number: str | None, reason: str = "missed"
    ) -> str:
        """A call came and went while the core was away, or found no room (`reason` overload): it becomes a contact,
        with a call-back where a number is known. Returns the conversation. Not idempotent: look for a conversation of
        this call first."""
        conversation_id = await self._contacts.missed(call_id, caller_number)
        await self._sweeper.hang_up(conversation_id, reason=reason, callback_number=callback_number)
        return conversation_id

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
        return await self._outage.take_in()

    def count_silence_anew(self) -> None:
        """For a while nobody could say that a call lives: it has as long to be heard of as after a start."""
        self._sweeper.count_silence_anew()

    async def sweep(self) -> int:
        """Idle chats, lost calls and long waits get what is due to them, news of orders are told, return visits begin
        in the chats; returns how many."""
        await self._forgetting.sweep()
        asked = await self._visits.sweep() if self._visits is not None else 0
        return await self._sweeper.sweep() + await self._news.sweep() + asked

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
            once = first_messages.again(conversation_id, turn)
            return await self._take(await self._contacts.begin_silently(turn, once=once), turn)
        assert taken.result is not None
        return taken.result
