"""Faults that are put into sound are found, sound without them is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from hotline.trial.listening import Heard, heard, side, summary

RATE_HZ = 8_000


def voice(seconds: float, level: float = 3_000.0) -> np.ndarray:
    """Something like speech: a harmonic tone that swells and fades four times a second."""
    moments = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * 140 * number * moments) / number for number in range(1, 8))
    return np.asarray(level * tone * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * moments)))


def nothing(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE_HZ))


def recorded(folder: Path, caller: np.ndarray, bot: np.ndarray) -> Heard:
    length = max(len(caller), len(bot))
    both = np.stack([np.pad(channel, (0, length - len(channel))) for channel in (caller, bot)], axis=1)
    path = folder / "call.wav"
    soundfile.write(path, both.round().astype(np.int16), RATE_HZ)
    return heard(path)


def test_who_speaks_when(tmp_path: Path) -> None:
    caller = np.concatenate([nothing(2.0), voice(1.5), nothing(3.0)])
    bot = np.concatenate([voice(1.0), nothing(3.3), voice(1.0)])
    measured = recorded(tmp_path, caller, bot)
    assert measured.answer_gaps == pytest.approx((0.8,), abs=0.06)
    assert measured.overlap_seconds == 0.0
    assert measured.longest_silence_seconds == pytest.approx(1.0, abs=0.06)
    assert len(measured.bot.stretches) == 2


def test_talking_at_once_is_counted(tmp_path: Path) -> None:
    measured = recorded(tmp_path, np.concatenate([nothing(1.0), voice(2.0)]), voice(2.0))
    assert measured.overlap_seconds == pytest.approx(1.0, abs=0.1)


def test_sound_without_faults_has_none() -> None:
    clean = side(np.concatenate([nothing(0.5), voice(3.0), nothing(0.5)]).round(), RATE_HZ)
    assert (clean.clicks, clean.cuts, clean.holes, clean.clipped_share) == (0, 0, 0, 0.0)
    assert clean.level_dbfs is not None and -30 < clean.level_dbfs < -15


def test_a_click_a_hole_a_cut_and_clipping_are_found() -> None:
    click = voice(2.0, 400.0).round()
    click[8_000] = 20_000
    assert side(click, RATE_HZ).clicks == 1
    hole = voice(2.0).round()
    hole[1_100:1_260] = 0  # one packet of 20 ms
    assert side(hole, RATE_HZ).holes == 1
    loudest = int(np.argmax(np.abs(voice(1.0))))
    assert side(np.concatenate([voice(1.0)[: loudest + 1], nothing(1.0)]).round(), RATE_HZ).cuts == 1
    assert side(np.clip(voice(1.0, 30_000.0), -32_768, 32_767), RATE_HZ).clipped_share > 0.01


def test_uneven_loudness_is_told() -> None:
    uneven = side(np.concatenate([voice(1.5, 12_000), nothing(1.0), voice(1.5, 3_000)]), RATE_HZ)
    assert uneven.spread_db == pytest.approx(12.0, abs=1.0)


def test_a_recording_has_two_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mono.wav", np.zeros(800, dtype=np.int16), RATE_HZ)
    with pytest.raises(ValueError, match="two"):
        heard(tmp_path / "mono.wav")


def test_many_recordings_in_one_row(tmp_path: Path) -> None:
    one = recorded(tmp_path, voice(1.0), np.concatenate([nothing(1.5), voice(1.0)]))
    row = summary([one, one])
    assert row["recordings"] == 2 and row["bot_holes_a_minute"] == 0.0
    assert summary([])["recordings"] == 0
