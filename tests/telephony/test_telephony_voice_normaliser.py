"""What is said for what is written: classes of numbers, signs and layout as they stand in answers and orders."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telephony.voice import numbers
from telephony.voice.normaliser import normalise


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("请拨打12345。", "请拨打幺二三四五。"),
        ("110、119、120、122", "幺幺零、幺幺九、幺二零、幺二二"),
        ("火警119，急救电话120", "火警幺幺九，急救电话幺二零"),
        ("120元", "一百二十元"),
        ("共110件", "共一百一十件"),
        ("建筑面积120平方米", "建筑面积一百二十平方米"),
        ("12345元", "一万二千三百四十五元"),
        ("请打12333咨询", "请打幺二三三三咨询"),
        ("95588和10086", "九五五八八和幺零零八六"),
        ("电话010-65123456", "电话零幺零·六五幺二·三四五六"),
        ("电话（010）6512 3456", "电话零幺零·六五幺二·三四五六"),
        ("010-65123456转8012", "零幺零·六五幺二·三四五六转八零幺二"),
        ("手机13800138000", "手机幺三八·零零幺三·八零零零"),
        ("138 0013 8000", "幺三八·零零幺三·八零零零"),
        ("400-810-1234", "四零零·八幺零·幺二三四"),
        ("138****1234", "幺三八·中间隐藏·幺二三四"),
    ],
)
def test_telephone_numbers_are_read_digit_by_digit(written: str, said: str) -> None:
    assert normalise(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("工单号202601050001234", "工单号二零二六·零幺零五·零零零幺·二三四"),
        ("跟踪码AB12CD34", "跟踪码AB幺二CD三四"),
        ("住在3号楼2单元501室", "住在三号楼二单元五零幺室"),
        ("3#楼", "三号楼"),
        ("G101次列车", "G幺零幺次列车"),
        ("G6高速、T3航站楼、A4纸、5G手机", "G六高速、T三航站楼、A四纸、五G手机"),
        ("5A景区", "五A景区"),
        ("乘坐685路公交", "乘坐六八五路公交"),
        ("密码007", "密码零零七"),
    ],
)
def test_identifiers(written: str, said: str) -> None:
    assert normalise(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2024年1月5日", "二零二四年一月五日"),
        ("2024-01-05", "二零二四年一月五日"),
        ("2024/3/1 08:05", "二零二四年三月一日八点零五分"),
        ("2024-2025年度", "二零二四至二零二五年度"),
        ("9:00-17:30", "九点至十七点三十分"),
        ("上午8：30", "上午八点三十分"),
        ("14:02:07", "十四点零二分零七秒"),
        ("1月5日-1月10日", "一月五日至一月十日"),
        ("2月2日", "二月二日"),
        ("2个月", "两个月"),
        ("30年", "三十年"),
        ("周一~周五", "周一至周五"),
        ("7×24小时", "七乘二十四小时"),
    ],
)
def test_dates_and_times(written: str, said: str) -> None:
    assert normalise(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2124元/月", "两千一百二十四元每月"),
        ("1.5万元", "一点五万元"),
        ("¥3,500.50", "三千五百点五零元"),
        ("1,000,000元", "一百万元"),
        ("85%", "百分之八十五"),
        ("8%-12%", "百分之八至百分之十二"),
        ("5-10%", "百分之五至百分之十"),
        ("-5℃到3℃", "零下五至三摄氏度"),
        ("22±2℃", "二十二正负二摄氏度"),
        ("60m²", "六十平方米"),
        ("500kWh", "五百千瓦时"),
        ("3-5个工作日", "三至五个工作日"),
        ("1/3", "三分之一"),
        ("3:1", "三比一"),
        ("PM2.5", "PM二点五"),
        ("第12条", "第十二条"),
        ("第3-5条", "第三至五条"),
        ("国办发〔2020〕53号", "国办发二零二零·五十三号"),
        ("2楼", "二楼"),
        ("200米", "二百米"),
        ("10086人", "一万零八十六人"),
        ("100001个", "十万零一个"),
        ("20000元", "两万元"),
        ("22000元", "两万二千元"),
    ],
)
def test_quantities(written: str, said: str) -> None:
    assert normalise(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("《物业管理条例》第2条", "物业管理条例·第二条"),
        ("按#键结束，按*键返回", "按井号键结束，按星键返回"),
        ("身份证（原件）。", "身份证，原件。"),
        ("**重点**：带证件", "重点，带证件"),
        ("1. 准备材料\n2. 网上提交", "一，准备材料。二，网上提交"),
        ("https://www.beijing.gov.cn", "三W点BEIJING点GOV点CN"),
        ("a.b@c.com", "A点B艾特C点COM"),
        ("和/或", "或者"),
        ("姓名/电话", "姓名或电话"),
        ("ＡＢＣ１２", "ABC十二"),
        ("😀\x00\u200b", ""),
        ("", ""),
    ],
)
def test_signs_and_layout(written: str, said: str) -> None:
    assert normalise(written) == said


_CASES = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "voice_cases" / "normaliser.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]


@pytest.mark.parametrize(("written", "said"), _CASES)
def test_what_stands_in_notices_forms_and_answers(written: str, said: str) -> None:
    assert normalise(written) == said


@given(st.text(max_size=60))
def test_nothing_but_what_can_be_said_is_left(text: str) -> None:
    assert re.fullmatch(r"[\u3400-\u4dbf\u4e00-\u9fffA-Z，。、？！；·]*", normalise(text))


@given(st.text(alphabet="0123456789-/:.%*#~年月日元号楼条（）()，a", max_size=24))
def test_no_digit_is_ever_lost_without_a_word(text: str) -> None:
    if any(character.isdigit() for character in text):
        assert re.search(r"[零一二三四五六七八九十百千万亿两幺]|中间隐藏", normalise(text))


_SIGNS_BETWEEN = st.sampled_from(list("-/:.,%*#~×+年月日号元楼条室路个人（）() ，。：、第转至到度AXk"))


@given(st.lists(st.one_of(st.integers(0, 10**12).map(str), st.text("0123456789", max_size=5), _SIGNS_BETWEEN)))
@example(["3", "-", "2", "-", "501", "室"])
@example(["12", "·", "4", "，", "1", "/", "2"])
@example(["京", "A", "12345", "(", "010", ")", "65123456"])
def test_every_digit_that_is_written_is_spoken(parts: list[str]) -> None:
    """Zeros aside (they are places): each digit is said as often as it is written, in whatever form.

    But for the country code before a mobile number: callers do not dial it.
    """
    text = "".join(parts)
    dialled = re.sub(r"(?:\+86[-\s]?|(?<!\d)86[-\s])(?=1[3-9]\d)", "", text)
    written = Counter(character for character in dialled if character in "123456789")
    said = re.sub("百分之|千分之", "", normalise(text)).translate(
        str.maketrans("一二三四五六七八九幺两", "12345678912")
    )
    said = re.sub(r"(?<![1-9])十", "1", said)  # 十五: the one before ten is not said
    assert Counter(character for character in said if character in "123456789") == written, normalise(text)


@given(st.integers(min_value=0, max_value=10**16 - 1))
@example(1_000_100_000_000)
@example(200_020_002)
@example(10_010)
def test_cardinals_can_be_read_back(value: int) -> None:
    assert _read(numbers.cardinal(str(value))) == value


def _read(said: str) -> int:
    """A reader of Chinese numerals, written apart from the speaker."""
    said = said.replace("两", "二")
    for unit, value in (("亿", 10**8), ("万", 10**4), ("千", 1000), ("百", 100), ("十", 10)):
        if unit in said:
            above, _, below = said.rpartition(unit)
            return (_read(above) if above else 1) * value + (_read(below.lstrip("零")) if below.lstrip("零") else 0)
    assert len(said) == 1, said
    return "零一二三四五六七八九".index(said)
