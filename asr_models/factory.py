"""From settings to a loaded recogniser; each engine's library is imported only when it is chosen."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from asr_models.recogniser import Recogniser, RecogniserError
from base.settings import Settings


def model_directory(settings: Settings) -> Path:
    """Where the chosen model lies: `recogniser.model` under the models folder of the data directory."""
    return settings.models / settings.recogniser.model


def load(settings: Settings) -> Recogniser:
    """The recogniser that the settings name, with its model in memory (0.3 to 2 s).

    Raises:
        RecogniserError: no engine is chosen, its package is not installed, or the model is missing or broken.
    """
    chosen = settings.recogniser
    directory = model_directory(settings)
    match chosen.engine:
        case "whisper":
            _require("ctranslate2", "whisper")
            from asr_models.whisper import Whisper
            from asr_models.words import Words

            return Whisper(
                directory,
                beam_size=chosen.beam_size,
                window_seconds=chosen.window_seconds,
                batch_size=chosen.batch_size,
                words=Words.of_jieba() if chosen.word_weight else None,
                word_weight=chosen.word_weight,
            )
        case "vosk":
            _require("vosk", "vosk")
            from asr_models.vosk import Vosk

            return Vosk(directory, vocabulary=chosen.vocabulary)
        case "sherpa":
            _require("sherpa_onnx", "sherpa")
            from asr_models.sherpa import Sherpa

            return Sherpa(directory, hot_words=chosen.hot_words)
        case "none":
            raise RecogniserError("speech recognition is switched off (recogniser.engine: none)")


def _require(package: str, engine: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise RecogniserError(f"recogniser.engine is {engine}, but the package {package} is not installed")
