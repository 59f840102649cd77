"""Unanswered questions put together: learns how likely two questions ask the same, and reports on entries apart.

    python -m benchmarks.clusters [--write]

The sample base's entries fall into three parts by a hash of their ids: the standard questions of the first tell what is
common (as those of the published entries do at work), on the wordings of the second the weights are learned and the
threshold is chosen, on those of the third the figures are told. Wordings of one entry are taken for the same question,
all others for different ones: a hard measure, for one entry's wordings may ask for different parts of its answer.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha1
from typing import Final

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.linear_model import LogisticRegression

from base.settings import load
from knowledge.entry import Entry, read_folder
from knowledge.mining import likeness, linkage
from knowledge.mining.likeness import Features, Learned, Weights
from knowledge.mining.meaning import Meaning
from knowledge.samples import FOLDER
from knowledge.service import encoder_of, vector_store_of

_LEAST_PRECISION: Final = {"model": 0.6, "characters": 0.45}
"""Of the pairs that are put together: a cluster too many costs an editor less than one that mixes questions. Without a
model next to nothing would be put together at 0.6."""
_DOUBLE_PRECISION: Final = 0.9
_NEAR_LIFT: Final = 5.0
"""So many times the chance of any two questions makes an entry worth a look."""
_PARTS: Final = 3


def part_of(entry: Entry) -> int:
    return int(sha1(entry.id.encode()).hexdigest(), 16) % _PARTS


def pairs(labels: Sequence[int], owners: Sequence[int]) -> tuple[float, float]:
    """Precision and recall of the pairs within groups."""

    def count(values: Sequence[object]) -> int:
        return sum(number * (number - 1) // 2 for number in Counter(values).values())

    right, told, wanted = count(list(zip(labels, owners, strict=True))), count(labels), count(owners)
    return right / max(told, 1), right / max(wanted, 1)


def _labels(groups: Sequence[Sequence[int]], count: int) -> list[int]:
    labels = [0] * count
    for number, group in enumerate(groups):
        for place in group:
            labels[place] = number
    return labels


class Part:
    """The wordings of some entries with their features."""

    def __init__(self, entries: Sequence[Entry], base: Sequence[str], meaning: Meaning) -> None:
        self.texts = [text for entry in entries for text in entry.wordings]
        self.owners = [number for number, entry in enumerate(entries) for _ in entry.wordings]
        self.features: Features = meaning.features(self.texts, base)

    def table(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Cosines of each pair, and whether it is of one entry."""
        everything = slice(0, len(self.texts))
        upper = np.triu_indices(len(self.texts), 1)
        owners = np.array(self.owners)
        columns = [cosines[upper] for cosines in self.features.cosines(everything, everything)]
        return np.stack(columns, axis=1), owners[upper[0]] == owners[upper[1]]

    def figures(self, weights: Weights, at: float) -> tuple[float, float]:
        groups = linkage.joined(likeness.chances(self.features, weights), at)
        return pairs(_labels(groups, len(self.texts)), self.owners)


def fitted_on(cosines: npt.NDArray[np.float32], same: npt.NDArray[np.bool_]) -> Weights:
    """Without what would speak against a pair by being alike: such a weight is chance."""
    kept = np.ones(cosines.shape[1], dtype=bool)
    while True:
        fitted = LogisticRegression(C=100.0, max_iter=1_000).fit(cosines * kept, same)
        against = kept & (fitted.coef_[0] < 0)
        if not against.any():
            return Weights(float(fitted.intercept_[0]), *(float(value) for value in fitted.coef_[0] * kept))
        kept &= ~against


def learned_on(part: Part, least_precision: float) -> Learned:
    cosines, same = part.table()
    weights = fitted_on(cosines, same)
    curve = [(at, *part.figures(weights, at)) for at in np.linspace(0.05, 0.9, 35).tolist()]
    good = [row for row in curve if row[1] >= least_precision] or [max(curve, key=lambda row: row[1])]
    same_at = max(good, key=lambda row: row[2])[0]
    total = weights.bias + cosines @ np.array([weights.meaning, weights.words, weights.sound], dtype=np.float32)
    chance = 1.0 / (1.0 + np.exp(-total))
    order = np.argsort(-chance)
    precision = np.cumsum(same[order]) / np.arange(1, len(order) + 1)
    sure = np.flatnonzero(precision >= _DOUBLE_PRECISION)
    double_at = float(chance[order][sure[-1]]) if len(sure) else 0.98
    return Learned(weights, round(same_at, 3), round(double_at, 3), round(_NEAR_LIFT * float(same.mean()), 3))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="keep what was learned in knowledge/mining/likeness.yml")
    write = options.parse_args().write
    settings = load()
    encoder = encoder_of(settings)
    entries = read_folder(FOLDER)
    base = [entry.question for entry in entries if part_of(entry) == 0]
    kinds = {"characters": Meaning()}
    if encoder.available:
        kinds["model"] = Meaning(encoder, vector_store_of(settings))
    found = dict(likeness.load())
    for name, meaning in kinds.items():
        choosing, telling = (
            Part([entry for entry in entries if part_of(entry) == number], base, meaning) for number in (1, 2)
        )
        found[name] = learned_on(choosing, _LEAST_PRECISION[name])
        for where, part in (("chosen on", choosing), ("told of", telling)):
            precision, recall = part.figures(found[name].weights, found[name].same_at)
            print(f"{name}, {where} {len(part.texts)} wordings: pairs precision {precision:.3f}, recall {recall:.3f}")
        print(f"  {found[name]}")
    if write:
        head = "".join(line for line in likeness.PATH.read_text("utf-8").splitlines(True) if line.startswith("#"))
        body = {
            name: {
                "weights": {key: round(value, 3) for key, value in asdict(row.weights).items()},
                "same_at": row.same_at,
                "double_at": row.double_at,
                "near_at": row.near_at,
            }
            for name, row in sorted(found.items(), reverse=True)
        }
        likeness.PATH.write_text(head + yaml.safe_dump(body, sort_keys=False), "utf-8")


if __name__ == "__main__":
    main()
