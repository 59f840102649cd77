"""`hotline eval spoken`: spoken questions and place names, recognised and then found by the product's own code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import soundfile

from asr_models.evaluation import comparable, edits
from base import settings as base_settings
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from knowledge.errors import KnowledgeError
from knowledge.evaluation import Bench, figures, first_hit, read_candidates, read_jsonl

CONDITIONS: Final = {"noisy": "wav", "mild": "wav_mild"}
_SAVE_EVERY: Final = 20


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


class Heard:
    """What the configured recogniser makes of files, kept under `var/cache/eval` by content and engine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.var / "cache" / "eval" / "recognitions.json"
        self._known: dict[str, str] = {}
        if self._path.is_file():
            self._known = json.loads(self._path.read_text(encoding="utf-8"))
        chosen = settings.recogniser
        self._engine = f"{chosen.engine}:{chosen.model}:{chosen.beam_size}:{chosen.window_seconds}"
        self._recogniser: Any = None
        self._new = 0

    def text(self, path: Path) -> str:
        """Raises KnowledgeError: the file cannot be read. RecogniserError: there is no recogniser."""
        try:
            key = f"{self._engine}:{sha256(path.read_bytes()).hexdigest()}"
        except OSError as error:
            raise KnowledgeError(f"{path} cannot be read: {error.strerror}") from error
        if key not in self._known:
            self._known[key] = self._recognise(path)
            self._new += 1
            if self._new % _SAVE_EVERY == 0:
                print(f"\rrecognised {self._new}", end="", file=sys.stderr, flush=True)
                self.save()
        return self._known[key]

    def _recognise(self, path: Path) -> str:
        if self._recogniser is None:
            from asr_models import factory

            self._recogniser = factory.load(self._settings)
        try:
            samples, rate_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
        except (OSError, soundfile.SoundFileError) as error:
            raise KnowledgeError(f"{path} cannot be read: {error}") from error
        return str(self._recogniser.recognise(samples.mean(axis=1), int(rate_hz)).text)

    def save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(json.dumps(self._known, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)


def error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Character error rate over all pairs."""
    pairs = [(comparable(one), comparable(other)) for one, other in zip(said, heard, strict=True)]
    return sum(edits(one, other) for one, other in pairs) / max(sum(len(one) for one, _ in pairs), 1)


def evaluate(folder: Path, settings: Settings) -> dict[str, Any]:
    rows = read_manifest(folder)
    heard = Heard(settings)
    texts = {(row.id, name): heard.text(path) for row in rows for name, path in row.files.items()}
    heard.save()
    return {
        "question": _questions([row for row in rows if row.kind == "question"], texts, folder, settings),
        "place": _places([row for row in rows if row.kind == "place"], texts),
    }


def _questions(
    rows: Sequence[SpokenRow], texts: dict[tuple[str, str], str], folder: Path, settings: Settings
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kb in sorted({row.kb for row in rows}):
        asked = [row for row in rows if row.kb == kb]
        bench = Bench(read_candidates(folder.resolve().parent / "retrieval" / kb), settings)
        found[kb] = {}
        for condition in (*CONDITIONS, "typed"):
            spoken = condition != "typed"
            chosen = [row for row in asked if not spoken or condition in row.files]
            words = [texts[row.id, condition] if spoken else row.text for row in chosen]
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
                "cer": round(error_rate([row.text for row in chosen], words), 4),
            }
    return found


def _places(rows: Sequence[SpokenRow], texts: dict[tuple[str, str], str]) -> dict[str, Any]:
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
                        for place, (street, _) in enumerate(matcher.rank(texts[row.id, condition], 3), start=1)
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
