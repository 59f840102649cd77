"""Bring the rooms up in the background, in the order in which they need each other, and keep them tidy afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from base.logs import get_logger
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from bot.fixed_sentences import fixed_sentences
from bot.intake import Intake
from bot.understanding import Understanding
from conversations.service import ConversationService
from gateway.core import Core, Part, settle
from gateway.desk import Desk
from gateway.event_relay import EventRelay, keep_up
from gateway.loading import load_database
from gateway.mining_work import keep_mining
from gateway.neighbours import recognisers
from gateway.spoken_ahead import SpokenAhead
from gateway.upkeep import keep_audit, keep_no_longer, keep_sealed
from knowledge.mining.meaning import Meaning
from knowledge.points.service import PointService
from knowledge.rephraser import Rephraser
from knowledge.service import KnowledgeService, readers_encoder_of, vector_store_of
from workorders.alerts import DeadlineWatch
from workorders.catalogue import DEFAULT_PATH
from workorders.learned import learned_path
from workorders.live_catalogue import LiveCatalogue
from workorders.model import CategorySuggestion
from workorders.outbox.sender import OutboxSender

log = get_logger("gateway.rooms")
_SWEEP_SECONDS = 5.0
_DEADLINES_SECONDS = 15.0
_VISITS_SECONDS = 5.0
_JOURNAL_SECONDS = 5.0
_MESSAGES_SECONDS = 2.0
_WATCH_SECONDS = 5.0


@asynccontextmanager
async def open_rooms(core: Core, desk: Desk) -> AsyncIterator[None]:
    """Load everything, hand it to the core, run the background work; close it in the opposite order.

    Raises:
        HotlineError: a part cannot be loaded; the message says which and why.
    """
    async with AsyncExitStack() as closing:
        await load_database(core)
        knowledge = KnowledgeService(core.database, core.settings, clock=core.clock)
        closing.push_async_callback(knowledge.close)
        loading = (
            asyncio.to_thread(_catalogue, core.settings),
            asyncio.to_thread(PlaceMatcher.load),
            knowledge.start(),
        )
        catalogue, places, _ = await asyncio.gather(*loading)
        core.orders.use(catalogue.duties)
        points = PointService(core.database, poll_seconds=core.settings.knowledge.snapshot_poll_seconds)
        closing.push_async_callback(points.close)
        await points.start()
        encoder = readers_encoder_of(core.settings)
        understanding = Understanding(core.settings, encoder=encoder, clock=core.clock)
        closing.push_async_callback(understanding.close)
        await understanding.start()
        _show(core, knowledge, understanding)
        rephraser = Rephraser(
            core.settings.rephrasing, knowledge.encoder, clock=core.clock, counted=core.metrics.rephrased
        )
        closing.push_async_callback(rephraser.close)
        conversations = ConversationService(
            core.database,
            core.settings,
            understanding=understanding,
            knowledge=knowledge,
            catalogue=catalogue,
            orders=core.orders,
            places=places,
            clock=core.clock,
            encoder=encoder,
            notices=knowledge.greetings,
            points=points,
            plain_words=rephraser,
            visits=core.visits if core.settings.visits.enabled else None,
            across=core.conversation_locks,
            owner=core.incarnation,
        )
        if not core.node.alone:
            conversations.join(EventRelay(core.node.bus, conversations))
        await conversations.start()

        def categorise(text: str) -> CategorySuggestion | None:
            return next(iter(catalogue.suggest(text, limit=1)), None)

        fixed = fixed_sentences(await asyncio.to_thread(Intake.load))
        spoken_ahead = SpokenAhead(core.database, knowledge, fixed, limit=core.settings.voice.prerendered_texts)
        core.use(
            conversations=conversations,
            knowledge=knowledge,
            categorise=categorise,
            spoken_ahead=spoken_ahead,
            points=points,
            catalogue=catalogue,
            meaning=Meaning(knowledge.encoder, vector_store_of(core.settings)) if knowledge.embeds else None,
            find_place=lambda text: places.find(text, asked=True),
        )
        log.info("ready")
        background = _background(core, desk, conversations, catalogue, knowledge, understanding)
        tasks = [core.spawn(work, name) for name, work in background.items()]
        try:
            yield
        finally:
            core.stop()
            await core.leadership.close()
            await core.node.bus.close()
            await conversations.close()
            desk.changed()
            await settle(*tasks)


def _background(
    core: Core,
    desk: Desk,
    conversations: ConversationService,
    catalogue: LiveCatalogue,
    knowledge: KnowledgeService,
    understanding: Understanding,
) -> dict[str, Coroutine[Any, Any, None]]:
    """What runs as long as the core does, by name; all of it ends after `core.stop()`."""
    background: dict[str, Coroutine[Any, Any, None]] = {
        "desk events": desk.listen(),
        "desk push": desk.push(),
        "desk presence": desk.pulse(),
        "desk offers": desk.offer_on(),
        "desk drafts": desk.unsent.run(),
        "sweeper": _sweep(core, conversations),
        "journal": _take_in_journal(core, conversations),
        "catalogue": catalogue.watch(core.pause, core.orders.use),
        "deadlines": _watch_deadlines(core),
        "return visits": _visits(core),
        "short messages": _send_messages(core),
        "outgoing calls": core.outgoing.run(),
        "mining": keep_mining(core),
        "outbox": OutboxSender(
            core.database, core.outbox_targets, core.settings.outbox, clock=core.clock, observer=core.metrics
        ).run(core.pause),
        "sealing": keep_sealed(core),
        "audit log": keep_audit(core),
        "retention": keep_no_longer(core),
        "parts": _watch_parts(core, knowledge, understanding),
        **{name: work() for name, work in core.further_work.items()},
    }
    if not core.node.alone:
        background |= {
            "election": core.leadership.run(),
            "bus": core.node.bus.run(),
            "other nodes": keep_up(core, conversations),
        }
    return background


def _catalogue(settings: Settings) -> LiveCatalogue:
    orders = settings.orders
    return LiveCatalogue.load(orders.catalogue_file or DEFAULT_PATH, learned_path(settings), orders.dispatch_file)


async def _as_leader(core: Core, seconds: float) -> AsyncIterator[None]:
    """So often, as long as the core runs, and only while this node leads: for work that one node does for all."""
    while not await core.pause(seconds):
        if core.leadership.leads:
            yield


async def _sweep(core: Core, conversations: ConversationService) -> None:
    """Conversations that lost their process or were left get their outcome. Where the database was away, or another
    node led until now, nobody could say that a call lives: silence is then counted anew."""
    term = core.leadership.term
    async for _ in _as_leader(core, _SWEEP_SECONDS):
        if core.leadership.term != term:
            term = core.leadership.term
            conversations.count_silence_anew()
        try:
            if swept := await conversations.sweep():
                core.metrics.swept.inc(swept)
        except Exception as error:
            log.error("the sweeper failed", error=type(error).__name__, exc_info=error)
            conversations.count_silence_anew()


async def _take_in_journal(core: Core, conversations: ConversationService) -> None:
    """What this node had to journal is taken in as soon as the database is back."""
    while not await core.pause(_JOURNAL_SECONDS):
        try:
            await conversations.take_in_journal()
        except SQLAlchemyError as error:
            log.error("the journal is kept: the database is away", error=type(error).__name__)
        except OSError as error:
            log.error("the journal cannot be read", error=str(error))


async def _visits(core: Core) -> None:
    """Answered orders get their return visit, and what citizens say of them moves the orders."""
    if not core.settings.visits.enabled:
        return
    async for _ in _as_leader(core, _VISITS_SECONDS):
        try:
            await core.visits.sweep()
        except Exception as error:
            log.error("return visits could not be swept", error=type(error).__name__, exc_info=error)


async def _send_messages(core: Core) -> None:
    while not await core.pause(_MESSAGES_SECONDS):
        try:
            await core.text_messages.send_due()
        except Exception as error:
            log.error("short messages could not be sent", error=type(error).__name__, exc_info=error)


async def _watch_deadlines(core: Core) -> None:
    """Units are reminded, and missed deadlines are logged. Whoever does it twice makes each alert once."""
    watch = DeadlineWatch(core.database, core.orders, clock=core.clock)
    async for _ in _as_leader(core, _DEADLINES_SECONDS):
        try:
            await watch.sweep()
        except Exception as error:
            log.error("deadlines could not be watched", error=type(error).__name__, exc_info=error)


async def _watch_parts(core: Core, knowledge: KnowledgeService, understanding: Understanding) -> None:
    while True:
        _show(core, knowledge, understanding)
        core.parts["recogniser"] = await recognisers(core.settings.run, core.phone_hears)
        if not core.node.alone:
            core.parts["cluster"] = _cluster(core)
        if await core.pause(_WATCH_SECONDS):
            return


def _cluster(core: Core) -> Part:
    reached = core.node.bus.connected
    detail = "就绪" if reached else "其他节点的消息只能从数据库得知"
    extra = {"node": core.node.name, "leads": core.leadership.leads, "redis": reached}
    return Part(ok=reached, needed=False, detail=detail, extra=extra)


def _show(core: Core, knowledge: KnowledgeService, understanding: Understanding) -> None:
    core.parts["knowledge"] = Part(
        ok=knowledge.ready,
        detail="就绪" if knowledge.embeds else "就绪（无向量模型，按词和读音检索）",
        extra={"revision": knowledge.revision, "embeds": knowledge.embeds},
    )
    source = "rasa" if understanding.rasa_answers else "fallback"
    core.parts["understanding"] = Part(ok=True, detail="就绪", extra={"source": source})
