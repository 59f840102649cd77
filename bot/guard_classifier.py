"""A small classifier beside the rules: character and syllable n-grams, logistic regression, trained when first used.

It learns from `guards.yml`, from the grammar of `guard_wordings.yml` and, as examples of what is harmless, from the
other intents' sentences of the language understanding and from what citizens report in the catalogue's examples
(some seconds together); what is kept on disk is found by a hash of these sentences, so it cannot be out of step.
Syllables let it hear what a recogniser writes with the wrong characters.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import sklearn
import yaml
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from base import files, tfidf_rows
from base.errors import ConfigurationError
from bot import guard_wordings, training_data
from bot.entities.pinyin import merged, syllables
from workorders import catalogue_file, deadlines
from workorders.catalogue import DEFAULT_PATH as CATALOGUE
from workorders.duties import default_duties

PATH: Final = Path(__file__).with_name("guards.yml")
NONE: Final = guard_wordings.NONE
_VERSION: Final = 1  # of the classifier; a change makes kept ones stale
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
        letters = tfidf_rows.transform(self._letters, cleaned)
        return hstack(
            [letters, 0.7 * tfidf_rows.transform(self._sounds, [sounds(text) for text in cleaned])], format="csr"
        )

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


class _Held:
    """A classifier of this process, once there is one."""

    def __init__(self, name: str, part: Callable[[Data], Sequence[tuple[str, str]]]) -> None:
        self._name = name
        self._part = part
        self._lock = threading.Lock()
        self._classifier: Classifier | None = None

    def get(self, folder: Path | None = None) -> Classifier:
        with self._lock:
            if self._classifier is None:
                examples = self._part(default_data())
                self._classifier = Classifier(examples) if folder is None else _kept(self._name, examples, folder)
            return self._classifier


_dangers: Final = _Held("dangers", lambda data: data.emergency)
_channels: Final = _Held("channels", lambda data: data.lawful)


def default() -> Classifier:
    """Danger, by line, or none. Trained at the first call (six seconds) where nobody has called `prepare` before."""
    return _dangers.get()


def channels() -> Classifier:
    """Which lawful channel a matter belongs to that is known to belong to one. Trained like `default`, in a second."""
    return _channels.get()


def prepare(folder: Path) -> Classifier:
    """`default`, with `channels` at hand too, so that no turn waits for a training. Read from `folder` where
    classifiers of these very sentences are kept there: a process that was killed must be back before its calls are
    given up. Else they are trained, and kept."""
    _channels.get(folder)
    return _dangers.get(folder)


def _kept(name: str, examples: Sequence[tuple[str, str]], folder: Path) -> Classifier:
    """Those of the sentences before stay beside them: an older version may still run during an upgrade."""
    told = "\n".join(f"{label} {text}" for text, label in examples)
    key = hashlib.sha256(f"{_VERSION} {sklearn.__version__}\n{told}".encode()).hexdigest()[:24]
    path = folder / f"guards-{name}-{key}.joblib"
    if path.exists():  # written by us under our own data directory: a pickle from elsewhere must never stand there
        try:
            kept = joblib.load(path)
        except (OSError, ValueError, EOFError, AttributeError, ImportError, LookupError, pickle.PickleError):
            kept = None  # damaged: trained again
        if isinstance(kept, Classifier):
            return kept
    classifier = Classifier(examples)
    half_done = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        joblib.dump(classifier, half_done)
        half_done.replace(path)
        files.keep_newest(folder, f"guards-{name}-*.joblib")
        files.keep_newest(folder, f"guards-{'[0-9a-f]' * 24}.joblib", newest=0)  # of versions before they had names
    except OSError:
        with suppress(OSError):  # a folder that cannot be written: the next start trains again
            half_done.unlink(missing_ok=True)
    return classifier
