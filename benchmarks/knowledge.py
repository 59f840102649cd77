"""Search at scale: start, memory, latency on one core, recall of the quantised vectors, time until found.

`python -m benchmarks.knowledge [ENTRIES ...]`, by default 5,000 and 180,000 entries of three wordings each. The entries
are our own sample entries recombined: wordings of one entry with a district and half of another's answer. Their vectors
are **synthetic**: the sample's real vectors, each moved in a random direction and made a unit again, because embedding
540,000 texts takes hours on one core. Questions are real wordings of the sample with their real vectors. Recall says
how many of the ten nearest rows of an exact search the quantised one finds, on those synthetic vectors.

Three processes a size, so that the memory of each is its own: one fills the database, one starts the service over it
for the first time, one starts it again. Latency is that of `KnowledgeService.search`, the question's vector remembered
from a round before (`embedding` is what that costs), the reading of the revision and the spoken correction included.
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

from base.alternatives import Alternative
from base.clock import SystemClock
from base.sections.dialogue import KnowledgeSettings
from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from benchmarks.conditions import Conditions, lines, percentile, write
from knowledge import samples, store
from knowledge.embedding import Vectors, VectorStore
from knowledge.entry import Entry, read_folder
from knowledge.service import KnowledgeService, encoder_of
from knowledge.snapshot import embedded_entries, entry_whole
from knowledge.vectors import LaterVectors, Stored, VectorTable
from storage.engine import Database, next_value
from storage.tables import Base, KnowledgeEntry

SIZES: Final = (5_000, 180_000)
QUESTIONS: Final = 150
MOVED: Final = 0.45  # length of the random step beside the unit vector: cosines of about 0.91 with where it came from
AT_ONCE: Final = 2_000  # entries written together
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


def fill(count: int, folder: Path) -> dict[str, Any]:
    """Entries and vectors of a knowledge base under `folder`."""
    random = np.random.default_rng(4)
    encoder = encoder_of(Settings())
    sample = read_folder(samples.FOLDER)
    texts = list(dict.fromkeys(embedded_entries(sample)))
    place = {text: row for row, text in enumerate(texts)}
    real = VectorStore(Settings().var / "index" / "vectors.db").known(encoder.name, texts)
    missing = [row for row in range(len(texts)) if row not in real]
    made = encoder.passages([texts[row] for row in missing]) if missing else np.zeros((0, 1), np.float32)
    real.update({row: vector.astype(np.float16) for row, vector in zip(missing, made, strict=True)})
    base = np.stack([real[row] for row in range(len(texts))]).astype(np.float32)
    entries, origins = recombined(sample, count, random)
    rows = np.array([[place[text] for text in origin] for origin in origins])
    vectors = moved(base, rows[:, :3].ravel(), random)
    wholes = moved(base, rows[:, 3], random)
    table = VectorTable(vectors)
    result = {
        "entries": count,
        "vectors": len(vectors) + len(wholes),
        "recall_at_10": recall(table, vectors, encoder.queries(asked_questions()[:50])),
        "quantised": table.quantised,
    }
    held, name = VectorStore(_settings(folder).var / "index" / "vectors.db"), encoder.name
    for start in range(0, count, AT_ONCE):
        some = entries[start : start + AT_ONCE]
        wordings = [text for entry in some for text in entry.wordings]
        held.add(name, wordings, vectors[3 * start : 3 * start + len(wordings)])
        held.add(name, [entry_whole(entry) for entry in some], wholes[start : start + len(some)])
    asyncio.run(_write(folder, entries))
    return result


async def _write(folder: Path, entries: list[Entry]) -> None:
    """As `store.save_entries` does, but without looking at what is there, and without versions."""
    database = Database(_settings(folder).database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    now = SystemClock().now()
    for start in range(0, len(entries), AT_ONCE):
        async with database.write() as session:
            revision = await next_value(session, store.REVISION)
            for entry in entries[start : start + AT_ONCE]:
                row = KnowledgeEntry(id=entry.id, version=1, updated_by="benchmark", updated_at=now)
                store.make_live(row, entry, revision=revision)
                session.add(row)
    await database.close()


def serve(folder: Path) -> dict[str, Any]:
    """A start of the service and what it then needs for questions."""
    return asyncio.run(_serve(folder))


def _alternatives(text: str) -> list[Alternative]:
    """As many as a recogniser gives: the question without its first, without its last character."""
    return [Alternative(text[1:], -0.5), Alternative(text[:-1], -1.0)]


async def _serve(folder: Path) -> dict[str, Any]:
    settings = _settings(folder)
    database = Database(settings.database_url)
    service = KnowledgeService(database, settings)
    service.encoder.load()
    before, began, cpu = memory_mib(), time.perf_counter(), time.process_time()
    await service.start()
    result: dict[str, Any] = {
        "start_seconds": round(time.perf_counter() - began, 1),
        "start_cpu_seconds": round(time.process_time() - cpu, 1),
        "before_mib": before,
        "started_mib": memory_mib(),
    }
    try:
        questions = asked_questions()
        for spoken in (False, True):
            for _ in range(2):
                seconds = []
                for text in questions:
                    began = time.perf_counter()
                    await service.search(text, spoken=spoken, alternatives=_alternatives(text) if spoken else ())
                    seconds.append(time.perf_counter() - began)
            result["spoken" if spoken else "typed"] = spread(seconds)
        fresh = []
        for text in questions:
            began = time.perf_counter()
            service.encoder.queries([f"{text}？"])
            fresh.append(time.perf_counter() - began)
        result["embedding"] = spread(fresh)
        result["searched_mib"] = memory_mib()
        result["found_after_seconds"] = await _until_found(database, service)
        result["kept_mib"] = round(sum(f.stat().st_size for f in (settings.var / "index").rglob("books/*/*")) / 2**20)
    finally:
        await service.close()
        await database.close()
    return result


async def _until_found(database: Database, service: KnowledgeService) -> float:
    """Seconds from the commit of a changed entry until a running service answers with it."""
    question = f"滑翔伞基地第{service.revision}号场地周末几点开放？"
    async with database.write() as session:
        row = await session.get_one(KnowledgeEntry, "e0")
        changed = Entry.model_validate(row.body).model_copy(update={"question": question, "ask": ()})
        store.make_live(row, changed, revision=await next_value(session, store.REVISION))
    began = time.perf_counter()
    while not any(hit.question == question for hit in (await service.search(question)).hits):
        await asyncio.sleep(0.05)
        if time.perf_counter() - began > 120:
            raise SystemExit("the changed entry was not found within two minutes")
    return round(time.perf_counter() - began, 2)


def asked_questions() -> list[str]:
    wordings = [text for one in read_folder(samples.FOLDER) for text in one.wordings]
    return [str(text) for text in np.random.default_rng(5).choice(wordings, QUESTIONS, replace=False)]


def _settings(folder: Path) -> Settings:
    return Settings(
        data=DataSettings(directory=folder),
        knowledge=KnowledgeSettings(embedding_directory=encoder_of(Settings()).directory),
    )


def told_lines(result: dict[str, Any]) -> list[str]:
    told = [
        f"{result['entries']:,} entries, {result['vectors']:,} vectors (synthetic; quantised: {result['quantised']}), "
        f"recall@10 {result['recall_at_10']}, kept on disk {result['again']['kept_mib']} MiB"
    ]
    for name in ("first", "again"):
        run = result[name]
        told += [
            f"  {name} start: {run['start_seconds']} s ({run['start_cpu_seconds']} s CPU), "
            f"PSS {run['started_mib']['pss']} MiB, peak RSS {run['started_mib']['peak_rss']} MiB, "
            f"after all searches PSS {run['searched_mib']['pss']} MiB",
            *(
                f"    {key:<10} p50 {run[key]['p50_ms']:.1f} ms, p95 {run[key]['p95_ms']:.1f} ms"
                for key in ("typed", "spoken", "embedding")
            ),
            f"    changed entry found after {run['found_after_seconds']} s",
        ]
    return told


def _in_its_own_process(stage: str, count: int, folder: Path) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.knowledge", str(count), "--stage", stage, "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(run.stdout.splitlines()[-1]))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--stage", choices=("fill", "serve"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    if chosen.stage:
        print(json.dumps(fill(chosen.entries[0], chosen.folder) if chosen.stage == "fill" else serve(chosen.folder)))
        return 0
    conditions, results = Conditions(), []
    for count in chosen.entries:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            result = _in_its_own_process("fill", count, folder)
            for start in ("first", "again"):
                result[start] = _in_its_own_process("serve", count, folder)
        results.append(result)
        print("\n".join(told_lines(result)), flush=True)
    told = conditions.told()
    print("\n".join(lines(told)))
    print(write("knowledge", {"conditions": told, "sizes": results}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
