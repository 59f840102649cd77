"""How likely a telephone recogniser is to write one syllable where another was said.

Initials and finals are independent; each has a table of counts learned from pairs (said, heard), smoothed towards
"the same" and towards the classes that Mandarin speakers and narrow-band lines are known to mix (zh/z, n/l, ing/in).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from textwrap import fill
from typing import Final

import numpy as np
import yaml

from knowledge.errors import KnowledgeError
from knowledge.phonetic import split, syllables

PATH: Final = Path(__file__).with_name("confusions.yml")
_STRENGTH: Final = 8.0
_SAME, _CLASS = 0.55, 0.15
_FLOOR: Final = -2.5
_FOREIGN: Final = -9.0
_LATIN_EQUAL: Final = 6.0
_GAP: Final = 0.8
_CLASSES: Final = (
    ("zh", "z", "j"), ("ch", "c", "q"), ("sh", "s", "x"), ("n", "l"), ("f", "h"), ("b", "p"), ("d", "t"), ("g", "k"),
    ("an", "ang"), ("en", "eng"), ("in", "ing"), ("ian", "iang"), ("uan", "uang"), ("ong", "eng"), ("un", "ong"),
    ("u", "v"), ("e", "o"), ("ai", "ei"), ("ao", "ou"), ("ie", "ia"), ("i", "ei"), ("ue", "ie"),
)  # fmt: skip
_KIN: Final = {(one, other) for group in _CLASSES for one in group for other in group if one != other}


class _Table:
    """Counts of one half of the syllable with their sums."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self.counts = counts
        self.said: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        for (said, heard), count in counts.items():
            self.said[said] += count
            self.heard[heard] += count
        self.total = sum(self.said.values())

    def ratio(self, said: str, heard: str) -> float:
        chance = (self.heard[heard] + 1) / (self.total + 40)
        prior = _SAME * (said == heard) + _CLASS * ((said, heard) in _KIN) + (1 - _SAME - _CLASS) * chance
        likely = (self.counts.get((said, heard), 0) + _STRENGTH * prior) / (self.said[said] + _STRENGTH)
        return max(log(likely / chance), _FLOOR)


class Confusions:
    """A value of `ratio` is a log-likelihood ratio: positive where what was heard speaks for what was said."""

    def __init__(self, initials: Mapping[tuple[str, str], int], finals: Mapping[tuple[str, str], int]) -> None:
        self._initials = _Table(initials)
        self._finals = _Table(finals)
        self._known: dict[tuple[str, str], float] = {}

    @classmethod
    def load(cls, path: Path = PATH) -> Confusions:
        """Raises KnowledgeError: the file is not as `dump` writes it."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls(_counts(data["initials"]), _counts(data["finals"]))
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise KnowledgeError(f"{path.name} cannot be used: {error!r}") from error

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> Confusions:
        """From what was said and what was heard, as texts."""
        initials: Counter[tuple[str, str]] = Counter()
        finals: Counter[tuple[str, str]] = Counter()
        for said, heard in pairs:
            for one, other in align(syllables(said), syllables(heard)):
                if "@" not in one + other:
                    (initial, final), (heard_initial, heard_final) = split(one), split(other)
                    initials[initial, heard_initial] += 1
                    finals[final, heard_final] += 1
        return cls(initials, finals)

    def dump(self, source: str) -> str:
        """The file that `load` reads; its first lines say in a comment what the counts were learned from: `source`."""
        comment = fill(
            f"How often one initial or final was heard (right of >) where another was said (left). {source}",
            width=118,
            break_on_hyphens=False,
            initial_indent="# ",
            subsequent_indent="# ",
        )
        parts = {
            name: {f"{said}>{heard}": count for (said, heard), count in sorted(table.counts.items())}
            for name, table in (("initials", self._initials), ("finals", self._finals))
        }
        counts = yaml.safe_dump(parts, allow_unicode=True, sort_keys=False, default_flow_style=True, width=118)
        return f"{comment}\n{counts}"

    def ratio(self, said: str, heard: str) -> float:
        known = self._known.get((said, heard))
        if known is None:
            if len(self._known) > 500_000:
                self._known.clear()
            known = self._known[said, heard] = self._ratio(said, heard)
        return known

    def _ratio(self, said: str, heard: str) -> float:
        if "@" in said + heard:
            return _LATIN_EQUAL if said == heard else _FOREIGN
        (initial, final), (heard_initial, heard_final) = split(said), split(heard)
        return self._initials.ratio(initial, heard_initial) + self._finals.ratio(final, heard_final)


def _counts(written: Mapping[str, int]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for key, count in written.items():
        said, heard = key.split(">")
        found[said, heard] = int(count)
    return found


def align(said: Sequence[str], heard: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of syllables that stand for each other in the cheapest alignment; left-out ones are dropped."""
    costs = np.zeros((len(said) + 1, len(heard) + 1))
    costs[:, 0] = np.arange(len(said) + 1) * _GAP
    costs[0] = np.arange(len(heard) + 1) * _GAP
    for row, one in enumerate(said):
        for column, other in enumerate(heard):
            costs[row + 1, column + 1] = min(
                costs[row, column] + _distance(one, other),
                costs[row, column + 1] + _GAP,
                costs[row + 1, column] + _GAP,
            )
    row, column = len(said), len(heard)
    pairs: list[tuple[str, str]] = []
    while row and column:
        one, other = said[row - 1], heard[column - 1]
        if abs(costs[row, column] - costs[row - 1, column - 1] - _distance(one, other)) < 1e-9:
            pairs.append((one, other))
            row, column = row - 1, column - 1
        elif abs(costs[row, column] - costs[row - 1, column] - _GAP) < 1e-9:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def _distance(one: str, other: str) -> float:
    if one == other:
        return 0.0
    (initial, final), (other_initial, other_final) = split(one), split(other)
    return 0.5 if initial == other_initial or final == other_final else 1.0
