"""Matters that lie in another city."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_bot_policy_pure import NOTHING, run

from base.errors import ConfigurationError
from bot.decision import Turn
from bot.entities import elsewhere
from bot.entities.gazetteer import Gazetteer
from bot.entities.place_finding import PlaceFinding
from bot.state import Matter, Place, State

HEATING = "我是固安的，我们小区暖气冰凉，物业不管"


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("我在郑州金水区，隔壁工地吵得睡不着，你们派个人来", "郑州", "0371"),
        ("我家在天津和平区，暖气不热", "天津", "022"),
        (HEATING, "廊坊", "0316"),
        ("我们在贵州，村里停水了", "贵州", ""),
        ("我住燕郊 小区供暖不热 我天天来国贸上班 能不能替我管管三河的供热公司", "廊坊", "0316"),
    ],
)
def test_who_says_that_they_are_elsewhere(text: str, name: str, code: str) -> None:
    assert elsewhere.find(text, asked=False) == elsewhere.Elsewhere(name, code)


@pytest.mark.parametrize(
    "text",
    [
        "我是安徽人，在通州的工地干活，老板欠钱",
        "我是哈尔滨过来带孙子的，外地户口能办老年卡吗",
        "我在西安出差，想问问北京的公积金",
        "我们家在山西大厦后头，天天有人放炮",
        "网上买了深圳一家店的手机，是翻新的",
        "儿女都在外地，楼道灯坏了没人管",
        "我家在河南农村，孩子到这边上学要什么手续",
        "我是四川的，带孩子来看病，号贩子骗了我八百",
        "我是河南的，房东不退押金",
        "我是天津牌照，环路上那个坑把轮胎扎了",
        "我在大厂做程序员，公司不给加班费",
        "我住在燕郊，公司在你们那儿，不给交社保",
    ],
)
def test_who_only_names_a_place_elsewhere(text: str) -> None:
    assert elsewhere.find(text, asked=False) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("三河市燕郊镇", "0316"), ("不在北京", ""), ("在外地", ""), ("辽宁沈阳铁西区", "024"), ("天津武清的", "022")],
)
def test_an_answer_elsewhere(text: str, code: str) -> None:
    found = elsewhere.find(text, asked=True)
    assert found is not None and found.code == code


@pytest.mark.parametrize(
    "text",
    [
        *("房山西路街道", "房山区河北镇", "香河园街道", "苏州街地铁站", "周口店镇", "山东庄镇大北关村", "河南寨镇"),
        *("深圳大厦", "山西刀削面馆门口", "河南村", "三河里小区", "长春健身园", "房子在北京，人在上海"),
        *("我不在北京，房子在幸福里小区", "我在外地，家在阳光小区三号楼", "是外地小贩摆摊", "不是北京西站，是北京南站"),
    ],
)
def test_an_answer_here(text: str) -> None:
    assert elsewhere.find(text, asked=True) is None


def test_the_hotline_there_is_told_and_nothing_is_filed() -> None:
    decision, _ = run(State(channel="phone"), Turn(HEATING), "help")
    assert "031612345" in decision.replies[0].text
    assert "请拨零三幺六，幺二三四五" in decision.replies[0].spoken
    assert (decision.state.form, decision.state.asking) == ([], None)


def test_who_tells_it_all_the_same_is_taken_down() -> None:
    told, _ = run(State(), Turn(HEATING), "help")
    again, _ = run(told.state, Turn("我是固安的，那边打不通，你们给登记一下，暖气不热"), "help")
    assert again.state.form and again.state.asking


def test_a_district_of_ours_named_beside_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, _ = run(State(), Turn("楼道的灯不亮了，黑了一个礼拜没人管"), "help")
    begun.state.asking = "place"
    there, _ = run(begun.state, Turn("河北三河，不在北京"), "help")
    assert there.state.form == []
    monkeypatch.setitem(NOTHING, "place", PlaceFinding("朝阳区", "双井街道", confidence=1.0))
    here, _ = run(begun.state, Turn("我人不在北京，房子在朝阳区双井街道"), "help")
    assert here.state.form[0].place.street == "双井街道"


def test_no_street_of_ours_lies_elsewhere() -> None:
    ours = Gazetteer.load()
    for street in ours.streets:
        for said in (street.name, street.district + street.bare, street.district + street.name):
            assert elsewhere.find(said, asked=True) is None, said


def test_a_matter_whose_place_is_known_is_not_dropped_with_the_others() -> None:
    known = Matter(1, "order", "楼道灯不亮", place=Place("", "朝阳区", "双井街道"))
    state = State(matters=[known, Matter(2, "order", "暖气不热")], asking="place", asked={"place": 1})
    decision, _ = run(state, Turn("另一个在河北三河，不在北京"), "none")
    assert decision.state.matters[0].stage == "open"


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.yml"
    path.write_text("provinces: [甲]\ncities: {乙: '01'}\ncounties: {丙: 丁}\nours: []\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"elsewhere\.yml: KeyError"):
        elsewhere._Places.load(path)
