"""Looks up what the policy asks for. A look-up that fails gives an empty finding: the conversation goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, or_, select

from base.alternatives import Alternative
from base.clock import Clock
from base.logs import get_logger
from bot.danger import Danger, MeaningReader
from bot.decision import OVER, OrderKnown, ReceiptKnown, Understood, Wanted
from bot.entities import point_question
from bot.entities.place import PlaceMatcher
from bot.entities.place_finding import PlaceFinding
from conversations import order_progress, receipts
from knowledge.follow_up import Context
from knowledge.model import SearchResult
from knowledge.points.service import PointAnswer, PointService, Where
from storage.engine import Database
from storage.messenger_tables import MessengerConversation
from storage.tables import Order
from workorders import duplicates, numbers
from workorders.model import Assignment, CategorySuggestion, OrderDraft
from workorders.order import RUNNING

_log = get_logger(__name__)
_LOOK_BACK_DAYS = 180
_SIMILAR_AGAIN = 0.06  # the citizen says that it was reported before: a hint of the same words is enough to ask
_SIMILAR = 0.35


class Parser(Protocol):
    """`bot/understanding.py`."""

    async def parse(self, text: str, *, spoken: bool) -> Any: ...


class Searcher(Protocol):
    """`knowledge/service.py`."""

    async def search(
        self,
        text: str,
        *,
        spoken: bool = False,
        limit: int = 5,
        district: str | None = None,
        after: Context | None = None,
        alternatives: Sequence[Alternative] = (),
    ) -> SearchResult: ...


class PlainWords(Protocol):
    """`knowledge/rephraser.py`."""

    async def plainly(self, quoted: str) -> str: ...


class Categories(Protocol):
    """`workorders/catalogue.py`."""

    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]: ...


class Lookups:
    """One instance a process."""

    def __init__(
        self,
        database: Database,
        *,
        understanding: Parser,
        knowledge: Searcher,
        catalogue: Categories,
        places: PlaceMatcher,
        assign: Callable[[OrderDraft], Assignment],
        clock: Clock,
        danger: MeaningReader | None = None,
        points: PointService | None = None,
        plain_words: PlainWords | None = None,
    ) -> None:
        self._database = database
        self._understanding = understanding
        self._knowledge = knowledge
        self._catalogue = catalogue
        self._places = places
        self._assign = assign
        self._clock = clock
        self.danger = danger
        self._points = points
        self._plain_words = plain_words

    async def find(
        self, wanted: Wanted, *, spoken: bool, notes: dict[str, Any], alternatives: Sequence[Alternative] = ()
    ) -> Any:
        """The finding for `wanted`; `notes` collects what the stored turn should tell (source of understanding).
        `alternatives`: what may have been said instead of what is searched for."""
        ways: dict[str, Callable[..., Awaitable[Any]]] = {
            "understand": self._understand,
            "search": self._search,
            "place": self._place,
            "category": self._category,
            "order": self._order,
            "receipt": self._receipt,
            "duplicate": self._duplicate,
            "danger": self._danger,
            "points": self._service_points,
            "plain_words": self._plainly,
        }
        try:
            others = {"alternatives": alternatives} if alternatives else {}
            return await ways[wanted.what](*wanted.key, spoken=spoken, notes=notes, **others)
        except Exception as error:  # noqa: BLE001 - whatever is broken behind it, the citizen gets an answer
            _log.error("a look-up failed", what=wanted.what, error=type(error).__name__, exc_info=error)
            notes.setdefault("failed", []).append(wanted.what)
            return _nothing(wanted)

    async def _understand(self, text: str, *, spoken: bool, notes: dict[str, Any]) -> Understood:
        parsed = await self._understanding.parse(text, spoken=spoken)
        notes.setdefault("intent", parsed.intent)
        notes.setdefault("confidence", round(float(parsed.confidence), 3))
        notes.setdefault("source", str(getattr(parsed, "source", "")))
        return Understood(parsed.intent, float(parsed.confidence), _ranking(getattr(parsed, "ranking", ())))

    async def _danger(self, text: str, *, spoken: bool, notes: dict[str, Any]) -> Danger:
        return Danger() if self.danger is None else await asyncio.to_thread(self.danger.read, text)

    async def _search(
        self,
        text: str,
        after: Context | None = None,
        *,
        spoken: bool,
        notes: dict[str, Any],
        alternatives: Sequence[Alternative] = (),
    ) -> SearchResult:
        result = await self._knowledge.search(text, spoken=spoken, limit=5, after=after, alternatives=alternatives)
        notes["verdict"] = result.verdict
        return result

    async def _plainly(self, quoted: str, *, spoken: bool, notes: dict[str, Any]) -> str:
        if self._plain_words is None:
            return ""
        told = await self._plain_words.plainly(quoted)
        if told:
            notes["machine_worded"] = True
        return told

    async def _service_points(
        self, text: str, place: str, list_anyway: bool, *, spoken: bool, notes: dict[str, Any]
    ) -> PointAnswer | None:
        """Where the citizen is, is read from the question, else from `place`: what was said before."""
        if self._points is None:
            return None
        asked = point_question.find(text, self._points.kinds.words, self._points.names, spoken=spoken)
        if asked is None:
            return None
        if asked.name:
            return await self._points.named(asked.name)
        where = await asyncio.to_thread(self._where, asked, place, spoken=spoken)
        found = await self._points.nearest(asked.kind, where, list_anyway=list_anyway)
        notes["points"] = found.verdict
        return found

    def _where(self, asked: point_question.PointQuestion, place: str, *, spoken: bool) -> Where:
        at = asked.coordinates or point_question.coordinates(place)
        if at is not None:
            return Where(coordinates=at)
        words = asked.place or place
        if not words:
            return Where()
        found = self._places.find(words, spoken=spoken, asked=True)
        choices = tuple((candidate.district, candidate.street) for candidate in found.candidates)
        return Where(found.district, found.street, found.address, choices=choices)

    async def _place(
        self, text: str, asked: bool, district: str, *, spoken: bool, notes: dict[str, Any]
    ) -> PlaceFinding:
        return await asyncio.to_thread(self._places.find, text, spoken=spoken, asked=asked, district=district)

    async def _category(
        self, request_type: Any, text: str, district: str, street: str, *, spoken: bool, notes: dict[str, Any]
    ) -> tuple[CategorySuggestion | None, Assignment | None]:
        return await asyncio.to_thread(self._categorise, request_type, text, district, street)

    def _categorise(
        self, request_type: Any, text: str, district: str, street: str
    ) -> tuple[CategorySuggestion | None, Assignment | None]:
        found = self._catalogue.suggest(text, limit=1)
        suggestion = found[0] if found else None
        draft = OrderDraft(request_type, "", text, "bot", district=district, street=street, category=suggestion)
        return suggestion, self._assign(draft)

    async def _order(self, number: str, code: str, *, spoken: bool, notes: dict[str, Any]) -> OrderKnown:
        """With a tracking code what may be told; without one only whether such a number exists."""
        number = numbers.normalise(number)
        async with self._database.read() as session:
            order = await session.get(Order, number)
            events = await order_progress.events_of(session, [number])
        if order is None:
            return OrderKnown(False)
        if not code:
            return OrderKnown(True, number)
        if not await asyncio.to_thread(numbers.tracking_matches, number, code, order.tracking_hash):
            return OrderKnown(False)
        return order_progress.known(order, events, contents=True)

    async def _receipt(self, digits: str, *, spoken: bool, notes: dict[str, Any]) -> ReceiptKnown:
        async with self._database.read() as session:
            return await receipts.look_up(session, digits)

    async def _duplicate(
        self,
        phone: str,
        district: str,
        street: str,
        text: str,
        again: bool,
        own: bool,
        citizen: str,
        *,
        spoken: bool,
        notes: dict[str, Any],
    ) -> OrderKnown | None:
        """An order of the same telephone number, or of the same contact of a messenger (`citizen`), with a place that
        agrees and similar words, about which the citizen is asked: one that is worked on, else one that was answered or
        closed lately. A number is easily given that is not one's own: what the unit wrote is told to a call from it
        (`own`) and to the contact that told us of the matter, else only to who knows the district and says much the
        same, and of an order that is to be kept secret not at all."""
        now = self._clock.now()
        of_contact = _told_by(citizen)
        async with self._database.read() as session:
            rows = await session.execute(
                select(Order, of_contact)
                .where(
                    or_(Order.contact_phone_key == phone, of_contact) if phone else of_contact,
                    Order.created_at >= now - timedelta(days=_LOOK_BACK_DAYS),
                    or_(
                        Order.status.not_in(("closed", "draft")),
                        and_(Order.status == "closed", Order.updated_at >= now - order_progress.LATELY),
                    ),
                )
                .order_by(Order.created_at.desc())
                .limit(20)
            )
            theirs: dict[Order, bool] = {order: bool(told) for order, told in rows}
            orders = list(theirs)
            like = {order.order_no: _likeness(order, district, street, text) for order in orders}
            near = [order for order in orders if like[order.order_no] >= (_SIMILAR_AGAIN if again else _SIMILAR)]
            near.sort(key=lambda order: like[order.order_no] < _SIMILAR)  # a hint of the same words stands behind
            events = await order_progress.events_of(session, [order.order_no for order in near]) if near else []
        leads = {order.order_no: order for order in near if order.status in RUNNING}
        over = [order for order in near if order_progress.lately_over(order, events, now, asked_for=again)]
        running = next((order for order in near if order.status not in OVER), None)
        found = leads.get(running.duplicate_of or "", running) if running is not None else next(iter(over), None)
        if found is None:
            return None
        sure = like[found.order_no] >= _SIMILAR and bool(district) and found.district == district
        own = own or theirs[found]
        secret = order_progress.secret(found) and not own
        known = order_progress.known(found, events, contents=own or (sure and not secret))
        known = replace(known, by_number=bool(phone) and found.contact_phone == phone)
        known = replace(known, unit="") if secret else known  # which unit has it tells what it is about
        return replace(known, order_no=found.duplicate_of or known.order_no) if found.status == "merged" else known


def _told_by(citizen: str) -> ColumnElement[bool]:
    """Whether an order came of a conversation with this contact of a messenger; none did where there is no contact."""
    if not citizen:
        return false()
    theirs = select(MessengerConversation.conversation_id).where(MessengerConversation.contact_id == citizen)
    return Order.conversation_id.in_(theirs)


def _likeness(order: Order, district: str, street: str, text: str) -> float:
    """How alike what is told and an earlier order are, 0..1; 0 in another place."""
    if not duplicates.same_place((order.district, order.street), (district, street)):
        return 0.0
    return duplicates.similarity(f"{order.detail}{order.address or ''}", text)


def _ranking(ranking: Any) -> tuple[tuple[str, float], ...]:
    pairs: list[tuple[str, float]] = []
    for entry in ranking or ():
        if isinstance(entry, dict):
            pairs.append((str(entry.get("intent") or entry.get("name")), float(entry["confidence"])))
        elif isinstance(entry, tuple | list):
            pairs.append((str(entry[0]), float(entry[1])))
        else:
            pairs.append((str(entry.intent), float(entry.confidence)))
    return tuple(pairs)


def _nothing(wanted: Wanted) -> Any:
    match wanted.what:
        case "understand":
            return Understood("none", 0.0)
        case "search":
            return SearchResult(wanted.key[0], wanted.key[0])
        case "place":
            return PlaceFinding()
        case "category":
            return None, None
        case "danger":
            return Danger()
        case "order":
            return OrderKnown(False)
        case "receipt":
            return ReceiptKnown(False)
        case "plain_words":
            return ""
        case "points":
            return None
    return None
