from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile

from telephony.audio import FRAME_BYTES
from telephony.recording import Recorder


def frame(value: int) -> bytes:
    return np.full(FRAME_BYTES // 2, value, dtype="<i2").tobytes()


async def test_both_sides_stand_on_one_time_line(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recording = recorder.begin("call-1", datetime(2026, 1, 4, 17, 0, tzinfo=UTC))
    for tick in range(1, 251):  # five seconds: the caller speaks in second 1, the bot in second 3
        elapsed = tick * 0.02
        heard = frame(1000 if 1.0 < elapsed <= 2.0 else 0)
        said = frame(2000) if 3.0 < elapsed <= 4.0 else b""
        recording.add(heard, said, elapsed)
        if tick == 150:
            await asyncio.sleep(0.1)
            assert soundfile.info(recording.path).duration > 1.0, "a valid file in the middle of the call"
    await recording.close()
    recorder.close()
    assert recording.path.parent.name == "2026-01-05"  # the city's date
    data, rate = soundfile.read(recording.path, dtype="int16")
    assert rate == 8000 and data.shape[1] == 2 and abs(len(data) / rate - 5.0) < 0.1
    assert set(data[9600:15200, 0]) == {1000} and set(data[:7800, 0]) == {0}
    assert set(data[25600:31200, 1]) == {2000} and set(data[:23000, 1]) == {0}


async def test_a_full_disk_ends_the_recording_not_the_call(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    recorder = Recorder(blocked)
    recording = recorder.begin("call-1", datetime(2026, 1, 4, tzinfo=UTC))
    for tick in range(1, 300):
        recording.add(frame(1), frame(2), tick * 0.02)
        if tick % 50 == 0:
            await asyncio.sleep(0.05)
    assert recording.failed
    await recording.close()
    recorder.close()
