"""Who is shown the answers to a category's questions, and in what words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from outbox_helpers import file_order
from sqlalchemy import text

from base.clock import ManualClock
from storage.engine import Database
from storage.tables import Order, OrderEvent
from workorders import answers
from workorders.export import export
from workorders.outbox import message
from workorders.service import OrderService

OWED: dict[str, Any] = {
    "question": "请问一共欠多少钱？",
    "words": "王建国说欠一万来块，打13900001234",
    "value": 10_000,
    "to": None,
    "about": True,
    "unit": "元",
}
CONTRACT: dict[str, Any] = {**OWED, "question": "请问有没有签合同？", "value": "没有", "about": False, "unit": ""}
EXTRA = answers.kept({"owed_money": OWED, "contract": CONTRACT})


@pytest.mark.parametrize(
    ("value", "to", "about", "unit", "shown"),
    [
        (35_000, None, False, "元", "35000元"),
        (10_000, None, True, "元", "约10000元"),
        (7_000, 8_000, True, "元", "7000至8000元"),
        (6_500, None, False, "元/月", "6500元/月"),
        (16.5, None, False, "℃", "16.5℃"),
        ("没有", None, False, "", "没有"),
        (None, None, False, "", ""),
    ],
)
def test_an_answer_is_written_as_people_write_it(value: Any, to: Any, about: bool, unit: str, shown: str) -> None:
    assert answers.spelled({"value": value, "to": to, "about": about, "unit": unit}) == shown


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        ("老板欠我6,500元，没签合同。住5号楼", []),
        ("老板欠我16,500元，没签合同。住3号楼", ["money"]),
        ("老板欠我6500元，后来签了合同", ["contract"]),
        ("老板欠我3.5万", ["money", "contract"]),
        ("", ["money", "contract"]),
    ],
)
def test_a_corrected_story_keeps_what_it_still_tells(after: str, lost: list[str]) -> None:
    told = {"money": {"words": "老板欠我6500元"}, "contract": {"words": "没签合同"}}
    kept = answers.kept(told)
    assert list(answers.outdated(kept, "老板欠我6500元，没签合同。住3号楼", after)) == lost


@pytest.mark.parametrize(
    ("words", "before", "after", "lost"),
    [
        ("欠我六千五百元", "包工头刘某欠我六千五百元", "包工头刘某，欠我六千五百元", False),
        ("刘某，欠我六千五百元", "包工头刘某欠我六千五百元", "包工头刘某欠我六千五百元，跑了", False),
        ("欠我六千五百元", "包工头刘某欠我六千五百元", "包工头刘某欠我七千五百元", True),
        ("欠我六千", "刘某欠我六千", "刘某欠我六千五", True),
        ("6500元", "刘某欠6500元", "刘某欠16500元", True),
        ("35元", "收了35元", "收了3.5元", True),
        ("欠3", "欠3，催过", "欠3.5万，催过", True),
        ("有", "有人欠工资", "他欠工资", False),  # 有 stands in any story
        ("一万来块吧", "市民称公司拖欠工资约一万元，住3号楼", "市民称公司拖欠工资约一万元，住5号楼", False),
        ("一万来块吧", "市民称公司拖欠工资约一万元", "市民称公司拖欠工资约两万元", True),
        ("九千吧", "市民称公司拖欠工资9000", "市民称公司拖欠工资8000", True),
        ("一万来块吧", "市民称公司拖欠工资", "市民称公司拖欠工资8000元", True),
    ],
)
def test_a_sum_goes_only_where_the_story_tells_another_one(words: str, before: str, after: str, lost: bool) -> None:
    kept = answers.kept({"owed_money": {**OWED, "words": words}})
    assert list(answers.outdated(kept, before, after)) == ["owed_money"] * lost


@pytest.mark.parametrize(
    ("words", "before", "after", "lost"),
    [
        ("签了合同", "进厂时签了合同", "进厂时没签了合同", True),
        ("签过的", "劳动合同已签，拖欠工资", "劳动合同未签，拖欠工资", True),
        ("签过的", "劳动合同已签，拖欠工资", "劳动合同已签；拖欠工钱", False),
    ],
)
def test_a_choice_goes_only_where_the_story_speaks_otherwise_of_it(
    words: str, before: str, after: str, lost: bool
) -> None:
    kept = answers.kept({"contract": {**CONTRACT, "words": words}})
    assert list(answers.outdated(kept, before, after)) == ["contract"] * lost


async def _filed(database: Database, **more: Any) -> tuple[OrderService, str]:
    clock = ManualClock()
    orders = OrderService(database, clock=clock)
    more = {"contact_name": "王建国", "extra": EXTRA, **more}
    return orders, await file_order(database, orders, "c:1", clock, **more)


async def test_the_desk_and_the_unit_read_them_and_whoever_has_the_code_does_not(database: Database) -> None:
    orders, number = await _filed(database)
    view = await orders.view(number, seat="s")
    for shown in (view.desk(), view.for_unit(view.unit)):
        assert [one["text"] for one in shown["answers"]] == ["约10000元", "没有"]
        assert shown["answers"][0]["words"] == OWED["words"]
    assert "answers" not in view.public() and "10000" not in json.dumps(view.public())


async def test_of_a_secret_order_the_unit_reads_no_person(database: Database) -> None:
    orders, number = await _filed(database, confidential=True)
    view = await orders.view(number, seat="s")
    shown = view.for_unit(view.unit)["answers"][0]
    assert shown["text"] == "约10000元" and "王建国" not in shown["words"] and "13900001234" not in shown["words"]


async def test_a_corrected_story_takes_its_answers_along_and_the_event_keeps_them(database: Database) -> None:
    kept = answers.kept(
        {"owed_money": {**OWED, "words": "老板欠我一万来块"}, "contract": {**CONTRACT, "words": "没签"}}
    )
    orders, number = await _filed(database, detail="老板欠我一万来块，没签", extra={**kept, "again": True})
    fields = {"address": "1号"}
    view = await orders.change(number, "correct", actor="seat:s", data={"fields": fields})
    assert len(view.desk()["answers"]) == 2
    fields = {"detail": "老板欠我两万来块，没签"}
    view = await orders.change(number, "correct", actor="seat:s", data={"fields": fields})
    assert [one["words"] for one in view.desk()["answers"]] == ["没签"]
    assert view.fields["extra"]["again"] is True
    old = view.events[-1]["changes"]["old"]
    assert list(old["answers"]) == ["owed_money"] and old["answers"]["owed_money"]["value"] == 10_000
    assert [one["words"] for one in view.for_unit(view.unit)["answers"]] == ["没签"]


async def test_another_time_takes_no_answer_along_that_the_story_did_not_tell(database: Database) -> None:
    kept = answers.kept({"owed_money": {**OWED, "words": "一万来块吧"}})
    orders, number = await _filed(database, detail="市民称公司拖欠工资约一万元", event_time="去年", extra=kept)
    for fields in ({"event_time": "三个月前，约两万元时"}, {"detail": "市民称，公司拖欠工资约一万元。"}):
        view = await orders.change(number, "correct", actor="seat:s", data={"fields": fields})
        assert [one["words"] for one in view.desk()["answers"]] == ["一万来块吧"]
        assert [change["field"] for change in view.desk()["events"][-1]["changes"]] == list(fields)
    view = await orders.change(number, "correct", actor="seat:s", data={"fields": {"detail": "公司拖欠工资约两万元"}})
    *_, gone = view.desk()["events"][-1]["changes"]
    assert view.desk()["answers"] == [] and (gone["label"], gone["new"]) == (OWED["question"], "")
    assert gone["old"] == "约10000元 一万来块吧"


async def test_a_system_with_personal_data_gets_them_and_no_other_one(database: Database) -> None:
    _, number = await _filed(database, confidential=True)
    async with database.read() as session:
        order = await session.get_one(Order, number)
        event = OrderEvent(
            order_no=number, event="dispatch", actor="system:core", note="", data={}, at=order.created_at
        )
        whole = json.loads(message.body("msg_1", order, event, personal=True))["order"]
        bare = json.loads(message.body("msg_1", order, event, personal=False))["order"]
    assert whole["answers"]["owed_money"]["value"] == 10_000 and "王建国" not in json.dumps(whole, ensure_ascii=False)
    assert "answers" not in bare


async def test_an_export_holds_them_with_personal_data_alone(database: Database, tmp_path: Path) -> None:
    await _filed(database)
    for personal in (True, False):
        path = tmp_path / f"{personal}.jsonl"
        await export(database, path, personal=personal)
        (line,) = (one for one in map(json.loads, path.read_text("utf-8").splitlines()) if one["kind"] == "order")
        assert (line.get("answers") or {}).get("owed_money", {}).get("value") == (10_000 if personal else None)


async def test_they_are_sealed_where_they_lie_and_what_lay_there_plain_is_read(database: Database) -> None:
    orders, number = await _filed(database)
    async with database.read() as session:
        stored = (await session.execute(text("select extra from orders"))).scalar_one()
    assert "王建国" not in str(stored) and "owed" not in str(stored)
    async with database.write() as session:
        await session.execute(
            text("update orders set extra = :plain"), {"plain": '{"event_start": "x", "again": true}'}
        )
    view = await orders.view(number, seat="s")
    assert view.fields["extra"]["again"] is True and view.desk()["answers"] == []
