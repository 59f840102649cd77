"""What is known of the language: how common words are and which of them sound alike. From jieba's dictionary (MIT)."""

from __future__ import annotations

from collections.abc import Iterable

from asr_models import homophones
from asr_models.homophones import Homophones
from asr_models.word_frequencies import WordFrequencies, jieba_counts


class Words:
    """Loading takes about two seconds of CPU time and keeps 15 MB."""

    def __init__(self, counts: Iterable[tuple[str, float]]) -> None:
        known = list(counts)
        self._frequencies = WordFrequencies(known)
        self._homophones = Homophones(known)

    @classmethod
    def of_jieba(cls) -> Words:
        """
        Raises:
            RecogniserError: the dictionary cannot be read.
        """
        return cls(jieba_counts())

    def read(self, text: str) -> tuple[float, str]:
        """The likelihood of the most likely spelling of `text`, and that spelling; see `homophones.read`."""
        return homophones.read(text, self._frequencies, self._homophones)
