"""What every recogniser must do, whatever engine is inside; run with real models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from asr_models import evaluation, factory
from asr_models.recogniser import Recogniser, RecogniserError, Samples
from asr_models.server import _told, recognition_of
from asr_models.sherpa import Sherpa, model_files
from asr_models.vosk import Vosk
from asr_models.whisper import Whisper
from asr_models.words import Words
from base import alternatives
from base.settings import Settings


@pytest.fixture(scope="module", params=["whisper", "vosk"])
def recogniser(request: pytest.FixtureRequest) -> Iterator[Recogniser]:
    if request.param == "whisper":
        yield Whisper(request.getfixturevalue("whisper_directory"))
    else:
        yield Vosk(request.getfixturevalue("vosk_directory"))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_speech_gives_text_at_both_rates(recogniser: Recogniser, spoken: tuple[str, Samples], rate_hz: int) -> None:
    samples = spoken[1] if rate_hz == 8_000 else soxr.resample(spoken[1], 8_000, rate_hz)
    result = recogniser.recognise(samples, rate_hz)
    assert result.text
    assert result.text == result.text.strip()
    assert 0.0 < result.confidence <= 1.0
    assert result.audio_seconds == pytest.approx(len(samples) / rate_hz)
    assert result.compute_seconds > 0.0
    assert result.engine == recogniser.name
    assert all(one.text and one.text != result.text for one in result.alternatives)


def test_what_is_nearly_as_likely_is_told_by_the_worker_too(
    whisper_directory: Path, spoken: tuple[str, Samples]
) -> None:
    weighs = Whisper(whisper_directory, words=Words([("你好", 10.0)]), word_weight=0.01)
    result = weighs.recognise(spoken[1], 8_000)
    texts = [one.text for one in result.alternatives]
    assert len(texts) == alternatives.MOST and len({result.text, *texts}) == 1 + len(texts)
    assert all(one.log_odds <= 0.0 for one in result.alternatives)
    assert result.alternatives[0].log_odds >= result.alternatives[-1].log_odds
    told = recognition_of(_told(result)).alternatives
    assert [one.text for one in told] == texts


def test_silence_is_no_speech(recogniser: Recogniser) -> None:
    result = recogniser.recognise(np.zeros(16_000, np.float32), 8_000)
    assert (result.text, result.confidence) == ("", 0.0)


@pytest.mark.parametrize(
    ("samples", "rate_hz", "reason"),
    [
        (np.zeros(16_000, np.float32), 44_100, "44100 Hz"),
        (np.zeros((16_000, 2), np.float32), 16_000, "2 dimensions"),
        (np.zeros(100, np.float32), 8_000, "0.01 s"),
        (np.zeros(61 * 8_000, np.float32), 8_000, "61.00 s"),
        (np.full(16_000, np.nan, np.float32), 8_000, "no numbers"),
    ],
)
def test_unusable_audio_is_refused_with_a_reason(
    recogniser: Recogniser, samples: Samples, rate_hz: int, reason: str
) -> None:
    with pytest.raises(RecogniserError, match=reason):
        recogniser.recognise(samples, rate_hz)


def test_shortest_audio_is_taken(recogniser: Recogniser) -> None:
    assert recogniser.recognise(np.zeros(800, np.float32), 8_000).audio_seconds == pytest.approx(0.1)


def test_speech_longer_than_one_window(recogniser: Recogniser, long_speech: Samples) -> None:
    samples = long_speech[: 36 * 8_000]
    assert len(samples) > 31 * 8_000
    result = recogniser.recognise(samples, 8_000)
    assert result.audio_seconds == pytest.approx(len(samples) / 8_000)
    seconds = len(samples) / 8_000
    assert 1.5 * seconds < len(result.text.replace(" ", "")) < 7 * seconds, "nothing dropped, nothing made up"


def test_a_stream_grows_and_ends(recogniser: Recogniser, spoken: tuple[str, Samples]) -> None:
    stream = recogniser.stream(8_000)
    if stream is None:
        assert recogniser.name == "whisper"
        return
    partials = [stream.feed(spoken[1][start : start + 1_600]) for start in range(0, len(spoken[1]), 1_600)]
    result = stream.finish()
    assert partials[0] == ""
    assert any(partials[:-1]), "a partial result is there before the end"
    assert result.text
    assert result.audio_seconds == pytest.approx(len(spoken[1]) / 8_000)
    with pytest.raises(RecogniserError, match="finished"):
        stream.feed(spoken[1])
    with pytest.raises(RecogniserError, match="finished"):
        stream.finish()


def test_whisper_understands_our_own_voice(whisper_directory: Path, spoken: tuple[str, Samples]) -> None:
    text, samples = spoken
    heard = Whisper(whisper_directory).recognise(samples, 8_000).text
    said = evaluation.comparable(text)
    assert evaluation.edits(said, evaluation.comparable(heard)) <= 0.35 * len(said), heard


def test_vosk_hears_only_its_vocabulary(vosk_directory: Path, spoken: tuple[str, Samples]) -> None:
    words = {"안녕", "네"}
    result = Vosk(vosk_directory, vocabulary=sorted(words)).recognise(spoken[1], 8_000)
    assert set(result.text.split()) <= words


@pytest.mark.parametrize("engine", [Whisper, Vosk, Sherpa])
def test_a_missing_model_says_what_to_do(engine: type[Whisper] | type[Vosk] | type[Sherpa], tmp_path: Path) -> None:
    with pytest.raises(RecogniserError, match=r"missing: .+hotline models fetch"):
        engine(tmp_path)


def test_a_damaged_model_is_one_clear_error(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(RecogniserError, match="cannot be loaded"):
        Whisper(tmp_path)


def test_sherpa_prefers_the_small_files(tmp_path: Path) -> None:
    for name in ("tokens.txt", "encoder-epoch-20.int8.onnx", "encoder-epoch-20.onnx", "decoder.onnx", "joiner.onnx"):
        (tmp_path / name).touch()
    files = model_files(tmp_path)
    assert files["encoder"].name == "encoder-epoch-20.int8.onnx"
    assert files["decoder"].name == "decoder.onnx"


def test_the_factory_follows_the_settings(settings: Settings, whisper_directory: Path) -> None:
    settings.models.symlink_to(whisper_directory.parent)
    assert factory.load(settings).name == "whisper"
    settings.recogniser.engine = "none"
    with pytest.raises(RecogniserError, match="switched off"):
        factory.load(settings)
    settings.recogniser.engine = "sherpa"
    settings.recogniser.model = "nothing-here"
    with pytest.raises(RecogniserError, match="no sherpa-onnx transducer"):
        factory.load(settings)
