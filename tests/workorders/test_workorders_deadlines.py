"""How urgent is it? Told in many ways, feared, denied, long past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workorders import deadlines
from workorders.model import CategorySuggestion, RequestType


@pytest.mark.parametrize(
    "text",
    [
        "人行道上的井盖丢了，边上也没有围栏",
        "路口井盖没了，一个大窟窿，天黑容易掉人",
        "门口的马路塌陷了，一米多深",
        "电线掉下来了，就垂在人行道上",
        "路灯杆漏电，昨天一条狗被电死了",
        "广告牌快掉下来了，底下全是人",
        "一棵大树倒了，把整条路都堵死了",
        "楼道里闻到很重的煤气味",
        "有人被困在电梯里出不来",
        "工厂氨气泄漏，呛得睁不开眼",
        "外墙的瓷砖随时要掉，已经砸了一辆车",
        "幼儿园一班孩子集体呕吐",
        "挖了个深坑，没有围挡也没有警示灯",
        "刚下完雨桥下积水没过车轮",
        "上百人聚集在售楼处门口",
    ],
)
def test_sudden_danger(text: str) -> None:
    deadline = deadlines.assess(text, "求助")
    assert (deadline.urgency, deadline.hours) == ("sudden", 2)


@pytest.mark.parametrize(
    "text",
    [
        "家里没水了，楼上楼下都没有",
        "自来水管爆了，三层楼道里全是水",
        "主管道破裂，水流了一街",
        "整个小区停电，打电话没人接",
        "燃气灶打不着火，没气，也没有什么味儿",
        "暖气片一直冰凉，室温才16度",
        "我们家没暖气",
        "水压太低，热水器点不着",
        "电压不稳，灯一闪一闪",
        "天然气停了一天了",
        "供热公司说修，三天了暖气还是不热",
    ],
)
def test_water_power_gas_heat(text: str) -> None:
    deadline = deadlines.assess(text, "求助")
    assert (deadline.urgency, deadline.hours) == ("utility", 24)


@pytest.mark.parametrize(
    ("text", "request_type"),
    [
        ("路灯不亮有三天了", "求助"),
        ("楼下饭馆油烟大，一炒菜一屋子烟", "投诉"),
        ("烧烤摊天天晚上冒烟", "投诉"),
        ("楼上厨房漏水，把我家天花板泡了", "求助"),
        ("快递放门口丢了", "投诉"),
        ("小区路上有个坑，骑车容易摔", "求助"),
        ("暖气费怎么退费没人管", "投诉"),
        ("老板欠了我三个月工资", "投诉"),
        ("没有人管我们小区的物业", "投诉"),
        ("我担心树会倒，能不能来看看", "求助"),
        ("万一着火怎么办，楼道里全是纸箱子", "投诉"),
        ("没电话回访我", "投诉"),
        ("水果店卖的水果坏了", "投诉"),
        ("健身房关门五年了都没人管", "投诉"),
        ("建议增加一个急救站，怕老人晕倒没人救", "建议"),
        ("表扬抢修停水的师傅", "表扬"),
    ],
)
def test_ordinary(text: str, request_type: RequestType) -> None:
    deadline = deadlines.assess(text, request_type)
    assert (deadline.urgency, deadline.hours) == ("ordinary", 168)


@pytest.mark.parametrize(
    "text",
    [
        "房产证十几年办不下来，规划、住建、税务来回推",
        "回迁房等了八年了，开发商和街道互相推，没有解决",
        "这块地2009年征的，补偿到现在没给，村委会说找镇政府，镇政府说找国土",
        "小区下水历史遗留问题，多年没解决，物业推给水务，水务推给开发商",
    ],
)
def test_complex(text: str) -> None:
    deadline = deadlines.assess(text, "求助")
    assert (deadline.urgency, deadline.hours) == ("complex", 360)


def test_the_hours_run_from_filing() -> None:
    filed = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    assert deadlines.assess("家里停水了", "求助").due(filed) == filed + timedelta(hours=24)
    with pytest.raises(ValueError, match="aware"):
        deadlines.assess("家里停水了", "求助").due(datetime(2026, 1, 5))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["", "。", "a" * 5000, "\x00", "井" * 300])
def test_any_text_has_a_deadline(text: str) -> None:
    assert deadlines.assess(text, "投诉").hours in (2, 24, 168, 360)


@pytest.mark.parametrize(("of_leaf", "of_level2", "urgency"), [(0.2, 0.7, "utility"), (0.2, 0.4, "ordinary")])
def test_which_supply_failed_need_not_be_sure(of_leaf: float, of_level2: float, urgency: str) -> None:
    """Nothing in the words names it; several leaves of water, power, gas and heat share the probability."""
    supply = CategorySuggestion("010103", "城乡建设", "水电气热", "燃气供应", of_leaf, level2_confidence=of_level2)
    told = "灶台拧开一点声都没有，晚饭只好叫外卖"
    assert deadlines.assess(told, "求助", supply).urgency == urgency
    assert deadlines.assess(told, "建议", supply).urgency == "ordinary"


def test_digits_of_another_catalogue_tell_of_no_supply() -> None:
    """Ours begin 0101; in a city's own catalogue its company tells that a leaf is of water, power, gas or heat."""
    fibre = CategorySuggestion("010101", "通信", "宽带", "光纤入户", 0.9, of_sample=False)
    gas = CategorySuggestion("770305", "民生", "能源", "管道气", 0.9, duty="企:市燃气集团", of_sample=False)
    told = "师傅约了三回都没来，家里一直用不上"
    assert deadlines.assess(told, "求助", fibre).urgency == "ordinary"
    assert deadlines.assess(told, "求助", gas).urgency == "utility"


def test_who_reports_an_offence_tells_of_no_supply_of_theirs() -> None:
    """The words are near those of a supply that fails, the leaf is of something else."""
    illegal = CategorySuggestion("030201", "市场监管", "安全", "违法经营", 0.5, supply_confidence=0.9)
    told = "小区门口那间平房里头天天有人倒液化气瓶子"
    assert deadlines.assess(told, "举报", illegal).urgency == "ordinary"
    assert deadlines.assess(told, "求助", illegal).urgency == "utility"


@pytest.mark.parametrize(
    "told",
    [
        "龙头干的，一早上没法洗脸",
        "厨房水龙头流出来发黄",
        "整栋楼灯全灭了",
        "屋里漆黑一片，对面楼亮着",
        "燃气费充了两百，插卡不好使",
        "交完电费还是没电",
        "村里三天没水喝",
    ],
)
def test_a_supply_that_fails_without_being_named(told: str) -> None:
    assert deadlines.assess(told, "求助").urgency == "utility"


@pytest.mark.parametrize(
    "told",
    [
        "楼道灯没电",
        "充电桩没电充不了",
        "商场里没暖气冻得慌",
        "饭馆上菜慢，还没水喝",
        "候车大厅空调不热",
        "电动车没电推回来的",
    ],
)
def test_what_has_a_supply_of_its_own_or_is_open_to_all_is_no_home_without_one(told: str) -> None:
    assert deadlines.assess(told, "求助").urgency == "ordinary"


@pytest.mark.parametrize("told", ["楼上掉下块玻璃，差点砸到孩子", "脚手架斜了，上头还有人", "吊顶掉了险些砸着人"])
def test_what_nearly_hit_somebody_is_a_danger(told: str) -> None:
    assert deadlines.assess(told, "求助").urgency == "sudden"


@pytest.mark.parametrize(
    "text",
    [
        "2018年交的全款，六年多了房本没有，规自委、建委、税务把我当皮球踢",
        "2012年交房，14年了一本房产证都没拿到，登记中心让找规自分局，规自分局让找镇政府",
    ],
)
def test_years_of_being_sent_from_office_to_office_are_complex(text: str) -> None:
    assert deadlines.assess(text, "投诉").urgency == "complex"


def test_what_is_over_and_what_is_only_charged_for_is_ordinary() -> None:
    assert deadlines.assess("三个人当天晚上都拉肚子了，现在已经好了", "投诉").urgency == "ordinary"
    assert deadlines.assess("二房东电费收一块八一度，不交就断电", "投诉").urgency == "ordinary"


def test_a_hazard_told_in_words_that_no_rule_knows_takes_two_hours() -> None:
    told = "站台边上那块板子翘得老高，孩子们一绊就栽马路上去"
    sure = CategorySuggestion("010203", "城乡建设", "市政设施", "道路破损", 0.5, hazard_confidence=0.9)
    assert deadlines.assess(told, "求助", sure).hours == 2
    assert deadlines.assess(told, "建议", sure).hours == 168
    assert deadlines.assess(told, "求助").hours == 168


@pytest.mark.parametrize(
    "told",
    [
        "物业把消防通道划成车位，真着火了消防车根本进不来",
        "一开窗满屋子漆味，头一回还以为煤气漏了，燃气公司测过说不是",
        "我可不是现在关在电梯里，上个月坏了七八回",
        "不是着火啊您别紧张，就是消防通道天天停满车",
    ],
)
def test_what_is_supposed_is_no_sudden_danger(told: str) -> None:
    assert not deadlines.sudden(told)


def test_what_burns_is_one() -> None:
    assert deadlines.sudden("楼下着火了") and deadlines.sudden("着火了人跑不出来了快来")
    assert deadlines.sudden("这不是楼道着火了嘛，快来人")


def test_a_caterpillar_on_its_thread_hurts_nobody() -> None:
    assert not deadlines.sudden("门口的树生虫子，吊着丝往人领子里掉")
    assert deadlines.sudden("大树枝吊着快掉下来了")


@pytest.mark.parametrize(
    "told",
    [
        "2015年买的房，入住八年，始终未能办证，住建委和税务都答复正在协调",
        "2013年交房到现在没有房产证，规划说归住建管，镇里答应了两回都落空",
    ],
)
def test_years_of_promises_by_several_bodies_are_complex(told: str) -> None:
    assert deadlines.complex_matter(told)


def test_a_fire_of_another_year_is_over() -> None:
    assert not deadlines.sudden("消防通道堵死了，前年三号楼着火，救火车进不来，现在又停上了")
    assert deadlines.sudden("消防通道堵死了，三号楼着火了，救火车进不来")
