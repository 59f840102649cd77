"""Learning when a question goes on from the last answer: `python -m knowledge.follow_up_training` keeps the reader and
prints the decision for `parameters.yml`.

Everything comes from the sample entries. A follow-up: a wording without the subject of its entry, after that entry or
another with the same subject. A new question: a whole wording after any other entry. The wording that is asked is taken
out of the index. Only where exactly one of the two readings finds the right entry is there something to learn.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression

from base import settings as base_settings
from knowledge import follow_up, samples
from knowledge.answering import features_of
from knowledge.embedding import Encoder, VectorStore
from knowledge.entry import Entry, read_folder
from knowledge.follow_up import FEATURES, PATH, Context
from knowledge.parameters import Logistic, Parameters, load
from knowledge.search import Query
from knowledge.sentence_reader import SentenceReader, key_of, out_of_fold
from knowledge.service import encoder_of
from knowledge.snapshot import EntryBook, entry_book
from knowledge.training import replace_ask

PLACES: Final = (0, 2)  # of the wordings that are asked
LEAST_CHARACTERS: Final = 3  # left of a wording without its subject


Hit = tuple[str, float]
"""Id and chance."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question after an answer (`context`); `entry` answers it."""

    text: str
    context: Entry
    entry: Entry
    follows: bool


def asked_at(place: int, entries: Sequence[Entry], book: EntryBook, random: np.random.Generator) -> Iterator[Asked]:
    """The wording at a place of every entry: whole after some other entry, without its subject after a kindred one."""
    subjects = {entry.id: follow_up.subject(entry.wordings, book.index.rarity) for entry in entries}
    for entry in entries:
        if place >= len(entry.ask):
            continue
        text = entry.ask[place]
        others = [other for other in entries if other.id != entry.id]
        yield Asked(text, others[int(random.integers(len(others)))], entry, follows=False)
        own = subjects[entry.id]
        kindred = [other for other in others if own and subjects[other.id][:1] == own[:1]]
        rest = text
        for word in own:
            rest = rest.replace(word, "")
        if rest != text and len(rest) >= LEAST_CHARACTERS:
            before = [*kindred, entry][int(random.integers(len(kindred) + 1))]
            yield Asked(rest, before, entry, follows=True)


@dataclass(frozen=True, slots=True)
class Read:
    """A question in both readings: features of the decision, and which reading found the right entry."""

    values: dict[str, float]
    follows: bool
    right_alone: bool
    right_joined: bool


class Trial:
    """One book and what is found in it."""

    def __init__(self, book: EntryBook, encoder: Encoder, learned: Parameters) -> None:
        self.book, self._encoder, self._learned = book, encoder, learned

    def best(self, text: str) -> Hit:
        """Id and chance of the first hit."""
        query = Query.of(text, vector=self._encoder.queries([text])[0])
        ranked = self.book.index.rank(query, self._learned.of("entries", spoken=False), 5)
        return self.book.entries[ranked[0].item].id, self._learned.entry.probability(features_of(ranked, query)(0))

    def readings(self, one: Asked) -> tuple[Hit, Hit | None]:
        """The first hit of the question as it stands, and the best first hit of its completions."""
        context = Context(one.context.id, one.context.question)
        joined = [
            self.best(text)
            for text in follow_up.completions(one.text, context, one.context.wordings, self.book.index.rarity)
        ]
        return self.best(one.text), max(joined, key=lambda found: found[1]) if joined else None

    def signs(self, one: Asked, reader: SentenceReader, alone: Hit, joined: Hit) -> dict[str, float]:
        """Of the decision."""
        index = self.book.index
        return follow_up.features(
            reader.odds(self._encoder.queries([one.text])[0]),
            alone[1],
            joined[1],
            follow_up.rarest(one.text, index.rarity, index.unknown_rarity),
            same=joined[0] == one.context.id,
        )


def fit(rows: Sequence[tuple[dict[str, float], bool]]) -> Logistic:
    values = np.array([[features[name] for name in FEATURES] for features, _ in rows])
    model = LogisticRegression(C=1.0, max_iter=5000)
    model.fit(values, np.array([joined for _, joined in rows]))
    return Logistic(float(model.intercept_[0]), dict(zip(FEATURES, map(float, model.coef_[0]), strict=True)))


def report(known: Sequence[Read], decision: Logistic) -> None:
    """How often the right entry comes first, by the question alone, by its completion, and as decided."""
    for follows in (True, False):
        part = [one for one in known if one.follows == follows]
        alone, joined = (np.mean([getattr(one, name) for one in part]) for name in ("right_alone", "right_joined"))
        print(f"{'following' if follows else 'whole'}: {len(part)}, right alone {alone:.1%}, right joined {joined:.1%}")
        for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
            taken = [decision.probability(one.values) >= threshold for one in part]
            right = [one.right_joined if yes else one.right_alone for one, yes in zip(part, taken, strict=True)]
            spoilt = [yes and one.right_alone and not one.right_joined for one, yes in zip(part, taken, strict=True)]
            print(
                f"  from {threshold}: joined {np.mean(taken):.1%}, right {np.mean(right):.1%}, "
                f"spoilt by joining {np.mean(spoilt):.1%}"
            )


def main() -> int:
    settings = base_settings.load()
    encoder = encoder_of(settings, threads=os.cpu_count() or 1)
    learned = load()
    told = follow_up.examples()
    elliptical = np.array([yes for _, yes in told])
    vectors = encoder.queries([text for text, _ in told])
    reader = SentenceReader.learn(vectors, elliptical)
    reader.save(follow_up.KEPT, key_of(encoder.name, PATH.read_bytes()))
    odds = out_of_fold(vectors, elliptical)
    for floor in (-4.0, -3.0, -2.0, -1.0, 0.0):
        missed, looked = float((odds[elliptical] < floor).mean()), float((odds[~elliptical] >= floor).mean())
        print(
            f"from {floor}: {missed:.1%} of the elliptical ones missed, {looked:.1%} of the whole ones looked at twice"
        )

    entries = read_folder(samples.FOLDER)
    store = VectorStore(settings.var / "cache" / "eval" / "vectors.db")
    random = np.random.default_rng(7)
    known: list[Read] = []
    for place in PLACES:
        left = [
            replace_ask(entry, tuple(ask for number, ask in enumerate(entry.ask) if number != place))
            for entry in entries
        ]
        trial = Trial(entry_book(left, encoder, store), encoder, learned)
        for one in asked_at(place, entries, trial.book, random):
            alone, joined = trial.readings(one)
            if joined is not None:
                values = trial.signs(one, reader, alone, joined)
                known.append(Read(values, one.follows, alone[0] == one.entry.id, joined[0] == one.entry.id))
    decision = fit([(one.values, one.right_joined) for one in known if one.right_alone != one.right_joined])
    report(known, decision)
    learnt = {"bias": decision.bias, **decision.coefficients}
    print(yaml.safe_dump({"follow_up": {name: round(value, 3) for name, value in learnt.items()}}, sort_keys=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
