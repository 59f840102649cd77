"""Short turns read by rule, and the cutting of several matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import reading, splitting


@pytest.mark.parametrize(
    "text", ["没有别的事了,谢谢", "没了", "没有了", "不用了谢谢", "就这些", "没事了", "行了谢谢再见", "好的，谢谢"]
)
def test_nothing_more(text: str) -> None:
    assert reading.nothing_more(text)


@pytest.mark.parametrize(
    "text", ["没有水了", "没人管", "我家没暖气了", "没有路灯，天黑了看不见", "路牌没了", "水龙头没水了", "门锁没了"]
)
def test_something_more(text: str) -> None:
    assert not reading.nothing_more(text)


@pytest.mark.parametrize(
    "text", ["你刚才问什么", "没听清", "没太明白你的意思", "再说一遍", "啥？", "???你问什么,没看懂"]
)
def test_asks_to_hear_it_again(text: str) -> None:
    assert reading.repeat(text)


@pytest.mark.parametrize(
    "text", ["没看清车牌", "我没听见他说什么理由就把电话挂了还骂人呢你说气不气", "一辆货车，没看见车号"]
)
def test_tells_of_not_having_seen(text: str) -> None:
    assert not reading.repeat(text)


@pytest.mark.parametrize("text", ["不对，是五号楼", "我刚才说错了", "不是瀛海，是旧宫", "电话应该是136", "地址改一下"])
def test_corrections(text: str) -> None:
    assert reading.corrects(text)


@pytest.mark.parametrize("text", ["你还在吗", "喂喂", "在吗？", "听得见吗"])
def test_presence(text: str) -> None:
    assert reading.presence(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("我有两件事，一个是路灯不亮，再一个是井盖响", ["路灯不亮", "井盖响"]),
        ("1.暖气不热 2.电梯坏了 3.谢谢", ["暖气不热", "电梯坏了"]),
        (reading.normalise("①路灯不亮②井盖响③单车乱停"), ["路灯不亮", "井盖响", "单车乱停"]),
        ("第一，楼道没灯；第二，门禁坏了", ["楼道没灯", "门禁坏了"]),
        ("楼下饭馆油烟太大", ["楼下饭馆油烟太大"]),
        ("第一医院停车难", ["第一医院停车难"]),
    ],
)
def test_enumerations(text: str, parts: list[str]) -> None:
    assert [segment.text for segment in splitting.split(text)] == parts


def test_what_comes_before_an_announced_list_is_no_matter() -> None:
    text = "我跑长途的，好容易在家一天。就说俩事儿啊，头一个，村口路灯全灭着；第二个，修车铺往沟里倒机油"
    assert [segment.text for segment in splitting.split(text)] == ["村口路灯全灭着", "修车铺往沟里倒机油"]
    text = "暖气片漏水漏了三天，一个是没人来修，另一个是物业电话打不通"
    assert splitting.split(text)[0].text == "暖气片漏水漏了三天"


def test_the_last_of_a_list_is_no_other_matter() -> None:
    text = "大车往坑里倒砖头、塑料，还有黑泥。前天翻了一辆，我要举报"
    assert [segment.text for segment in splitting.split(text)] == [text]
    two = "门口堆着砖头、木板，还有路灯坏了三天没人修"
    assert len(splitting.split(two)) == 2


def test_an_answer_about_several_matters_is_shared_out() -> None:
    shares = splitting.distribute("路灯有半个月了，烧烤摊是每天晚上", ["小区的路灯不亮", "对面烧烤摊冒烟"])
    assert shares == ["路灯有半个月了", "烧烤摊是每天晚上"]
    assert splitting.distribute("都是昨天", ["路灯不亮", "井盖响"]) == ["都是昨天", "都是昨天"]


@pytest.mark.parametrize(
    ("typed", "story"),
    [
        ("账单里多收了两条鱼的钱 监控也说坏了 我电话13900007714", "账单里多收了两条鱼的钱 监控也说坏了"),
        ("物业不修电梯我电话13900007714请尽快", "物业不修电梯，请尽快"),
        ("楼道灯坏了,我姓王,13900007714", "楼道灯坏了"),
    ],
)
def test_a_story_that_is_typed_without_stops_is_not_lost_with_its_number(typed: str, story: str) -> None:
    """The whole order had been read back empty."""
    assert reading.without_contact(typed) == story


def test_what_is_typed_word_by_word_is_read_without_the_blanks() -> None:
    assert reading.normalise("我 要 跟 真的 人 说话, 不要 电脑") == "我要跟真的人说话,不要电脑"
    assert reading.normalise("路灯坏了 三天了 没人修") == "路灯坏了 三天了 没人修"


def test_name_and_number_do_not_stand_in_the_story() -> None:
    assert reading.without_contact("路灯不亮，我姓王，电话13900001234") == "路灯不亮"


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    words = reading.normalise(text)
    for read in (reading.nothing_more, reading.repeat, reading.corrects, reading.question, reading.wait, reading.gist):
        read(words)
    assert "".join(part.text for part in splitting.split(words)) or not splitting.split(words)[0].text
    assert len(splitting.distribute(words, ["一", "二"])) == 2


@pytest.mark.parametrize(
    "text",
    [
        "上礼拜报的井盖到今天没人管",
        "路灯的事我再催一催",
        "昨天反映的那个事",
        "之前在网上给你们留过言",
        "又来打扰了，还是地铁口盲道砖翘起来那件事",
    ],
)
def test_a_matter_that_was_told_before(text: str) -> None:
    assert reading.again(text)


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("你好 请问商场停车场里的事归你们管吗", True),
        ("这事儿归你们管不", True),
        ("请问小区里的问题是找你们反映吗", True),
        ("楼下烧烤半夜吵归你们管吗", False),
        ("路灯坏了这种事归谁管", False),
        ("停车场里有人打架归你们管吗", False),
    ],
)
def test_whether_it_is_our_business_tells_no_matter(text: str, only: bool) -> None:
    assert reading.asks_scope_only(text) is only


@pytest.mark.parametrize("piece", ["问", "我想问", "一下", "您", "，"])
def test_however_often_a_beginning_is_repeated_it_is_read_at_once(piece: str) -> None:
    assert not reading.asks_scope_only(piece * 4_000)


@pytest.mark.parametrize("text", ["物业又催我交费了", "昨天路灯坏了", "上个月装的表走得快", "还是说说这个事吧"])
def test_a_matter_that_is_new(text: str) -> None:
    assert not reading.again(text)


@pytest.mark.parametrize(
    "text", ["喂？喂，我八十多了，这楼七几年盖的，墙皮掉了一地", "电动车充电桩收费太贵 比家里贵三倍"]
)
def test_a_telling_that_asks_nothing(text: str) -> None:
    assert reading.asks_nothing(text)


@pytest.mark.parametrize("text", ["居民用电用到第几度算第二档", "津贴是发给公司还是打到我自己卡上", "娃上小学都审核啥"])
def test_a_question_without_its_mark(text: str) -> None:
    assert not reading.asks_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "帮我查下单子",
        "我想问问上次那个单子",
        "看看进度",
        "麻烦查一下，单号是261129000011",
        "帮我查一下，我上个月那个单子",
    ],
)
def test_who_asks_how_far_it_is(text: str) -> None:
    assert reading.asks_progress(text)


@pytest.mark.parametrize("text", ["我妈问了两遍，她直接把单子扔出来", "清箱底看见那张单子，才知道有这笔钱"])
def test_a_slip_of_paper_is_no_order(text: str) -> None:
    assert not reading.asks_progress(text)


@pytest.mark.parametrize("text", ["喂，12345吗，我们村停水了", "请问这里是市民热线吗，我们村停水了"])
def test_whom_one_calls_is_no_part_of_the_matter(text: str) -> None:
    assert reading.tidy(text) == "我们村停水了"


@pytest.mark.parametrize("text", ["12345打了三次没人管", "12345，打了五次没人接", "12345热线，根本没人管"])
def test_a_complaint_about_the_hotline_names_it(text: str) -> None:
    assert reading.tidy(text) == text


def test_a_consequence_asks_for_no_progress() -> None:
    assert not reading.asks_progress("说是看古镇，结果一天进了三个店")
    assert reading.asks_progress("上次反映的事，查一下，结果出来没有")
    assert reading.asks_progress("帮我查一下，上次那个结果")


@pytest.mark.parametrize("text", ["乱停车的，还有不管事的物业", "请核实是不是违法占耕地，是的话拆掉"])
def test_what_only_looks_like_a_further_matter_or_a_correction(text: str) -> None:
    assert not reading.new_matter(text) and not reading.corrects(text)


def test_a_further_matter() -> None:
    assert reading.new_matter("还有个事") and reading.new_matter("对了我还有点事要说")


def test_northern_and_formal_questions() -> None:
    assert reading.asks_hotline("我插一句，你们礼拜天有人上班不？打这个不要长途费吧")
    assert not reading.asks_nothing("现拟申领补贴，烦请告知受理时间、地点及材料")
    assert reading.asks_nothing("物业没有告知就停水，请尽快处理")
