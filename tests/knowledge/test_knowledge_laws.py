from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from knowledge_helpers import SHARED
from needs import require
from sqlalchemy import func, select

from base.clock import ManualClock
from base.settings import Settings
from knowledge import store
from knowledge.errors import KnowledgeError
from knowledge.importers import laws
from knowledge.importers.documents import import_documents
from knowledge.service import KnowledgeService
from storage.engine import Database
from storage.tables import KnowledgeClause, KnowledgeDocument

LAW = """# 某市养犬管理条例

2003年9月5日 某市第十二届人民代表大会常务委员会第六次会议通过

2020年11月27日 某市第十五届人民代表大会常务委员会第二十六次会议《关于修改部分地方性法规的决定》修正

2021年1月1日 施行

<!-- INFO END -->

## 第一章　总　则

第一条 为了加强养犬管理，制定本条例。

第二条 养犬人应当遵守下列规定：

（一）不得携犬进入市场；

（二）携犬出户时束犬链。

## 第二章 处罚

第三条之一 违反第二条规定的，
第二条规定的情形除外。

## 附件

危险犬名录
"""


def test_a_law_is_cut_into_its_articles() -> None:
    document = laws.parse(LAW, source="dog.md")
    assert document.title == "某市养犬管理条例"
    assert document.issuing_body == "某市人民代表大会常务委员会"
    assert document.version_date == "2020-11-27"
    assert [clause.article for clause in document.clauses] == ["第一条", "第二条", "第三条之一"]
    assert document.clauses[1].text == "养犬人应当遵守下列规定：\n（一）不得携犬进入市场；\n（二）携犬出户时束犬链。"
    assert document.clauses[2].text == "违反第二条规定的，\n第二条规定的情形除外。"
    assert document.clauses[2].chapter == "第二章 处罚"


def test_without_the_marker_the_notes_end_where_the_text_begins() -> None:
    document = laws.parse(LAW.replace("<!-- INFO END -->", ""), source="dog.md")
    assert document.version_date == "2020-11-27"
    assert len(document.clauses) == 3


def test_a_list_fills_in_a_missing_date_and_never_overrules_the_text() -> None:
    assert laws.parse(LAW, source="x", fallback_date="2024-01-01").version_date == "2020-11-27"
    assert laws.parse("# 某规定\n第一条 内容。", source="x", fallback_date="2024-01-01").version_date == "2024-01-01"
    assert laws.parse("# 某规定\n第一条 内容。", source="x").version_date == ""


def test_a_notice_without_articles_is_cut_at_its_points() -> None:
    document = laws.parse(
        "# 某通知\n\n1999年3月1日 某部发布\n\n前言。\n\n一、第一点。\n\n细则。\n\n二、第二点。", source="x"
    )
    assert [(clause.article, clause.text) for clause in document.clauses] == [
        ("一", "第一点。\n细则。"),
        ("二", "第二点。"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# 只有标题\n", "第一条 没有标题。", "# \n第一条 内容"])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(KnowledgeError):
        laws.parse(text, source="x")


@pytest.mark.parametrize(
    ("note", "body"),
    [
        ("北京市第十五届人民代表大会常务委员会第三十三次会议通过", "北京市人民代表大会常务委员会"),
        ("第十一届全国人民代表大会常务委员会第二十七次会议通过", "全国人民代表大会常务委员会"),
        ("第七届全国人民代表大会第四次会议通过", "全国人民代表大会"),
        ("中华人民共和国国务院令第552号公布", "国务院"),
        ("国家市场监督管理总局令第47号公布", "国家市场监督管理总局"),
        ("国务院发布", "国务院"),
        ("经国务院批准", "国务院"),
        ("《国务院关于修改部分行政法规的决定》第一次修订", ""),
    ],
)
def test_the_issuing_body_is_read_from_the_note_lines(note: str, body: str) -> None:
    assert laws.issuing_body(note) == body


async def test_importing_twice_changes_nothing_and_a_newer_version_supersedes(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "laws"
    folder.mkdir()
    (folder / "dog.md").write_text(LAW, encoding="utf-8")
    now = ManualClock().now()
    assert (await import_documents(database, folder, now=now)).added == 1
    again = await import_documents(database, folder, now=now)
    assert (again.added, again.unchanged) == (0, 1)
    newer = LAW.replace("2020年11月27日", "2024年11月27日").replace("束犬链", "束犬绳")
    (folder / "dog.md").write_text(newer, encoding="utf-8")
    assert (await import_documents(database, folder, now=now)).added == 1
    async with database.read() as session:
        in_force = await store.documents_in_force(session)
        clauses = await store.clauses_in_force(session)
        total = (await session.execute(select(func.count()).select_from(KnowledgeDocument))).scalar_one()
    assert [document.version_date for document in in_force] == ["2024-11-27"]
    assert "束犬绳" in clauses[1].text
    assert total == 2


async def test_an_older_version_imported_later_is_not_in_force(database: Database, tmp_path: Path) -> None:
    for name, year in (("new.md", 2024), ("old.md", 2015)):
        (tmp_path / name).write_text(LAW.replace("2020年", f"{year}年"), encoding="utf-8")
        await import_documents(database, tmp_path / name, now=ManualClock().now())
    async with database.read() as session:
        assert [document.version_date for document in await store.documents_in_force(session)] == ["2024-11-27"]


async def test_a_broken_file_is_named_and_the_others_go_in(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "laws"
    folder.mkdir()
    (folder / "a.md").write_text(LAW, encoding="utf-8")
    (folder / "b.md").write_text("# 空\n", encoding="utf-8")
    (folder / "c.md").write_bytes(b"\xff\xfe\x00\x01")
    (folder / "d.md").write_bytes(LAW.replace("养犬", "养猫").encode("gb18030"))
    report = await import_documents(database, folder, now=ManualClock().now())
    assert report.added == 2
    assert [problem.file for problem in report.problems] == ["b.md", "c.md"]


async def test_a_document_can_be_withdrawn_and_its_predecessor_stands_again(database: Database, tmp_path: Path) -> None:
    for name, year in (("old.md", 2015), ("new.md", 2024)):
        (tmp_path / name).write_text(LAW.replace("2020年", f"{year}年"), encoding="utf-8")
        await import_documents(database, tmp_path / name, now=ManualClock().now())
    async with database.read() as session:
        newest = (await store.documents_in_force(session))[0]
    await store.withdraw_document(database, newest.id)
    async with database.read() as session:
        assert [document.version_date for document in await store.documents_in_force(session)] == ["2015-11-27"]


async def test_a_whole_law_collection_becomes_citable(database: Database, settings: Settings) -> None:
    folder = SHARED / "sources" / "laws"
    require(folder.is_dir(), "the law collection is not beside this checkout (../shared)")
    began = time.monotonic()
    report = await import_documents(database, folder, now=ManualClock().now())
    assert report.problems == []
    assert (report.added, report.unchanged) == (798, 3)  # three files hold a text that another file holds too
    assert time.monotonic() - began < 60
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    async with database.read() as session:
        counted = dict(
            (await session.execute(
                select(KnowledgeDocument.source, func.count()).join(
                    KnowledgeClause, KnowledgeClause.document_id == KnowledgeDocument.id
                ).group_by(KnowledgeDocument.source)
            )).all()
        )  # fmt: skip
    wrong = [
        row["file"] for row in rows if row["articles"] and counted.get(row["file"], row["articles"]) != row["articles"]
    ]
    assert len(counted) == 798
    assert wrong == []
    service = KnowledgeService(database, settings, clock=ManualClock())
    await service.start()
    result = await service.search("12345接到咨询类诉求能当场答的怎么办")
    await service.close()
    assert any(citation.title == "北京市接诉即办工作条例" for hit in result.hits for citation in hit.citations)
    assert all(hit.citations[0].clause.startswith("第") for hit in result.hits)
