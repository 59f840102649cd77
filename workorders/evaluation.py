"""`hotline eval classification DIR [--train DIR] [--folds N] [--no-tune]`: first-level category of citizens' messages.

With `--train` a model of letters is trained on that folder's `train.jsonl`, as an operator does with the messages of
his own city; without it the product's catalogue as it is answers, in the labels that `data/kit_labels.yml` has for its
first levels, restricted to those that occur in the folder.
With `--folds` the model is measured on `train.jsonl` alone, each part of it by what the others teach: so one chooses.
With `--train` the embedding model itself goes on learning from the letters too, which takes a third of an hour for
seven thousand and is kept for the next time; `--no-tune` leaves it as it is. With `--folds` it learns only where
`--tune` asks for it: so long for each.
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

from base import confusion_table, settings
from base.errors import HotlineError
from base.settings import Settings
from knowledge.embedding import VectorStore, encode_missing, held_vectors
from knowledge.service import readers_encoder_of
from workorders import letter_folds
from workorders.catalogue import Catalogue
from workorders.kit_labels import PATH as LABELS
from workorders.kit_labels import KitLabels
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


def catalogue_labels(catalogue: Catalogue, messages: Sequence[Message], kit_labels: KitLabels) -> list[str]:
    """The catalogue's own suggestion, in the kit's labels and among those that occur; the first of these where it
    suggests nothing.

    Raises:
        KitLabelsError: a label of the messages, or a first level of the catalogue, is unknown.
    """
    labels = {message.label for message in messages}
    kit_labels.require_labels(labels, "the kit")
    kit_labels.require_levels(catalogue.first_levels)
    result = []
    for message in messages:
        shares: dict[str, float] = {}
        for suggestion in catalogue.suggest(message.letter.written, limit=len(catalogue.leaves)):
            label = kit_labels.label(suggestion.level1)
            if label in labels:
                shares[label] = shares.get(label, 0.0) + suggestion.confidence
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
    labels: Path = LABELS,
) -> dict[str, Any]:
    """The figures of the folder's messages, or with `folds` of its `train.jsonl` by cross-validation; `confusion`:
    expected label -> given label -> messages. `labels`: the kit's, for the catalogue's first levels.

    Raises:
        EvaluationError: a file is missing or malformed, or has too few messages.
        KitLabelsError: the catalogue is to answer, and a label of the kit is unknown.
        LetterTuningError: there is no embedding model to fine-tune.
    """
    messages = read_messages(folder / "train.jsonl" if folds else _messages_file(folder))
    if folds:
        answers = held_out_labels(messages, count=folds, vectors=vectors, tuned=tuned)
    elif train_folder is not None:
        answers = trained_labels(read_messages(train_folder / "train.jsonl"), messages, vectors, tuned)
    else:
        answers = catalogue_labels(Catalogue.load(), messages, KitLabels.load(labels))
    pairs = [(message.label, answer) for message, answer in zip(messages, answers, strict=True)]
    raw = [pair for pair, message in zip(pairs, messages, strict=True) if message.raw]
    return {**_row(pairs), "raw": _row(raw)}


def _row(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Of (label, answer)."""
    found = figures([label for label, _ in pairs], [answer for _, answer in pairs])
    return {**found, "confusion": confusion_table.count(pairs)}


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
        "--tune",
        action=argparse.BooleanOptionalAction,
        help="fine-tune the embedding model too, which takes a third of an hour for 7,000 letters the first time; "
        "done with --train where the model is there unless --no-tune is given (faster, less exact), with --folds only "
        "if asked for",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        default=LABELS,
        metavar="FILE",
        help="the kit's label for each first level of the catalogue (%(default)s); not needed with --train or --folds",
    )
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    options = parser.parse_args(argv)
    trains = options.train is not None or options.folds > 0
    if options.tune and not trains:
        parser.error("--tune needs --train or --folds")
    configured = settings.load() if trains else None
    vectors = stored_vectors(configured) if configured else None
    tunes = options.tune if options.tune is not None else options.train is not None and vectors is not None
    tuned = tuned_reader(configured) if configured and tunes else None
    result = evaluate(
        options.folder, options.train, folds=options.folds, vectors=vectors, tuned=tuned, labels=options.labels
    )
    result["tuned"] = tuned is not None
    if not options.json:
        how = "the catalogue as it is" if not trains else f"{options.folds} folds" if options.folds else "trained"
        if tuned is not None:
            how += ", embedding model fine-tuned"
        if trains and vectors is None:
            how += ", without an embedding model: what is meant was not read"
        for name, row in (("all", result), ("raw", result["raw"])):
            print(
                f"{name}: {row['n']} messages, accuracy {row['accuracy']:.3f}, macro F1 {row['macro_f1']:.3f} ({how})"
            )
            print("\n".join(confusion_table.lines(row["confusion"])))
    print(json.dumps(result, ensure_ascii=False))
    return 0
