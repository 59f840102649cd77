"""`hotline eval paraphrase FILE`: what citizens' own wordings of the knowledge base's questions would be told.

FILE is JSON Lines: `{"id", "kind", "text", "gold"}`. `gold`: ids of the entries that answer, empty where none does.
`kind`: `typed` or `spoken` (citizens' wordings), `unanswered` (in the field, but nothing here answers), `foreign`
(another field). Every question goes through the product's own search; with `--entries FOLDER` over the entries of a
folder alone, else over the configured knowledge base.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from base import settings as base_settings
from base.clock import SystemClock
from base.sections.node import DataSettings
from base.settings import Settings
from knowledge import store
from knowledge.entry import read_folder
from knowledge.errors import KnowledgeError
from knowledge.evaluation import read_jsonl
from knowledge.model import SearchResult
from knowledge.service import KnowledgeService, encoder_of, vector_store_of
from knowledge.snapshot import embedded_entries
from storage.engine import Database
from storage.tables import Base

KINDS: Final = ("typed", "spoken", "unanswered", "foreign")
CHOICES: Final = 3  # so many standard questions are named when the bot is unsure
KEPT: Final = 0.9  # share of the answerable questions that the curve of refusals keeps


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    kind: str
    text: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A question with what it was told: `place` of the first right hit from 1 (0: none), `chance` that anything here
    answers it, by which it is refused."""

    case: Case
    verdict: str
    place: int
    chance: float
    first: str

    @property
    def at_once(self) -> bool:
        return self.verdict == "answer" and self.place == 1

    @property
    def within_choices(self) -> bool:
        return self.at_once or (self.verdict == "choose" and 1 <= self.place <= CHOICES)

    @property
    def wrong_as_sure(self) -> bool:
        return self.verdict == "answer" and self.place != 1


def read_cases(path: Path) -> list[Case]:
    """Raises KnowledgeError: a line lacks a field or names an unknown kind."""
    cases = []
    for number, row in enumerate(read_jsonl(path), start=1):
        if row.get("kind") not in KINDS or not isinstance(row.get("gold"), list) or not row.get("text"):
            raise KnowledgeError(f"{path.name}, line {number}: needs text, gold (a list) and kind, one of {KINDS}")
        gold = frozenset(map(str, row["gold"]))
        if bool(gold) != (row["kind"] in ("typed", "spoken")):
            raise KnowledgeError(
                f"{path.name}, line {number}: typed and spoken questions have a gold entry, others none"
            )
        cases.append(Case(str(row.get("id", number)), str(row["kind"]), str(row["text"]), gold))
    if not any(case.gold for case in cases):
        raise KnowledgeError(f"{path.name} holds no question that an entry answers")
    return cases


def told(case: Case, result: SearchResult) -> Told:
    place = next((at for at, hit in enumerate(result.hits, start=1) if hit.id in case.gold), 0)
    first = result.hits[0] if result.hits else None
    return Told(case, result.verdict, place, first.known if first else 0.0, first.id if first else "")


def figures(found: Sequence[Told]) -> dict[str, Any]:
    """Rates 0..1 of the answerable ones, and what became of the others.

    `refused_at_90`: of each kind that nothing answers, the share that lies below the chance that `KEPT` of the
    answerable questions reach.
    """

    def share(flags: Sequence[bool]) -> float:
        return round(float(np.mean(flags)), 4) if flags else 0.0

    asked = [one for one in found if one.case.gold]
    result: dict[str, Any] = {
        "n": len(asked),
        "at_once": share([one.at_once for one in asked]),
        "within_three": share([one.within_choices for one in asked]),
        "wrong_as_sure": share([one.wrong_as_sure for one in asked]),
        "refused": share([one.verdict == "unknown" for one in asked]),
        "first_is_right": share([one.place == 1 for one in asked]),
    }
    floor = float(np.quantile([one.chance for one in asked], 1 - KEPT))
    for kind in KINDS:
        part = [one for one in found if one.case.kind == kind]
        if part and kind in ("typed", "spoken"):
            result[kind] = {
                "n": len(part),
                "at_once": share([one.at_once for one in part]),
                "within_three": share([one.within_choices for one in part]),
                "wrong_as_sure": share([one.wrong_as_sure for one in part]),
            }
        elif part:
            result[kind] = {
                "n": len(part),
                "refused": share([one.verdict == "unknown" for one in part]),
                "as_sure": share([one.verdict == "answer" for one in part]),
                "refused_at_90": share([one.chance < floor for one in part]),
            }
    return result


async def ask_all(service: KnowledgeService, cases: Sequence[Case]) -> list[Told]:
    return [
        told(case, await service.search(case.text, spoken=case.kind == "spoken", limit=CHOICES + 2)) for case in cases
    ]


@asynccontextmanager
async def service_over(settings: Settings, entries: Path | None) -> AsyncIterator[KnowledgeService]:
    """The product's search over the configured knowledge base, or over a folder of entry files alone.

    Raises:
        KnowledgeError: an entry of the folder is broken.
    """
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings
        if entries is not None:
            knowledge = settings.knowledge.model_copy(update={"embedding_directory": encoder_of(settings).directory})
            changed = {"data": DataSettings(directory=Path(folder)), "knowledge": knowledge}
            changed["database"] = settings.database.model_copy(update={"url": ""})
            chosen = settings.model_copy(update=changed)
        database = Database(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
        service = KnowledgeService(database, chosen)
        try:
            if entries is not None:
                async with database.engine.begin() as connection:
                    await connection.run_sync(Base.metadata.create_all)
                written = read_folder(entries)
                _lend_vectors(settings, chosen, embedded_entries(written))
                await store.save_entries(database, written, now=SystemClock().now(), actor="eval", reason="eval")
            await service.start()
            yield service
        finally:
            await service.close()
            await database.close()


def _lend_vectors(settings: Settings, chosen: Settings, texts: list[str]) -> None:
    """What the product has encoded already is not encoded again."""
    name, held = encoder_of(settings).name, vector_store_of(settings)
    known = held.known(name, texts)
    if known:
        vectors = np.stack(list(known.values())).astype(np.float32)
        vector_store_of(chosen).add(name, [texts[place] for place in known], vectors)


async def evaluate(cases: Sequence[Case], settings: Settings, entries: Path | None = None) -> list[Told]:
    """Ask everything; `entries` as in `service_over`."""
    async with service_over(settings, entries) as service:
        return await ask_all(service, cases)


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval paraphrase", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--entries", type=Path, help="a folder of entry files instead of the configured knowledge base")
    parser.add_argument(
        "--failures", action="store_true", help="name every question that was not answered right at once"
    )
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    options = parser.parse_args(argv)
    found = asyncio.run(evaluate(read_cases(options.file), base_settings.load(), options.entries))
    result = figures(found)
    print(
        f"{result['n']} questions: right at once {result['at_once']:.1%}, "
        f"within {CHOICES} {result['within_three']:.1%}, "
        f"wrong given as sure {result['wrong_as_sure']:.1%}, refused {result['refused']:.1%}; "
        f"the first candidate is right for {result['first_is_right']:.1%}"
    )
    for kind in ("unanswered", "foreign"):
        if part := result.get(kind):
            print(
                f"{part['n']} {kind}: refused {part['refused']:.1%}, answered as sure {part['as_sure']:.1%}; "
                f"refused while {KEPT:.0%} of the answerable are not: {part['refused_at_90']:.1%}"
            )
    if options.failures:
        for one in found:
            if one.wrong_as_sure or (one.case.gold and not one.at_once):
                wanted = "/".join(sorted(one.case.gold)) or "-"
                print(f"{one.case.id} {one.verdict} {one.chance:.2f} {one.first} (wanted {wanted}): {one.case.text}")
    if options.json:
        print(json.dumps(result))
    return 0
