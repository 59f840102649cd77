"""Exports: what a spreadsheet reads back is what the report says, and nothing in it is calculated."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from openpyxl import load_workbook

from seats.reports_export import as_csv, as_workbook, guarded, tables


def figures(contacts: int, **more: Any) -> dict[str, Any]:
    return {
        "contacts": contacts,
        "channels": {"phone": contacts},
        "orders": 1,
        "types": {"投诉": 1},
        "asked": 2,
        "answered": 1,
        "answered_in_time": 1,
        "abandoned": 1,
        "visits": 0,
        "service_level": 0.5,
        "abandonment": 0.5,
        "containment": None,
        "response_rate": None,
        "solution_rate": None,
        "satisfaction_rate": None,
        **more,
    }


REPORT: dict[str, Any] = {
    "slots": [figures(7, slot="2026-01-05", usual=2.0, unusual=True)],
    "totals": figures(7),
    "categories": [
        {
            "level1": '=HYPERLINK("http://x")',
            "level2": "@SUM(A1)",
            "count": 3,
            "usual": 1.0,
            "ratio": 3.0,
            "unusual": False,
        }
    ],
    "streets": [],
}


def test_a_csv_is_read_as_utf8_by_spreadsheets_and_holds_no_formula() -> None:
    slots, categories, _ = tables(REPORT)
    body = as_csv(slots)
    assert body.startswith(b"\xef\xbb\xbf") and b"\r\n" in body
    head, first, total = csv.reader(io.StringIO(body.decode("utf-8-sig")))
    assert head[:5] == ["时段", "来访量", "平时", "异常升高", "电话"]
    assert first[:5] == ["2026-01-05", "7", "2.0", "是", "7"] and total[0] == "合计"
    assert first[head.index("服务水平")] == "0.5" and first[head.index("满意率")] == ""
    row = list(csv.reader(io.StringIO(as_csv(categories).decode("utf-8-sig"))))[1]
    assert row[0].startswith("'=") and row[1].startswith("'@")


def test_a_workbook_has_a_sheet_for_each_table() -> None:
    book = load_workbook(io.BytesIO(as_workbook(tables(REPORT))))
    assert book.sheetnames == ["各时段", "高发类别", "高发街道"]
    sheet = book["各时段"]
    head = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, 2).value == 7 and sheet.cell(3, 1).value == "合计"
    level = sheet.cell(2, head.index("服务水平") + 1)
    assert level.value == 0.5 and level.number_format == "0.0%"
    assert [cell.data_type for cell in book["高发类别"][2]][:3] == ["s", "s", "n"]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("学院路街道", "学院路街道"),
        (-3, -3),
        (None, None),
    ],
)
def test_only_text_that_would_be_calculated_is_guarded(given: Any, written: Any) -> None:
    assert guarded(given) == written
