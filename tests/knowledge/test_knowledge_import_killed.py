"""`kill -9` in the middle of an import: nothing is held in part, and the same import goes on where it stopped."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from base.settings import ROOT, Settings
from storage.engine import Database

pytestmark = pytest.mark.long

DOCUMENTS = 120
ARTICLES = 25
ENTRIES = 4_000
PATIENCE_SECONDS = 240.0


def _import(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    code = "import sys; from hotline.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "kb", "import", str(folder)],
        cwd=ROOT,
        env={**os.environ, "HOTLINE_DATA__DIRECTORY": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _kill_when(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """SIGKILL as soon as `reached` holds; fails if the import ends before."""
    until = time.monotonic() + PATIENCE_SECONDS
    try:
        while not reached():
            assert process.poll() is None, "the import was over before it could be killed"
            assert time.monotonic() < until, "the import never came so far"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def _count(path: Path, table: str, where: str = "1=1") -> int:
    with closing(sqlite3.connect(path, timeout=30.0)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])  # noqa: S608


def _writing(path: Path) -> bool:
    """Whether somebody is in the middle of a transaction that writes."""
    with closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


def _law(number: int) -> str:
    articles = "\n\n".join(
        f"第{at}条 第{number}号规定的第{at}项内容，养犬人应当遵守。" for at in range(1, ARTICLES + 1)
    )
    return f"# 某市第{number}号管理条例\n\n2020年1月1日 施行\n\n<!-- INFO END -->\n\n{articles}\n"


def test_documents_are_whole_or_missing_and_the_rest_follows(
    tmp_path: Path, settings: Settings, database: Database
) -> None:
    path = settings.var / "hotline.db"
    folder = tmp_path / "laws"
    folder.mkdir()
    for number in range(DOCUMENTS):
        (folder / f"law-{number}.md").write_text(_law(number), encoding="utf-8")

    _kill_when(_import(folder, settings.var), lambda: _count(path, "knowledge_documents") >= 5)
    held = _count(path, "knowledge_documents")
    assert 5 <= held < DOCUMENTS
    assert _count(path, "knowledge_clauses") == held * ARTICLES

    again = _import(folder, settings.var)
    told, _ = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0
    assert f"documents: {DOCUMENTS - held} added" in told.decode()
    assert f"{held} unchanged" in told.decode()
    assert _count(path, "knowledge_clauses") == DOCUMENTS * ARTICLES


def test_entries_of_one_file_are_all_there_or_none(tmp_path: Path, settings: Settings, database: Database) -> None:
    path = settings.var / "hotline.db"
    folder = tmp_path / "entries"
    folder.mkdir()
    rows = [
        {"id": f"e-{number}", "question": f"第{number}号事项怎么办？", "answer": "到窗口办理。", "topic": "测试"}
        | {"spoken": "到窗口办理。", "sample": True}
        for number in range(ENTRIES)
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "entries.jsonl").write_text(lines, encoding="utf-8")

    _kill_when(_import(folder, settings.var), lambda: _writing(path))
    assert _count(path, "knowledge_entries") == 0
    assert _count(path, "knowledge_versions") == 0

    for expected in (f"{ENTRIES} added, 0 changed, 0 unchanged", f"0 added, 0 changed, {ENTRIES} unchanged"):
        again = _import(folder, settings.var)
        told, _ = again.communicate(timeout=PATIENCE_SECONDS)
        assert again.returncode == 0
        assert expected in told.decode()
    assert _count(path, "knowledge_entries") == ENTRIES
    assert _count(path, "knowledge_versions") == ENTRIES
