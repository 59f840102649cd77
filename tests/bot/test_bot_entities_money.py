"""Sums of money are found however they are said or written, and nothing else is taken for one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.entities import money

_DIGITS = "零一二三四五六七八九"
_BEFORE = ("", "欠我", "一共欠了", "公司说给我", "我交了")
_BEHIND = ("", "，到现在没给", "没还", "了。")


def spoken(number: int) -> str:
    """As it is read aloud: 35000 is 三万五千, 10050 is 一万零五十."""
    if number >= 10_000:
        rest = number % 10_000
        return spoken(number // 10_000) + "万" + ("" if not rest else ("零" if rest < 1_000 else "") + spoken(rest))
    words, gap = "", False
    for unit, name in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            words += ("零" if gap and words else "") + _DIGITS[digit] + name
            gap = False
        else:
            gap = bool(words)
    return words


def sums(text: str, *, asked: bool = False) -> list[tuple[float, float, bool, str]]:
    return [(float(one.low), float(one.high), one.about, one.per) for one in money.find(text, asked=asked)]


@pytest.mark.parametrize(
    ("said", "low", "high", "about"),
    [
        ("三万五千块钱", 35_000, 35_000, False),
        ("两千三百块零五毛", 2_300.5, 2_300.5, False),
        ("12,000元", 12_000, 12_000, False),
        ("１２０００元", 12_000, 12_000, False),
        ("3.5万元", 35_000, 35_000, False),
        ("三点五万块", 35_000, 35_000, False),
        ("￥800", 800, 800, False),
        ("12345.67元", 12_345.67, 12_345.67, False),
        ("三块五", 3.5, 3.5, False),
        ("两块二毛五", 2.25, 2.25, False),
        ("八毛钱", 0.8, 0.8, False),
        ("一块半", 1.5, 1.5, False),
        ("两万三千零五十块", 23_050, 23_050, False),
        ("一亿两千万元", 120_000_000, 120_000_000, False),
        ("一万来块", 10_000, 10_000, True),
        ("三十来块", 30, 30, True),
        ("万把块钱", 10_000, 10_000, True),
        ("大概三千块", 3_000, 3_000, True),
        ("五千块左右", 5_000, 5_000, True),
        ("二十多万块", 200_000, 200_000, True),
        ("七八千块", 7_000, 8_000, True),
        ("十五六万块钱", 150_000, 160_000, True),
        ("一万七八块", 17_000, 18_000, True),
        ("百八十块", 80, 100, True),
        ("5000-6000元", 5_000, 6_000, True),
        ("三到五万块", 30_000, 50_000, True),
    ],
)
def test_sums_with_a_word_for_money(said: str, low: float, high: float, about: bool) -> None:
    for before in _BEFORE:
        for behind in _BEHIND:
            assert sums(before + said + behind) == [(low, high, about, "")], before + said + behind


@pytest.mark.parametrize(
    ("said", "value"),
    [("三万五", 35_000), ("3.5万", 35_000), ("3万5", 35_000), ("3万5千", 35_000), ("一百二", 120), ("8500", 8_500),
     ("两千三", 2_300), ("一千零五十", 1_050), ("三万一直没给", 30_000), ("两万六一分没给", 26_000)],
)  # fmt: skip
def test_a_bare_sum_is_money_where_it_was_asked_for_or_money_is_spoken_of(said: str, value: float) -> None:
    assert sums(said, asked=True) == [(value, value, False, "")]
    assert sums(f"他欠我{said}") == [(value, value, False, "")]
    assert sums(said) == [], "of what it is nobody has said"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("一个月六千五拖了四个月", [(6_500, 6_500, False, "月")]),
        ("六千五一个月", [(6_500, 6_500, False, "月")]),
        ("月薪八千，干了三个月", [(8_000, 8_000, False, "月")]),
        ("一天三百块", [(300, 300, False, "天")]),
        ("三万一年", [(30_000, 30_000, False, "年")]),
        ("每平米三块二", [(3.2, 3.2, False, "平方米")]),
        ("押金两千，房租一个月三千五", [(2_000, 2_000, False, ""), (3_500, 3_500, False, "月")]),
        ("上个月六千五没发", [(6_500, 6_500, False, "")]),
        ("最后一个月六千五没发", [(6_500, 6_500, False, "")]),
    ],
)
def test_what_is_paid_each_time_is_told_apart_and_nothing_is_multiplied(
    said: str, found: list[tuple[float, float, bool, str]]
) -> None:
    assert sums(said, asked=True) == found


@pytest.mark.parametrize(
    "said",
    [
        "电话13900001234",
        "座机64123456，转608",
        "打12345也没用",
        "工单尾号三千五",
        "三月十五号",
        "二零二四年三月",
        "2023年没发工资",
        "3号楼502",
        "五单元1203室",
        "百分之三",
        "百分之三十五",
        "30%",
        "一千多户都停水",
        "三百多人的工资",
        "十几万",
        "几百块",
        "好几万",
        "千万别告诉他",
        "万一出事",
        "一块儿去的",
        "门口有三块地",
        "五块广告牌",
        "三元桥附近",
        "十元旦的时候",
        "一分钱都没给",
        "一百五十平米",
        "用了三百度电",
        "三千公里",
        "晚上十点到十二点",
        "欠了四个月",
        "第三百块",
        "2-3-501",
    ],
)
def test_what_is_no_sum_of_money(said: str) -> None:
    assert sums(said, asked=True) == []
    assert sums(f"工资的事，{said}") == []


@given(st.integers(1, 99_999_999), st.sampled_from(["块钱", "元", "块"]), st.sampled_from(_BEFORE))
def test_every_number_is_read_as_it_is_said_and_as_it_is_written(number: int, yuan: str, before: str) -> None:
    for words in (spoken(number), str(number), f"{number:,}"):
        assert [one.low for one in money.find(f"{before}{words}{yuan}，没给")] == [Decimal(number)], words


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["百", "千", "万"]))
def test_a_last_digit_alone_is_of_the_next_unit(first: int, second: int, unit: str) -> None:
    whole = {"百": 100, "千": 1_000, "万": 10_000}[unit]
    found = money.find(f"欠我{_DIGITS[first]}{unit}{_DIGITS[second]}")
    assert [one.low for one in found] == [first * whole + second * whole // 10]


@given(st.integers(1, 8), st.sampled_from(["十", "百", "千", "万"]))
def test_two_neighbouring_digits_are_a_range(digit: int, unit: str) -> None:
    whole = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}[unit]
    (found,) = money.find(f"{_DIGITS[digit]}{_DIGITS[digit + 1]}{unit}块钱")
    assert (int(found.low), int(found.high), found.about) == (digit * whole, (digit + 1) * whole, True)


@given(st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.sampled_from(["电话", "手机号是", "", "我的号码："]))
def test_no_mobile_number_is_a_sum(number: str, before: str) -> None:
    spelt = "".join(_DIGITS[int(digit)] for digit in number)
    assert money.find(before + number, asked=True) == money.find(before + spelt, asked=True) == []


@given(st.integers(1, 12), st.integers(1, 31), st.integers(2000, 2030), st.integers(1, 60), st.integers(101, 2805))
def test_no_date_and_no_house_is_a_sum(month: int, day: int, year: int, house: int, room: int) -> None:
    said = (
        f"{year}年{month}月{day}号",
        f"{spoken(month)}月{spoken(day)}号",
        f"{house}号楼{room}",
        f"{house}号院{room}室",
    )
    assert [money.find(one, asked=True) for one in said] == [[], [], [], []]


@given(
    st.text("零一二两三四五六七八九十百千万亿点块元毛分多来余到至每月个0123456789.,，。欠约 ", max_size=40),
    st.booleans(),
)
def test_any_text_is_read_and_what_is_found_stands_in_it(text: str, asked: bool) -> None:
    end = 0
    for one in money.find(text, asked=asked):
        assert end <= one.start < one.end <= len(text) and one.text == text[one.start : one.end]
        assert Decimal(0) <= one.low <= one.high
        end = one.end


@pytest.mark.parametrize("piece", ["一", "三万五，", "万", "5", "块", "一个月六千五", "1,"])
@pytest.mark.timeout(20)
def test_a_page_of_numbers_holds_nothing_up(piece: str) -> None:
    money.find(piece * (4_000 // len(piece)), asked=True)
