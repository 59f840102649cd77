"""A report as tables, and the tables as CSV or as a workbook. Pure, but for openpyxl's temporary files.

Whoever opens an export does so in a spreadsheet, which takes a cell that begins with one of `=+-@` for a formula. Words
of the catalogue and of places get an apostrophe before them then; numbers are written as numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

Cell = str | int | float | None
CHANNELS: Final[Mapping[str, str]] = {
    "phone": "电话",
    "web": "网页",
    "api": "接口",
    "wechat": "微信",
    "wecom": "微信客服",
}
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_SHARE: Final = "0.0%"


@dataclass(frozen=True, slots=True)
class Table:
    """`shares`: the columns that hold a share from 0 to 1."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shares: frozenset[str] = frozenset()


_SHARES: Final[Mapping[str, str]] = {
    "service_level": "服务水平",
    "abandonment": "放弃率",
    "containment": "智能办结率",
    "response_rate": "响应率",
    "solution_rate": "解决率",
    "satisfaction_rate": "满意率",
}
_COUNTS: Final[Mapping[str, str]] = {
    "asked": "要求人工",
    "answered": "人工接起",
    "answered_in_time": "及时接起",
    "abandoned": "等待中放弃",
    "visits": "回访",
}


def tables(report: Mapping[str, Any]) -> list[Table]:
    """`slots` with a last row for the whole span, `categories`, `streets`."""
    return [
        _slots(report),
        _top(report, "categories", "高发类别", ("level1", "level2"), ("一级类别", "二级类别")),
        _top(report, "streets", "高发街道", ("district", "street"), ("区", "街道")),
    ]


def _slots(report: Mapping[str, Any]) -> Table:
    channels, types = sorted(report["totals"]["channels"]), sorted(report["totals"]["types"])
    columns = (
        "时段",
        "来访量",
        "平时",
        "异常升高",
        *(CHANNELS.get(name, name) for name in channels),
        "工单",
        *(f"工单：{name}" for name in types),
        *_COUNTS.values(),
        *_SHARES.values(),
    )

    def row(name: str, figures: Mapping[str, Any]) -> tuple[Cell, ...]:
        return (
            name,
            figures["contacts"],
            figures.get("usual"),
            "是" if figures.get("unusual") else "",
            *(figures["channels"].get(channel, 0) for channel in channels),
            figures["orders"],
            *(figures["types"].get(kind, 0) for kind in types),
            *(figures[key] for key in (*_COUNTS, *_SHARES)),
        )

    rows = [row(figures["slot"], figures) for figures in report["slots"]]
    return Table("slots", "各时段", columns, (*rows, row("合计", report["totals"])), frozenset(_SHARES.values()))


def _top(report: Mapping[str, Any], key: str, title: str, names: tuple[str, str], columns: tuple[str, str]) -> Table:
    rows = tuple(
        (one[names[0]], one[names[1]], one["count"], one["usual"], one["ratio"], "是" if one["unusual"] else "")
        for one in report[key]
    )
    return Table(key, title, (*columns, "工单", "平时", "为平时的倍数", "异常升高"), rows)


def guarded(value: Cell) -> Cell:
    """Text that a spreadsheet would calculate is made text; everything else stays."""
    if isinstance(value, str) and value.startswith(_BEGINS_FORMULA):
        return f"'{value}"
    return value


def as_csv(table: Table) -> bytes:
    """UTF-8 with the mark that spreadsheets know it by; lines end as RFC 4180 has it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(map(guarded, table.columns))
    for row in table.rows:
        writer.writerow("" if value is None else guarded(value) for value in row)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_workbook(found: Sequence[Table]) -> bytes:
    """One sheet a table. Takes time: not on the event loop."""
    book = Workbook(write_only=True)
    for table in found:
        sheet = book.create_sheet(table.title)
        sheet.freeze_panes = "B2"
        head = []
        for name in table.columns:
            cell = WriteOnlyCell(sheet, guarded(name))
            cell.font = Font(bold=True)
            head.append(cell)
        sheet.append(head)
        for row in table.rows:
            cells = []
            for name, value in zip(table.columns, row, strict=True):
                cell = WriteOnlyCell(sheet, guarded(value))
                if name in table.shares:
                    cell.number_format = _SHARE
                cells.append(cell)
            sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
