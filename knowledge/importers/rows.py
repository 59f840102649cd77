"""The rows of a table file (CSV, Excel, JSON Lines), with their numbers as an editor counts them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from knowledge.errors import ImportRefused, KnowledgeError, RowProblem
from knowledge.importers.documents import read_text
from knowledge.importers.rich_text import refuse_bombs

SUFFIXES: Final = (".csv", ".xlsx", ".jsonl")
MAXIMUM_ROWS: Final = 200_000
_PROBLEMS_AT_MOST: Final = 1_000
_MERGED: Final = re.compile(rb'<mergeCell ref="([A-Z]+(\d+):[A-Z]+\d+)"')

YES: Final = frozenset({"是", "true", "1", "yes", "y", "示例"})
"""What a cell says, in small letters, for a column of yes and no."""

Row = tuple[int, Mapping[Any, Any]]


class TooManyRows(KnowledgeError):
    """The file must be split."""


def read_rows(path: Path, *, limit_rows: int = MAXIMUM_ROWS) -> list[Row]:
    """Number and cells by heading of every row that holds anything. The first row of CSV and Excel is the headings.

    Raises:
        ImportRefused: lines that are no rows; formulas, error values, merged cells: their meaning is not ours to guess.
        KnowledgeError: no such file, or more rows than can be taken at once.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        rows = _comma_rows(path, limit_rows)
    elif suffix == ".jsonl":
        rows = _json_lines(path)
    elif suffix == ".xlsx":
        rows = _sheet(path, limit_rows)
    else:
        raise KnowledgeError(f"{path.name}：表格应为 {'、'.join(SUFFIXES)}，不能导入{suffix or '没有后缀的文件'}")
    _check_count(path.name, rows, limit_rows)
    return rows


def named_cells(row: Mapping[Any, Any], columns: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The cells of a row by our field names, which are what `columns` makes of a heading, or the heading itself.

    A date is told as our files write it; cells beyond the last heading come under a name that no field has.
    """
    for heading, value in row.items():
        if heading is None:
            yield "more cells than headings", value
            continue
        title = str(heading).strip()
        yield columns.get(title, title), f"{value:%Y-%m-%d}" if isinstance(value, datetime | date) else value


def _check_count(name: str, rows: list[Row], limit: int) -> None:
    if len(rows) > limit:
        raise TooManyRows(f"{name} 超过 {limit} 行：请拆分")


def _comma_rows(path: Path, limit: int) -> list[Row]:
    try:
        rows = enumerate(csv.DictReader(io.StringIO(read_text(path), newline="")), start=1)
        return list(islice(rows, limit + 1))
    except csv.Error as error:
        raise KnowledgeError(f"{path.name} 不是可读的 CSV：{error}") from error


def _json_lines(path: Path) -> list[Row]:
    rows: list[Row] = []
    problems: list[RowProblem] = []
    for number, line in enumerate(filter(str.strip, read_text(path).splitlines()), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            problems.append(RowProblem(path.name, number, f"不是有效的 JSON：{error}"))
            continue
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            problems.append(RowProblem(path.name, number, "不是一个 JSON 对象"))
    if problems:
        raise ImportRefused(path.name, problems)
    return rows


def _sheet(path: Path, limit: int) -> list[Row]:
    refuse_bombs(path.read_bytes(), "Excel 工作簿（.xlsx）")
    try:
        book = load_workbook(path, read_only=True, data_only=False)
        sheet = book.worksheets[0]
        found, problems = _rows_of(path.name, sheet, limit)
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


def _rows_of(name: str, sheet: Any, limit: int) -> tuple[list[Row], list[RowProblem]]:
    rows = sheet.iter_rows()
    headings = [str(cell.value or "").strip() for cell in next(rows, ())]
    found: list[Row] = []
    problems: list[RowProblem] = []
    for number, row in enumerate(rows, start=1):
        for heading, cell in zip(headings, row, strict=False):
            if cell.data_type == "f":
                problems.append(RowProblem(name, number, f"“{heading}”是公式：请改为它的值（复制后选择性粘贴为值）"))
            elif cell.data_type == "e":
                problems.append(RowProblem(name, number, f"“{heading}”是错误值 {cell.value}"))
        if any(cell.value not in (None, "") for cell in row):
            found.append((number, dict(zip(headings, (cell.value for cell in row), strict=False))))
        if len(found) > limit or len(problems) > _PROBLEMS_AT_MOST:
            break
    _check_count(name, found, limit)
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
