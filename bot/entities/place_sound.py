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

from base.pinyin import merged, split

EQUAL: Final = 3.5
_MERGED: Final = 2.5
_HALF: Final = 0.7
_FOREIGN: Final = -2.0
_GAP: Final = -2.5

_Floats = npt.NDArray[np.float32]


def similarity(expected: str, heard: str) -> float:
    """Score of one heard syllable where another was expected, -2 to 3.5."""
    if expected == heard:
        return EQUAL
    if expected.startswith("@") or heard.startswith("@"):
        return _FOREIGN
    if merged(expected) == merged(heard):
        return _MERGED
    (initial, final), (heard_initial, heard_final) = split(merged(expected)), split(merged(heard))
    return _HALF if initial == heard_initial or final == heard_final else _FOREIGN


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
