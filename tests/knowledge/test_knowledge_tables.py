from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from base import settings as base_settings
from base.clock import ManualClock
from base.settings import Settings
from knowledge import cli, samples, store
from knowledge.entry import Entry
from knowledge.errors import ImportRefused, KnowledgeError
from knowledge.importers.tables import read_entries
from storage.engine import Database

HEADINGS = ["编号", "标准问题", "相似问", "答案", "口播", "主题", "来源标题", "发布机关", "条款", "版本日期", "示例"]
ROW = [
    "heating",
    "供暖从哪天开始？",
    "几号供暖；什么时候来暖气",
    "看公告。",
    "",
    "供暖",
    "供热办法",
    "市政府",
    "第三条",
    "2024-01-02",
    "",
]


def plain(**more: Any) -> dict[str, Any]:
    return {
        "id": "heating",
        "question": "供暖从哪天开始？",
        "ask": ["几号供暖"],
        "answer": "看公告。",
        "topic": "供暖",
        "sources": [{"title": "供热办法", "clause": "第三条"}],
        **more,
    }


def test_a_csv_with_chinese_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADINGS, ROW])
    (entry,) = read_entries(path)
    assert entry.ask == ("几号供暖", "什么时候来暖气")
    assert entry.spoken == "看公告。"
    assert entry.sources[0].clause == "第三条"
    assert entry.citations()[0].effective_from == "2024-01-02"


def test_a_workbook_and_a_generated_id(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADINGS)
    sheet.append(["", *ROW[1:]])
    sheet.append([None] * len(ROW))
    book.save(tmp_path / "a.xlsx")
    (entry,) = read_entries(tmp_path / "a.xlsx")
    assert entry.id.startswith("q-")
    assert read_entries(tmp_path / "a.xlsx")[0].id == entry.id


def test_every_row_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [
        plain(),
        plain(id="Not A Slug"),
        plain(id="no-source", sources=[]),
        plain(id="sure-sample", sample=True),
        plain(id="bad-date", sources=[{"title": "办法", "version_date": "2024-13-01"}]),
        plain(),
        plain(id="typo", anwser="x"),
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    with pytest.raises(ImportRefused) as caught:
        read_entries(path)
    assert sorted({problem.row for problem in caught.value.problems}) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.yml", b"{"),
        ("a.yml", b"a: 1"),
        ("a.jsonl", b"{"),
        ("a.xlsx", b"nothing"),
        ("a.pdf", b""),
        ("a.csv", b"\x00"),
    ],
)
def test_a_broken_file_is_refused_in_one_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(KnowledgeError):
        read_entries(tmp_path / name)


async def test_saving_keeps_versions_and_leaves_equal_entries_alone(database: Database) -> None:
    now = ManualClock().now()
    entry = Entry.model_validate(plain())
    first = await store.save_entries(database, [entry], now=now, actor="a", reason="")
    again = await store.save_entries(database, [entry], now=now, actor="a", reason="")
    changed = entry.model_copy(update={"answer": "另一个回答。"})
    third = await store.save_entries(database, [changed], now=now, actor="a", reason="")
    assert (first.added, again.unchanged, third.changed) == (1, 1, 1)
    async with database.read() as session:
        assert await store.revision(session) == 2
        assert (await store.published_entries(session))[0].answer == "另一个回答。"


async def test_a_withdrawn_entry_comes_back_by_import(database: Database) -> None:
    now = ManualClock().now()
    entry = Entry.model_validate(plain())
    await store.save_entries(database, [entry], now=now, actor="a", reason="")
    await store.withdraw_entry(database, entry.id, now=now)
    async with database.read() as session:
        assert await store.published_entries(session) == []
    with pytest.raises(KnowledgeError, match="no published entry"):
        await store.withdraw_entry(database, entry.id, now=now)
    assert (await store.save_entries(database, [entry], now=now, actor="a", reason="")).changed == 1


def test_the_command_line_imports_exports_and_withdraws(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sqlalchemy import create_engine

    from storage.tables import Base

    engine = create_engine(f"sqlite:///{settings.var / 'hotline.db'}")
    Base.metadata.create_all(engine)
    engine.dispose()
    monkeypatch.setattr(base_settings, "load", lambda: settings)
    path = tmp_path / "in.yml"
    path.write_text(yaml.safe_dump([plain()], allow_unicode=True), encoding="utf-8")
    assert cli.command(["import", str(path)]) == 0
    assert "1 added" in capsys.readouterr().out
    assert cli.command(["export", str(tmp_path / "out.yml")]) == 0
    assert read_entries(tmp_path / "out.yml") == read_entries(path)
    capsys.readouterr()
    assert cli.command(["search", "什么时候供暖"]) == 0
    assert "heating" in capsys.readouterr().out
    assert cli.command(["withdraw", "heating"]) == 0
    with pytest.raises(KnowledgeError, match="there is no"):
        cli.command(["import", str(tmp_path / "nowhere")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(KnowledgeError, match="nothing to import"):
        cli.command(["import", str(tmp_path / "empty")])


def test_the_sample_entries_install_twice(settings: Settings) -> None:
    from sqlalchemy import create_engine

    from storage.tables import Base

    engine = create_engine(f"sqlite:///{settings.var / 'hotline.db'}")
    Base.metadata.create_all(engine)
    engine.dispose()
    first = samples.install(settings)
    again = samples.install(settings)
    assert first.added > 100
    assert (again.added, again.changed, again.unchanged) == (0, 0, first.added)
