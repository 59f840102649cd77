"""What a category's questions bring, each answer by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base.errors import ConfigurationError
from bot import family_answers, intake
from bot.state import Matter, State


def matter(opening: str, detail: str = "", kind: str = "投诉", **answers: str) -> Matter:
    """`answers`: key (`__` for two in one breath) -> what was answered."""
    made = Matter(1, "order", f"{opening}。{detail}", request_type=kind, opening=opening, detail=detail)
    for key, words in answers.items():
        made.detail = f"{made.detail}。{words}" if made.detail else words
        family_answers.keep(made, key.replace("__", intake.KEYS), words, "请问……？")
    return made


def values(made: Matter) -> dict[str, Any]:
    """name -> value with its unit; a range as a pair."""
    found = {}
    for name, one in family_answers.of(made).items():
        value = one["value"] if one["to"] is None else (one["value"], one["to"])
        found[name] = (value, one["unit"]) if one["unit"] else value
    return found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (
            "一个月六千五，拖了四个月，没签合同",
            {"owed_rate": (6_500, "元/月"), "owed_months": (4, "个月"), "contract": "没有"},
        ),
        ("三个月，一共三万五", {"owed_money": (35_000, "元"), "owed_months": (3, "个月")}),
        ("七八千吧，没有", {"owed_money": ((7_000, 8_000), "元"), "contract": "没有"}),
        ("半年，12,000元，签了合同", {"owed_money": (12_000, "元"), "owed_months": (6, "个月"), "contract": "有"}),
        ("欠三万，不对，三万五", {"owed_money": (35_000, "元")}),
        ("一共两万六，先给了五千", {"owed_money": (26_000, "元")}),
        ("说给两万，后来说一万八", {"owed": None}),
        ("记不清了", {"owed": None, "contract": None}),
    ],
)
def test_wages(answer: str, found: dict[str, Any]) -> None:
    assert values(matter("公司拖欠我工资", owed__contract=answer)) == found


@pytest.mark.parametrize(
    ("answer", "yuan"),
    [
        ("欠三万，不是两万", 30_000),
        ("是三万五，不是三万", 35_000),
        ("不是三万，是三万五", 35_000),
        ("一共三万，不是什么大钱，给过五千", 30_000),
        ("三万，打错了，两万", 20_000),
        ("三万，改成两万五", 25_000),
    ],
)
def test_a_sum_that_is_denied_is_not_the_one(answer: str, yuan: int) -> None:
    assert values(matter("公司拖欠我工资", owed=answer))["owed_money"] == (yuan, "元")


@pytest.mark.parametrize(
    ("answer", "contract"), [("没有劳动合同", "没有"), ("没有书面合同", "没有"), ("有没有合同我也说不清", None)]
)
def test_whether_there_is_a_contract(answer: str, contract: str | None) -> None:
    assert values(matter("公司拖欠我工资", contract=answer)).get("contract") in (contract, (None, ""))


def test_what_the_story_told_is_an_answer_with_the_question_that_was_not_needed() -> None:
    made = matter("工地欠我们十几个人工资三个月了，一共三万五，老板跑了，没签合同")
    assert values(made) == {"owed_money": (35_000, "元"), "owed_months": (3, "个月"), "contract": "没有"}
    money = family_answers.of(made)["owed_money"]
    assert money["question"] == "请问一共欠几个月、多少钱？"
    assert money["words"] == "工地欠我们十几个人工资三个月了，一共三万五"


def test_each_part_has_the_words_that_told_it() -> None:
    found = family_answers.of(matter("老板欠我两个月工资", owed="两万"))
    assert (found["owed_money"]["value"], found["owed_money"]["words"]) == (20_000, "两万")
    assert (found["owed_months"]["value"], found["owed_months"]["words"]) == (2, "老板欠我两个月工资")


def test_a_correction_at_the_end_holds() -> None:
    made = matter("老板欠我两个月工资", owed="两万")
    made.detail += "。更正：两万五"
    assert values(made)["owed_money"] == (25_000, "元")


def test_heating() -> None:
    said = matter("家里暖气不热", kind="求助", temperature__others="屋里十五六度，就我们一家")
    assert values(said) == {"temperature": ((15, 16), "℃"), "others": "只有一户"}
    told = matter("我们楼三十多户暖气都不热，外面零下三度屋里才12度", kind="求助")
    assert values(told) == {"temperature": (12, "℃"), "others": "不止一户", "others_households": (30, "户")}


def test_gas() -> None:
    assert values(matter("我家没燃气了", kind="求助", gas_smell="没闻到味儿")) == {"gas_smell": "没闻到"}
    assert values(matter("我家燃气灶打不着火，有股煤气味", kind="求助")) == {"gas_smell": "闻到"}


def test_two_choices_at_once_are_none() -> None:
    assert values(matter("公司拖欠我工资", contract="有合同，后来又说没签"))["contract"] is None


def test_a_number_that_was_told_beside_the_answer_is_no_part_of_it() -> None:
    made = matter("公司拖欠我工资", owed="三万五，我电话13900001234")
    assert "1390000" not in str(family_answers.of(made))


_SAID = st.text(
    st.sampled_from("０３٣९๕𝟗٠0139零一两三十百千万亿点．.,到多块元毛角分个月年户度欠")
    | st.characters(categories=["Nd"]),
    max_size=16,
)


@settings(deadline=None)
@given(_SAID, st.sampled_from(("", "元", "千块", "块钱", "个月", "户")))
def test_digits_of_any_script_end_no_talk(said: str, unit: str) -> None:
    wage = family_answers.of(matter(f"公司拖欠我工资{said}{unit}", owed=f"{said}{unit}", contract=said))
    heat = family_answers.of(
        matter(f"家里暖气不热{said}度", kind="求助", temperature__others=f"{said}度，{said}{unit}")
    )
    for one in (*wage.values(), *heat.values()):
        assert one["value"] is None or isinstance(one["value"], str) or one["value"] < 10**25


def test_digits_of_another_script_are_read_like_ours() -> None:
    for said in ("３千５百块", "٣٥٠٠元", "३५००元", "3500元"):
        assert values(matter("公司拖欠我工资", owed=said))["owed_money"] == (3_500, "元")
    assert values(matter("公司拖欠我工资", owed="１２元３"))["owed_money"] == (12.3, "元")


def test_a_row_of_digits_that_nobody_could_owe_is_words() -> None:
    for said in ("9" * 500 + "元", "一" + "亿" * 2_000 + "元"):
        assert values(matter("公司拖欠我工资", owed=said)) == {"owed": None}


def test_nothing_is_read_out_of_an_earlier_call_and_nothing_of_another_kind() -> None:
    assert values(matter("小区路灯不亮，已经坏了三个月了", kind="求助")) == {}
    assert values(matter("建议公司按月发工资，三个月一发太久", kind="建议")) == {}
    unread = matter("公司拖欠我工资三个月")
    unread.unread = True
    assert values(unread) == {}


def test_answers_outlive_a_lost_process() -> None:
    state = State(matters=[matter("公司拖欠我工资", owed="两万")], asking="detail", asking_key="contract")
    assert State.from_dict(state.as_dict()) == state


def test_a_kind_of_answer_that_is_not_known_is_told_to_the_operator(tmp_path: Path) -> None:
    path = tmp_path / "intake.yml"
    path.write_text(intake.PATH.read_text("utf-8").replace("[money, 金额]", "[gold, 金额]"), "utf-8")
    with pytest.raises(ConfigurationError, match="gold"):
        intake.Intake.load(path)
