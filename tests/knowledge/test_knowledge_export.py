from __future__ import annotations

import csv
import io
import json
from datetime import date

from knowledge_helpers import entry

from knowledge import export
from knowledge.entry import Entry

DAY = date(2026, 3, 1)


def both(entries: list[Entry]) -> list[Entry]:
    return [*entries, entry("secret", "只给坐席看的问题？", sensitivity="internal"), entry("sum", "=1+1 是什么？")]


def test_only_checked_public_entries_go_out_with_licence_and_date(entries: list[Entry]) -> None:
    rows = [json.loads(line) for line in export.json_lines(both(entries), DAY).splitlines()]
    assert {row["id"] for row in rows} == {"heating", "residence", "noise", "fund", "sum"}  # no sample, no secret
    assert {(row["licence"], row["exported_on"]) for row in rows} == {(export.LICENCE, "2026-03-01")}
    assert rows[0]["sources"][0]["clause"] == "第一条"


def test_a_table_holds_no_formula(entries: list[Entry]) -> None:
    text = export.comma_separated(both(entries), DAY)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 5
    assert rows[-1]["question"] == "'=1+1 是什么？"
    assert rows[0]["sources"] == "《测试办法》第一条"


def test_the_page_of_questions_is_that_of_schema_org(entries: list[Entry]) -> None:
    page = json.loads(export.faq_page(both(entries), DAY))
    assert page["@type"] == "FAQPage"
    assert [question["@type"] for question in page["mainEntity"]] == ["Question"] * 5
    assert page["mainEntity"][0]["acceptedAnswer"]["citation"] == ["《测试办法》第一条"]
