"""Encoding what the index needs, outside the serving process: at set-up (entries) and by `hotline kb index` (all)."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from base.clock import SystemClock
from base.settings import Settings
from knowledge import store
from knowledge.embedding import Progress, encode_missing
from knowledge.importers.documents import import_documents
from knowledge.service import encoder_of, vector_store_of
from knowledge.snapshot import embedded_clauses, embedded_entries
from storage.engine import Database, next_value


@dataclass(frozen=True, slots=True)
class Built:
    """How many texts there are and how many of them were encoded now (the others were held already)."""

    entries: int
    clauses: int
    encoded: int
    embedding: bool


def build(settings: Settings, *, clauses: bool = False, progress: Progress | None = None) -> Built:
    """Import the documents of `knowledge.law_directories`, then encode what is new.

    Clauses answer by words and sounds at once; with `clauses` their vectors are made too, which takes about
    45 ms of one core each, is kept every few hundred, and goes on where it stopped.

    Raises:
        KnowledgeError: a folder of the settings cannot be read, or the embedding model is broken.
    """
    return asyncio.run(_build(settings, clauses=clauses, progress=progress))


async def _build(settings: Settings, *, clauses: bool, progress: Progress | None) -> Built:
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        for folder in settings.knowledge.law_directories:
            await import_documents(database, folder, now=SystemClock().now(), city=settings.service.city)
        async with database.read() as session:
            entries = await store.published_entries(session)
            documents = await store.documents_in_force(session)
            held = await store.clauses_in_force(session)
        encoder = encoder_of(settings, threads=os.cpu_count() or 1)
        if not encoder.available:
            return Built(len(entries), len(held), 0, embedding=False)
        vectors = vector_store_of(settings)
        encoded = encode_missing(encoder, vectors, embedded_entries(entries))
        if clauses:
            new = encode_missing(encoder, vectors, embedded_clauses(documents, held), progress)
            encoded += new
            if new:
                async with database.write() as session:  # a running service takes the new vectors in
                    await next_value(session, store.REVISION)
        return Built(len(entries), len(held), encoded, embedding=True)
    finally:
        await database.close()
