"""The catalogue as data, and the leaf that a citizen's words belong to."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import ConfigurationError
from workorders import deadlines
from workorders.catalogue import Catalogue
from workorders.dispatch import assign
from workorders.model import OrderDraft, RequestType

_SUPPLIES_TOLD = Path(__file__).with_name("supplies_told.tsv")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def test_size_and_levels(catalogue: Catalogue) -> None:
    assert len(catalogue.leaves) >= 150
    assert len(catalogue.first_levels) == 15
    assert {"城乡建设", "劳动和社会保障", "教育文体", "商贸旅游", "环境保护", "卫生计生", "交通运输"} <= set(
        catalogue.first_levels
    )


def test_codes_nest(catalogue: Catalogue) -> None:
    first = {leaf.code[:2]: leaf.level1 for leaf in catalogue.leaves}
    second = {leaf.code[:4]: leaf.level2 for leaf in catalogue.leaves}
    for leaf in catalogue.leaves:
        assert len(leaf.code) == 6
        assert (first[leaf.code[:2]], second[leaf.code[:4]]) == (leaf.level1, leaf.level2)
        assert catalogue.find(leaf.code) is leaf


@pytest.mark.parametrize(
    ("text", "level1", "level3"),
    [
        ("我们这栋楼暖气一直不热，供热公司也不来人", "城乡建设", "冬季采暖"),
        ("楼下烧烤店的油烟全飘到我家来了", "环境保护", "餐饮油烟"),
        ("工地凌晨两点还在浇筑混凝土，吵得没法睡", "环境保护", "施工噪声"),
        ("公司欠了我两个月工资不给", "劳动和社会保障", "拖欠工资"),
        ("健身房老板跑了，我卡里还有两千块钱退不了", "商贸旅游", "预付式消费"),
        ("快递员把包裹放门口，东西丢了不赔", "交通运输", "快递"),
        ("网约车司机绕路多收我钱", "交通运输", "网约车"),
        ("医院挂号总是挂不上，全是号贩子", "卫生计生", "医疗服务质量"),
        ("超市卖的牛奶过期了，喝了拉肚子", "卫生计生", "食品安全"),
        ("孩子幼升小，学区划片不公平", "教育文体", "入学入园"),
        ("马路上井盖丢了一个", "城乡建设", "井盖缺损"),
        ("邻居遛狗不拴绳，差点咬了孩子", "政法", "养犬管理"),
        ("申请低保一直批不下来", "民政", "最低生活保障"),
        ("银行不给办理取款，态度特别差", "经济管理", "银行"),
        ("家里宽带三天两头断网", "科技与信息产业", "宽带与信号"),
    ],
)
def test_suggests(catalogue: Catalogue, text: str, level1: str, level3: str) -> None:
    suggestions = catalogue.suggest(text)
    assert suggestions[0].level1 == level1
    assert level3 in [suggestion.level3 for suggestion in suggestions]


def test_a_recognisers_homophones_do_not_mislead(catalogue: Catalogue) -> None:
    assert catalogue.suggest("暖汽不惹，供惹公司不官")[0].level3 == "冬季采暖"


def test_confidences_are_probabilities(catalogue: Catalogue) -> None:
    suggestions = catalogue.suggest("物业和垃圾还有停车都有问题", limit=5)
    values = [suggestion.confidence for suggestion in suggestions]
    assert values == sorted(values, reverse=True)
    assert 0 < sum(values) <= 1.0001
    assert values[0] < 0.95  # three matters at once: nobody may be sure


def test_a_second_level_is_as_probable_as_its_leaves_together(catalogue: Catalogue) -> None:
    every = catalogue.suggest("壁挂炉不来火，表上还有余额", limit=len(catalogue.leaves))
    of_level2 = {(one.level1, one.level2): one.level2_confidence for one in every}
    for (level1, level2), confidence in of_level2.items():
        leaves = sum(one.confidence for one in every if (one.level1, one.level2) == (level1, level2))
        assert confidence == pytest.approx(leaves, abs=0.01)
    assert sum(of_level2.values()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("told", "kind", "unit", "hours"),
    [
        ("有人在院里拿大罐给小罐灌液化气，没有证", "举报", "丰台区城市管理委员会", 168),
        ("有人骑三轮挨家送黑气，不给票", "举报", "丰台区城市管理委员会", 168),
        ("马桶往外冒脏水，一层没法住人", "求助", "丰台区方庄街道办事处", 168),
        ("下水管堵了，水池子往上反", "求助", "丰台区方庄街道办事处", 168),
        ("自来水管子裂了，水直往外喷", "求助", "市自来水集团", 24),
        ("灶打不着火，家里没气了", "求助", "市燃气集团", 24),
    ],
)
def test_what_has_to_do_with_gas_or_water_and_is_no_supply(
    catalogue: Catalogue, told: str, kind: RequestType, unit: str, hours: int
) -> None:
    """Who trades in gas without a licence is the city management's (北京市燃气管理条例, article 16)."""
    draft = OrderDraft(
        kind, told, told, "web", district="丰台区", street="方庄街道", category=catalogue.suggest(told)[0]
    )
    assignment = assign(draft)
    assert (assignment.unit, assignment.deadline_hours) == (unit, hours)


@pytest.mark.parametrize("text", ["", "嗯", "1234", "abc", "。。。", "喂您好"])
def test_nothing_said_nothing_suggested(catalogue: Catalogue, text: str) -> None:
    assert catalogue.suggest(text) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("levels: {}", "version"),
        ("version: 1\nlevels: {01 甲: {0101 乙: {010101 丙: 丁, 010102 丙: }}}", "without an example"),
        ("version: 1\nlevels: {01 甲: {0101 乙: {010101 丙: 丁, 010101 戊: 己}}}", "used twice"),
        ("version: 1\nlevels: {甲: {0101 乙: {010101 丙: 丁}}}", "code name"),
        ("version: 1\nlevels: [1, 2", "cannot be read"),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=message):
        Catalogue.load(path)


def test_another_catalogue_needs_no_code(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(
        'version: "9"\nlevels:\n  01 海洋:\n    0101 渔业:\n      010101 渔船: 渔船坏了；渔船靠岸\n'
        "      010102 渔网: 渔网破了；渔网被偷\n      010103 灯塔: 灯塔不亮；灯塔倒了\n",
        "utf-8",
    )
    assert Catalogue.load(path).suggest("我的渔网叫人偷走了")[0].level3 == "渔网"


@pytest.mark.parametrize("half", ["dev", "test"])
def test_supplies_that_fail_are_known_by_what_fails_with_them(catalogue: Catalogue, half: str) -> None:
    """A dark evening, a dry tap, a cold stove, a frozen child: 24 hours, though no word names the supply."""
    rows = [line.split("\t") for line in _SUPPLIES_TOLD.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    found = {"yes": 0, "no": 0}
    for _, fails, told in (row for row in rows if row[0] == half):
        suggestion = catalogue.suggest(told, 1)[0]
        found[fails] += deadlines.assess(told, "求助", suggestion).urgency == "utility"
    assert found["yes"] >= 15, "of 20; 3 before there was a reader for it"
    assert found["no"] <= 2, "of 20"
