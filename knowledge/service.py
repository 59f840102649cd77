"""The one door to the knowledge base for the running product: search off the event loop, swap snapshots, stay fresh."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from base import tracing
from base.alternatives import Alternative
from base.clock import Clock, SystemClock
from base.logs import get_logger
from base.settings import Settings
from knowledge import answering, follow_up, kept_book, parameters, store, topic_store, topics, validity
from knowledge.asked_for import AskedFor
from knowledge.confusion import Confusions
from knowledge.correction import keep_dictionary_cache_in
from knowledge.editorial import Editorial
from knowledge.embedding import MODEL_NAME, Encoder, VectorStore
from knowledge.entry import Entry
from knowledge.errors import KnowledgeError
from knowledge.follow_up import Context, FollowUps
from knowledge.model import Hit, SearchResult
from knowledge.readers_encoder import ReadersEncoder
from knowledge.search import Query
from knowledge.snapshot import EntryBook, Snapshot, corrector_of, entry_book, law_book
from knowledge.store import Document, StoredClause
from knowledge.vocabulary import Vocabulary
from knowledge.word_counts import WordCounts
from storage.engine import Database

_log = get_logger(__name__)
MAXIMUM_QUERY_CHARACTERS = 300
_SETTLE_SECONDS = 5.0
_PAST_LIMIT = 1_000
_FOLLOWED_FROM_ENTRIES = 1_000  # a smaller book is built anew within two seconds, and not kept on disk
_FOLLOWED_BY_ENTRIES = 500  # `IN (...)` of one query; encoding as many takes half a minute
_FOLLOWED_BY_SHARE = 0.1
_LOOKS_PER_SCHEDULE = 10  # a look reads one number; what was scheduled reads every entry's state


def encoder_of(settings: Settings, *, threads: int = 1) -> Encoder:
    """The configured embedding model. A serving process gives it one thread; a batch may give it more."""
    return _encoder(settings.knowledge.embedding_directory or settings.models / MODEL_NAME, threads)


def readers_encoder_of(settings: Settings, *, threads: int = 1) -> ReadersEncoder:
    """The same model, quantised, for what is trained on its vectors (intents, danger, letters). No search index."""
    directory = settings.knowledge.embedding_directory or settings.models / MODEL_NAME
    return _readers_encoder(directory, settings.var / "cache" / "readers-vectors.db", threads)


@lru_cache(maxsize=2)
def _encoder(directory: Path, threads: int) -> Encoder:
    """One model a process, however many services it opens."""
    return Encoder(directory, threads=threads)


@lru_cache(maxsize=2)
def _readers_encoder(directory: Path, kept: Path, threads: int) -> ReadersEncoder:
    return ReadersEncoder(directory, kept, threads=threads)


def vector_store_of(settings: Settings) -> VectorStore:
    return VectorStore(settings.var / "index" / "vectors.db")


class KnowledgeService:
    """Search over entries and clauses.

    Withdrawal is immediate: every search first reads the revision; what changed since the snapshot was built is left
    out until the new snapshot, built in a thread, takes its place. The watch also publishes what was scheduled.
    """

    def __init__(self, database: Database, settings: Settings, *, clock: Clock | None = None) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock or SystemClock()
        self._editorial = Editorial(database, clock=self._clock)
        self._parameters = parameters.load()
        self._vocabulary = Vocabulary.load()
        self._confusions = Confusions.load()
        self._encoder = encoder_of(settings)
        self._vectors: VectorStore | None = None
        self._asked_for: AskedFor | None = None
        self._follow_ups: FollowUps | None = None
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="knowledge-search")
        self._builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="knowledge-build")
        self._snapshot: Snapshot | None = None
        self._building = asyncio.Lock()
        self._wake = asyncio.Event()
        self._closing = False
        self._poller: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        return self._snapshot is not None

    @property
    def revision(self) -> int:
        """The revision that answers come from, -1 before `start`."""
        return -1 if self._snapshot is None else self._snapshot.revision

    @property
    def encoder(self) -> Encoder:
        """The embedding model that this service holds, for rooms that share it; it may be unavailable."""
        return self._encoder

    @property
    def embeds(self) -> bool:
        """False: there is no embedding model; words and sounds alone decide."""
        return self._encoder.available

    async def start(self) -> None:
        """Load the model and the first snapshot, then keep watching the revision."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._builder, keep_dictionary_cache_in, self._settings.var / "cache" / "jieba")
        self._vectors = await loop.run_in_executor(self._builder, vector_store_of, self._settings)
        if self._encoder.available:
            await loop.run_in_executor(self._builder, self._encoder.load)
            self._asked_for = await loop.run_in_executor(
                self._builder, AskedFor.load, self._encoder, self._settings.var / "index"
            )
            self._follow_ups = await loop.run_in_executor(
                self._builder, FollowUps.load, self._encoder, self._settings.var / "index", self._parameters
            )
        else:
            _log.warning(
                "no embedding model: searching by words and sounds alone", directory=str(self._encoder.directory)
            )
        await self.refresh()
        self._poller = asyncio.create_task(self._watch(), name="knowledge-watch")

    async def close(self) -> None:
        """End the watch at its next pause: cancelled within a query it would leave its connection hanging. Only a
        watch that is still building a snapshot after five seconds, its queries long done, is cancelled."""
        self._closing = True
        self._wake.set()
        if self._poller is not None:
            await asyncio.wait([self._poller], timeout=_SETTLE_SECONDS)
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
            self._poller = None
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._builder.shutdown(wait=False, cancel_futures=True)

    async def refresh(self) -> None:
        """Build a snapshot of the newest revision, if it is not the one held, and swap it in."""
        async with self._building:
            held = self._snapshot
            async with self._database.read() as session:
                number = await store.revision(session)
                if held is not None and held.revision == number:
                    return
                coming = await store.coming_entries(session)
                documents = await store.documents_in_force(session)
                fingerprint = _fingerprint(documents)
                same_laws = held is not None and held.laws.fingerprint == fingerprint
                changed = await self._few_changed(session, held) if held is not None and same_laws else None
                if changed is None:
                    entries = await store.published_entries(session)
                else:
                    entries = await store.published_among(session, changed)
                clauses = [] if same_laws else await store.clauses_in_force(session)
            if held is not None and changed is not None:
                build = partial(self._extend, held, number, entries, changed, coming)
            else:
                build = partial(
                    self._build, number, entries, documents, clauses, fingerprint, held if same_laws else None, coming
                )
            self._snapshot = await asyncio.get_running_loop().run_in_executor(self._builder, build)
            book, laws = self._snapshot.book, self._snapshot.laws
            _log.info(
                "knowledge ready",
                revision=number,
                entries=int(book.filters.live.sum()),
                later=0 if book.base is None else len(book.entries) - len(book.base.entries),
                clauses=len(laws.clauses),
                clause_vectors=f"{laws.index.embedded_share:.0%}",
            )

    def _build(
        self,
        number: int,
        entries: list[Entry],
        documents: list[Document],
        clauses: list[StoredClause],
        fingerprint: str,
        held: Snapshot | None,
        coming: dict[str, Entry],
    ) -> Snapshot:
        encoder = self._encoder if self._encoder.available else None
        laws = held.laws if held else law_book(documents, clauses, encoder, self._vectors, fingerprint)
        book, counted = self._book(number, entries, encoder)
        corrector = corrector_of(entries, documents, self._confusions, counted=counted)
        return Snapshot(number, book, laws, corrector, coming)

    def _book(self, number: int, entries: list[Entry], encoder: Encoder | None) -> tuple[EntryBook, WordCounts | None]:
        """A large book comes from disk, as far as it lies there."""
        if self._vectors is None or len(entries) < _FOLLOWED_FROM_ENTRIES:
            return entry_book(entries, encoder, self._vectors, number), None
        folder = self._settings.var / "index" / "books"
        most = _most_followed(len(entries))
        return kept_book.open_book(folder, entries, encoder, self._vectors, number, most_changes=most)

    async def _few_changed(self, session: AsyncSession, held: Snapshot) -> frozenset[str] | None:
        """What changed since the index was built, where following it is cheaper than building it anew; else None."""
        base = held.book.base or held.book
        if len(base.entries) < _FOLLOWED_FROM_ENTRIES:
            return None
        _, changed = await store.changed_since(session, base.revision)
        changed |= base.differing
        return changed if len(changed) <= _most_followed(len(base.entries)) else None

    def _extend(
        self, held: Snapshot, number: int, entries: list[Entry], changed: frozenset[str], coming: dict[str, Entry]
    ) -> Snapshot:
        """Only what changed is encoded and cut into words; spoken words are corrected as before it."""
        encoder = self._encoder if self._encoder.available else None
        later = entry_book(entries, encoder, self._vectors, number)
        book = (held.book.base or held.book).following(later, changed)
        return Snapshot(number, book, held.laws, held.corrector, coming)

    @tracing.traced("knowledge search")
    async def search(
        self,
        text: str,
        *,
        spoken: bool = False,
        limit: int = 5,
        district: str | None = None,
        after: Context | None = None,
        alternatives: Sequence[Alternative] = (),
    ) -> SearchResult:
        """Find what answers `text`; a hot topic that it speaks of goes before everything.

        `spoken`: the words came from a recogniser, so sounds count too. `after`: the last answered question of the
        conversation, from which `text` may go on. `alternatives`: what the recogniser took for nearly as likely; the
        likeliest of all by its sound and the words of the knowledge base is searched for.

        Raises:
            KnowledgeError: the service was not started.
        """
        question = " ".join(text.split())[:MAXIMUM_QUERY_CHARACTERS]
        snapshot = self._snapshot
        if snapshot is None:
            raise KnowledgeError("the knowledge service was not started")
        if not question or limit < 1:
            return SearchResult(text, question)
        async with self._database.read() as session:
            number, stale = await store.changed_since(session, snapshot.revision)
            cards = await topic_store.active(session, self._clock.now())
        if number != snapshot.revision:
            self._wake.set()
        now = self._clock.now()
        topic = topics.match(cards, question, spoken=spoken, district=district, now=now)
        if topic is not None:
            return SearchResult(text, question, (topics.hit(topic),), "answer")
        asked = answering.Asked(now, district, stale)
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._search, snapshot, question, spoken, limit, asked, after, tuple(alternatives)
        )

    async def greetings(self) -> list[str]:
        """What hot topics add to the greeting now."""
        now = self._clock.now()
        async with self._database.read() as session:
            return topics.greetings(await topic_store.active(session, now), now)

    def entries_in_force(self) -> list[Hit]:
        """Every entry that may be answered today, as it is answered; empty before `start`."""
        if self._snapshot is None:
            return []
        asked = answering.Asked(self._clock.now())
        return [
            answering.entry_hit(entry, 1.0, 1.0)
            for entry in self._snapshot.book.in_force()
            if answering.may_be_said(entry, asked) and validity.in_force(entry, asked.now)
        ]

    async def entries_gone(self) -> list[Hit]:
        """Answers that were given once and are not any more: withdrawn entries and replaced versions, newest first."""
        async with self._database.read() as session:
            past = await store.past_bodies(session, _PAST_LIMIT)
        return [answering.entry_hit(entry, 1.0, 1.0) for entry in past]

    def _search(
        self,
        snapshot: Snapshot,
        text: str,
        spoken: bool,
        limit: int,
        asked: answering.Asked,
        after: Context | None,
        alternatives: tuple[Alternative, ...],
    ) -> SearchResult:
        corrected = snapshot.corrector.likeliest(text, alternatives) if spoken else text
        query = self._query(corrected, spoken)
        alone = answering.answer(snapshot, text, query, self._parameters, asked, limit)
        if after is None or query.vector is None or self._follow_ups is None:
            return alone
        elliptical = self._follow_ups.elliptical(query.vector)
        if not self._follow_ups.may_follow(elliptical):
            return alone
        index = snapshot.book.index
        told = after.item if follow_up.names_another(corrected) else ""
        found = []
        for whole in follow_up.completions(corrected, after, snapshot.wordings(after), index.rarity):
            result = answering.answer(snapshot, text, self._query(whole, spoken), self._parameters, asked, limit + 1)
            hits = tuple(hit for hit in result.hits if hit.id != told)[:limit]
            verdict = answering.verdict(hits, self._parameters)
            found.append(replace(result, hits=hits, verdict=verdict, completed=whole))
        best = max(found, key=_chance, default=alone)
        signs = follow_up.features(
            elliptical,
            _chance(alone),
            _chance(best),
            follow_up.rarest(corrected, index.rarity, index.unknown_rarity),
            same=bool(best.hits) and best.hits[0].id == after.item,
        )
        return self._follow_ups.decided(signs, alone, best)

    def _query(self, text: str, spoken: bool) -> Query:
        vector = self._encoder.queries([text])[0] if self._encoder.available else None
        lasting = 0.0 if vector is None or self._asked_for is None else self._asked_for.lasting(vector)
        expansion = self._vocabulary.expand(text)
        return Query.of(text, spoken=spoken, vector=vector, expansion=expansion, lasting=lasting)

    async def _watch(self) -> None:
        looks = itertools.count()
        while not await self._pause():
            try:
                if next(looks) % _LOOKS_PER_SCHEDULE == 0:
                    await self._editorial.on_time()
                await self.refresh()
            except (KnowledgeError, SQLAlchemyError, OSError, ValueError) as error:
                _log.error("knowledge refresh failed; the last snapshot goes on answering", error=str(error))

    async def _pause(self) -> bool:
        """Wait until something may have changed; True when the service closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout=self._settings.knowledge.snapshot_poll_seconds)
        self._wake.clear()
        return self._closing


def _chance(result: SearchResult) -> float:
    return result.hits[0].probability if result.hits else 0.0


def _most_followed(entries: int) -> int:
    """How many changes follow an index of so many entries; with more it is built anew."""
    return min(_FOLLOWED_BY_ENTRIES, int(entries * _FOLLOWED_BY_SHARE))


def _fingerprint(documents: list[Document]) -> str:
    return "\n".join(document.content_hash for document in documents)
