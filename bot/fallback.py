"""The in-process reader of intents: takes a turn whenever Rasa is slow, down, or not installed.

Two readers, trained from the same sentences as Rasa. *Words and sounds*: character 1-3-grams and toneless pinyin
1-2-grams in a linear model, one or two milliseconds a sentence. *Meaning*: a logistic regression on the sentence
vectors of the knowledge base's embedding model, where that is loaded; it reads what no training sentence said in these
words. It sees the last layer, made to find what is alike, and a middle one, which tells better what is wanted.
What they say is joined by a weighted geometric mean. Weight, temperature and the `none` threshold come from held-out
sentences: a sentence that no intent explains well enough becomes `none`. Who wavers between a complaint and a call for
help has understood a request all the same.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

import joblib
import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from base.pinyin import syllables
from base.settings import Settings
from base.text_model import TextFeatures, TextModel
from bot import training_data

_VERSION: Final = 9  # of the features; a change makes saved models stale
_KEPT_TRUE: Final = 0.97  # the share of rightly read sentences that the `none` threshold must let through
_HELD_OUT: Final = 0.25
_FLOOR: Final = 1e-6
_REQUESTS: Final = frozenset({"consult", "help", "complain", "report", "suggest", "praise"})

Floats = npt.NDArray[np.float64]
Ranking = tuple[tuple[str, float], ...]


class SentenceEncoder(Protocol):
    """The knowledge base's embedding model for readers (`knowledge.embedding.Encoder`)."""

    name: str

    @property
    def available(self) -> bool: ...

    def layers(self, texts: Sequence[str]) -> npt.NDArray[np.float32]: ...


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

    words: TextModel
    meaning: Any
    classes: tuple[str, ...]
    alone: Calibration  # the first reader by itself
    joined: Calibration
    stamp: str
    embedding: str  # the name of the model behind `meaning`

    def words_probabilities(self, text: str) -> dict[str, float]:
        return self._named(self.words.probabilities([text])[0])

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

    def join(self, first: dict[str, float], second: dict[str, float] | None, *, weight: float | None = None) -> Ranking:
        """One ranking of what two readers say; the first may be Rasa's, with its own `weight` of the second."""
        calibration = self.joined if second is not None else self.alone
        logs = np.array([np.log(max(first.get(name, 0.0), _FLOOR)) for name in self.classes])
        if second is not None:
            share = calibration.meaning_weight if weight is None else weight
            logs *= 1.0 - share
            logs += share * np.log([max(second.get(name, 0.0), _FLOOR) for name in self.classes])
        probabilities = _tempered(logs[np.newaxis, :], calibration.temperature)[0]
        order = np.argsort(-probabilities)
        ranking = [(self.classes[index], float(probabilities[index])) for index in order]
        sure = max(ranking[0][1], sum(value for name, value in ranking if name in _REQUESTS))
        if sure < calibration.threshold and ranking[0][0] != "none":
            ranking = [("none", 1.0 - ranking[0][1]), *(item for item in ranking if item[0] != "none")]
        return tuple(ranking)

    def classify(self, text: str, vector: npt.NDArray[np.float32] | None = None) -> Ranking:
        """(intent, probability), best first; `none` leads where nothing reaches the threshold."""
        if not syllables(text):
            return (("none", 1.0),)
        meaning = self.meaning_probabilities(vector) if vector is not None and self.meaning is not None else None
        return self.join(self.words_probabilities(text), meaning)


def _words_reader() -> TextModel:
    return TextModel(TextFeatures(sound_weight=0.7), alpha=1.5)


def _meaning_reader() -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", LogisticRegression(C=0.02, max_iter=200, tol=1e-3))])


def _tempered(logs: Floats, temperature: float) -> Floats:
    scaled = logs / temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return cast("Floats", scaled / scaled.sum(axis=1, keepdims=True))


def fit(examples: list[tuple[str, str]], *, encoder: SentenceEncoder | None = None, stamp: str = "") -> Classifier:
    """Train on `examples` and their spoken variations; the calibration comes from a held-out quarter.

    About five seconds of one core, and twenty to encode the sentences where `encoder` is given.
    """
    pairs = training_data.varied(examples)
    origin = np.array(training_data.origins(examples))
    texts = [text for text, _ in pairs]
    intents = np.array([intent for _, intent in pairs])
    vectors = encoder.layers(texts) if encoder is not None and encoder.available else None  # the slow part
    kept, held_out = train_test_split(
        np.arange(len(examples)), test_size=_HELD_OUT, random_state=0, stratify=intents[: len(examples)]
    )
    inside = np.flatnonzero(np.isin(origin, kept))
    part = _words_reader().fit([texts[row] for row in inside], intents[inside].tolist())
    words_logs = np.log(part.probabilities([texts[row] for row in held_out]) + _FLOOR)
    truth = np.searchsorted(np.array(part.classes), intents[held_out])
    alone = joined = _calibrate(words_logs, truth, 0.0)
    if vectors is not None:
        meaning_logs = _meaning_reader().fit(vectors[inside], intents[inside]).predict_log_proba(vectors[held_out])
        weights = [0.3, 0.4, 0.5, 0.6, 0.7]
        losses = [_best_temperature((1 - w) * words_logs + w * meaning_logs, truth)[1] for w in weights]
        weight = weights[int(np.argmin(losses))]
        joined = _calibrate((1 - weight) * words_logs + weight * meaning_logs, truth, weight)
    words = _words_reader().fit(texts, intents.tolist())
    return Classifier(
        words=words,
        meaning=None if vectors is None else _meaning_reader().fit(vectors, intents),
        classes=words.classes,
        alone=alone,
        joined=joined,
        stamp=stamp,
        embedding=encoder.name if encoder is not None and vectors is not None else "",
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


def _stamp(nlu_file: Path) -> str:
    """Changes with the sentences, the features and the library: a saved model of another stamp is stale."""
    digest = hashlib.sha256(nlu_file.read_bytes())
    digest.update(f"{_VERSION} {sklearn.__version__}".encode())
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
    classifier = fit(training_data.load(nlu_file), encoder=encoder, stamp=_stamp(nlu_file))
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
        wanted = encoder.name if encoder is not None and encoder.available else ""
        if (
            isinstance(saved, Classifier)
            and saved.stamp == _stamp(nlu_file)
            and (not wanted or saved.embedding == wanted)
        ):
            return saved
    train(settings, encoder=encoder, nlu_file=nlu_file)
    return cast("Classifier", joblib.load(target))
