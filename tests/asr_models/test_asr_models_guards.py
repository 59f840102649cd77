"""What is no speech gives no text: silence, noise, tones, music."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_models import audio
from asr_models.recogniser import Samples
from asr_models.whisper import Whisper
from asr_models.whisper_guards import Evidence, collapse, confidence, is_hallucination, is_suspect, repeats, too_fast

RATE_HZ = 8_000


@pytest.fixture(scope="module")
def whisper(whisper_directory: Path) -> Whisper:
    return Whisper(whisper_directory)


def _time(seconds: float) -> Samples:
    return (np.arange(int(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32)


def _noise(seconds: float, level: float, seed: int) -> Samples:
    return np.random.default_rng(seed).normal(0.0, level, int(seconds * RATE_HZ)).astype(np.float32)


NOT_SPEECH = {
    "faint noise": _noise(3.0, 0.0005, 1),
    "line noise": _noise(3.0, 0.01, 2),
    "loud noise": _noise(4.0, 0.15, 3),
    "a burst": np.concatenate([np.zeros(8_000, np.float32), _noise(0.25, 0.2, 4), np.zeros(8_000, np.float32)]),
    "a key": 0.2 * np.sin(2 * np.pi * 770 * _time(0.4)) + 0.2 * np.sin(2 * np.pi * 1336 * _time(0.4)),
    "the dial tone": 0.2 * np.sin(2 * np.pi * 450 * _time(3.0)),
    "waiting music": sum(
        0.1 * np.sin(2 * np.pi * hz * _time(5.0)) * np.exp(-3 * (_time(5.0) * 2 % 1)) for hz in (262, 330, 392)
    ),
}


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_no_words_are_made_up(whisper: Whisper, name: str) -> None:
    assert whisper.recognise(np.asarray(NOT_SPEECH[name], np.float32), RATE_HZ).text == ""


def test_speech_in_noise_is_kept(whisper: Whisper, spoken: tuple[str, Samples]) -> None:
    noisy = spoken[1] + _noise(len(spoken[1]) / RATE_HZ, 0.004, 5)[: len(spoken[1])]
    assert len(whisper.recognise(noisy, RATE_HZ).text) >= 8


def test_loops_are_seen_and_cut_but_telephone_numbers_stay() -> None:
    assert repeats("谢谢大家谢谢大家谢谢大家谢谢大家")
    assert collapse("谢谢大家谢谢大家谢谢大家谢谢大家", 8.0) == "谢谢大家"
    assert collapse("打开客厅的空调打开客厅", 1.6) == "打开客厅的空调", "nobody says it a second time that fast"
    assert collapse("打开客厅的空调打开客厅", 3.0) == "打开客厅的空调打开客厅"
    assert not repeats("我的电话是八八八八八八八八")
    assert collapse("一三九八八八八八八八八", 1.0) == "一三九八八八八八八八八"
    assert not repeats("慢慢慢点")


def test_more_words_than_a_mouth_can_say() -> None:
    assert too_fast(Evidence("请不吝点赞订阅转发打赏支持", -0.2, 0.1, loud_seconds=0.3))
    assert not too_fast(Evidence("请帮我转人工", -0.2, 0.1, loud_seconds=1.2))
    assert not too_fast(Evidence("是的", -0.2, 0.1, loud_seconds=0.1))


def test_sure_text_is_not_measured_again_and_unsupported_text_is_dropped() -> None:
    sure = Evidence("小区停水了", -0.3, 0.05, loud_seconds=1.4)
    assert not is_suspect(sure)
    doubtful = Evidence("字幕由志愿者提供", -0.3, 0.8, loud_seconds=2.0)
    assert is_suspect(doubtful)
    assert is_hallucination(doubtful, support=0.4)
    assert not is_hallucination(doubtful, support=4.2)


@given(st.floats(-20, 0), st.none() | st.floats(-5, 20))
def test_confidence_is_a_share(log_probability: float, support: float | None) -> None:
    assert 0.0 <= confidence(log_probability, support) <= 1.0


@given(st.integers(1, 58 * 20), st.integers(0, 2**32 - 1))
def test_cutting_loses_nothing_and_keeps_to_the_limit(length: int, seed: int) -> None:
    samples = np.random.default_rng(seed).normal(0, 0.1, length * 50).astype(np.float32)
    pieces = audio.cut_at_quiet_points(samples, 1_000, 29.0)
    assert np.array_equal(np.concatenate(pieces), samples)
    assert all(0 < len(piece) <= 29_000 for piece in pieces)


def test_the_cut_is_where_it_is_quiet() -> None:
    samples = _noise(40.0, 0.1, 6)
    samples[20 * RATE_HZ : 20 * RATE_HZ + 4_000] = 0.0
    first = audio.cut_at_quiet_points(samples, RATE_HZ, 29.0)[0]
    assert 20.0 <= len(first) / RATE_HZ <= 20.5


def test_upsampling_adds_nothing_above_the_telephone_band() -> None:
    wide = audio.to_model_rate(_noise(2.0, 0.1, 7), RATE_HZ)
    spectrum = np.abs(np.fft.rfft(wide)) ** 2
    hz = np.fft.rfftfreq(len(wide), 1 / 16_000)
    assert spectrum[hz > 4_200].sum() < 1e-6 * spectrum.sum()
    chunks = audio.StreamResampler(RATE_HZ)
    noise = _noise(2.0, 0.1, 7)
    joined = np.concatenate(
        [*(chunks(noise[start : start + 160]) for start in range(0, len(noise), 160)), chunks.flush(0.1)]
    )
    assert np.abs(joined[: len(wide) - 400] - wide[:-400]).max() < 1e-3
