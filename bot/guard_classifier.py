"""A small classifier beside the rules: character and syllable n-grams, logistic regression, trained when first used.

It learns from `guards.yml`, from the grammar of `guard_wordings.yml` and, as examples of what is harmless, from the
other intents' sentences of the language understanding and from what citizens report in the catalogue's examples
(some seconds together), so there is no model file that could be out of step with the data. Syllables let it hear what a
recogniser writes with the wrong characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from base.errors import ConfigurationError
from bot import guard_wordings, training_data
from bot.entities.pinyin import merged, syllables
from workorders import catalogue_file, deadlines
from workorders.catalogue import DEFAULT_PATH as CATALOGUE
from workorders.duties import default_duties

PATH: Final = Path(__file__).with_name("guards.yml")
NONE: Final = guard_wordings.NONE
_PER_PATTERN: Final = 12  # sentences of each pattern of the grammar; 16 found no more and took longer
_PER_FRAME: Final = 60  # stories around a danger, of each frame
_TELLING_CHARACTERS: Final = 10  # of an example of the catalogue; shorter ones are mere names of things
_FRAMED_LEAST: Final = 8  # characters of an ordinary sentence that may stand in a story
_FRAMED_CHARACTERS: Final = 30  # the longest sentence that may
_DIGITS: Final = re.compile(r"\d{5,}")
_NOISE: Final = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Sentences:
    """What people wrote, before anything is drawn from it."""

    dangers: tuple[tuple[str, str], ...]  # (sentence, line)
    harmless: tuple[str, ...]  # what is mistaken for danger
    lawful: tuple[tuple[str, str], ...]  # (sentence, channel)
    other: tuple[str, ...]  # of the other intents, and what is ordinarily reported

    @classmethod
    def load(cls, path: Path = PATH) -> Sentences:
        """
        Raises:
            ConfigurationError: the file cannot be used.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
            lawful = tuple((text, channel) for channel, texts in data["lawful"].items() for text in texts)
            dangers = tuple((text, str(line)) for line, texts in data["emergency"].items() for text in texts)
            harmless = tuple(data["harmless"])
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error
        other = tuple(text for text, intent in training_data.load() if intent != "emergency")
        return cls(dangers, harmless, lawful, tuple(dict.fromkeys((*other, *_reported()))))


def _reported() -> list[str]:
    """What citizens report, as the catalogue tells it in sentences; the few that are a danger are left out."""
    leaves = catalogue_file.read(CATALOGUE, default_duties()).leaves
    return [
        told
        for leaf in leaves
        for told in leaf.examples
        if len(told) >= _TELLING_CHARACTERS and not deadlines.sudden(told)
    ]


@dataclass(frozen=True, slots=True)
class Data:
    """Sentences and their labels."""

    emergency: tuple[tuple[str, str], ...]  # (sentence, line or `none`)
    lawful: tuple[tuple[str, str], ...]  # (sentence, channel)

    @classmethod
    def load(cls, path: Path = PATH) -> Data:
        """
        Raises:
            ConfigurationError: the file cannot be used.
        """
        return cls.drawn(Sentences.load(path))

    @classmethod
    def drawn(cls, sentences: Sentences) -> Data:
        """The sentences, those of the grammar of wordings, and stories in which they stand."""
        calm = tuple(
            (text, NONE) for text in (*sentences.harmless, *(text for text, _ in sentences.lawful), *sentences.other)
        )
        drawn = tuple(guard_wordings.examples(per_pattern=_PER_PATTERN))
        short = [(text, line) for text, line in sentences.dangers if len(text) <= _FRAMED_CHARACTERS]
        ordinary = [
            text for text in (*sentences.harmless, *sentences.other) if _FRAMED_LEAST <= len(text) <= _FRAMED_CHARACTERS
        ]
        stories = tuple(guard_wordings.framed(short, ordinary, per_frame=_PER_FRAME))
        return cls((*sentences.dangers, *calm, *drawn, *stories), sentences.lawful)


def clean(text: str) -> str:
    return _NOISE.sub("", _DIGITS.sub("", text))


def sounds(text: str) -> str:
    """The syllables of a text with the telephone's mergers, one token each."""
    return " ".join(merged(syllable) for syllable in syllables(clean(text)))


class Classifier:
    """Probability of each label for a text. Immutable after training; safe from several threads."""

    def __init__(
        self, examples: Sequence[tuple[str, str]], *, strength: float = 12.0, weight: object = "balanced"
    ) -> None:
        texts = [clean(text) for text, _ in examples]
        self._letters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
        self._sounds = TfidfVectorizer(
            analyzer="word", token_pattern=r"\S+", ngram_range=(1, 3), sublinear_tf=True, min_df=2
        )
        features = hstack(
            [self._letters.fit_transform(texts), 0.7 * self._sounds.fit_transform([sounds(t) for t in texts])]
        ).tocsr()
        self._model = LogisticRegression(C=strength, max_iter=200, tol=1e-3, class_weight=weight)
        self._model.fit(features, [label for _, label in examples])
        self.labels: tuple[str, ...] = tuple(str(label) for label in self._model.classes_)

    def features(self, texts: Sequence[str]) -> Any:
        """Letters and sounds: a sparse array, one row a text."""
        cleaned = [clean(text) for text in texts]
        return hstack(
            [self._letters.transform(cleaned), 0.7 * self._sounds.transform([sounds(text) for text in cleaned])]
        ).tocsr()

    def probabilities(self, texts: Sequence[str]) -> Any:
        """An array (texts x labels)."""
        return np.asarray(self._model.predict_proba(self.features(texts)))

    def danger(self, texts: Sequence[str]) -> list[tuple[float, dict[str, float]]]:
        """For each text how probable a danger is, and how probable each line."""
        return [
            (
                1.0 - float(row[self.labels.index(NONE)]),
                {label: float(value) for label, value in zip(self.labels, row, strict=True) if label != NONE},
            )
            for row in self.probabilities(texts)
        ]


@lru_cache(maxsize=1)
def default_data() -> Data:
    """Read once a process: whatever learns from it learns from the same sentences, also where the files change."""
    return Data.load()


@lru_cache(maxsize=1)
def default() -> Classifier:
    """Trained once a process."""
    return Classifier(default_data().emergency)


@lru_cache(maxsize=1)
def channels() -> Classifier:
    """Which lawful channel a matter belongs to that is known to belong to one."""
    return Classifier(default_data().lawful)
