"""A backup taken while everything runs comes back whole, or not at all."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from base.sections.node import DatabaseSettings, DataSettings
from base.settings import Settings
from storage import backup, migrate
from storage.backup import BackupError
from storage.cli import backup_command, db_command, restore_command
from storage.engine import Database
from storage.tables import Conversation, Turn

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def settings_in(folder: Path) -> Settings:
    return Settings(data=DataSettings(directory=folder), database=DatabaseSettings(url=""))


async def fill(database: Database, first: int, count: int) -> None:
    """Conversations of two turns each: one without its turns would be a torn backup."""
    for number in range(first, first + count):
        async with database.write() as session:
            session.add(
                Conversation(
                    id=f"c{number}", channel="web", trace_id="t", status="open", created_at=NOW, updated_at=NOW
                )
            )
            await session.flush()
            for seq in (1, 2):
                session.add(
                    Turn(
                        conversation_id=f"c{number}", seq=seq, role="citizen", kind="text", text="暖气", created_at=NOW
                    )
                )


@pytest.fixture
async def running(tmp_path: Path) -> Settings:
    chosen = settings_in(tmp_path / "var")
    await migrate.upgrade_url(chosen.database_url)
    database = Database(chosen.database_url)
    await fill(database, 0, 20)
    await database.close()
    for name, content in (
        ("recordings/2026/a.wav", b"RIFF" + bytes(200_000)),
        ("journal/conversations.jsonl", b"{}\n"),
        ("unit_keys.yml", b"unit: x\n"),
        ("models/big.bin", b"not data"),
    ):
        path = chosen.var / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return chosen


async def test_a_backup_taken_while_writing_is_one_moment(running: Settings, tmp_path: Path) -> None:
    database = Database(running.database_url)
    writing = asyncio.create_task(fill(database, 100, 150))
    made: list[Path] = []
    while not writing.done() and len(made) < 4:
        made.append(tmp_path / f"{len(made)}.tar")
        await asyncio.to_thread(backup.backup, running, made[-1], now=NOW)
    await writing
    assert made
    await database.close()
    for archive in made:
        chosen = settings_in(tmp_path / f"back-{archive.stem}")
        backup.restore(chosen, archive)
        restored = Database(chosen.database_url)
        async with restored.read() as session:
            contacts = (await session.execute(select(func.count()).select_from(Conversation))).scalar_one()
            turns = (await session.execute(select(func.count()).select_from(Turn))).scalar_one()
        await restored.close()
        assert contacts >= 20 and turns == 2 * contacts


async def test_everything_comes_back_and_models_do_not(running: Settings, tmp_path: Path) -> None:
    made = backup.backup(running, tmp_path / "b.tar", now=NOW)
    assert (made.members, made.with_database) == (5, True)  # one is the key file
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    target = settings_in(tmp_path / "new")
    (target.var / "models").mkdir(parents=True)  # models may be there already
    backup.restore(target, tmp_path / "b.tar")
    for name in ("recordings/2026/a.wav", "journal/conversations.jsonl", "unit_keys.yml"):
        assert (target.var / name).read_bytes() == (running.var / name).read_bytes()
    assert not (target.var / "models" / "big.bin").exists()
    database = Database(target.database_url)
    assert (await migrate.state(database)).up_to_date
    await database.close()


async def test_a_folder_in_use_is_refused_untouched(running: Settings, tmp_path: Path) -> None:
    backup.backup(running, tmp_path / "b.tar", now=NOW)
    before = (running.var / "hotline.db").read_bytes()
    with pytest.raises(BackupError, match="exists"):
        backup.restore(running, tmp_path / "b.tar")
    assert (running.var / "hotline.db").read_bytes() == before
    other = settings_in(tmp_path / "other")
    (other.var / "recordings").mkdir(parents=True)
    (other.var / "recordings" / "x.wav").touch()
    with pytest.raises(BackupError, match="recordings"):
        backup.restore(other, tmp_path / "b.tar")
    with pytest.raises(BackupError, match="never overwritten"):
        backup.backup(running, tmp_path / "b.tar", now=NOW)


def _damaged(source: Path, target: Path, change: str) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for head in old:
            stream = old.extractfile(head)
            assert stream is not None
            data = stream.read()
            if change == "flip" and head.name.endswith(".wav"):
                data = data[:1000] + b"\x01" + data[1001:]
            if change == "drop" and head.name.endswith(".wav"):
                continue
            new.addfile(head, io.BytesIO(data))
        if change in ("escape", "link"):
            head = tarfile.TarInfo("../evil" if change == "escape" else "recordings/link")
            if change == "link":
                head.type, head.linkname = tarfile.SYMTYPE, "/etc/passwd"
            new.addfile(head, io.BytesIO(b""))


@pytest.mark.parametrize("change", ["flip", "drop", "escape", "link", "cut", "other", "missing"])
async def test_a_damaged_backup_restores_nothing(running: Settings, tmp_path: Path, change: str) -> None:
    backup.backup(running, tmp_path / "b.tar", now=NOW)
    damaged = tmp_path / "damaged.tar"
    if change == "cut":
        damaged.write_bytes((tmp_path / "b.tar").read_bytes()[:50_000])
    elif change == "other":
        damaged.write_bytes(b"something else")
    elif change != "missing":
        _damaged(tmp_path / "b.tar", damaged, change)
    target = settings_in(tmp_path / "new")
    with pytest.raises(BackupError):
        backup.restore(target, damaged)
    assert not target.var.exists() or os.listdir(target.var) == []
    assert not (tmp_path / "evil").exists()


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no database"):
        backup.backup(settings_in(tmp_path / "var"), tmp_path / "b.tar", now=NOW)
    assert list(tmp_path.glob("*.tar*")) == []


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = {"now": settings_in(tmp_path / "var")}
    monkeypatch.setattr("base.settings.load", lambda: chosen["now"])
    assert db_command(["show"]) == 0
    assert "no database yet" in capsys.readouterr().out and not (tmp_path / "var").exists()
    assert db_command(["upgrade"]) == 0 and db_command(["show"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert backup_command([str(tmp_path / "b.tar")]) == 0
    chosen["now"] = settings_in(tmp_path / "var2")
    assert restore_command([str(tmp_path / "b.tar")]) == 0
    assert "restored" in capsys.readouterr().out
    assert db_command(["show"]) == 0
