"""The in-process reader of intents: takes a turn whenever Rasa is slow, down, or not installed.

Two readers, trained from the same sentences as Rasa. *Words and sounds*: character 1-3-grams and toneless pinyin
1-2-grams in a logistic regression, one millisecond a sentence. *Meaning*: a logistic regression on the sentence vectors
of the knowledge base's embedding model, where that is loaded; it reads what no training sentence said in these words.
What they say is joined by a weighted geometric mean. Weight, temperature and the `none` threshold come from held-out
folds: a sentence that no intent explains well enough becomes `none`.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol, cast

import joblib
import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from base.settings import Settings
from bot import training_data
from bot.entities.pinyin import spell_numbers, syllables

_VERSION: Final = 4  # of the features; a change makes saved models stale
_KEPT_TRUE: Final = 0.97  # the share of rightly read sentences that the `none` threshold must let through
_FOLDS: Final = 3
_FLOOR: Final = 1e-6

Floats = npt.NDArray[np.float64]
Ranking = tuple[tuple[str, float], ...]


class SentenceEncoder(Protocol):
    """The knowledge base's embedding model (`knowledge.embedding.Encoder`)."""

    name: str

    @property
    def available(self) -> bool: ...

    def queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """`meaning_weight`: the second reader's, 0..1; `temperature` of the joined log probabilities; `threshold`: the best
    intent's probability below which a sentence is `none`."""

    meaning_weight: float
    temperature: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Classifier:
    """Trained readers. `meaning` is None where there was no embedding model at training."""

    words: Any
    meaning: Any
    classes: tuple[str, ...]
    alone: Calibration  # the first reader by itself
    joined: Calibration
    stamp: str

    def words_probabilities(self, text: str) -> dict[str, float]:
        return self._named(self.words.predict_proba([text])[0])

    def meaning_probabilities(self, vector: npt.NDArray[np.float32]) -> dict[str, float]:
        """
        Raises:
            ValueError: there is no second reader.
        """
        if self.meaning is None:
            raise ValueError("this classifier was trained without sentence vectors")
        return self._named(self.meaning.predict_proba(vector.reshape(1, -1))[0])

    def _named(self, row: Floats) -> dict[str, float]:
        return {str(name): float(value) for name, value in zip(self.classes, row, strict=True)}

    def join(self, first: dict[str, float], second: dict[str, float] | None) -> Ranking:
        """One ranking of what two readers say of a sentence; the first may be Rasa's."""
        calibration = self.joined if second is not None else self.alone
        logs = np.array([np.log(max(first.get(name, 0.0), _FLOOR)) for name in self.classes])
        if second is not None:
            logs *= 1.0 - calibration.meaning_weight
            logs += calibration.meaning_weight * np.log([max(second.get(name, 0.0), _FLOOR) for name in self.classes])
        probabilities = _tempered(logs[np.newaxis, :], calibration.temperature)[0]
        order = np.argsort(-probabilities)
        ranking = [(self.classes[index], float(probabilities[index])) for index in order]
        if ranking[0][1] < calibration.threshold and ranking[0][0] != "none":
            ranking = [("none", 1.0 - ranking[0][1]), *(item for item in ranking if item[0] != "none")]
        return tuple(ranking)

    def classify(self, text: str, vector: npt.NDArray[np.float32] | None = None) -> Ranking:
        """(intent, probability), best first; `none` leads where nothing reaches the threshold."""
        if not syllables(text):
            return (("none", 1.0),)
        meaning = self.meaning_probabilities(vector) if vector is not None and self.meaning is not None else None
        return self.join(self.words_probabilities(text), meaning)


def _characters(text: str) -> str:
    return spell_numbers(text)


def _sounds(text: str) -> list[str]:
    row = list(syllables(text))
    return row + [f"{first} {second}" for first, second in pairwise(row)]


def _words_reader() -> Pipeline:
    characters = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), preprocessor=_characters, sublinear_tf=True, dtype=np.float32
    )
    sounds = TfidfVectorizer(analyzer=_sounds, sublinear_tf=True, dtype=np.float32)
    features = FeatureUnion(
        [("characters", characters), ("sounds", sounds)], transformer_weights={"characters": 1.0, "sounds": 0.7}
    )
    return Pipeline([("features", features), ("model", LogisticRegression(C=8.0, max_iter=60, tol=1e-3))])


def _meaning_reader() -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", LogisticRegression(C=0.02, max_iter=200, tol=1e-3))])


def _tempered(logs: Floats, temperature: float) -> Floats:
    scaled = logs / temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return cast("Floats", scaled / scaled.sum(axis=1, keepdims=True))


def fit(examples: list[tuple[str, str]], *, encoder: SentenceEncoder | None = None, stamp: str = "") -> Classifier:
    """Train on `examples` and their spoken variations; the calibration comes from held-out folds of `examples`.

    About ten seconds of one core, and ten more to encode the sentences where `encoder` is given.
    """
    pairs = training_data.varied(examples)
    vectors = encoder.queries([text for text, _ in pairs]) if encoder is not None and encoder.available else None
    origin = training_data.origins(examples)
    texts = np.array([text for text, _ in pairs], dtype=object)
    intents = np.array([intent for _, intent in pairs])
    classes = tuple(str(name) for name in np.unique(intents))
    count = len(examples)
    words_logs = np.zeros((count, len(classes)))
    meaning_logs = np.zeros((count, len(classes)))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    for kept, held_out in folds.split(np.zeros(count), intents[:count]):
        inside = np.isin(origin, kept)
        reader = _words_reader().fit(texts[inside], intents[inside])
        words_logs[held_out] = reader.predict_log_proba(texts[held_out])
        if vectors is not None:
            reader = _meaning_reader().fit(vectors[inside], intents[inside])
            meaning_logs[held_out] = reader.predict_log_proba(vectors[held_out])
    truth = np.searchsorted(np.array(classes), intents[:count])
    alone = _calibrate(words_logs, truth, 0.0)
    joined = alone
    if vectors is not None:
        weights = [0.3, 0.4, 0.5, 0.6, 0.7]
        losses = [_best_temperature((1 - w) * words_logs + w * meaning_logs, truth)[1] for w in weights]
        weight = weights[int(np.argmin(losses))]
        joined = _calibrate((1 - weight) * words_logs + weight * meaning_logs, truth, weight)
    return Classifier(
        words=_words_reader().fit(texts, intents),
        meaning=None if vectors is None else _meaning_reader().fit(vectors, intents),
        classes=classes,
        alone=alone,
        joined=joined,
        stamp=stamp,
    )


def _calibrate(logs: Floats, truth: npt.NDArray[np.intp], weight: float) -> Calibration:
    temperature, _ = _best_temperature(logs, truth)
    probabilities = _tempered(logs, temperature)
    right = probabilities.argmax(axis=1) == truth
    return Calibration(weight, temperature, float(np.quantile(probabilities.max(axis=1)[right], 1.0 - _KEPT_TRUE)))


def _best_temperature(logs: Floats, truth: npt.NDArray[np.intp]) -> tuple[float, float]:
    """The temperature with the least log loss on held-out sentences, and that loss."""
    rows = np.arange(len(truth))
    candidates = np.geomspace(0.1, 3.0, 32)
    losses = [float(-np.log(_tempered(logs, t)[rows, truth] + 1e-12).mean()) for t in candidates]
    best = int(np.argmin(losses))
    return float(candidates[best]), losses[best]


def _stamp(nlu_file: Path, encoder: SentenceEncoder | None) -> str:
    """Changes with the sentences, the features, the libraries and the embedding model: another stamp is stale."""
    digest = hashlib.sha256(nlu_file.read_bytes())
    name = encoder.name if encoder is not None and encoder.available else ""
    digest.update(f"{_VERSION} {sklearn.__version__} {name}".encode())
    return digest.hexdigest()[:16]


def path(settings: Settings) -> Path:
    return settings.models / "fallback" / "intents.joblib"


def train(
    settings: Settings, *, encoder: SentenceEncoder | None = None, nlu_file: Path = training_data.NLU_FILE
) -> Path:
    """Train and save the classifier; returns its file.

    Raises:
        ConfigurationError: the training data cannot be used.
    """
    target = path(settings)
    classifier = fit(training_data.load(nlu_file), encoder=encoder, stamp=_stamp(nlu_file, encoder))
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    joblib.dump(classifier, unfinished, compress=3)
    unfinished.replace(target)
    return target


def load(
    settings: Settings, *, encoder: SentenceEncoder | None = None, nlu_file: Path = training_data.NLU_FILE
) -> Classifier:
    """The saved classifier; trained anew where none is saved or what it was made from has changed.

    The file is one that `train` wrote under our own data directory: a pickle from elsewhere must never stand there.
    """
    target = path(settings)
    if target.exists():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                saved = joblib.load(target)
        except (OSError, ValueError, EOFError, AttributeError, ImportError, KeyError, IndexError, UserWarning):
            saved = None  # a broken or foreign-version file: train again
        if isinstance(saved, Classifier) and saved.stamp == _stamp(nlu_file, encoder):
            return saved
    train(settings, encoder=encoder, nlu_file=nlu_file)
    return cast("Classifier", joblib.load(target))
