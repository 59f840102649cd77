"""Documents from Word, HTML and PDF, and workbooks that must not be taken as they are."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from openpyxl import Workbook

from base.clock import ManualClock
from knowledge import store
from knowledge.errors import ImportRefused, KnowledgeError
from knowledge.importers import rich_text
from knowledge.importers.documents import import_documents
from knowledge.importers.tables import read_entries
from storage.engine import Database

HEADINGS = ("编号", "标准问题", "答案", "来源标题")


def word_file(path: Path) -> None:
    document = docx.Document()
    document.add_heading("某市停车管理办法", 0)
    document.add_paragraph("（2024年3月1日某市人民政府令第5号公布）")
    document.add_heading("第一章　总则", 1)
    document.add_paragraph("第一条　为了管理停车，制定本办法。")
    document.add_paragraph("第二条　停车应当：")
    document.add_paragraph("（一）在车位内停放；")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "小型车", "每小时五元"
    document.save(str(path))


async def test_a_word_document_is_cut_into_articles(database: Database, tmp_path: Path) -> None:
    word_file(tmp_path / "a.docx")
    report = await import_documents(database, tmp_path, now=ManualClock().now())
    assert (report.added, report.clauses, report.problems) == (1, 2, [])
    async with database.read() as session:
        (document,) = await store.documents_in_force(session)
        clauses = await store.clauses_in_force(session)
    assert (document.title, document.version_date) == ("某市停车管理办法", "2024-03-01")
    assert clauses[1].text == "停车应当：\n（一）在车位内停放；\n小型车　每小时五元"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_scripts_forms_and_hidden_parts_of_a_page_are_dropped(encoding: str) -> None:
    page = """<html><head><meta charset="%s"><title>养犬通告-某市政府</title><script>alert('一')</script></head><body>
      <nav>首页</nav><h1>养犬通告</h1><p style="display: none">暗语</p><p onclick="steal()">第一条 养犬应当登记。</p>
      <!-- 注释 --><form><input value="二"></form><div>第二条 不得扰民。<br>违者处罚。</div></body></html>"""
    text = rich_text.html((page % encoding).encode(encoding))
    assert text == "# 养犬通告\n第一条 养犬应当登记。\n第二条 不得扰民。\n违者处罚。"


def test_lines_of_a_page_become_paragraphs() -> None:
    lines = ["某办法", "第一章 总则", "第一条 为了加强管", "理，制定本办法。", "第二条 应当：", "（一）登记；"]
    assert rich_text.joined(lines) == [
        "某办法",
        "第一章 总则",
        "第一条 为了加强管理，制定本办法。",
        "第二条 应当：",
        "（一）登记；",
    ]


@pytest.mark.parametrize("suffix", [".docx", ".pdf", ".html"])
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"%PDF-1.7\nbroken"])
async def test_a_damaged_document_is_named_and_nothing_of_it_is_held(
    database: Database, tmp_path: Path, suffix: str, content: bytes
) -> None:
    (tmp_path / "good.md").write_text("# 好办法\n第一条 应当登记。", encoding="utf-8")
    (tmp_path / f"bad{suffix}").write_bytes(content)
    report = await import_documents(database, tmp_path, now=ManualClock().now())
    assert report.added + len(report.problems) == 2
    if suffix != ".html":  # a page is whatever text is in it
        assert [problem.file for problem in report.problems] == [f"bad{suffix}"]


def test_a_pdf_without_text_is_told_to_be_a_scan(tmp_path: Path) -> None:
    import pypdf

    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    with (tmp_path / "scan.pdf").open("wb") as file:
        writer.write(file)
    with pytest.raises(KnowledgeError, match="扫描件"):
        rich_text.pdf((tmp_path / "scan.pdf").read_bytes())


def workbook(path: Path, *rows: tuple[str, ...], merged: str = "") -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (HEADINGS, *rows):
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    book.save(path)
    return path


def test_formulas_are_named_with_row_and_column(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ("one", "一问什么？", "一答什么。", "办法"),
        ("two", "二问什么？", "=A1&B1", "办法"),
    )
    with pytest.raises(ImportRefused) as caught:
        read_entries(path)
    assert [(problem.row, "答案" in problem.message) for problem in caught.value.problems] == [(2, True)]


def test_merged_cells_are_named(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ("one", "一问什么？", "一答什么。", "办法"),
        ("two", "二问什么？", "二答什么。", "办法"),
        merged="D2:D3",
    )
    with pytest.raises(ImportRefused) as caught:
        read_entries(path)
    assert caught.value.problems[0].row == 1
    assert "D2:D3" in caught.value.problems[0].message


def test_rows_are_counted_as_the_sheet_counts_them(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ("one", "一问什么？", "一答什么。", "办法"),
        ("", "", "", ""),
        ("two", "二问什么？", "二答什么。", ""),
    )
    with pytest.raises(ImportRefused) as caught:
        read_entries(path)
    assert {problem.row for problem in caught.value.problems} == {3}
