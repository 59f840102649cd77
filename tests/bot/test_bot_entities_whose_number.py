"""Of several numbers in one story the one to call is taken, not the shop's, nor one that is out of use."""

from __future__ import annotations

import pytest

from bot.entities import whose_number

OWN = "13900007701"
OTHER = "13900007702"


def _number(said: str, *, spoken: bool = False, asked: bool) -> str | None:
    finding = whose_number.told(said, spoken=spoken, asked=asked)
    return None if finding is None else finding.number


@pytest.mark.parametrize(
    "said",
    [
        f"店家的电话{OTHER}老占线，我的是{OWN}",
        f"打{OWN}吧，别打{OTHER}那个",
        f"以前那个号{OTHER}停机了，现在用{OWN}",
        f"{OTHER}这个已经注销了，记{OWN}",
        f"{OTHER}，这号是房东家的，我是{OWN}",
        f"{OWN}，别打电话，发短信",
        f"你们来电显示的就是我，{OWN}",
    ],
)
def test_the_citizens_own(said: str) -> None:
    assert _number(said, asked=False) == OWN


@pytest.mark.parametrize(
    "said",
    [
        f"打{OWN}，实在打不通再打{OTHER}",
        f"{OWN}，或者{OTHER}",
        f"两个号，{OWN}打不通再打{OTHER}",
        f"手机{OWN}，座机55501234",
        f"白天打座机55501234，下班打{OWN}",
    ],
)
def test_the_first_choice_and_a_mobile_number_before_a_land_line(said: str) -> None:
    assert _number(said, asked=True) == OWN


def test_a_land_line_that_is_to_be_called_first() -> None:
    assert _number(f"先打55501234，没人接再打{OWN}", asked=True) == "55501234"


@pytest.mark.parametrize(
    "said",
    [
        f"墙上喷着办证{OTHER}，希望清掉",
        f"有个号码{OTHER}老给我打骚扰电话",
        f"我接到个诈骗电话，{OTHER}打来的",
        f"我打了报修电话{OTHER}没人接",
        f"包工头赵某，手机{OTHER}，欠着工钱不给",
        f"中介骗押金，联系人{OTHER}",
        f"{OTHER}这个号天天发广告",
        f"网约车司机绕路，电话{OTHER}",
        f"卖保健品的天天打电话，号码{OTHER}",
        f"车上留的电话是{OTHER}",
    ],
)
def test_a_number_that_is_only_part_of_the_story_is_nobodys_to_call(said: str) -> None:
    assert _number(said, asked=False) is None


@pytest.mark.parametrize(
    "said",
    [
        f"路灯不亮，有事打{OWN}",
        f"路灯不亮，我电话{OWN}",
        f"路灯不亮，联系电话：{OWN}",
        f"我叫魏红，{OWN}，路灯不亮",
        f"路灯不亮，{OWN}，杜女士",
        f"路灯不亮，我爱人的手机是{OWN}",
        f"路灯不亮请回电{OWN}",
        f"投诉楼下饭馆油烟，电话{OWN}，你们联系我",
    ],
)
def test_a_number_that_is_said_to_be_the_citizens_own_is_taken_unasked(said: str) -> None:
    assert _number(said, asked=False) == OWN


def test_the_extension_stays_with_its_number() -> None:
    finding = whose_number.told("单位010-55501234转608，找小魏", asked=True)
    assert finding is not None
    assert (finding.number, finding.extension) == ("01055501234", "608")


def test_somebody_elses_is_taken_only_where_a_number_was_asked_for() -> None:
    said = f"物业电话是{OTHER}"
    assert _number(said, asked=False) is None
    assert _number(said, asked=True) == OTHER


def test_a_number_that_is_out_of_use_is_never_taken() -> None:
    assert _number(f"原来的号{OTHER}，停机了", asked=True) is None


def test_a_relatives_number_is_one_to_call() -> None:
    assert _number(f"我没手机，打我闺女的，{OTHER}", asked=True) == OTHER


def test_a_correction_in_the_same_breath() -> None:
    assert _number("幺三九零零零零九九幺五不对后四位是九九幺六", spoken=True, asked=True) == "13900009916"
    assert _number("13900009915，不对，是13800009915", asked=True) == "13800009915"
    assert _number("我没有手机", asked=True) is None


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("一三九,零零零零,七七,不是,七七零幺", OWN),
        ("我手机啊,幺三九,零零零零,七六,不对不对,七七零幺,就七七零幺", OWN),
        ("幺三九,三个零,不对,四个零,七七零幺", OWN),
        ("幺三八,不是,幺三九,零零零零,七七零幺", OWN),
        ("13900007702不对,是7701", OWN),
        ("139 0000 77,啊不,77 01", OWN),
        (f"{OTHER} 不是,7701", OWN),
        (f"{OTHER},7702,不对,7701", OWN),
        ("您拿笔,幺三九,停一下啊,零零零零,七七零幺", OWN),
        ("幺三九零零,零零……等我想想啊,零零七七,零幺", OWN),
    ],
)
def test_a_number_that_is_corrected_while_it_is_dictated(said: str, number: str) -> None:
    assert _number(said, spoken=True, asked=True) == number


@pytest.mark.parametrize(
    "said", ["幺三九零零,错了零零零,二三,不对三二,四五", "不对，幺三九，零零", "不是六号楼，是八号楼"]
)
def test_no_number_is_made_up_from_what_does_not_fit(said: str) -> None:
    assert _number(said, spoken=True, asked=True) is None


def test_a_house_number_behind_a_number_changes_nothing() -> None:
    assert _number(f"{OWN},不是6号楼是1203", spoken=True, asked=True) == OWN


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("139 0000 4417 / 139 0000 4418 打第一个", "13900004417"),
        ("13900004417 或 13900004418", "13900004417"),
        ("13900004417(我),13900004418(老伴),先打后面那个", "13900004418"),
        ("139 0000 4417 或139 0000 4418都能打 先打4418", "13900004418"),
        ("13900004417,错了,13900004418", "13900004418"),
        ("有两个号,13900004417是单位的下班没人接,请打13900004418,这个是我自己的", "13900004418"),
        ("13900004417,要是没人接您再打13900004418", "13900004417"),
        ("白天打我爱人13900004417，晚8点后打我13900004418", "13900004417"),
        ("把13900004417里的4417换成4471,前面对的", "13900004471"),
        ("13900004417,等下,第四位不是零,是八", "13980004417"),
    ],
)
def test_which_of_two_is_meant_to_be_called(said: str, number: str) -> None:
    found = whose_number.told(said, asked=True)
    assert found is not None and found.number == number


def test_who_asks_themselves_for_a_digit_has_not_told_it() -> None:
    assert _number("家里头电话，六三五二，一八，零……零几来着，零七", spoken=True, asked=True) == "63521807"
