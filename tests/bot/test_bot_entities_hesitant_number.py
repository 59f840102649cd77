"""A number that is told with pauses, repetitions, slips and words between its groups; what is none stays none."""

from __future__ import annotations

import pytest

from bot.entities import hesitant_number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("幺三九,零零零零,等会儿啊,后头是二零,幺七", "13900002017"),
        ("一三八 零零幺三 我看看 再往后是八八 六六", "13800138866"),
        ("幺三九,嗯……让我看一眼啊,零零零零,对,然后呢,四六,后边幺八", "13900004618"),
        ("你记着,幺三九零零,幺三九零零,零零六三,零零六三,八八", "13900006388"),
        ("幺三九,幺三九啊,零零零零,四幺,四幺,二六,二六", "13900004126"),
        ("先说尾巴,五二八幺,前头是幺三九零零零零", "13900005281"),
        ("座机,你慢点记,零幺零,五五五零,哎我看看,六六九三", "01055506693"),
        ("五五五零,七零九幺,前头再加个零幺零", "01055507091"),
        ("一三九零零，零零……等我想想，零零三二，零五", "13900003205"),
        ("幺三九,零零零零,六三,不是,六四三八", "13900006438"),
        ("幺三九零零幺,不对重来,幺三九零零零零七七零二", "13900007702"),
        ("一三九零零零零,五七……不对不对,七五,七五九二", "13900007592"),
        ("幺三九,零零零零,二八四……等等我瞅一眼啊……后头还有个七", "13900002847"),
        ("幺三九，零零零零，八六零，别抢手机！八六零四", "13900008604"),
        ("刚才那个报错了,不是一三九零,是一三九一,一三九一,四四六,零二五七", "13914460257"),
        ("幺三六，二五五五，九一…错了，二五五五后面是一九零八", "13625551908"),
        ("1390000681 少一位 1390000 6816", "13900006816"),
        ("幺三九,零零零零,二八,四十六", "13900002846"),
        ("幺三九,零蛋四个,五五幺八", "13900005518"),
        ("你听着啊,幺三九,零零零零,三幺六,完了是个八", "13900003168"),
    ],
)
def test_every_group_is_part_of_the_number_or_accounted_for(said: str, number: str) -> None:
    found = hesitant_number.find(said)
    assert found is not None and found.number == number


@pytest.mark.parametrize(
    "said",
    [
        "四个零",
        "幺三九零零零零",
        "幺三九零零零零,我住三号楼,二零幺七",
        "幺三九,零零零零,二七",
        "二零二六年三月十五号,晚上六点到八点",
        "幺三九零零零零,幺二三,三四,五六七",
    ],
)
def test_what_is_no_whole_number_is_none(said: str) -> None:
    assert hesitant_number.find(said) is None


def test_what_a_recogniser_misheard_is_read_where_the_line_is_a_telephone() -> None:
    assert hesitant_number.find("要三九,零零零零,嗯对,然后期七,二幺") is None
    found = hesitant_number.find("要三九,零零零零,嗯对,然后七七,二幺", spoken=True)
    assert found is not None and found.number == "13900007721"


def test_a_group_takes_up_how_the_number_ended() -> None:
    found = hesitant_number.find("幺三九零零，零零八五，嗯，八五三三", spoken=True)
    assert found is not None and found.number == "13900008533"


def test_one_more_digit_at_the_very_end() -> None:
    found = hesitant_number.find("幺三九，零零零零，三个五，末了一个二", spoken=True)
    assert found is not None and found.number == "13900005552"
