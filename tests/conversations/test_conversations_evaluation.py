"""The evaluation of dialogues: its tables of confusion, and the kit's labels."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from base.errors import HotlineError
from base.sections.node import DataSettings
from base.settings import Settings
from conversations import evaluation, scoring
from conversations.evaluation import Stack
from conversations.messages import CitizenTurn, Reply, TurnResult
from conversations.scoring import Result
from conversations.simulated import Case, Played
from storage.engine import Database
from workorders.kit_labels import KitLabels
from workorders.model import CategorySuggestion, OrderDraft

_NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
_LAMPS = CategorySuggestion("010201", "城乡建设", "市政设施", "路灯照明", 0.8)


def _case(identifier: str, expect: dict[str, Any]) -> Case:
    return Case(identifier, "complaint", "web", "楼上装修太吵", {}, expect)


def _result(outcome: str, given: str, *orders: dict[str, Any], **expect: Any) -> Result:
    return Result(Played(_case("c", {"outcome": outcome, **expect}), outcome=given), list(orders))


def test_what_was_given_instead_is_counted() -> None:
    results = [
        _result("order_filed", "order_filed", {"request_type": "投诉"}, request_type="投诉"),
        _result("order_filed", "order_filed", {"request_type": "求助"}, {"request_type": "投诉"}, request_type="投诉"),
        _result("order_filed", "none", request_type="求助"),
        _result("answered", "seat", request_type="咨询", outcome_also=["seat"]),
        _result("seat", "emergency"),
    ]
    tables = scoring.confusion(results)
    assert tables["outcome"] == {
        "answered": {"seat": 1},
        "order_filed": {"none": 1, "order_filed": 2},
        "seat": {"emergency": 1},
    }
    # by order, so two of the second case; nothing of the fourth, whose further outcome leaves its slots unscored
    assert tables["request_type"] == {"投诉": {"投诉": 2, "求助": 1}, "求助": {"none": 1}}
    assert tables["category_level1"] == {}
    assert scoring.summary(results)["confusion"] == tables


def test_the_type_of_a_question_is_the_conversations() -> None:
    asked = Result(Played(_case("c", {"outcome": "answered", "request_type": "咨询"}), outcome="answered"))
    asked.detail["request_type"] = "建议"
    assert scoring.confusion([asked])["request_type"] == {"咨询": {"建议": 1}}
    assert asked.slot("request_type") is False


def _write(folder: Path, level1: str) -> None:
    case = {
        "id": "c1",
        "group": "complaint",
        "channel": "web",
        "opening": "小区门口的路灯不亮",
        "expect": {"outcome": "order_filed", "category_level1": level1, "max_turns": 15},
    }
    (folder / "cases.jsonl").write_text(json.dumps(case, ensure_ascii=False), "utf-8")


def test_an_unknown_label_is_told_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=DataSettings(directory=tmp_path))
    monkeypatch.setattr("base.settings.load", lambda: settings)
    monkeypatch.setattr(Stack, "start", lambda self: pytest.fail("the rooms were started"))
    _write(tmp_path, "渔业")
    with pytest.raises(HotlineError, match=r"case c1 has labels that no first level of .*kit_labels\.yml has: 渔业"):
        evaluation.command([str(tmp_path), "--json"])


class _Filing:
    """Files what is said first as an order of 城乡建设."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    async def citizen_turn(self, conversation_id: str | None, turn: CitizenTurn) -> TurnResult:
        draft = OrderDraft("求助", "路灯不亮", turn.text, "web", category=_LAMPS)
        async with self._stack.database.write() as session:
            filed = await self._stack.orders.file(session, draft, key="c1:1", now=_NOW, actor="bot:policy")
        return TurnResult("c1", (Reply("已登记。"),), outcome="order_filed", orders=(filed.order_no,))

    async def hang_up(self, conversation_id: str, *, reason: str) -> None:
        raise AssertionError("the play ends with an outcome")


async def test_orders_are_compared_in_the_kits_labels(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(Settings(data=DataSettings(directory=tmp_path)), database)
    _write(tmp_path, "住房")
    cases = evaluation.read_cases(tmp_path)
    labels = KitLabels({"城乡建设": "住房", "民政": "其他"}, "labels.yml")
    evaluation.check_labels(cases, labels)
    results = await evaluation.evaluate(stack, _Filing(stack), cases, labels=labels)
    assert results[0].slot("category_level1") is True
    evaluation._print(results, verbose=False, seconds=1.0)
    told = capsys.readouterr().out.splitlines()
    start = told.index("category_level1:")
    assert told[start + 1 : start + 3] == ["expected \\ given  1", "1 住房            1"]
    assert "outcome:" in told
    stack.first_levels = ("城乡建设", "渔业")
    with pytest.raises(HotlineError, match=r"labels\.yml has no label for our first level 渔业"):
        await evaluation.evaluate(stack, _Filing(stack), cases, labels=labels)
