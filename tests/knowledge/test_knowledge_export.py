from __future__ import annotations

import csv
import io
import json
from argparse import Namespace
from datetime import date
from pathlib import Path

from knowledge_helpers import entry

from base.clock import ManualClock
from base.settings import Settings
from knowledge import cli, export, store
from knowledge.entry import Entry
from storage.engine import Database

DAY = date(2026, 3, 1)


def both(entries: list[Entry]) -> list[Entry]:
    return [*entries, entry("secret", "只给坐席看的问题？", sensitivity="internal"), entry("sum", "=1+1 是什么？")]


def test_only_checked_public_entries_go_out_with_licence_and_date(entries: list[Entry]) -> None:
    licence = "https://data.example.org/licence"
    rows = [json.loads(line) for line in export.json_lines(both(entries), DAY, licence).splitlines()]
    assert {row["id"] for row in rows} == {"heating", "residence", "noise", "fund", "sum"}  # no sample, no secret
    assert {(row["licence"], row["exported_on"]) for row in rows} == {(licence, "2026-03-01")}
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


def test_a_licence_that_was_not_set_is_not_claimed(entries: list[Entry]) -> None:
    assert json.loads(export.json_lines(entries, DAY).splitlines()[0])["licence"] == "未注明"
    assert "license" not in export.faq_object(entries, DAY)
    assert export.faq_object(entries, DAY, "CC0")["license"] == "CC0"


async def test_the_command_leaves_out_what_is_not_in_force(
    database: Database, settings: Settings, entries: list[Entry], tmp_path: Path
) -> None:
    over = entry("flu", "流感疫苗在哪儿打？", effective_to=date(2025, 12, 31))
    await store.save_entries(database, [*entries, over], now=ManualClock().now(), actor="test", reason="")
    target = tmp_path / "open.jsonl"
    assert await cli._export(database, settings, Namespace(path=target, format="jsonl")) == 0
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert {row["id"] for row in rows} == {"heating", "residence", "noise", "fund"}
