"""`hotline audit`, `hotline keys` and `hotline seat` at the terminal: what they do, and that each is in the log."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from base.sections.node import DataSettings
from base.settings import Settings
from hotline import cli
from storage.engine import Database
from storage.keyring import Keyring
from storage.sealed_files import FileSafe
from storage.tables import Conversation

NUMBER = "13900001234"
NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = Settings(data=DataSettings(directory=tmp_path))
    monkeypatch.setattr("base.settings.load", lambda: chosen)
    assert cli.main(["seat", "add", "ann", "--role", "seat"]) == 0
    return chosen


def _actions(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "hotline.db") as connection:
        return [row[0] for row in connection.execute("SELECT action FROM audit_entries ORDER BY seq")]


def test_the_log_is_verified_exported_and_shown(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["seat", "role", "ann", "leader"]) == 0
    assert cli.main(["audit", "verify"]) == 0
    told = capsys.readouterr().out
    seal = told.split("seal ")[1].split()[0]
    assert "2 entries, 1 to 2" in told and told.endswith("whole\n")
    path = tmp_path / "log.jsonl"
    assert cli.main(["audit", "export", str(path)]) == 0
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["action"] for line in lines] == ["account.added", "account.role"] and lines[1]["seal"] == seal
    assert lines[1]["detail"] == {"before": "seat", "after": "leader"}
    assert cli.main(["audit", "export", str(path)]) == 1  # never over a file that is there
    capsys.readouterr()
    assert cli.main(["audit", "show", "--action", "account.role"]) == 0
    assert "account.role\tterminal:" in capsys.readouterr().out
    assert cli.main(["audit", "verify", "--seal", seal]) == 0
    with sqlite3.connect(tmp_path / "hotline.db") as connection:
        connection.execute("DROP TRIGGER audit_entries_no_update")
        connection.execute("UPDATE audit_entries SET actor = 'seat:nobody' WHERE seq = 1")
    assert cli.main(["audit", "verify"]) == 1
    assert "entry 1 is not as it was written" in capsys.readouterr().out
    assert cli.main(["audit", "verify", "--seal", "f" * 64]) == 1


def test_keys_are_rotated_and_retired_once_nothing_needs_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def call() -> None:
        database = Database(settings.database_url)
        async with database.write() as session:
            session.add(
                Conversation(
                    id="c1", channel="phone", trace_id="t", state={"a": NUMBER}, caller_number=NUMBER,
                    created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
        await database.close()

    asyncio.run(call())
    for name, sealed in (("at_1", True), ("at_2", False)):
        path = tmp_path / "attachments" / name
        writer = FileSafe(Keyring(lambda: tmp_path / "contact_keys.json"), sealing=sealed).create(path)
        writer.finish()
        os.utime(path, (1_000, 1_000))
    monkeypatch.setattr("seats.keys_cli.SETTLE_SECONDS", 0.0)
    assert cli.main(["keys", "retire"]) == 0  # there is no old one
    assert cli.main(["keys", "rotate"]) == 0 and cli.main(["keys", "retire"]) == 1
    assert "not yet" in capsys.readouterr().err
    assert cli.main(["keys", "reseal"]) == 0
    told = capsys.readouterr().out
    assert "3 values" in told  # the number, the state, the detail of the outcome
    assert "1 files follow the key, 1 that were plain are sealed, 0 are left" in told
    monkeypatch.setattr(settings.cluster, "node", "a")
    assert cli.main(["keys", "retire"]) == 1, "other nodes have files of their own"
    assert "--other-nodes-done" in capsys.readouterr().err
    monkeypatch.setattr(settings.cluster, "node", "")
    assert cli.main(["keys", "retire"]) == 0 and cli.main(["keys", "show"]) == 0
    told = capsys.readouterr().out
    assert (
        told.count("current") == 1
        and "conversations.caller_number" in told
        and "plain" not in told
        and "attachments/" in told
    )
    assert _actions(tmp_path) == ["account.added", "keys.rotated", "keys.retired"]
    (tmp_path / "contact_keys.json").unlink()
    assert cli.main(["keys", "show"]) == 1  # a new file would be another's
    assert "does not belong" in capsys.readouterr().err


def test_a_lost_telephone_and_a_lost_login(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["seat", "forget-factor", "ann"]) == 0
    assert "had no second factor" in capsys.readouterr().out
    assert cli.main(["seat", "logout", "bob"]) == 1
    assert "no seat has the login" in capsys.readouterr().err


def test_the_number_of_a_citizen_is_not_on_the_command_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("find", "erase"):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{NUMBER}\n"))
        assert cli.main(["citizens", command]) == 0
    told = capsys.readouterr().out
    assert NUMBER not in told and "139****1234: would be erased" in told and "139****1234: erased" in told
