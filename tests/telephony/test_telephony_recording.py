from __future__ import annotations

import asyncio
import io
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from base.clock import ManualClock
from storage.keyring import Keyring
from storage.sealed_files import FileSafe
from telephony.audio import FRAME_BYTES, alaw_to_pcm, pcm_to_alaw
from telephony.metrics import PhoneMetrics
from telephony.recording import Recorder, Recording
from telephony.retention import RetentionRules

KEYRING = Keyring(lambda: None)  # keys in memory


def frame(value: int) -> bytes:
    return np.full(FRAME_BYTES // 2, value, dtype="<i2").tobytes()


def decoded(value: int) -> int:
    """What a sample is after A-law."""
    return int(np.frombuffer(alaw_to_pcm(pcm_to_alaw(np.array([value], "<i2").tobytes())), "<i2")[0])


def begin(recorder: Recorder, moment: datetime) -> Recording:
    recording = recorder.begin("call-1", moment)
    assert recording is not None
    return recording


def sound(path: Path) -> io.BytesIO:
    with closing(FileSafe(KEYRING).open(path)) as file:
        return io.BytesIO(file.read(0, file.length))


@pytest.mark.parametrize("keyring", [KEYRING, None], ids=["sealed", "plain"])
async def test_both_sides_stand_on_one_time_line(tmp_path: Path, keyring: Keyring | None) -> None:
    recorder = Recorder(tmp_path, PhoneMetrics(), keyring=keyring)
    recording = begin(recorder, datetime(2026, 1, 4, 17, 0, tzinfo=UTC))
    for tick in range(1, 251):  # five seconds: the caller speaks in second 1, the bot in second 3
        elapsed = tick * 0.02
        heard = frame(1000 if 1.0 < elapsed <= 2.0 else 0)
        said = frame(2000) if 3.0 < elapsed <= 4.0 else b""
        recording.add(heard, said, elapsed)
        if tick % 25 == 0:
            await asyncio.sleep(0.01)
        if tick == 150:
            assert soundfile.info(sound(recording.path)).duration > 2.2, "less than a second is lost by a crash"
    await recording.close()
    recorder.close()
    assert recording.path.parent.name == "2026-01-05"  # the city's date
    data, rate = soundfile.read(sound(recording.path), dtype="int16")
    assert rate == 8000 and data.shape[1] == 2 and abs(len(data) / rate - 5.0) < 0.1
    loud, louder, quiet = (decoded(value) for value in (1000, 2000, 0))
    assert set(data[9600:15200, 0]) == {loud} and set(data[:7800, 0]) == {quiet}
    assert set(data[25600:31200, 1]) == {louder} and set(data[:23000, 1]) == {quiet}
    assert soundfile.info(sound(recording.path)).subtype == "ALAW"
    assert stat.S_IMODE(recording.path.stat().st_mode) == 0o600
    assert len(sound(recording.path).getvalue()) == 58 + 2 * len(data), "one byte a sample"
    stored = recording.path.read_bytes()
    assert (sound(recording.path).getvalue()[:200] in stored) == (keyring is None)
    with closing(FileSafe(KEYRING).open(recording.path)) as file:
        assert (file.complete, file.sealed) == (True, keyring is not None)


async def test_a_killed_phone_leaves_what_was_said_until_less_than_a_second_before(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PhoneMetrics(), keyring=KEYRING)
    recording = begin(recorder, datetime(2026, 1, 4, tzinfo=UTC))
    for tick in range(1, 176):
        recording.add(frame(1000), frame(2000), tick * 0.02)
        await asyncio.sleep(0.002)
    recorder.close()  # what was handed to the disk is there; nothing is closed
    with closing(FileSafe(KEYRING).open(recording.path)) as file:
        assert not file.complete and file.length - 58 >= 2.5 * 16_000


async def test_without_a_key_calls_go_on_and_are_told_of_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("telephony.recording._LOOK_SECONDS", 0.01)
    elsewhere, metrics = tmp_path / "disk" / "keys.json", PhoneMetrics()
    recorder = Recorder(tmp_path, metrics, keyring=Keyring(lambda: elsewhere, make=False))
    watching = asyncio.create_task(recorder.run(ManualClock()))
    await asyncio.sleep(0.1)
    moment = datetime(2026, 1, 4, tzinfo=UTC)
    assert recorder.begin("call-1", moment) is None and not elsewhere.exists()
    assert metrics.registry.get_sample_value("hotline_phone_recording_possible") == 0.0
    assert capsys.readouterr().out.count("recordings cannot be sealed") == 1
    assert Keyring(lambda: elsewhere).keys  # its disk is there again
    await asyncio.sleep(0.1)
    assert recorder.begin("call-2", moment) is not None
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    recorder.close()


async def test_a_full_disk_ends_the_recording_not_the_call(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    metrics = PhoneMetrics()
    recorder = Recorder(blocked, metrics)
    recording = begin(recorder, datetime(2026, 1, 4, tzinfo=UTC))
    for tick in range(1, 300):
        recording.add(frame(1), frame(2), tick * 0.02)
        if tick % 50 == 0:
            await asyncio.sleep(0.05)
    assert recording.failed
    assert metrics.registry.get_sample_value("hotline_phone_recordings_total", {"what": "failed"}) == 1.0
    await recording.close()
    recorder.close()


async def test_what_came_over_an_alaw_line_is_kept_to_the_bit(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PhoneMetrics())
    recording = begin(recorder, datetime(2026, 1, 4, tzinfo=UTC))
    codes = np.random.default_rng(1).integers(0, 256, 8000, dtype=np.uint8).tobytes()
    for tick in range(50):
        recording.add(alaw_to_pcm(codes[160 * tick : 160 * (tick + 1)]), b"", 0.02 * (tick + 1))
    await recording.close()
    recorder.close()
    assert recording.path.read_bytes()[58::2] == codes


async def test_a_disk_that_fills_up_means_calls_without_recording_and_one_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, free = PhoneMetrics(), [5_000_000_000]
    monkeypatch.setattr("telephony.recording._free_bytes", lambda directory: free[0])
    monkeypatch.setattr("telephony.recording._LOOK_SECONDS", 0.01)
    recorder = Recorder(tmp_path, metrics, RetentionRules(keep_free_bytes=1_000_000_000))
    watching = asyncio.create_task(recorder.run(ManualClock()))
    await asyncio.sleep(0.2)
    moment = datetime(2026, 1, 4, tzinfo=UTC)
    assert recorder.begin("call-1", moment) is not None
    free[0] = 900_000_000
    await asyncio.sleep(0.2)
    assert recorder.begin("call-2", moment) is None
    assert metrics.registry.get_sample_value("hotline_phone_recording_possible") == 0.0
    free[0] = 5_000_000_000
    await asyncio.sleep(0.2)
    assert recorder.begin("call-3", moment) is not None
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    recorder.close()
    assert capsys.readouterr().out.count("the disk is full") == 1
