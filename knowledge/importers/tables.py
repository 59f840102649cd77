"""Questions and answers from YAML, JSON Lines, CSV or Excel: every row checked, nothing imported unless all fit."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from knowledge.entry import Entry, load_yaml_list, validate_rows
from knowledge.errors import ImportRefused, KnowledgeError, RowProblem
from knowledge.importers.documents import read_text
from knowledge.importers.rich_text import refuse_bombs

SUFFIXES: Final = (".yml", ".yaml", ".jsonl", ".csv", ".xlsx")
MAXIMUM_ROWS: Final = 200_000
COLUMNS: Final[Mapping[str, str]] = {
    "编号": "id",
    "标准问题": "question",
    "问题": "question",
    "相似问": "ask",
    "其他问法": "ask",
    "答案": "answer",
    "口播": "spoken",
    "主题": "topic",
    "承办单位": "owner",
    "范围": "scope",
    "对象": "audience",
    "生效日期": "effective_from",
    "失效日期": "effective_to",
    "密级": "sensitivity",
    "示例": "sample",
    "相关": "related",
    "来源": "source_title",
    "来源标题": "source_title",
    "发布机关": "source_issuing_body",
    "文号": "source_document_no",
    "条款": "source_clause",
    "版本日期": "source_version_date",
    "原文": "source_quote",
    "网址": "source_url",
}
"""Column headings in Chinese; the English field names work too (`source_…` for the one source of a row)."""

_ROW_NUMBER: Final = "\x00row"  # where a row stood in its sheet, blank rows counted
_PROBLEMS_AT_MOST: Final = 1_000
_MERGED: Final = re.compile(rb'<mergeCell ref="([A-Z]+(\d+):[A-Z]+\d+)"')
_LIST_SPLIT: Final = re.compile(r"[\n；;|]+")
_YES: Final = frozenset({"是", "true", "1", "yes", "y", "示例"})
_AUDIENCE: Final = {"个人": "person", "企业": "enterprise", "个人和企业": "both", "公开": "public", "内部": "internal"}


class TooManyRows(KnowledgeError):
    """The file must be split."""


def read_entries(path: Path) -> list[Entry]:
    """The entries of one file.

    Raises:
        ImportRefused: a row does not fit (all problems are named). KnowledgeError: the file cannot be read at all.
    """
    suffix = path.suffix.lower()
    if suffix in (".yml", ".yaml"):
        return validate_rows(path.name, load_yaml_list(path))
    if suffix == ".jsonl":
        return validate_rows(path.name, _json_lines(path))
    if suffix == ".csv":
        return validate_rows(path.name, _comma_rows(path))
    if suffix == ".xlsx":
        rows = _sheet(path)
        numbers = [int(row.pop(_ROW_NUMBER)) for row in rows]
        try:
            return validate_rows(path.name, [_row(row) for row in rows])
        except ImportRefused as refused:  # name the rows as the sheet counts them
            raise ImportRefused(
                path.name,
                [RowProblem(path.name, numbers[problem.row - 1], problem.message) for problem in refused.problems],
            ) from refused
    raise KnowledgeError(f"{path.name}: cannot import {suffix or 'a file without an ending'}")


def _comma_rows(path: Path) -> list[dict[str, Any]]:
    """Raises KnowledgeError: no table, or too many rows."""
    try:
        rows = [_row(row) for row in csv.DictReader(io.StringIO(read_text(path), newline=""))]
    except csv.Error as error:
        raise KnowledgeError(f"{path.name} 不是可读的 CSV：{error}") from error
    if len(rows) > MAXIMUM_ROWS:
        raise TooManyRows(f"{path.name} 超过 {MAXIMUM_ROWS} 行：请拆分")
    return rows


def _json_lines(path: Path) -> list[Any]:
    rows: list[Any] = []
    problems: list[RowProblem] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            problems.append(RowProblem(path.name, number, f"is not JSON: {error}"))
    if problems:
        raise ImportRefused(path.name, problems)
    return rows


def _sheet(path: Path) -> list[dict[str, Any]]:
    """The first sheet, its first row being the headings; rows without any value are left out.

    Raises:
        ImportRefused: a cell holds a formula or an error, or cells are merged: what they mean is not ours to guess.
        KnowledgeError: no workbook, or more rows than can be taken at once.
    """
    refuse_bombs(path.read_bytes(), "Excel 工作簿（.xlsx）")
    try:
        book = load_workbook(path, read_only=True, data_only=False)
        sheet = book.worksheets[0]
        found, problems = _rows_of(path.name, sheet)
        merged = _merged(path, getattr(sheet, "_worksheet_path", ""))
        book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError, IndexError, SyntaxError) as error:
        raise KnowledgeError(f"{path.name} 不是可读的 Excel 工作簿（.xlsx）：请在 Excel 中重新保存") from error
    problems += [
        RowProblem(path.name, max(row - 1, 0), f"{cells} 是合并的单元格：请取消合并，每一行都写上自己的内容")
        for cells, row in merged
    ]
    if problems:
        raise ImportRefused(path.name, sorted(problems, key=lambda problem: problem.row))
    return found


def _rows_of(name: str, sheet: Any) -> tuple[list[dict[str, Any]], list[RowProblem]]:
    rows = sheet.iter_rows()
    headings = [str(cell.value or "").strip() for cell in next(rows, ())]
    found: list[dict[str, Any]] = []
    problems: list[RowProblem] = []
    for number, row in enumerate(rows, start=1):
        for heading, cell in zip(headings, row, strict=False):
            if cell.data_type == "f":
                problems.append(RowProblem(name, number, f"“{heading}”是公式：请改为它的值（复制后选择性粘贴为值）"))
            elif cell.data_type == "e":
                problems.append(RowProblem(name, number, f"“{heading}”是错误值 {cell.value}"))
        if any(cell.value not in (None, "") for cell in row):
            found.append({_ROW_NUMBER: number, **dict(zip(headings, (cell.value for cell in row), strict=False))})
        if len(found) > MAXIMUM_ROWS or len(problems) > _PROBLEMS_AT_MOST:
            break
    if len(found) > MAXIMUM_ROWS:
        raise TooManyRows(f"{name} 超过 {MAXIMUM_ROWS} 行：请拆分")
    return found, problems


def _merged(path: Path, member: str) -> list[tuple[str, int]]:
    """Merged ranges of a sheet with their first row; from the file itself: reading by rows does not tell them."""
    with zipfile.ZipFile(path) as archive, archive.open(member.lstrip("/")) as file:
        tail = b""
        found: list[tuple[str, int]] = []
        while chunk := file.read(1 << 20):
            text = tail + chunk
            found += [(m.group(1).decode(), int(m.group(2))) for m in _MERGED.finditer(text)]
            tail = text[-100:] if not _MERGED.search(text[-100:]) else b""
    return found


def _row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A table's row as an entry's fields: Chinese headings, lists in one cell, one source in columns of its own."""
    fields: dict[str, Any] = {}
    source: dict[str, str] = {}
    for heading, value in row.items():
        if heading is None:
            fields["more cells than headings"] = value
            continue
        name = COLUMNS.get(str(heading).strip(), str(heading).strip())
        if isinstance(value, datetime | date):
            value = value.strftime("%Y-%m-%d")
        text = "" if value is None else str(value).strip()
        if not text or not name:
            continue
        if name.startswith("source_"):
            source[name.removeprefix("source_")] = text
        elif name in ("ask", "related"):
            fields[name] = [part.strip() for part in _LIST_SPLIT.split(text) if part.strip()]
        elif name == "sample":
            fields[name] = text.lower() in _YES
        else:
            fields[name] = _AUDIENCE.get(text, text) if name in ("audience", "sensitivity") else text
    if source:
        fields["sources"] = [source]
    fields.setdefault("topic", "其他")
    if "id" not in fields and fields.get("question"):
        fields["id"] = "q-" + sha256(str(fields["question"]).encode()).hexdigest()[:12]
    return fields
