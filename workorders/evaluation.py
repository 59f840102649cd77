"""`hotline eval classification DIR [--train DIR]`: first-level category of citizens' messages.

With `--train` the product's text model is trained on that folder's `train.jsonl`, as an operator does with the messages
of his own city; without it the product's catalogue as it is answers, restricted to the labels that occur in the folder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from base.errors import HotlineError
from base.text_model import TextFeatures, TextModel
from workorders.catalogue import Catalogue

_TITLE_WEIGHT: Final = 2  # a title is repeated: it names the matter, the body tells its story


class EvaluationError(HotlineError):
    """The folder is no classification kit."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `raw` is false for a row that only has its publisher's segmented words."""

    text: str
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
    if raw:
        text = f"{row['title']}。" * _TITLE_WEIGHT + row["body"]
    else:
        text = row["seg"].replace(" ", "")
    return Message(text, str(row["label"]), raw)


def trained_labels(train: Sequence[Message], messages: Sequence[Message]) -> list[str]:
    """The product's text model, trained on `train`."""
    model = TextModel(TextFeatures(sound_weight=0.0, least=2), alpha=0.5)
    model.fit([message.text for message in train], [message.label for message in train])
    probabilities = model.probabilities([message.text for message in messages])
    return [model.classes[index] for index in probabilities.argmax(axis=1)]


def catalogue_labels(catalogue: Catalogue, messages: Sequence[Message]) -> list[str]:
    """The catalogue's own suggestion among the labels that occur; the commonest label where it suggests nothing."""
    labels = {message.label for message in messages}
    if unknown := sorted(labels - set(catalogue.first_levels)):
        raise EvaluationError(f"the catalogue has no first level {', '.join(unknown)}: train with --train")
    result = []
    for message in messages:
        among = [s for s in catalogue.suggest(message.text, limit=len(catalogue.leaves)) if s.level1 in labels]
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


def evaluate(folder: Path, train_folder: Path | None) -> dict[str, Any]:
    """The figures of the folder's messages.

    Raises:
        EvaluationError: a file is missing or malformed.
    """
    messages = read_messages(_messages_file(folder))
    if train_folder is not None:
        answers = trained_labels(read_messages(train_folder / "train.jsonl"), messages)
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
    parser.add_argument("--train", type=Path, help="a folder whose train.jsonl the text model is trained on")
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    options = parser.parse_args(argv)
    result = evaluate(options.folder, options.train)
    if not options.json:
        how = "trained" if options.train else "the catalogue as it is"
        for name, row in (("all", result), ("raw", result["raw"])):
            print(
                f"{name}: {row['n']} messages, accuracy {row['accuracy']:.3f}, macro F1 {row['macro_f1']:.3f} ({how})"
            )
    print(json.dumps(result, ensure_ascii=False))
    return 0
