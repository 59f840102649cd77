"""A number is found however it is typed or dictated, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from bot.entities import order_no, phone


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("我的电话是13812345678", "13812345678"),
        ("138 1234 5678，白天打", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("+86 13812345678", "13812345678"),
        ("幺三八,幺二三四,五六七八", "13812345678"),
        ("一三八，一二，三四，五六，七八", "13812345678"),
        ("你记一下啊,幺三九零零,零零幺二,三四", "13900001234"),
        ("那个，幺五零，四个零，幺二三四", "15000001234"),
        ("手机行吧?139,0000,后四位是2702", "13900002702"),
        ("幺八六 嗯 三三二幺 然后 四四五五", "18633214455"),
        ("幺三八 三个六 零 八八九九", "13866608899"),
        ("还是那个号，幺三九零零零零七七八八", "13900007788"),
        ("座机010-64123456", "01064123456"),
        ("家里电话六四一二三四五六", "64123456"),
        ("打400 810 1234", "4008101234"),
        ("幺三九，再后头四个零，完了后头是七七零八", "13900007708"),
        ("幺三九仨零零三三零四", "13900003304"),
        ("电话错了,最后一位是六,九九幺六,幺三九零零零零九九幺六", "13900009916"),
        ("139零零零零，尾号是5588", "13900005588"),
        ("幺三九，四个零，完了五五八八", "13900005588"),
        ("幺三九零零零零，末尾四个数幺二三四", "13900001234"),
        ("开头三位139，当中0000，尾数1234", "13900001234"),
        ("一三九双零双零一二三四", "13900001234"),
        ("139连着四个零，1234", "13900001234"),
        ("139OOOO1234", "13900001234"),
        ("座机区号010，号码55501234", "01055501234"),
    ],
)
def test_finds(said: str, number: str) -> None:
    assert [finding.number for finding in phone.find(said)] == [number]


@pytest.mark.parametrize(
    "said",
    [
        "单号是二零二六幺幺零三零零幺二",
        "工单编号260105000013",
        "身份证110101199003071234",
        "充了3000块，退我2400",
        "2026年1月5日上午10点",
        "三号楼二单元五零一",
        "我没手机，座机我也记不住",
        "138123456",
        "卡号6222021234567890123",
    ],
)
def test_takes_nothing_else(said: str) -> None:
    assert phone.find(said) == []


@pytest.mark.parametrize(
    ("said", "number", "extension"),
    [
        ("010-5550 1234 转 608", "01055501234", "608"),
        ("零幺零五五五零幺二三四转六零八", "01055501234", "608"),
        ("总机55501234，分机号8012", "55501234", "8012"),
        ("办公室55501234-608", "55501234", "608"),
        ("010 55501234 转三个零", "01055501234", "000"),
        ("家里55501234，3号楼", "55501234", ""),
        ("13900001234转608", "13900001234", ""),
    ],
)
def test_a_land_lines_extension(said: str, number: str, extension: str) -> None:
    (finding,) = phone.find(said)
    assert (finding.number, finding.extension) == (number, extension)


@pytest.mark.parametrize(("said", "extension"), [("还要转608", "608"), ("分机是802", "802"), ("3号楼", ""), ("转", "")])
def test_an_extension_told_by_itself(said: str, extension: str) -> None:
    assert phone.extension(said) == extension


def test_where_a_number_was_asked_for_eight_digits_are_one_of_this_city() -> None:
    assert phone.find("55501234") == []
    assert phone.find("55501234", asked=True)[0].number == "55501234"


def test_spoken_mishearing_is_repaired_only_when_spoken() -> None:
    said = "要三九零零零零要二三四"
    assert phone.find(said) == []
    assert phone.find(said, spoken=True)[0].number == "13900001234"


def test_offsets_are_those_of_the_text() -> None:
    said = "打13812345678吧"
    (finding,) = phone.find(said)
    assert said[finding.start : finding.end] == "13812345678"


def test_two_numbers() -> None:
    assert [f.number for f in phone.find("13812345678或者座机01064123456")] == ["13812345678", "01064123456"]


def test_incomplete_number_can_be_read_back() -> None:
    assert phone.find("幺三九零零零零七七") == []
    assert phone.digits_said("幺三九零零，零零七七") == "139000077"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("单号260105000013", "260105000013"),
        ("单号是,嗯,二零二六幺幺零三零零幺二", "202611030012"),
        ("2601 0500 0013", "260105000013"),
        ("不记得了", None),
        ("13812345678", None),
        ("269905000013", None),
    ],
)
def test_order_no(said: str, expected: str | None) -> None:
    assert order_no.find(said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "幺三八-零零幺三-八零零零",
        "一三八零零一三，吧零零零",
        "邀三吧零零要三吧零零零",
        "腰三八灵零幺三八零领零",
        "幺三八 零零幺三 八 三个零",
        "就是幺三八，零零幺三，八零零零",
    ],
)
def test_the_recognisers_spellings_of_a_dictated_number(said: str) -> None:
    assert [finding.number for finding in phone.find(said, spoken=True)] == ["13800138000"]
    assert phone.digits_said(said, spoken=True) == "13800138000"


@pytest.mark.parametrize("said", ["我要三八妇女节的票", "是一三五限行吗", "就是一号楼二单元", "我要是三点去行吗"])
def test_words_that_sound_like_digits_stay_words(said: str) -> None:
    assert phone.find(said, spoken=True) == []


def test_an_area_code_may_be_told_behind_its_number() -> None:
    (found,) = phone.find("家里电话，五五五零，二三九九，北京的，前头零幺零", spoken=True)
    assert found.number == "01055502399"
