"""Weights with which a danger's readers are joined, fitted to first messages that none of them has learnt.

Every `messages.jsonl` and every opening of `cases.jsonl` below the folders given; each set is also read by weights
that were fitted to the other sets. Prints the weights, and misses and false alarms at several limits, last those of the
weights and the limit in use.

    python -m benchmarks.danger_weights tests/conversations/kit [FOLDER …] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from base import settings as base_settings
from benchmarks.danger import Read, read, weights
from bot import fallback, guard_classifier
from bot.danger import MeaningReader
from bot.policy import alarm
from knowledge.service import readers_encoder_of

_LIMITS: Final = (0.15, 0.2, 0.25, 0.3, 0.35)
_LEARNT: Final = "fresh_2026_11_27"  # its messages are among the sentences


@dataclass(frozen=True, slots=True)
class Part:
    """One file. `opening`: of dialogues, in which the danger may come later."""

    opening: bool
    reads: tuple[Read, ...]

    @property
    def evidence(self) -> Any:
        return np.array([read.evidence for read in self.reads])

    @property
    def danger(self) -> Any:
        return np.array([read.danger for read in self.reads])


def texts(folder: Path) -> Iterator[tuple[bool, list[tuple[str, bool]]]]:
    """A file: (of dialogues?, texts with whether they tell of a danger); what may be called either is left out."""
    for path in sorted(folder.rglob("messages.jsonl")):
        if path.parent.name != _LEARNT:
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            yield False, [(r["text"], r["expect"] == "emergency") for r in rows if r["expect"] != "either"]
    for path in sorted(folder.rglob("cases.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        sure = [row for row in rows if "emergency" not in (row["expect"].get("outcome_also") or [])]
        yield True, [(r["opening"], r["group"] == "emergency") for r in sure]  # elsewhere it breaks out later


def read_all(folders: list[Path]) -> list[Part]:
    configured = base_settings.load()
    encoder = readers_encoder_of(configured)
    words = guard_classifier.prepare(configured.var / "index")
    meaning = MeaningReader.load(encoder, configured.var / "index")
    intents = fallback.load(configured, encoder=encoder)
    return [
        Part(
            opening,
            tuple(
                read(text, danger, words=words, meaning=meaning, intents=intents, encoder=encoder)
                for text, danger in rows
            ),
        )
        for folder in folders
        for opening, rows in texts(folder)
    ]


def fitted(parts: list[Part]) -> LogisticRegression:
    return LogisticRegression(max_iter=1000).fit(
        np.concatenate([part.evidence for part in parts]), np.concatenate([part.danger for part in parts])
    )


def summary(parts: list[Part]) -> dict[str, Any]:
    held_out = [
        fitted([other for other in parts if other is not part]).predict_proba(part.evidence)[:, 1] for part in parts
    ]
    now = [np.array([read.probability for read in part.reads]) for part in parts]
    limits = {str(limit): _counted(parts, held_out, limit) for limit in _LIMITS}
    return {
        "weights": weights(fitted(parts)),
        "left out once": limits,
        "in use": {str(alarm.DANGER): _counted(parts, now, alarm.DANGER)},
    }


def _counted(parts: list[Part], probabilities: list[Any], limit: float) -> dict[str, dict[str, int]]:
    row = {}
    for name, opening in (("messages", False), ("openings", True)):
        pairs = [(p.danger, q >= limit) for p, q in zip(parts, probabilities, strict=True) if p.opening is opening]
        danger = np.concatenate([truth for truth, _ in pairs])
        raised = np.concatenate([above for _, above in pairs])
        row[name] = {
            "dangers": int(danger.sum()),
            "missed": int((danger & ~raised).sum()),
            "others": int((~danger).sum()),
            "false alarms": int((~danger & raised).sum()),
        }
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = summary(read_all(options.folders))
    print("  ".join(f"{name} {value:+.2f}" for name, value in result["weights"].items()))
    for limit, row in (*result["left out once"].items(), *result["in use"].items()):
        told = "; ".join(
            f"{name}: {r['missed']} of {r['dangers']} missed, {r['false alarms']} of {r['others']} in vain"
            for name, r in row.items()
        )
        print(f"{limit:>5}  {told}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
