"""Streaming transducers (zipformer) through sherpa-onnx.

Written to the published interface of sherpa-onnx; no such model could be had where this was written, so it is not yet
proven with real speech. A model folder holds `tokens.txt` and one encoder, decoder and joiner each (`*.onnx`, int8
preferred where both exist), as in the official archives.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import sherpa_onnx
import zhconv

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

_PARTS: Final = ("encoder", "decoder", "joiner")
_TAIL_SECONDS: Final = 0.66
"""Silence behind the audio: the encoder looks this far ahead before it gives out its last frames."""


def model_files(directory: Path) -> dict[str, Path]:
    """The four files of a transducer in this folder.

    Raises:
        RecogniserError: one of them is missing.
    """
    files: dict[str, Path] = {"tokens": directory / "tokens.txt"}
    for part in _PARTS:
        found = sorted(directory.glob(f"{part}*.onnx"), key=lambda path: (".int8." not in path.name, path.name))
        files[part] = found[0] if found else directory / f"{part}.onnx"
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        raise RecogniserError(
            f"no sherpa-onnx transducer in {directory} (missing: {', '.join(missing)}): run `hotline models fetch`"
        )
    return files


class Sherpa:
    """A streaming transducer on one CPU thread; 8 kHz audio is resampled by us, band-limited."""

    name = "sherpa"
    streams = True

    def __init__(self, directory: Path, *, hot_words: Sequence[str] = ()) -> None:
        """`hot_words`: words that are expected (contextual biasing, for models whose unit is the character).

        Raises:
            RecogniserError: a file of the model is missing or cannot be loaded.
        """
        files = model_files(directory)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="hot-words-", suffix=".txt") as listed:
            listed.write("".join(f"{word}\n" for word in hot_words))
            listed.flush()
            self._model = self._load(directory, files, listed.name if hot_words else "")

    @staticmethod
    def _load(directory: Path, files: dict[str, Path], hot_words_file: str) -> Any:
        try:
            return sherpa_onnx.OnlineRecognizer.from_transducer(
                tokens=str(files["tokens"]),
                encoder=str(files["encoder"]),
                decoder=str(files["decoder"]),
                joiner=str(files["joiner"]),
                num_threads=1,
                sample_rate=audio.MODEL_RATE_HZ,
                feature_dim=80,
                enable_endpoint_detection=False,
                decoding_method="modified_beam_search",
                hotwords_file=hot_words_file,
                modeling_unit="cjkchar",
            )
        except Exception as error:
            # The library raises bare exceptions of many kinds.
            raise RecogniserError(f"the sherpa-onnx model in {directory} cannot be loaded: {error}") from error

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        """See `Recogniser`."""
        audio.check(samples, sample_rate_hz)
        stream = self.stream(sample_rate_hz)
        stream.feed(samples)
        return stream.finish()

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        """See `Recogniser`."""
        return one_after_another(self, utterances)

    def stream(self, sample_rate_hz: int) -> SherpaStream:
        """A new utterance.

        Raises:
            RecogniserError: the rate is not 8,000 or 16,000 Hz.
        """
        audio.check_rate(sample_rate_hz)
        return SherpaStream(self._model, sample_rate_hz)


class SherpaStream(RecogniserStream):
    """One utterance."""

    def __init__(self, model: Any, sample_rate_hz: int) -> None:
        self._model = model
        self._stream: Any = model.create_stream()
        self._resample = audio.StreamResampler(sample_rate_hz)
        self._sample_rate_hz = sample_rate_hz
        self._samples = 0
        self._compute_seconds = 0.0

    def feed(self, samples: Samples) -> str:
        """See `RecogniserStream`."""
        self._samples += len(samples)
        return self._accept(self._resample(samples))

    def finish(self) -> Recognition:
        """See `RecogniserStream`."""
        self._accept(self._resample.flush(_TAIL_SECONDS))
        started = time.process_time()
        stream = self._open()
        stream.input_finished()
        self._decode(stream)
        result = self._model.get_result_all(stream)
        probabilities = [float(value) for value in result.ys_probs]
        self._stream = None
        self._compute_seconds += time.process_time() - started
        mean = sum(probabilities) / len(probabilities) if probabilities else 0.0
        return Recognition(
            text=zhconv.convert(str(result.text).strip(), "zh-cn"),
            confidence=min(1.0, 2.718281828459045 ** min(0.0, mean)) if probabilities else 0.0,
            audio_seconds=self._samples / self._sample_rate_hz,
            compute_seconds=self._compute_seconds,
            engine=Sherpa.name,
        )

    def _accept(self, wide: Samples) -> str:
        started = time.process_time()
        stream = self._open()
        stream.accept_waveform(audio.MODEL_RATE_HZ, wide)
        self._decode(stream)
        text: str = zhconv.convert(str(self._model.get_result(stream)).strip(), "zh-cn")
        self._compute_seconds += time.process_time() - started
        return text

    def _decode(self, stream: Any) -> None:
        while self._model.is_ready(stream):
            self._model.decode_stream(stream)

    def _open(self) -> Any:
        if self._stream is None:
            raise RecogniserError("this utterance is finished: start a new stream")
        return self._stream
