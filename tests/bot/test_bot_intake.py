"""What an order needs, from the data that operators edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import ConfigurationError
from bot import intake
from bot.intake import Intake
from bot.state import Matter, Place, State

LONG = "小区东门到西门的路灯全都不亮，晚上黑得看不见路"


def asked(matter: Matter, state: State | None = None, maximum: int = 6) -> list[str]:
    """The slots that would be asked one after another if each was refused."""
    state = state or State(matters=[matter])
    slots: list[str] = []
    while (step := intake.next_question(state.form, state, maximum=maximum)) is not None:
        question, _ = step
        slots.append(question.slot)
        state.questions += 1
        if question.key:
            state.extra_asked.append(question.key)
        else:
            state.refused.append(question.slot)
        assert len(slots) < 20
    return slots


def test_a_lamp_needs_no_culprit_and_no_secrecy() -> None:
    assert asked(Matter(1, "order", LONG)) == ["place", "event_time", "contact_phone"]


def test_a_report_always_asks_about_secrecy() -> None:
    assert "confidential" in asked(Matter(1, "order", LONG, request_type="举报"))


def test_help_against_somebody_asks_about_secrecy() -> None:
    assert "confidential" in asked(Matter(1, "order", "对门把破家具全堆在过道里，出来进去老绊着"))
    assert "confidential" not in asked(Matter(1, "order", "我家里下水道老是返味儿，想请人来看一看"))


def test_a_complaint_asks_at_most_what_is_allowed_and_the_most_important_first() -> None:
    matter = Matter(1, "order", "投诉", request_type="投诉")
    assert len(asked(matter)) == 6
    assert asked(Matter(1, "order", "投诉", request_type="投诉"), maximum=2) == ["detail", "place"]


def test_what_is_known_is_not_asked() -> None:
    matter = Matter(1, "order", LONG, place=Place("富力城", "朝阳区", "双井街道"), event_time="三天了")
    state = State(matters=[matter], contact_phone="13900001234")
    assert asked(matter, state) == []


@pytest.mark.parametrize("said", ["路灯坏了三天了", "我家暖气不热，已经三天", "家里停电了", "电梯困过人", "井盖没了"])
def test_what_broke_down_needs_no_longer_story(said: str) -> None:
    matter = Matter(1, "order", said)
    step = intake.next_question([matter], State(matters=[matter]), maximum=6)
    assert step is not None
    assert step[0].slot != "detail" or step[0].key, "at most something special to such things"


@pytest.mark.parametrize("said", ["路灯的问题", "反映一下我家暖气的事", "电梯", "我想投诉物业", "邻居太吵了"])
def test_what_says_only_its_subject_is_asked_about(said: str) -> None:
    assert asked(Matter(1, "order", said))[0] == "detail"


def test_gas_is_asked_about_the_smell_unless_it_was_told() -> None:
    silent = Matter(1, "order", "燃气灶从昨天中午开始就打不着火，没法做饭")
    told = Matter(1, "order", "燃气灶从昨天开始打不着，没有什么味儿，没法做饭")
    state = State(matters=[silent])
    step = intake.next_question([silent], state, maximum=6)
    assert step is not None
    assert (step[0].slot, step[0].key) == ("detail", "gas_smell")
    assert "detail" not in asked(told)


def test_an_ambiguous_street_is_asked_about() -> None:
    place = Place("", "", "", [["海淀区", "八里庄街道"], ["朝阳区", "八里庄街道"]])
    matter = Matter(1, "order", LONG, place=place)
    step = intake.next_question([matter], State(matters=[matter]), maximum=6)
    assert step is not None
    assert step[0].slot == "place"


@pytest.mark.parametrize("change", ["asking_order: [detail, colour]", "types: {投诉: [mood]}", "families: 3"])
def test_wrong_data_is_named(tmp_path: Path, change: str) -> None:
    key = change.split(":")[0]
    lines = intake.PATH.read_text(encoding="utf-8")
    kept: list[str] = []
    inside = False
    for line in lines.splitlines():
        if line and not line.startswith((" ", "#")):
            inside = line.startswith(f"{key}:")
        if not inside:
            kept.append(line)
    path = tmp_path / "intake.yml"
    path.write_text("\n".join([*kept, change]), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        Intake.load(path)


def test_an_address_told_by_the_way_is_asked_for_and_the_district_is_not() -> None:
    matter = Matter(1, "order", "到区医院的公交末班能不能往后挪", request_type="建议")
    matter.place = Place("到区医院", "延庆区", "")
    state = State(matters=[matter])
    assert not intake.place_complete(matter, state)
    matter.place.text = "康庄小区三号楼"
    assert intake.place_complete(matter, state)
    matter.place.text, state.asked = "到区医院", {"place": 1}
    assert intake.place_complete(matter, state)
