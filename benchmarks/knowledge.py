"""Search at scale: latency on one core, memory, time to build, recall of the quantised vectors, time until found.

`python -m benchmarks.knowledge [ENTRIES ...]`, by default 5,000 and 180,000 entries of three wordings each. The entries
are our own sample entries recombined: wordings of one entry with a district and half of another's answer. Their vectors
are **synthetic**: the sample's real vectors, each moved in a random direction and made a unit again, because embedding
540,000 texts takes hours on one core. Questions are real wordings of the sample with their real vectors. Recall says
how many of the ten nearest rows of an exact search the quantised one finds, on those synthetic vectors.

Each size runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psutil

from base.clock import SystemClock
from base.settings import ROOT, DataSettings, KnowledgeSettings, Settings
from benchmarks.conditions import Conditions, lines, percentile, write
from knowledge import answering, parameters, samples, store
from knowledge.confusion import Confusions
from knowledge.correction import Corrector
from knowledge.embedding import Vectors, VectorStore
from knowledge.entry import Entry, read_folder
from knowledge.filters import EntryFilters
from knowledge.search import Query, SearchIndex
from knowledge.service import KnowledgeService, encoder_of
from knowledge.snapshot import EntryBook, Snapshot, embedded_entries, entry_corpus, entry_whole, law_book
from knowledge.vectors import LaterVectors, Stored, VectorTable
from storage.engine import Database
from storage.tables import Base

SIZES: Final = (5_000, 180_000)
QUESTIONS: Final = 150
MOVED: Final = 0.45  # length of the random step beside the unit vector: cosines of about 0.91 with where it came from
FRESH_LIMIT: Final = 5_000  # the time until found includes a database of that size; larger ones tell the rebuild
RECALL_AT: Final = 10
_DISTRICTS: Final = ("海淀", "朝阳", "丰台", "通州", "昌平", "大兴", "顺义", "房山", "怀柔", "密云", "延庆", "平谷")


def recombined(sample: list[Entry], count: int, random: np.random.Generator) -> tuple[list[Entry], list[list[str]]]:
    """`count` entries of three wordings, and for each the sample texts that its wordings and its whole stem from."""
    entries, origins = [], []
    for number in range(count):
        one, other = (sample[place] for place in random.integers(0, len(sample), 2))
        place = _DISTRICTS[int(random.integers(len(_DISTRICTS)))]
        chosen = [one.wordings[at] for at in random.integers(0, len(one.wordings), 3)]
        wordings = [f"{place}{chosen[0]}", f"{chosen[1].rstrip('？?')}，在{place}", f"我在{place}，{chosen[2]}"]
        answer = f"{one.answer}{other.answer[: len(other.answer) // 2]}"[:2000]
        changed = {"id": f"e{number}", "question": wordings[0], "ask": tuple(wordings[1:]), "answer": answer}
        entries.append(one.model_copy(update={**changed, "related": (), "attachments": ()}))
        origins.append([*chosen, entry_whole(one)])
    return entries, origins


def moved(base: Vectors, rows: npt.NDArray[np.int64], random: np.random.Generator) -> npt.NDArray[np.float16]:
    """Unit vectors near the given rows, as wordings of the same matter are; of 16 bits, as the store holds them."""
    result = np.empty((len(rows), base.shape[1]), dtype=np.float16)
    for start in range(0, len(rows), 20_000):
        part = base[rows[start : start + 20_000]]
        step = random.standard_normal(part.shape, dtype=np.float32)
        part += MOVED * step / np.linalg.norm(step, axis=1, keepdims=True)
        result[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return result


def memory_mib() -> dict[str, int]:
    gc.collect()
    full = psutil.Process().memory_full_info()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"pss": round(full.pss / 2**20), "rss": round(full.rss / 2**20), "peak_rss": peak}


def spread(seconds: list[float]) -> dict[str, float | None]:
    milliseconds = [value * 1000 for value in seconds]
    return {"p50_ms": percentile(milliseconds, 0.5), "p95_ms": percentile(milliseconds, 0.95)}


def recall(rows_of: VectorTable | LaterVectors, vectors: Stored, questions: Vectors) -> float:
    """Share of the `RECALL_AT` nearest rows that the table finds among its own nearest `RECALL_AT`."""
    found = 0
    parts = [vectors[start : start + 50_000] for start in range(0, len(vectors), 50_000)]
    cosines = np.concatenate([part.astype(np.float32) @ questions.T for part in parts]).T
    for question, exactly in zip(questions, cosines, strict=True):
        exact = np.argpartition(-exactly, RECALL_AT)[:RECALL_AT]
        rows, scores = rows_of.nearest(question)
        found += len(set(exact.tolist()) & set(rows[np.argsort(-scores)[:RECALL_AT]].tolist()))
    return round(found / (RECALL_AT * len(questions)), 4)


def measure(count: int) -> dict[str, Any]:
    random = np.random.default_rng(4)
    encoder = encoder_of(Settings())
    sample = read_folder(samples.FOLDER)
    texts = list(dict.fromkeys(embedded_entries(sample)))
    place = {text: row for row, text in enumerate(texts)}
    with tempfile.TemporaryDirectory() as folder:
        real = VectorStore(Settings().var / "index" / "vectors.db").known(encoder.name, texts)
        missing = [row for row in range(len(texts)) if row not in real]
        made = encoder.passages([texts[row] for row in missing]) if missing else np.zeros((0, 1), np.float32)
        real.update({row: vector.astype(np.float16) for row, vector in zip(missing, made, strict=True)})
        base = np.stack([real[row] for row in range(len(texts))]).astype(np.float32)
        entries, origins = recombined(sample, count, random)
        rows = np.array([[place[text] for text in origin] for origin in origins])
        vectors = moved(base, rows[:, :3].ravel(), random)
        wholes = moved(base, rows[:, 3], random)
        before = memory_mib()
        result: dict[str, Any] = {"entries": count, "vectors": len(vectors) + len(wholes), "before_mib": before}
        book = _built(entries, vectors, wholes, result)
        questions = [str(text) for text in random.choice([w for one in sample for w in one.wordings], QUESTIONS)]
        asked = encoder.queries(questions)
        if (table := book.index.table) is not None:
            result["recall_at_10"] = recall(table, vectors, asked[:50])
            result["quantised"] = table.quantised
        fresh = (vectors, wholes) if count <= FRESH_LIMIT else None
        if fresh is None:
            del vectors, wholes, table
        result["memory_mib"] = memory_mib()
        result |= _searched(book, questions, asked, encoder)
        if fresh is not None:
            result["found_after_seconds"] = asyncio.run(_until_found(Path(folder), entries, *fresh))
    return result


def _built(entries: list[Entry], vectors: Stored, wholes: Stored, result: dict[str, Any]) -> EntryBook:
    began = time.process_time()
    index = SearchIndex(entry_corpus(entries))
    result["words_and_sounds_cpu_seconds"] = round(time.process_time() - began, 1)
    began = time.process_time()
    index.set_vectors(vectors)
    assert index.whole is not None
    index.whole.set_vectors(wholes)
    result["vectors_cpu_seconds"] = round(time.process_time() - began, 1)
    return EntryBook(tuple(entries), index, EntryFilters.of(entries))


def _searched(book: EntryBook, questions: list[str], asked: Vectors, encoder: Any) -> dict[str, Any]:
    """Latency of search alone (`typed`, `spoken`: term cutting, filters, all channels, answers) and of embedding."""
    laws = law_book([], [], None, None, "")
    snapshot = Snapshot(1, book, laws, Corrector(["供暖"], Confusions.load()))
    learned, now = parameters.load(), SystemClock().now()
    found: dict[str, Any] = {}
    for spoken in (False, True):
        seconds = []
        for text, vector in zip(questions, asked, strict=True):
            began = time.perf_counter()
            query = Query.of(text, spoken=spoken, vector=vector)
            answering.answer(snapshot, text, query, learned, answering.Asked(now), 5)
            seconds.append(time.perf_counter() - began)
        found["spoken" if spoken else "typed"] = spread(seconds)
    seconds = []
    for text in questions:
        began = time.perf_counter()
        encoder.queries([text])
        seconds.append(time.perf_counter() - began)
    found["embedding"] = spread(seconds)
    return found


async def _until_found(folder: Path, entries: list[Entry], vectors: Stored, wholes: Stored) -> float:
    """Seconds from the commit of a changed entry until a running service answers with it."""
    settings = Settings(
        data=DataSettings(directory=folder),
        knowledge=KnowledgeSettings(embedding_directory=encoder_of(Settings()).directory),
    )
    database = Database(settings.database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    held, name = VectorStore(settings.var / "index" / "vectors.db"), encoder_of(settings).name
    held.add(name, [text for entry in entries for text in entry.wordings], vectors)
    held.add(name, [entry_whole(entry) for entry in entries], wholes)
    clock = SystemClock()
    await store.save_entries(database, entries, now=clock.now(), actor="benchmark", reason="benchmark")
    service = KnowledgeService(database, settings)
    await service.start()
    try:
        question = "滑翔伞基地周末几点开放？"
        changed = entries[0].model_copy(update={"question": question, "ask": ()})
        await store.save_entries(database, [changed], now=clock.now(), actor="benchmark", reason="benchmark")
        began = time.perf_counter()
        while not any(hit.question == question for hit in (await service.search(question)).hits):
            await asyncio.sleep(0.05)
            if time.perf_counter() - began > 120:
                raise SystemExit("the changed entry was not found within two minutes")
        return round(time.perf_counter() - began, 2)
    finally:
        await service.close()
        await database.close()


def told_lines(result: dict[str, Any]) -> list[str]:
    memory = result["memory_mib"]
    return [
        f"{result['entries']:,} entries, {result['vectors']:,} vectors (synthetic; quantised: {result['quantised']})",
        *(
            f"  {name:<14} p50 {result[key]['p50_ms']:.1f} ms, p95 {result[key]['p95_ms']:.1f} ms"
            for name, key in (("search typed", "typed"), ("search spoken", "spoken"), ("embedding", "embedding"))
        ),
        f"  built in       {result['words_and_sounds_cpu_seconds']} s CPU words and sounds, "
        f"{result['vectors_cpu_seconds']} s vectors",
        f"  memory         PSS {memory['pss']} MiB, RSS {memory['rss']} MiB, peak {memory['peak_rss']} MiB",
        f"  recall@10      {result['recall_at_10']}",
        f"  changed entry  {result.get('found_after_seconds', 'not measured at this size')} s until found",
    ]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    if chosen.one:
        print(json.dumps(measure(chosen.one)))
        return 0
    conditions, results = Conditions(), []
    for count in chosen.entries:
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.knowledge", "--one", str(count)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        results.append(json.loads(run.stdout.splitlines()[-1]))
        print("\n".join(told_lines(results[-1])), flush=True)
    told = conditions.told()
    print("\n".join(lines(told)))
    print(write("knowledge", {"conditions": told, "sizes": results}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
