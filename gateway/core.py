"""The core process: its parts, how they come up one after another, and its background work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from base.calling_hours import CallingRules
from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from base.logs import get_logger
from base.settings import Settings
from cluster.leadership import Alone, Elected, Leadership
from cluster.node import Node
from cluster.presence import DatabasePresence, RedisPresence, SeatPresence
from conversations.history import History
from conversations.recordings import Recordings
from gateway.errors import starting
from gateway.limits import FailureLimiter, RateLimiter
from gateway.metrics import Metrics
from gateway.outgoing import Outgoing
from gateway.ports import Conversations, Knowledge
from gateway.shared_limits import Failures, LocalFailures, LocalRate, Rate, RedisFailures, RedisRate
from gateway.unit_keys import UnitKeys
from knowledge.mining.meaning import Meaning
from knowledge.points.service import PointService
from seats.audit import AuditLog
from seats.callbacks import Callbacks
from seats.cases import Cases
from seats.notes import CannedReplies, Notes
from seats.presence import Presence
from seats.roster import Roster
from seats.store import SeatStore
from seats.unit_contacts import UnitContacts
from storage.advisory import AdvisoryLocks
from storage.engine import Database
from storage.keyring import Keyring
from storage.sealed_files import FileSafe
from workorders.attachments import Attachments
from workorders.duties import IN_USE, last_good
from workorders.learned import learned_path
from workorders.message_gateways import gateway_of
from workorders.model import CategorySuggestion
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.targets import targets, units_named
from workorders.review import ObjectionReview
from workorders.service import OrderService
from workorders.text_messages import TextMessages
from workorders.unit_names import UnitNames
from workorders.unit_orders import UnitOrders
from workorders.units import bodies_of, districts_and_streets, units_of
from workorders.visits import ReturnVisits, VisitRules

if TYPE_CHECKING:
    from bot.entities.place_finding import PlaceFinding
    from gateway.spoken_ahead import SpokenAhead  # its rooms are heavy: loaded with them, in a thread
    from workorders.live_catalogue import LiveCatalogue  # the same

log = get_logger("gateway.core")
Work = Callable[[], Coroutine[Any, Any, None]]
Allowances = Callable[[Sequence[str]], Awaitable[dict[str, dict[str, Any]]]]
_SETTLE_SECONDS = 5.0


@dataclass(slots=True)
class Part:
    """One line of `/readyz`. `needed` parts must be `ok` before the core calls itself ready."""

    ok: bool = False
    needed: bool = True
    detail: str = "正在启动"
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "needed": self.needed, "detail": self.detail, **self.extra}


class Limits:
    """Every throttle of the gateway; keys are addresses, conversations, orders or logins. What protects citizens and
    accounts holds over all nodes, what protects this process (a plain `RateLimiter`) holds here."""

    def __init__(self, settings: Settings, node: Node, clock: Clock) -> None:
        web_settings, seats = settings.web, settings.seats
        self._node, self._clock = node, clock
        self.requests = RateLimiter(web_settings.requests_a_minute)
        self.contacts = self.rate("contacts", web_settings.chat_contacts_a_minute)
        self.messages = self.rate("messages", web_settings.chat_messages_a_minute)
        self.voices = RateLimiter(web_settings.voices_a_minute)
        self.pictures = RateLimiter(web_settings.pictures_a_minute)
        self.readings = RateLimiter(web_settings.readings_a_minute)
        self.knowledge = self.rate("knowledge", web_settings.knowledge_requests_a_minute)
        self.votes = self.rate("votes", web_settings.votes_a_minute)
        self.order_lookups = self.rate("order_lookups", web_settings.order_lookups_a_minute)
        self.wrong_codes = self._failures("wrong_codes", web_settings.order_lookups_a_minute, 900.0)
        pause_seconds = seats.login_pause_minutes * 60
        self._logins = self._failures("logins", seats.login_failures, pause_seconds)
        self.codes = self._failures("codes", seats.login_failures, pause_seconds)
        self._logins_of_many = self._failures("logins_of_many", seats.login_failures * 10, pause_seconds)

    def rate(self, name: str, rate_a_minute: float) -> Rate:
        """A throttle over all nodes; `name` is its own."""
        here = LocalRate(RateLimiter(rate_a_minute), self._clock)
        return here if self._node.redis is None else RedisRate(self._node.redis, name, rate_a_minute, here)

    def _failures(self, name: str, failures: int, pause_seconds: float) -> Failures:
        here = LocalFailures(FailureLimiter(failures, pause_seconds), self._clock)
        redis = self._node.redis
        return here if redis is None else RedisFailures(redis, name, failures, pause_seconds, here)

    def login_attempt(self, login: str, address: str) -> tuple[tuple[Failures, str], ...]:
        """What one attempt counts against: the account from this address, the account from anywhere (a wide limit, so
        that a stranger cannot easily lock a seat out), and the address (wide too: a whole centre may share one)."""
        return (
            (self._logins, f"{login}\n{address}"),
            (self._logins_of_many, f"login:{login}"),
            (self._logins_of_many, f"address:{address}"),
        )


class Core:
    """Everything a request may need. Parts that load in the background are None until they are there."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, database: Database | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.database = database or Database(
            settings.database_url,
            busy_timeout_seconds=settings.database.busy_timeout_seconds,
            pool_size=settings.database.pool_size,
            statement_timeout_seconds=settings.database.statement_timeout_seconds,
            keyring=Keyring(lambda: settings.key_file),
        )
        self.node = Node.of(settings, self.clock, on_sqlite=self.database.is_sqlite)
        self.incarnation = new_id("core_")  # of this process; a new one each start
        self.seats_elsewhere: frozenset[str] = frozenset()  # with a living page, as all nodes tell; the desk asks them
        self.leadership: Leadership = (
            Alone() if self.node.alone else Elected(settings.database_url, self.node.name, clock=self.clock)
        )
        self.conversation_locks = (
            None if self.node.alone else AdvisoryLocks(settings.database_url, at_once=2 * settings.database.pool_size)
        )
        self.outbox_targets = targets(settings.outbox)
        messages = settings.text_messages
        self.text_messages = TextMessages(
            self.database,
            gateway_of(messages, settings.var, clock=self.clock),
            attempts=messages.attempts,
            first_retry=timedelta(seconds=messages.first_retry_seconds),
            clock=self.clock,
        )
        self.unit_keys = UnitKeys(settings.var / "unit_keys.yml")
        self.unit_names = UnitNames(self.database, self._known_units)
        self.orders = OrderService(
            self.database,
            clock=self.clock,
            outbox=Enqueuer(self.outbox_targets),
            notices=self.text_messages,
            duties=last_good(settings.orders.dispatch_file, learned_path(settings).parent / IN_USE),
            units=self.unit_names,
        )
        self.files = FileSafe(self.database.keyring, sealing=settings.security.seal_files)
        self.attachments = Attachments(
            self.database,
            self.orders,
            self.files,
            settings.var / "attachments",
            limit_bytes=settings.attachments.limit_bytes,
            limit_count=settings.attachments.limit_count,
            clock=self.clock,
        )
        self.unit_orders = UnitOrders(self.database)
        self.review = ObjectionReview(self.database, self.orders)
        calling = settings.calling
        self.calling = CallingRules(
            calling.first_hour,
            calling.last_hour,
            calling.attempts,
            spacing=timedelta(minutes=calling.spacing_minutes),
            held_at_most=timedelta(hours=calling.release_hours),
        )
        patience = timedelta(hours=settings.visits.chat_patience_hours)
        rules = VisitRules(patience, settings.visits.automatic_reopens, self.calling)
        self.visits = ReturnVisits(self.database, self.orders, rules=rules, clock=self.clock)
        self.audit = AuditLog(self.database, clock=self.clock)
        self.seats = SeatStore(self.database, clock=self.clock, session_hours=settings.seats.session_hours)
        self.unit_contacts = UnitContacts(self.database, clock=self.clock)
        self.callbacks = Callbacks(
            self.database, clock=self.clock, rules=self.calling, dial_uri=settings.calling.dial_uri
        )
        self.outgoing = Outgoing(self)
        self.recordings = Recordings(self.database, settings.var / "recordings", clock=self.clock)
        self.presence = Presence(settings.seats.heartbeat_seconds)
        self.cases = Cases(self.database, clock=self.clock)
        self.roster = Roster(self.database, clock=self.clock, wrap_up=timedelta(seconds=settings.seats.wrap_up_seconds))
        self.seats_anywhere = self._seat_presence()
        self.history = History(self.database, clock=self.clock)
        self.notes = Notes(self.database, clock=self.clock)
        self.canned_replies = CannedReplies(self.database, clock=self.clock)
        self.metrics = Metrics()
        self.limits = Limits(settings, self.node, self.clock)
        self.parts: dict[str, Part] = {
            "database": Part(),
            "knowledge": Part(),
            "understanding": Part(),
            "conversations": Part(),
            "phone": Part(needed=False, detail="电话进程未连接"),
            "recogniser": Part(needed=False, detail="未知"),
        }
        self.categorise: Callable[[str], CategorySuggestion | None] = lambda text: None
        self.phone_hears: bool | None = None  # what the phone last said of its recogniser
        self._conversations: Conversations | None = None
        self._knowledge: Knowledge | None = None
        self.spoken_ahead: SpokenAhead | None = None
        self._points: PointService | None = None
        self._catalogue: LiveCatalogue | None = None
        self.find_place: Callable[[str], PlaceFinding] | None = None
        self.further_work: dict[str, Work] = {}  # background work of channels, by name; runs while the rooms are open
        self.allowances: Allowances = _no_allowances  # of conversations: what their channel still lets us send
        self.meaning = Meaning()  # by characters, until the model is there
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self.mining_asked = asyncio.Event()  # an editor wants the questions clustered now
        self.checking: asyncio.Task[None] | None = None  # the readiness probe's query

    def _seat_presence(self) -> SeatPresence:
        recorded = DatabasePresence(self.roster)
        redis = self.node.redis
        return recorded if redis is None else RedisPresence(redis, recorded, clock=self.clock)

    @property
    def draining(self) -> bool:
        """Nothing new is taken; what goes on, goes on."""
        return "draining" in self.parts

    def drain(self) -> None:
        self.parts["draining"] = Part(ok=False, detail="正在排空：不接新的会话，通话继续")

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the background work to end at its next pause."""
        self._stop.set()
        self.mining_asked.set()  # it waits for this
        self.node.missed.set()  # the same

    async def stopped(self) -> None:
        await self._stop.wait()

    async def pause(self, seconds: float) -> bool:
        """Wait; True when the core stops meanwhile. Background work ends this way and is not cancelled: a cancelled
        query would leave its database connection, and the process, hanging."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self.stopping

    @property
    def conversations(self) -> Conversations:
        """
        Raises:
            ApiError: 503, while the core is starting.
        """
        if self._conversations is None:
            raise starting()
        return self._conversations

    @property
    def knowledge(self) -> Knowledge:
        """
        Raises:
            ApiError: 503, while the core is starting.
        """
        if self._knowledge is None:
            raise starting()
        return self._knowledge

    @property
    def points(self) -> PointService:
        """
        Raises:
            ApiError: 503, while the core is starting.
        """
        if self._points is None:
            raise starting()
        return self._points

    def _known_units(self) -> frozenset[str]:
        """Of the rules, and of the settings of units' own systems. Blocks for some milliseconds."""
        known = units_of(self.orders.duties, districts_and_streets())
        duties = {leaf.duty for leaf in self._catalogue.leaves} if self._catalogue is not None else set()
        known |= bodies_of(duties, districts_and_streets())
        return known | self.unit_keys.units() | units_named(self.outbox_targets)

    @property
    def catalogue(self) -> LiveCatalogue:
        """
        Raises:
            ApiError: 503, while the core is starting.
        """
        if self._catalogue is None:
            raise starting()
        return self._catalogue

    def use(
        self,
        *,
        conversations: Conversations,
        knowledge: Knowledge,
        categorise: Callable[[str], CategorySuggestion | None] | None = None,
        spoken_ahead: SpokenAhead | None = None,
        points: PointService | None = None,
        find_place: Callable[[str], PlaceFinding] | None = None,
        catalogue: LiveCatalogue | None = None,
        meaning: Meaning | None = None,
    ) -> None:
        """Hand over the loaded rooms. `categorise` and `find_place` may block: they are called in a thread."""
        self.spoken_ahead = spoken_ahead
        self.meaning = meaning or self.meaning
        self._points, self.find_place, self._catalogue = points, find_place, catalogue
        self._conversations, self._knowledge = conversations, knowledge
        self.categorise = categorise or self.categorise
        self.parts["conversations"] = Part(ok=True, detail="就绪")

    @property
    def ready(self) -> bool:
        return not self.stopping and all(part.ok for part in self.parts.values() if part.needed)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Background work that this core owns: a failure is logged, and it is cancelled when the core closes."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, HotlineError):
                log.error("background work failed", task=task.get_name(), reason=str(error))
            else:
                log.error("background work failed", task=task.get_name(), exc_info=error)

    async def close(self) -> None:
        """Let the background work end and close the database; the rooms were closed by whoever loaded them."""
        self.stop()
        await settle(*self._tasks)
        await self.text_messages.close()
        await self.node.close()
        if self.conversation_locks is not None:
            await self.conversation_locks.close()
        await self.database.close()


async def _no_allowances(_: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {}


async def settle(*tasks: asyncio.Task[None] | None) -> None:
    """Wait for tasks that were told to end; one that does not within five seconds is cancelled."""
    running = [task for task in tasks if task is not None and task is not asyncio.current_task()]
    if not running:
        return
    _, late = await asyncio.wait(running, timeout=_SETTLE_SECONDS)
    for task in late:
        log.warning("background work did not end in time", task=task.get_name())
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


CORE: web.AppKey[Core] = web.AppKey("core", Core)


def core_of(request: web.Request) -> Core:
    return request.app[CORE]
