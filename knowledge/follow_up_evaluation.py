"""`hotline eval follow-up FILE`: questions that go on from the last answer, and new ones that must not be drawn in.

FILE is JSON Lines, a dialogue a line: `{"id", "part", "question", "entry", "turns": [{"text", "gold"}]}`. `entry`: what
the first question was told; `gold`: ids of entries, one of which answers the turn. Each turn is asked after the right
answer to the one before, as it stands (`alone`) and from the conversation (`with`). New questions: the standard
question of every entry, asked after one that is `SPACING` entries away, must find what it finds alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from base import settings as base_settings
from base.settings import Settings
from knowledge.errors import KnowledgeError
from knowledge.evaluation import read_jsonl
from knowledge.follow_up import Context
from knowledge.model import SearchResult
from knowledge.paraphrase_evaluation import service_over
from knowledge.service import KnowledgeService

SPACING: Final = 97  # entries between a new question and the one before: another topic
CHOICES: Final = 3


@dataclass(frozen=True, slots=True)
class Followed:
    """A turn with its place (from 1; 0: not found) alone and from the conversation."""

    dialogue: str
    part: str
    text: str
    completed: str
    verdict: str
    alone: int
    joined: int

    @property
    def reached(self) -> bool:
        """Whether the citizen comes to the right entry: it is told first, or is among those offered."""
        return self.joined == 1 or (self.verdict == "choose" and 1 <= self.joined <= CHOICES)


def _place(result: SearchResult, gold: Sequence[str]) -> int:
    return next((at for at, hit in enumerate(result.hits, start=1) if hit.id in gold), 0)


async def follow(service: KnowledgeService, dialogues: Sequence[dict[str, Any]], *, spoken: bool) -> list[Followed]:
    """Raises KnowledgeError: a dialogue names an entry that may not be answered."""
    questions = {hit.id: hit.question for hit in service.entries_in_force()}
    found = []
    for row in dialogues:
        before, asked = str(row["entry"]), str(row["question"])
        for turn in row["turns"]:
            text, gold = str(turn["text"]), [str(one) for one in turn["gold"]]
            if before not in questions:
                raise KnowledgeError(f"{row['id']}: there is no entry {before}")
            context = Context(before, questions[before], asked)
            alone = await service.search(text, spoken=spoken)
            joined = await service.search(text, spoken=spoken, after=context)
            places = _place(alone, gold), _place(joined, gold)
            found.append(Followed(str(row["id"]), str(row["part"]), text, joined.completed, joined.verdict, *places))
            before, asked = gold[0], joined.completed or text
    return found


async def drawn_in(service: KnowledgeService) -> tuple[int, list[str]]:
    """How many new questions were asked after another one, and those whose answer the other one changed."""
    hits = service.entries_in_force()
    changed = []
    for place, hit in enumerate(hits):
        other = hits[(place + SPACING) % len(hits)]
        alone = await service.search(hit.question)
        after = await service.search(hit.question, after=Context(other.id, other.question))
        if [one.id for one in alone.hits[:1]] != [one.id for one in after.hits[:1]]:
            changed.append(f"{hit.question} (after {other.question}): {after.completed}")
    return len(hits), changed


def figures(found: Sequence[Followed]) -> dict[str, Any]:
    """Rates 0..1 for each part: right first and within three, alone and from the conversation; `spoilt`: right only
    alone; `lost`: of these, those that are not offered to choose from either."""
    result: dict[str, Any] = {}
    for part in sorted({one.part for one in found}):
        rows = [one for one in found if one.part == part]
        result[part] = {
            "n": len(rows),
            "alone": round(float(np.mean([one.alone == 1 for one in rows])), 4),
            "with": round(float(np.mean([one.joined == 1 for one in rows])), 4),
            "with_within_three": round(float(np.mean([1 <= one.joined <= CHOICES for one in rows])), 4),
            "spoilt": round(float(np.mean([one.alone == 1 != one.joined for one in rows])), 4),
            "lost": round(float(np.mean([one.alone == 1 and not one.reached for one in rows])), 4),
        }
    return result


async def _evaluate(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    dialogues = read_jsonl(options.file)
    async with service_over(settings, options.entries) as service:
        result: dict[str, Any] = {}
        for name, spoken in (("typed", False), ("spoken", True)):
            found = await follow(service, dialogues, spoken=spoken)
            result[name] = figures(found)
            for part, rates in result[name].items():
                print(
                    f"{name}, {part}: {rates['n']} turns, right alone {rates['alone']:.1%}, from the conversation "
                    f"{rates['with']:.1%} (within {CHOICES} {rates['with_within_three']:.1%}), "
                    f"spoilt by it {rates['spoilt']:.1%} (not offered either {rates['lost']:.1%})"
                )
            if options.failures:
                for one in found:
                    if one.joined != 1:
                        print(f"  {one.dialogue} {one.text} [{one.completed}] alone {one.alone}, with {one.joined}")
        count, changed = await drawn_in(service)
        result["new"] = {"n": count, "drawn_in": round(len(changed) / max(count, 1), 4)}
        print(f"new questions after another topic: {count}, drawn into it {len(changed)}")
        if options.failures:
            print("\n".join(f"  {line}" for line in changed))
    return result


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval follow-up", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--entries", type=Path, help="a folder of entry files instead of the configured knowledge base")
    parser.add_argument("--failures", action="store_true", help="name every turn whose right entry does not come first")
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    options = parser.parse_args(argv)
    result = asyncio.run(_evaluate(options, base_settings.load()))
    if options.json:
        print(json.dumps(result))
    return 0
