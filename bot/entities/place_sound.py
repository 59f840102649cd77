"""How well a heard text sounds like each name of a list: every name against every window of the text, in one sweep.

A name's score is the best semi-global alignment of its syllables with the text: equal syllables earn the most,
syllables that telephone recognisers and speakers confuse earn less, foreign ones and gaps cost. The sweep is
vectorised over the names, so that 700 rows of syllables against a sentence take about two milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from base.pinyin import split

EXACT: Final = "!"  # behind a syllable that must be heard as it is: a suffix such as 街道 proves little if half heard
EQUAL: Final = 3.5
_EXACT_EARNS: Final = 2.0
_FOREIGN: Final = -3.0
_GAP: Final = -3.5
_SAME_PART: Final = EQUAL / 2
_UNLIKE_PART: Final = -1.5
# Pairs of initials and finals that the telephone band, recognisers and southern or northern speakers take for one
# another, with what half a syllable still earns. Aspiration and the sibilants are lost first: they live above 3.4 kHz.
_INITIALS_ALIKE: Final = (
    (1.2, ("zh z", "ch c", "sh s", "n l", "f h")),
    (0.8, ("b p", "d t", "g k", "j q", "zh ch", "z c", "j zh", "q ch", "x sh", "q x", "z zh", "s x")),
    (0.4, ("l r", "m n", "c s", "ch sh", "h k", "g h", "j x", "q c", "j z", "t q", "d j", "r y", "w h", "m w", "b m")),
)
_FINALS_ALIKE: Final = (
    (1.2, ("an ang", "en eng", "in ing", "ian iang", "uan uang", "un ong", "on ong")),
    (
        0.8,
        (
            "an ian",
            "an uan",
            "ang iang",
            "ang uang",
            "ao iao",
            "e uo",
            "o uo",
            "u ou",
            "i u",
            "i ing",
            "in en",
            "ing eng",
        ),
    ),
    (
        0.8,
        ("ou iu", "i ei", "ei ui", "un en", "ong iong", "a ia", "a ua", "ie e", "ue ie", "ian in", "uan ian", "ai uai"),
    ),
    (
        0.4,
        (
            "a an",
            "ai ei",
            "ao ou",
            "i e",
            "u o",
            "u un",
            "ong eng",
            "an en",
            "ai an",
            "ei en",
            "ian ie",
            "i ian",
            "u uo",
        ),
    ),
)


def _table(groups: tuple[tuple[float, tuple[str, ...]], ...]) -> dict[tuple[str, str], float]:
    table: dict[tuple[str, str], float] = {}
    for value, pairs in groups:
        for pair in pairs:
            first, second = pair.split()
            table.setdefault((first, second), value)
            table.setdefault((second, first), value)
    return table


_INITIALS: Final = _table(_INITIALS_ALIKE)
_FINALS: Final = _table(_FINALS_ALIKE)


def similarity(expected: str, heard: str) -> float:
    """Score of one heard syllable where another was expected, -3 to 3.5: half for the initial, half for the final."""
    if expected == heard:
        return EQUAL
    if expected.endswith(EXACT):
        return _EXACT_EARNS if expected.removesuffix(EXACT) == heard else _FOREIGN
    if expected.startswith("@") or heard.startswith("@"):
        return _FOREIGN
    (initial, final), (heard_initial, heard_final) = split(expected), split(heard)
    return _part(initial, heard_initial, _INITIALS) + _part(_plain(final), _plain(heard_final), _FINALS)


def best_possible(row: Sequence[str]) -> float:
    """The score of a row that is heard exactly."""
    return sum(_EXACT_EARNS if syllable.endswith(EXACT) else EQUAL for syllable in row)


def _part(expected: str, heard: str, table: dict[tuple[str, str], float]) -> float:
    return _SAME_PART if expected == heard else table.get((expected, heard), _UNLIKE_PART)


def _plain(final: str) -> str:
    """`v` (ü) as `u`: after j, q, x, y it is written so anyway."""
    return final.replace("v", "u")


_Floats = npt.NDArray[np.float32]


class SoundIndex:
    """The syllable rows of a list of names, ready to be compared with a text."""

    def __init__(self, rows: Sequence[tuple[str, ...]]) -> None:
        self._vocabulary = sorted({syllable for row in rows for syllable in row})
        number = {syllable: index for index, syllable in enumerate(self._vocabulary)}
        self._lengths = np.array([len(row) for row in rows])
        width = int(self._lengths.max(initial=1))
        self._rows = np.zeros((len(rows), width), dtype=np.int32)
        for index, row in enumerate(rows):
            self._rows[index, : len(row)] = [number[syllable] for syllable in row]
        self._columns: dict[str, _Floats] = {}

    def _column(self, heard: str) -> _Floats:
        column = self._columns.get(heard)
        if column is None:
            if len(self._columns) > 4096:
                self._columns.clear()
            column = np.array([similarity(known, heard) for known in self._vocabulary], dtype=np.float32)
            self._columns[heard] = column
        return column

    def scores(self, heard: Sequence[str]) -> tuple[_Floats, npt.NDArray[np.int32]]:
        """For each row: its best score and the number of heard syllables up to the end of the best window."""
        count, width = self._rows.shape
        columns = [self._column(syllable) for syllable in heard]
        best = np.full(count, -1e9, dtype=np.float32)
        ends = np.zeros(count, dtype=np.int32)
        previous = np.zeros((count, len(heard) + 1), dtype=np.float32)
        for step in range(width):
            syllable = self._rows[:, step]
            row = np.empty_like(previous)
            row[:, 0] = previous[:, 0] + _GAP
            for position, column in enumerate(columns):
                diagonal = previous[:, position] + column[syllable]
                np.maximum(diagonal, previous[:, position + 1] + _GAP, out=diagonal)
                row[:, position + 1] = np.maximum(diagonal, row[:, position] + _GAP)
            previous = row
            finished = self._lengths == step + 1
            if finished.any():
                best[finished] = row[finished].max(axis=1)
                ends[finished] = row[finished].argmax(axis=1)
        return best, ends

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Syllables of each row."""
        return self._lengths
