"""`hotline eval spoken`: spoken questions and place names, recognised and then found by the product's own code."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asr_models.evaluation import comparable, edits
from base import settings as base_settings
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from knowledge.errors import KnowledgeError
from knowledge.evaluation import Bench, figures, first_hit, read_candidates, read_jsonl
from knowledge.heard import Heard, Hearing

CONDITIONS: Final = {"noisy": "wav", "mild": "wav_mild"}


@dataclass(frozen=True, slots=True)
class SpokenRow:
    """One row of the manifest. `answer` holds gold ids of a question, or the full official name of a place."""

    id: str
    kind: str
    text: str
    kb: str
    answer: frozenset[str]
    full: bool
    files: dict[str, Path]


def read_manifest(folder: Path) -> list[SpokenRow]:
    """Raises KnowledgeError: the manifest is missing, or a row lacks a column."""
    rows: list[SpokenRow] = []
    for number, row in enumerate(read_jsonl(folder / "manifest.jsonl"), start=1):
        try:
            question = row["kind"] == "question"
            rows.append(
                SpokenRow(
                    id=str(row["id"]),
                    kind=str(row["kind"]),
                    text=str(row["text"]),
                    kb=str(row["kb"]) if question else "",
                    answer=frozenset(map(str, row["gold"])) if question else frozenset({str(row["place"])}),
                    full=not question and row["place"] in row["text"],
                    files={name: folder / str(row[column]) for name, column in CONDITIONS.items() if column in row},
                )
            )
        except (KeyError, TypeError) as error:
            raise KnowledgeError(f"manifest.jsonl, line {number}: no column {error}") from error
    return rows


def error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Character error rate over all pairs."""
    pairs = [(comparable(one), comparable(other)) for one, other in zip(said, heard, strict=True)]
    return sum(edits(one, other) for one, other in pairs) / max(sum(len(one) for one, _ in pairs), 1)


def evaluate(folder: Path, settings: Settings) -> dict[str, Any]:
    rows = read_manifest(folder)
    heard = Heard(settings, settings.var / "cache" / "eval" / "recognitions.json")
    texts = {(row.id, name): heard.file(path) for row in rows for name, path in row.files.items()}
    heard.save()
    return {
        "question": _questions([row for row in rows if row.kind == "question"], texts, folder, settings),
        "place": _places([row for row in rows if row.kind == "place"], texts),
    }


def _questions(
    rows: Sequence[SpokenRow], texts: dict[tuple[str, str], Hearing], folder: Path, settings: Settings
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kb in sorted({row.kb for row in rows}):
        asked = [row for row in rows if row.kb == kb]
        bench = Bench(read_candidates(folder.resolve().parent / "retrieval" / kb), settings)
        found[kb] = {}
        for condition in (*CONDITIONS, "typed"):
            spoken = condition != "typed"
            chosen = [row for row in asked if not spoken or condition in row.files]
            words = [texts[row.id, condition] if spoken else Hearing(row.text) for row in chosen]
            queries = bench.queries(words, spoken=spoken)
            bench.prepare(queries)
            places = [
                first_hit(bench.corpus, ranked, row.answer)
                for ranked, row in zip(bench.rank(queries), chosen, strict=True)
            ]
            numbers = figures(places)
            found[kb][condition] = {
                "n": len(chosen),
                "recall@1": round(numbers["recall@1"], 4),
                "recall@5": round(numbers["recall@5"], 4),
                "cer": round(error_rate([row.text for row in chosen], [one.text for one in words]), 4),
            }
    return found


def _places(rows: Sequence[SpokenRow], texts: dict[tuple[str, str], Hearing]) -> dict[str, Any]:
    if not rows:
        return {}
    matcher = PlaceMatcher.load()
    found: dict[str, Any] = {}
    for name, full in (("full", True), ("bare", False)):
        found[name] = {}
        for condition in CONDITIONS:
            chosen = [row for row in rows if row.full == full and condition in row.files]
            ranks = [
                next(
                    (
                        place
                        for place, (street, _) in enumerate(matcher.rank(texts[row.id, condition].text, 3), start=1)
                        if street in row.answer
                    ),
                    0,
                )
                for row in chosen
            ]
            found[name][condition] = {
                "n": len(chosen),
                "rank1": round(sum(rank == 1 for rank in ranks) / max(len(ranks), 1), 4),
                "rank3": round(sum(rank > 0 for rank in ranks) / max(len(ranks), 1), 4),
            }
    return found


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval spoken", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    options = parser.parse_args(argv)
    found = evaluate(options.folder, base_settings.load())
    for kb, conditions in found["question"].items():
        for condition, numbers in conditions.items():
            print(
                f"{kb} {condition}: recall@1 {numbers['recall@1']:.1%}, recall@5 {numbers['recall@5']:.1%}, "
                f"CER {numbers['cer']:.1%} (n={numbers['n']})"
            )
    for form, conditions in found["place"].items():
        for condition, numbers in conditions.items():
            print(
                f"place {form} {condition}: rank 1 {numbers['rank1']:.1%}, among 3 {numbers['rank3']:.1%} "
                f"(n={numbers['n']})"
            )
    if options.json:
        print(json.dumps(found))
    return 0
