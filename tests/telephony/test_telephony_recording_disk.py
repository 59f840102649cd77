"""A file system that really is full: a small one of this test's own."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from needs import require

from conversations.journal import Entry, Journal
from storage.keyring import Keyring
from telephony.metrics import PhoneMetrics
from telephony.recording import Recorder

MOMENT = datetime(2026, 1, 4, tzinfo=UTC)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    )
    require(mounted.returncode == 0, "no file system can be mounted here (needs root)")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Until nothing more goes onto it."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4_096))
    return filler


async def test_the_call_goes_on_and_the_next_is_recorded_when_there_is_room(small_disk: Path) -> None:
    metrics = PhoneMetrics()
    recorder = Recorder(small_disk, metrics, keyring=Keyring(lambda: None))
    first = recorder.begin("call-1", MOMENT)
    assert first is not None
    filler = fill(small_disk)
    for tick in range(1, 600):
        first.add(bytes(320), bytes(320), tick * 0.02)
        if tick % 100 == 0:
            await asyncio.sleep(0)
    await first.close()
    assert first.failed, "and nothing was raised into the call"
    assert metrics.registry.get_sample_value("hotline_phone_recordings_total", {"what": "failed"}) == 1.0
    filler.unlink()
    second = recorder.begin("call-2", MOMENT)
    assert second is not None
    second.add(bytes(320), bytes(320), 0.02)
    await second.close()
    assert not second.failed and second.path.stat().st_size > 0
    recorder.close()


async def test_the_journal_says_that_it_could_not_be_written_and_keeps_what_it_has(small_disk: Path) -> None:
    journal = Journal(small_disk / "journal.jsonl")

    def entry(text: str) -> Entry:
        return Entry("c_1", "phone", "speech", text, None, None, MOMENT.isoformat())

    await journal.append(entry("第一句"))
    filler = fill(small_disk)
    with pytest.raises(OSError, match="No space left"):
        await journal.append(entry("很长的一句" * 2_000))
    filler.unlink()
    await journal.append(entry("第三句"))
    (path,) = await journal.waiting(MOMENT)
    said = [found.text for found in await journal.entries(path)]
    assert said == ["第一句", "第三句"]
