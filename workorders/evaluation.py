"""`hotline eval classification DIR [--train DIR] [--folds N] [--tune]`: first-level category of citizens' messages.

With `--train` a model of letters is trained on that folder's `train.jsonl`, as an operator does with the messages of
his own city; without it the product's catalogue as it is answers, restricted to the labels that occur in the folder.
With `--folds` the model is measured on `train.jsonl` alone, each part of it by what the others teach: so one chooses.
With `--tune` the embedding model itself goes on learning from the letters, which takes a third of an hour for seven
thousand (with `--folds`: so long for each).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from base import settings
from base.errors import HotlineError
from base.settings import Settings
from knowledge.embedding import VectorStore, encode_missing, held_vectors
from knowledge.service import readers_encoder_of
from workorders import letter_folds
from workorders.catalogue import Catalogue
from workorders.letter_model import Floats, Letter, LetterModel, LetterReader, SentenceVectors
from workorders.letter_tuning import TunedReader


class EvaluationError(HotlineError):
    """The folder is no classification kit."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `raw` is false for a row that only has its publisher's segmented words."""

    letter: Letter
    label: str
    raw: bool


def read_messages(path: Path) -> list[Message]:
    """The rows of a kit's file.

    Raises:
        EvaluationError: the file is missing, is not JSON Lines, or a row lacks a column.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        return [_message(json.loads(line)) for line in lines if line.strip()]
    except (OSError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"{path} is no file of a classification kit: {error}") from error


def _message(row: dict[str, Any]) -> Message:
    raw = row.get("form", "raw") == "raw"
    letter = Letter(row["title"], row["body"]) if raw else Letter("", row["seg"].replace(" ", ""))
    return Message(letter, str(row["label"]), raw)


def trained_labels(
    train: Sequence[Message],
    messages: Sequence[Message],
    vectors: SentenceVectors | None,
    tuned: LetterReader | None = None,
) -> list[str]:
    """What a model of letters says that was trained on `train`."""
    model = LetterModel(vectors, tuned=tuned)
    model.fit([message.letter for message in train], [message.label for message in train])
    return model.answers([message.letter for message in messages])


def held_out_labels(
    messages: Sequence[Message],
    *,
    count: int,
    vectors: SentenceVectors | None,
    tuned: LetterReader | None = None,
) -> list[str]:
    """What models say of each message that were trained on the folds without it.

    Raises:
        EvaluationError: there are too few messages for so many folds.
    """
    texts = [message.letter.title + message.letter.body for message in messages]
    strata = [f"{message.label} {message.raw}" for message in messages]
    answers = [""] * len(messages)
    try:
        parts = letter_folds.folds(texts, strata, count=count)
    except ValueError as error:
        raise EvaluationError(f"{count} folds of {len(messages)} messages: {error}") from error
    for held_out in parts:
        part = set(held_out.tolist())
        train = [message for position, message in enumerate(messages) if position not in part]
        said = trained_labels(train, [messages[position] for position in held_out], vectors, tuned)
        for position, answer in zip(held_out, said, strict=True):
            answers[position] = answer
    return answers


def stored_vectors(configured: Settings) -> SentenceVectors | None:
    """Of the embedding model, and kept for the next time: a message costs 20 to 60 ms of a core. None: no model."""
    encoder = readers_encoder_of(configured, threads=os.cpu_count() or 1)
    if not encoder.available:
        return None
    store = VectorStore(configured.var / "cache" / "eval" / "vectors.db")

    def vectors(texts: Sequence[str]) -> Floats:
        encode_missing(encoder, store, texts)
        return held_vectors(store, encoder.name, texts)[0].astype(np.float32)

    return vectors


def tuned_reader(configured: Settings) -> TunedReader:
    """Of the same embedding model; what it learns of a set of letters is kept for the next time."""
    return TunedReader(
        readers_encoder_of(configured, threads=os.cpu_count() or 1).directory,
        kept_in=configured.var / "cache" / "eval",
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )


def catalogue_labels(catalogue: Catalogue, messages: Sequence[Message]) -> list[str]:
    """The catalogue's own suggestion among the labels that occur; the commonest label where it suggests nothing."""
    labels = {message.label for message in messages}
    if unknown := sorted(labels - set(catalogue.first_levels)):
        raise EvaluationError(f"the catalogue has no first level {', '.join(unknown)}: train with --train")
    result = []
    for message in messages:
        among = [
            s for s in catalogue.suggest(message.letter.written, limit=len(catalogue.leaves)) if s.level1 in labels
        ]
        shares: dict[str, float] = {}
        for suggestion in among:
            shares[suggestion.level1] = shares.get(suggestion.level1, 0.0) + suggestion.confidence
        result.append(max(shares, key=lambda label: shares[label]) if shares else sorted(labels)[0])
    return result


def figures(truth: Sequence[str], answers: Sequence[str]) -> dict[str, float | int]:
    """Number, accuracy and macro F1 (over the labels that occur in `truth`), 0..1."""
    if not truth:
        return {"n": 0, "accuracy": 0.0, "macro_f1": 0.0}
    true, said = np.array(truth), np.array(answers)
    scores = []
    for label in sorted(set(truth)):
        hits = int(((true == label) & (said == label)).sum())
        scores.append(2 * hits / (int((true == label).sum()) + int((said == label).sum())))
    return {
        "n": len(truth),
        "accuracy": round(float((true == said).mean()), 4),
        "macro_f1": round(float(np.mean(scores)), 4),
    }


def evaluate(
    folder: Path,
    train_folder: Path | None,
    *,
    folds: int = 0,
    vectors: SentenceVectors | None = None,
    tuned: LetterReader | None = None,
) -> dict[str, Any]:
    """The figures of the folder's messages, or with `folds` of its `train.jsonl` by cross-validation.

    Raises:
        EvaluationError: a file is missing or malformed, or has too few messages.
        LetterTuningError: there is no embedding model to fine-tune.
    """
    messages = read_messages(folder / "train.jsonl" if folds else _messages_file(folder))
    if folds:
        answers = held_out_labels(messages, count=folds, vectors=vectors, tuned=tuned)
    elif train_folder is not None:
        answers = trained_labels(read_messages(train_folder / "train.jsonl"), messages, vectors, tuned)
    else:
        answers = catalogue_labels(Catalogue.load(), messages)
    raw = [(message.label, answer) for message, answer in zip(messages, answers, strict=True) if message.raw]
    return {
        **figures([message.label for message in messages], answers),
        "raw": figures([label for label, _ in raw], [answer for _, answer in raw]),
    }


def _messages_file(folder: Path) -> Path:
    """`dev.jsonl`, or else the one file beside `train.jsonl` and `taxonomy.jsonl`."""
    others = sorted(path for path in folder.glob("*.jsonl") if path.stem not in ("train", "taxonomy", "dev"))
    return others[0] if len(others) == 1 and not (folder / "dev.jsonl").is_file() else folder / "dev.jsonl"


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval classification", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="a kit: dev.jsonl with form, label, title, body, seg")
    how_trained = parser.add_mutually_exclusive_group()
    how_trained.add_argument("--train", type=Path, help="a folder whose train.jsonl the model of letters is trained on")
    how_trained.add_argument("--folds", type=int, default=0, help="measure on the kit's train.jsonl by so many folds")
    parser.add_argument(
        "--tune", action="store_true", help="fine-tune the embedding model too (a third of an hour for 7,000 letters)"
    )
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    options = parser.parse_args(argv)
    trains = options.train is not None or options.folds > 0
    if options.tune and not trains:
        parser.error("--tune needs --train or --folds")
    configured = settings.load() if trains else None
    vectors = stored_vectors(configured) if configured else None
    tuned = tuned_reader(configured) if configured and options.tune else None
    result = evaluate(options.folder, options.train, folds=options.folds, vectors=vectors, tuned=tuned)
    if not options.json:
        how = "the catalogue as it is" if not trains else f"{options.folds} folds" if options.folds else "trained"
        if options.tune:
            how += ", embedding model fine-tuned"
        if trains and vectors is None:
            how += ", without an embedding model: what is meant was not read"
        for name, row in (("all", result), ("raw", result["raw"])):
            print(
                f"{name}: {row['n']} messages, accuracy {row['accuracy']:.3f}, macro F1 {row['macro_f1']:.3f} ({how})"
            )
    print(json.dumps(result, ensure_ascii=False))
    return 0
