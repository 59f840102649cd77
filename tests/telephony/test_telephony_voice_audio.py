"""Shaping for the telephone, and the cache on disk."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.settings import ROOT
from telephony.voice import cache, shaping
from telephony.voice.cache import AudioCache
from telephony.voice.voice import Samples


def _burst(level: float, rate_hz: int = 24_000, seconds: float = 1.0) -> Samples:
    """Something like speech: a modulated tone between silences."""
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    tone = level * np.sin(2 * np.pi * 300 * time_s) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
    silence = np.zeros(rate_hz // 2)
    return np.concatenate([silence, tone, silence]).astype(np.float32)


def _samples(pcm16: bytes) -> Samples:
    return np.frombuffer(pcm16, "<i2").astype(np.float32) / 32768.0


def test_edges_are_trimmed_and_the_pause_is_exact() -> None:
    audio = _samples(shaping.for_telephone(_burst(0.3), 24_000, 0.25))
    assert 1.25 <= len(audio) / 8_000 <= 1.25 + 0.1
    assert not np.any(audio[-2_000:])


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
def test_loudness_is_even(level: float) -> None:
    audio = _samples(shaping.for_telephone(_burst(level), 24_000, 0.0))
    rms = float(np.sqrt(np.mean(audio[800:-800] ** 2)))
    assert rms == pytest.approx(0.1, rel=0.25)
    assert np.abs(audio).max() <= 0.9


def test_no_clicks_at_the_edges() -> None:
    loud = np.full(24_000, 0.5, np.float32)
    audio = _samples(shaping.for_telephone(loud, 24_000, 0.1))
    assert np.abs(np.diff(np.concatenate([[0.0], audio, [0.0]]))).max() < 0.05


def test_nothing_folds_down_from_above_the_band() -> None:
    time_s = np.arange(24_000) / 24_000
    high = (0.5 * np.sin(2 * np.pi * 6_000 * time_s)).astype(np.float32)
    low = (0.05 * np.sin(2 * np.pi * 500 * time_s)).astype(np.float32)
    audio = _samples(shaping.for_telephone(high + low, 24_000, 0.0))[1_000:-1_000]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / 8_000)
    assert spectrum[np.abs(hz - 2_000) < 100].sum() < 1e-6 * spectrum[np.abs(hz - 500) < 100].sum()


@given(st.integers(0, 3_000), st.floats(0, 1.5), st.integers(0, 2**32 - 1))
def test_any_samples_are_taken(length: int, level: float, seed: int) -> None:
    samples = (np.random.default_rng(seed).normal(0, 1, length) * level).astype(np.float32)
    audio = shaping.for_telephone(samples, 24_000, 0.05)
    assert len(audio) % 2 == 0
    assert len(audio) >= 800


def test_the_key_holds_all_that_changes_the_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        cache.key("停水", "a", 1.0),
        cache.key("停电", "a", 1.0),
        cache.key("停水", "b", 1.0),
        cache.key("停水", "a", 1.1),
    }
    before = cache.key("停水", "a", 1.0)
    monkeypatch.setattr(cache, "NORMALISER_VERSION", "another")
    assert len(keys | {cache.key("停水", "a", 1.0)}) == 5
    assert before in keys


def test_what_is_written_is_read(tmp_path: Path) -> None:
    kept = AudioCache(tmp_path, 10_000)
    assert kept.read("ab12") is None
    kept.write("ab12", b"\x01\x02")
    kept.write("cd34", b"")
    assert kept.read("ab12") == b"\x01\x02"
    assert kept.read("cd34") == b"", "nothing to say is kept too"
    assert AudioCache(tmp_path, 10_000).read("ab12") == b"\x01\x02", "another process sees it"


def test_the_least_used_goes_first(tmp_path: Path) -> None:
    kept = AudioCache(tmp_path, 1_000)
    now = time.time()
    for number in range(5):
        kept.write(f"{number:02d}", bytes(150))
        path = next(tmp_path.rglob(f"{number:02d}.audio"))
        os.utime(path, (now - 50_000 + number, now - 50_000 + number))
    assert kept.read("00") is not None, "reading makes it young again"
    kept.write("new", bytes(400))
    assert kept.sweep() <= 900
    assert kept.read("00") is not None
    assert kept.read("new") is not None
    assert kept.read("01") is None


def test_the_folder_never_outgrows_its_limit_by_much(tmp_path: Path) -> None:
    kept = AudioCache(tmp_path, 100_000)
    for number in range(300):
        kept.write(f"{number:04d}", bytes(1_000))
        total = sum(path.stat().st_size for path in tmp_path.rglob("*.audio"))
        assert total <= 105_000


def test_leftovers_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    kept = AudioCache(tmp_path, 1_000)
    kept.write("ab", b"12")
    old, fresh = tmp_path / "ab" / ".ab.dead", tmp_path / "ab" / ".ab.live"
    old.write_bytes(b"1")
    fresh.write_bytes(b"1")
    os.utime(old, (1, 1))
    kept.sweep()
    assert not old.exists()
    assert fresh.exists()
    assert kept.read("ab") == b"12"


def test_many_writers_and_readers_never_see_a_half_file(tmp_path: Path) -> None:
    audio = [bytes([number]) * 20_000 for number in range(4)]
    wrong: list[int] = []

    def write(number: int) -> None:
        own = AudioCache(tmp_path, 30_000)
        for _ in range(60):
            own.write("shared", audio[number])
            own.write(f"{number}", audio[number])

    def read() -> None:
        own = AudioCache(tmp_path, 30_000)
        for _ in range(400):
            found = own.read("shared")
            if found is not None and found not in audio:
                wrong.append(len(found))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)] + [threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-2], lambda b: b[:20] + b"\xff" + b[21:], lambda b: b"", lambda b: b"\x00" * 9]
)
def test_a_spoilt_file_is_found_out(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    kept = AudioCache(tmp_path, 10_000)
    kept.write("ab", bytes(range(100)))
    path = next(tmp_path.rglob("*.audio"))
    path.write_bytes(spoil(path.read_bytes()))
    assert kept.read("ab") is None
    assert not path.exists(), "it is rendered again, not found out again and again"
    kept.write("ab", b"12")
    assert kept.read("ab") == b"12"


def test_a_withdrawn_text_goes_at_every_speed(tmp_path: Path) -> None:
    kept = AudioCache(tmp_path, 10_000)
    for text in ("旧的答复。", "别的答复。"):
        for speed in (1.0, 0.8):
            kept.write(cache.key(text, "a", speed), b"12")
    assert kept.forget([cache.text_key("旧的答复。", "a"), cache.text_key("没有的。", "a")]) == 2
    assert AudioCache(tmp_path, 10_000).read(cache.key("旧的答复。", "a", 0.8)) is None
    assert kept.read(cache.key("别的答复。", "a", 1.0)) == b"12"


_WRITER = """
import sys
from pathlib import Path
from telephony.voice.cache import AudioCache
kept = AudioCache(Path(sys.argv[1]), 10**8)
print("writing", flush=True)
for number in range(10**9):
    kept.write(f"{number % 7:02d}", bytes([number % 251]) * 2_000_000)
"""


@pytest.mark.processes
def test_killed_in_the_middle_of_writing_nothing_is_half(tmp_path: Path) -> None:
    """Real processes, killed as by the kernel, while others go on writing the same names."""
    for _ in range(5):
        writers = [
            subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline()
        time.sleep(0.2)
        for writer in writers:
            writer.kill()
            writer.communicate()
        kept = AudioCache(tmp_path, 10**8)
        names = {path.stem for path in tmp_path.rglob("*.audio")}
        assert names
        for name in names:
            audio = kept.read(name)
            assert audio is not None, "a whole file or none"
            assert len(audio) == 2_000_000 and len(set(audio)) == 1


def test_a_full_disk_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "audio").write_text("a file where the folder should be")
    kept = AudioCache(tmp_path / "audio", 1_000)
    kept.write("ab", b"12")
    assert kept.read("ab") is None
