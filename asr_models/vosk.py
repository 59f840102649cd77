"""Vosk (Kaldi): streaming with partial results, optionally limited to a vocabulary."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import vosk

from asr_models import audio
from asr_models.recogniser import (
    Outcome,
    RecogniserError,
    RecogniserStream,
    Recognition,
    Samples,
    Utterance,
    one_after_another,
)

_FILES: Final = ("am/final.mdl", "conf/model.conf")
_CHUNK_SAMPLES: Final = 4_000


class Vosk:
    """Any Vosk model folder. Models of telephone speech take 8 kHz as it is; the library resamples for the others."""

    name = "vosk"
    streams = True

    def __init__(self, directory: Path, *, vocabulary: Sequence[str] = ()) -> None:
        """`vocabulary`: the phrases that can be heard (words as the model spells them); empty for everything.

        Raises:
            RecogniserError: a file of the model is missing or cannot be loaded.
        """
        missing = [name for name in _FILES if not (directory / name).is_file()]
        if missing:
            raise RecogniserError(
                f"no Vosk model in {directory} (missing: {', '.join(missing)}): run `hotline models fetch`"
            )
        vosk.SetLogLevel(-1)
        try:
            self._model: Any = vosk.Model(model_path=str(directory))
        except Exception as error:
            # The library raises a bare Exception.
            raise RecogniserError(f"the Vosk model in {directory} cannot be loaded: {error}") from error
        self._grammar = json.dumps([*vocabulary, "[unk]"], ensure_ascii=False) if vocabulary else ""

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        """See `Recogniser`."""
        audio.check(samples, sample_rate_hz)
        stream = self.stream(sample_rate_hz)
        for start in range(0, len(samples), _CHUNK_SAMPLES):
            stream.feed(samples[start : start + _CHUNK_SAMPLES])
        return stream.finish()

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        """See `Recogniser`."""
        return one_after_another(self, utterances)

    def stream(self, sample_rate_hz: int) -> VoskStream:
        """A new utterance.

        Raises:
            RecogniserError: the rate is not 8,000 or 16,000 Hz, or the vocabulary does not fit the model.
        """
        audio.check_rate(sample_rate_hz)
        arguments: list[Any] = [self._model, float(sample_rate_hz)]
        if self._grammar:
            arguments.append(self._grammar)
        try:
            recogniser = vosk.KaldiRecognizer(*arguments)
        except Exception as error:
            # The library raises a bare Exception.
            raise RecogniserError(f"Vosk cannot start an utterance: {error}") from error
        recogniser.SetWords(True)
        return VoskStream(recogniser, sample_rate_hz)


class VoskStream(RecogniserStream):
    """One utterance. Kaldi ends a segment at a pause by itself; the segments are joined."""

    def __init__(self, recogniser: Any, sample_rate_hz: int) -> None:
        self._recogniser: Any = recogniser
        self._sample_rate_hz = sample_rate_hz
        self._words: list[tuple[str, float]] = []
        self._samples = 0
        self._compute_seconds = 0.0

    def feed(self, samples: Samples) -> str:
        """See `RecogniserStream`.

        Raises:
            RecogniserError: the stream was finished already, or the engine cannot take the audio.
        """
        recogniser = self._open()
        started = time.process_time()
        pcm16 = np.clip(np.round(samples * 32767.0), -32768, 32767).astype("<i2").tobytes()
        self._samples += len(samples)
        try:
            ended = bool(pcm16) and recogniser.AcceptWaveform(pcm16)
        except Exception as error:
            # The library raises a bare Exception.
            raise RecogniserError(f"Vosk cannot take this audio: {error}") from error
        if ended:
            self._take(recogniser.Result())
        partial = str(json.loads(recogniser.PartialResult()).get("partial", ""))
        self._compute_seconds += time.process_time() - started
        return _join([*(word for word, _ in self._words), *partial.split()])

    def finish(self) -> Recognition:
        """See `RecogniserStream`."""
        recogniser = self._open()
        started = time.process_time()
        self._take(recogniser.FinalResult())
        self._recogniser = None
        self._compute_seconds += time.process_time() - started
        heard = [(word, sure) for word, sure in self._words if word != "[unk]"]
        return Recognition(
            text=_join([word for word, _ in heard]),
            confidence=sum(sure for _, sure in heard) / len(heard) if heard else 0.0,
            audio_seconds=self._samples / self._sample_rate_hz,
            compute_seconds=self._compute_seconds,
            engine=Vosk.name,
        )

    def _open(self) -> Any:
        if self._recogniser is None:
            raise RecogniserError("this utterance is finished: start a new stream")
        return self._recogniser

    def _take(self, result: str) -> None:
        for word in json.loads(result).get("result", []):
            self._words.append((str(word["word"]), min(1.0, max(0.0, float(word.get("conf", 0.0))))))


def _join(words: list[str]) -> str:
    """Chinese words stand together, others are separated by a space."""
    text = ""
    for word in words:
        if word == "[unk]":
            continue
        joined = not text or _is_chinese(text[-1]) or _is_chinese(word[0])
        text += word if joined else f" {word}"
    return text


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
