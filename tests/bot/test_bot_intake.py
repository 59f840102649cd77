"""What an order needs, from the data that operators edit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from base.errors import ConfigurationError
from bot import intake
from bot.fixed_sentences import fixed_sentences
from bot.intake import Intake
from bot.state import Matter, Place, State
from workorders import catalogue_file
from workorders.duties import default_duties

LONG = "小区东门到西门的路灯全都不亮，晚上黑得看不见路"


CATALOGUE = Path(catalogue_file.__file__).parent / "data" / "catalogue.yml"
PLACE = Place("富力城", "朝阳区", "双井街道")


def questions(matter: Matter, state: State | None = None, maximum: int = 6) -> list[intake.Question]:
    """What would be asked one after another if each was refused."""
    state = state or State(matters=[matter])
    asked: list[intake.Question] = []
    while (step := intake.next_question(state.form, state, maximum=maximum)) is not None:
        question, _ = step
        asked.append(question)
        state.questions += 1
        if question.key:
            state.extra_asked.append(question.key)
        else:
            state.refused.append(question.slot)
        assert len(asked) < 20
    return asked


def asked(matter: Matter, state: State | None = None, maximum: int = 6) -> list[str]:
    """The slots that would be asked one after another if each was refused."""
    return [question.slot for question in questions(matter, state, maximum)]


def texts(matter: Matter) -> list[str]:
    found = [question.text for question in questions(matter)]
    assert len(found) <= 6
    return found


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


@pytest.mark.parametrize(
    "change",
    [
        "asking_order: [detail, colour]",
        "types: {投诉: [mood]}",
        "families: 3",
        "families: [{name: a, extra: [{key: b, text: c, known: ['(']}]}]",
    ],
)
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


def test_heating_asks_for_unit_temperature_and_others() -> None:
    cold = Matter(1, "order", "我家暖气不热，屋里冷得没法待")
    assert texts(cold)[:3] == [
        "请问室内大概多少度，是只有您一家不热，还是整栋楼都不热？",
        "请问您家在哪个区、哪个街道、哪个小区，几号楼几单元？",
        "请问是从什么时候开始不热的？",
    ]
    placed = replace(cold, place=PLACE)
    assert texts(placed)[1] == "请问您家是几号楼几单元？"
    measured = replace(placed, text="我家暖气不热，才十五度，3号楼")
    assert texts(measured)[0] == "请问是只有您一家不热，还是整栋楼都不热，您家是几单元？"
    told = replace(placed, text="3号楼2单元暖气不热，才十五度，整栋楼都这样", event_time="三天了")
    assert [question.slot for question in questions(told)] == ["contact_phone"]


def test_noise_asks_for_source_hours_and_how_often() -> None:
    loud = Matter(1, "order", "不知道什么东西吵得人心慌，没法看书")
    assert texts(loud)[0] == "请问是从哪家单位、哪个工地或者哪一户传出来的？"
    assert "请问是每天都这样还是隔几天一次，一般几点到几点？" in texts(loud)
    when = replace(loud, event_time="半夜两点")
    assert texts(when)[0] == "请问是从哪家单位、哪个工地或者哪一户传出来的，是每天都这样还是隔几天一次？"
    complaint = Matter(1, "order", "楼下酒吧放音乐太吵，没法睡觉", "投诉", event_time="半夜", place=PLACE)
    assert texts(complaint)[:2] == ["请问是每天都这样还是隔几天一次？", "请问知道是哪家单位或者哪一户吗？"]
    timed = replace(complaint, event_time="每天半夜")
    assert not any(question.key for question in questions(timed)), "told with the time"
    nightly = replace(complaint, text="楼下酒吧每天放音乐到半夜两点，太吵")
    assert not any(question.key for question in questions(nightly))


def test_building_that_wakes_nobody_is_not_asked_how_often() -> None:
    blocked = Matter(1, "order", "门口修路施工把道挖断了，车出不去进不来", "投诉", event_time="昨天")
    assert not any("隔几天" in text for text in texts(blocked))
    assert any("隔几天" in text for text in texts(replace(blocked, text="工地半夜还在施工，孩子没法睡觉")))
    assert not any("隔几天" in text for text in texts(replace(blocked, text="楼下饭馆的油烟熏得我们开不了窗")))


def test_wages_ask_for_employer_site_months_sum_and_contract() -> None:
    owed = Matter(1, "order", "老板一直拖着工资不给，我们好些人都没拿到", "投诉")
    assert texts(owed)[:3] == [
        "请问一共欠几个月、多少钱，有没有签合同？",
        "请问公司或者工地在哪个区、哪个街道或者乡镇？",
        "请问是哪家公司，或者哪个工地、哪个老板？",
    ]
    assert texts(replace(owed, text="三个月没发工资了，老板一直拖着不给"))[0] == "请问一共欠多少钱，有没有签合同？"
    assert texts(replace(owed, text="拖欠我两万块工资，连合同都没签"))[0] == "请问一共欠了几个月？"
    told = replace(owed, text="拖欠我三个月工资，一共两万块，签了合同的")
    assert not any(question.key for question in questions(told))


def category(level2: str, level3: str, confidence: float, level2_confidence: float = 0.0) -> dict[str, object]:
    return {
        "level2": level2,
        "level3": level3,
        "confidence": confidence,
        "level2_confidence": max(confidence, level2_confidence),
    }


COLD = "屋里冷得跟冰窖似的，片子摸着一点温乎气没有"


def test_a_story_without_key_words_is_asked_by_what_the_catalogue_knows_of_it() -> None:
    heating = Matter(1, "order", COLD, category=category("水电气热", "冬季采暖", 0.98))
    assert texts(heating)[0] == "请问室内大概多少度，是只有您一家不热，还是整栋楼都不热？"
    wider = Matter(
        1, "order", "那家店说关就关，三千块打了水漂", "投诉", category=category("消费", "预付式消费", 0.4, 0.9)
    )
    assert "请问是哪家商户或者公司？" in texts(wider)


def test_a_category_that_is_not_sure_asks_nothing_special() -> None:
    doubtful = Matter(1, "order", COLD, category=category("水电气热", "冬季采暖", intake.SURE_OF_CATEGORY - 0.01))
    assert texts(doubtful) == texts(replace(doubtful, category=None))
    field_only = Matter(1, "order", COLD, category=category("水电气热", "冬季采暖", 0.3, 0.95))
    assert texts(field_only) == texts(replace(field_only, category=None)), "sure of the field, not of the heating"


def test_key_words_go_before_the_category_and_wishes_are_asked_nothing_special() -> None:
    tap = Matter(1, "order", "家里停水了，冷得没法洗手", category=category("水电气热", "冬季采暖", 0.99))
    assert intake.default().family(tap) == intake.default().family(replace(tap, category=None))
    praise = Matter(1, "order", COLD, "表扬", category=category("水电气热", "冬季采暖", 0.99))
    assert intake.default().family(praise) is None


def test_every_level_named_is_in_the_catalogue() -> None:
    leaves = catalogue_file.read(CATALOGUE, default_duties()).leaves
    known = {name for leaf in leaves for name in (leaf.level2, leaf.level3)}
    families = intake.default().families
    assert {family.name: set(family.levels) - known for family in families if set(family.levels) - known} == {}
    assert [family.name for family in families if not family.levels] == []


def test_what_is_asked_in_one_breath_is_a_fixed_sentence() -> None:
    sentences = fixed_sentences(intake.default())
    for story in ("我家暖气不热，屋里冷得没法待", "老板一直拖着工资不给，我们好些人都没拿到"):
        assert texts(Matter(1, "order", story))[0] in sentences
