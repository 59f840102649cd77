"""Safe correction of what the telephone recogniser heard, towards the words of the knowledge base.

A noisy channel: the most likely row of words, given how syllables get confused and which words the knowledge base
uses, found by Viterbi. What makes it safe is that the recogniser's own words stay in the race at the frequency they
have in the language at large, with a bonus for every character left as it was: speech about something else keeps its
words instead of being turned into ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Final

import jieba
import numpy as np
import numpy.typing as npt

from base.alternatives import Alternative
from knowledge.confusion import Confusions
from knowledge.phonetic import syllables
from knowledge.word_counts import HAN, START, WordCounts

_LONGEST_WORD: Final = 5
_BEAM: Final = 12
_KEEP_BONUS: Final = 1.5  # nats a character left as it was heard
_PRIOR_WEIGHT: Final = 0.8  # of how usual a row of words is, beside its sound; both: `benchmarks/knowledge_spoken.py`
LONGEST_RUN: Final = 60
_NONE: Final[dict[str, int]] = {}
_Near = dict[tuple[str, ...], list[tuple[str, float]]]  # by sounds: the likeliest words, and how well each fits


def keep_dictionary_cache_in(directory: Path) -> None:
    """jieba writes its parsed dictionary once: here, not where all users of the machine write. Blocking."""
    directory.mkdir(parents=True, exist_ok=True)
    jieba.dt.tmp_dir = str(directory)


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of one length: their syllables as numbers, and the logarithm of their frequency."""

    words: tuple[str, ...]
    sounds: npt.NDArray[np.int64]
    logs: npt.NDArray[np.float64]


class Corrector:
    """Built once from the texts of a knowledge base; then pure. Takes about 10 ms for a sentence.

    `counted`: words of other texts, which were counted before; its own texts are added to them.
    """

    def __init__(self, texts: Iterable[str], confusions: Confusions, *, counted: WordCounts | None = None) -> None:
        jieba.initialize()
        self._confusions = confusions
        counts = WordCounts() if counted is None else counted
        counts.add(texts)
        self._unigrams = counts.words
        self._behind: dict[str, dict[str, int]] = {}  # word -> the words seen behind it, and how often
        for (first, second), count in counts.pairs.items():
            self._behind.setdefault(first, {})[second] = count
        self._total = max(sum(self._unigrams.values()) - self._unigrams[START], 1)
        self._syllables: dict[str, int] = {}
        by_length: dict[int, list[tuple[str, list[int]]]] = {}
        for word in self._unigrams:
            if word != START and len(word) <= _LONGEST_WORD and len(sounds := syllables(word)) == len(word):
                numbers = [self._syllables.setdefault(sound, len(self._syllables)) for sound in sounds]
                by_length.setdefault(len(word), []).append((word, numbers))
        self._by_length = {
            length: _Words(
                tuple(word for word, _ in rows),
                np.array([numbers for _, numbers in rows], dtype=np.int64),
                np.array([log(self._unigrams[word] / self._total) for word, _ in rows]),
            )
            for length, rows in by_length.items()
        }
        self._columns: dict[str, npt.NDArray[np.float64]] = {}

    def correct(self, text: str) -> str:
        """`text` with its Chinese runs corrected; everything else, and runs of more than 60 characters, unchanged."""
        return self._corrected(text, {})[0]

    def likeliest(self, text: str, alternatives: Sequence[Alternative]) -> str:
        """The correction of `text` or of what the recogniser took for nearly as likely, whichever is the likelier by
        all: how the recogniser weighs them, and how well each can be read as words of the knowledge base."""
        near: _Near = {}
        best, highest = self._corrected(text, near)
        if highest is None:
            return best
        for one in alternatives:
            corrected, value = self._corrected(one.text, near)
            if value is not None and one.log_odds + value > highest:
                best, highest = corrected, one.log_odds + value
        return best

    def _corrected(self, text: str, near: _Near) -> tuple[str, float | None]:
        """With the log-likelihood of its Chinese runs; None where there are none or one of them could not be read.
        `near` is filled on the way, for texts that share sounds with this one."""
        if not self._by_length:
            return text, None
        total: float | None = 0.0 if HAN.search(text) else None
        parts: list[str] = []
        end = 0
        for match in HAN.finditer(text):
            run, value = self._correct_run(match.group(), near)
            parts += (text[end : match.start()], run)
            end = match.end()
            total = None if total is None or value is None else total + value
        return "".join((*parts, text[end:])), total

    def _column(self, heard: str) -> npt.NDArray[np.float64]:
        column = self._columns.get(heard)
        if column is None:
            column = np.array([self._confusions.ratio(said, heard) for said in self._syllables])
            self._columns[heard] = column
        return column

    def _correct_run(self, run: str, near: _Near) -> tuple[str, float | None]:
        heard = syllables(run)
        length = len(run)
        if len(heard) != length or length > LONGEST_RUN:
            return run, None
        own: dict[int, list[str]] = {}
        at = 0
        for word in jieba.lcut(run):
            own.setdefault(at, []).append(word)
            at += len(word)
        states: list[dict[str, tuple[float, int, str]]] = [{} for _ in range(length + 1)]
        states[0][START] = (0.0, 0, "")
        for start in range(length):
            before = sorted(states[start].items(), key=lambda item: -item[1][0])[:_BEAM]
            if before:
                self._extend(run, heard, near, start, before, states)
                self._extend_own(heard, own.get(start, []), start, before, states)
        if not states[length]:
            return run, None
        word = max(states[length], key=lambda name: states[length][name][0])
        value = states[length][word][0]
        end = length
        path: list[str] = []
        while end > 0:
            path.append(word)
            _, end, word = states[end][word]
        return "".join(reversed(path)), value

    def _extend(
        self,
        run: str,
        heard: list[str],
        near: _Near,
        start: int,
        before: list[tuple[str, tuple[float, int, str]]],
        states: list[dict[str, tuple[float, int, str]]],
    ) -> None:
        """Words of the knowledge base from `start` on."""
        for length, known in self._by_length.items():
            end = start + length
            if end > len(run):
                continue
            sounds = tuple(heard[start:end])
            if sounds not in near:
                near[sounds] = self._nearest(known, sounds)
            for word, sound in near[sounds]:
                kept = sum(one == other for one, other in zip(word, run[start:end], strict=True))
                alone = 0.5 * self._unigrams[word] / self._total
                self._offer(states[end], word, sound + _KEEP_BONUS * kept, alone, start, before)

    def _nearest(self, known: _Words, heard: Sequence[str]) -> list[tuple[str, float]]:
        """The likeliest words for these sounds, each with how well it sounds like them."""
        sound = self._column(heard[0])[known.sounds[:, 0]].copy()
        for offset in range(1, len(heard)):
            sound += self._column(heard[offset])[known.sounds[:, offset]]
        rough = sound + _PRIOR_WEIGHT * known.logs
        best = np.argpartition(-rough, min(_BEAM, len(rough) - 1))[:_BEAM]
        return [(known.words[place], float(sound[place])) for place in best.tolist()]

    def _extend_own(
        self,
        heard: list[str],
        words: list[str],
        start: int,
        before: list[tuple[str, tuple[float, int, str]]],
        states: list[dict[str, tuple[float, int, str]]],
    ) -> None:
        """The recogniser's own words, at their frequency in the language at large."""
        for word in words:
            if word in self._unigrams and len(word) <= _LONGEST_WORD:
                continue
            end = start + len(word)
            value = sum(self._confusions.ratio(sound, sound) for sound in heard[start:end]) + _KEEP_BONUS * len(word)
            alone = 0.5 * max(jieba.dt.FREQ.get(word) or 1, 1) / max(jieba.dt.total, 1)
            self._offer(states[end], word, value, alone, start, before)

    def _offer(
        self,
        state: dict[str, tuple[float, int, str]],
        word: str,
        value: float,
        alone: float,
        start: int,
        before: list[tuple[str, tuple[float, int, str]]],
    ) -> None:
        first, (highest, _, _) = before[0]
        # behind a word that it was never seen behind, by far the most: there the likeliest row before it wins
        best, previous = highest + value + _PRIOR_WEIGHT * log(alone), first
        for last, (score, _, _) in before:
            if score + value <= best:  # no word is likelier than sure, and those that follow are no better
                break
            together = self._behind.get(last, _NONE).get(word, 0)
            if together:
                prior = _PRIOR_WEIGHT * log(0.5 * together / max(self._unigrams[last], 1) + alone)
                if score + value + prior > best:
                    best, previous = score + value + prior, last
        if word not in state or state[word][0] < best:
            state[word] = (best, start, previous)
