from __future__ import annotations

import asyncio
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from base import settings
from base.wav import alaw_header
from hotline.cli import main
from storage import migrate
from storage.engine import Database
from storage.keyring import FILE_NAME, Keyring
from storage.sealed_files import ALAW_FRAMES, SealedWriter
from storage.tables import Conversation, Recording


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one recorded conversation."""
    monkeypatch.setenv("HOTLINE_DATA__DIRECTORY", str(tmp_path))
    monkeypatch.setattr(settings, "load", settings.Settings)
    path = tmp_path / "recordings" / "2026-01-05" / "c1.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF")
    asyncio.run(_fill(settings.Settings().database_url))
    return tmp_path


async def _fill(url: str) -> None:
    database, now = Database(url), datetime(2026, 1, 5, tzinfo=UTC)
    await migrate.upgrade(database)
    async with database.write() as session:
        session.add(Conversation(id="c_1", channel="phone", trace_id="t", created_at=now, updated_at=now))
        await session.flush()
        session.add(Recording(conversation_id="c_1", name="2026-01-05/c1.wav", created_at=now))
    await database.close()


def test_a_conversations_recordings_are_listed_and_deleted(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recordings", "list"]) == 0
    assert capsys.readouterr().out == "c_1\t2026-01-05 08:00\t2026-01-05/c1.wav\tthere, plain\n"
    assert main(["recordings", "delete", "c_1"]) == 0
    assert not (data / "recordings/2026-01-05/c1.wav").exists()
    assert main(["recordings", "list"]) == 0
    assert capsys.readouterr().out.endswith("deleted\n")
    assert main(["recordings", "delete", "c_2"]) == 1
    assert "has no recording" in capsys.readouterr().err


@pytest.mark.parametrize("finished", [True, False])
def test_a_sealed_recording_is_saved_as_a_wav(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], finished: bool
) -> None:
    writer = SealedWriter(
        data / "recordings/2026-01-05/c1.wav",
        Keyring(lambda: data / FILE_NAME),
        chunk_bytes=100,
        flags=ALAW_FRAMES,
    )
    writer.write(bytes(200))
    if finished:
        writer.finish()
    writer.close()
    assert main(["recordings", "list"]) == 0
    assert capsys.readouterr().out.endswith("\tthere\n" if finished else "\tcut off\n")
    folder = tmp_path / "saved"
    assert main(["recordings", "save", "c_1", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'c1.wav'}\n"
    assert (folder / "c1.wav").read_bytes() == alaw_header(200) + bytes(200)
    assert (folder / "c1.wav").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(data / "hotline.db") as connection:
        logged = connection.execute("SELECT action, subject FROM audit_entries").fetchall()
    assert logged == [("recording.heard", "c_1")]
    assert main(["recordings", "save", "c_1", str(folder)]) == 1, "nothing is overwritten"
    (data / FILE_NAME).unlink()
    assert main(["recordings", "list"]) == 0
    assert "cannot be opened" in capsys.readouterr().out


def test_a_sweep_by_hand_deletes_what_is_due(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_RECORDING__RETENTION_DAYS", "30")
    old = data / "recordings" / "2025-01-01" / "c0.wav"
    old.parent.mkdir()
    old.write_bytes(bytes(1_000_000))
    os.utime(old, (0, 0))
    assert main(["recordings", "sweep"]) == 0
    out = capsys.readouterr().out
    assert "deleted" in out and not old.exists()
